# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# bash completion for copyscope and copyscoped. Commands, options and most values are read from --help, which takes a few
# milliseconds and loads nothing into the kernel: so nothing here can be older than the program. Only values that --help
# does not list stand here. tests/completion compares.

# Commands and what they stand in: the "Subcommands:" of a help text on stdin.
_copyscope_commands() {
	sed -n '/^Subcommands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

# Options of a help text on stdin, a line each: names, a tab, and what is said of the value; nothing if it takes none.
_copyscope_options() {
	awk '/^Options:/ { inside = 1; next }
		inside && /^$/ { exit }
		inside && /^  -/ {
			names = $1; gsub(",", " ", names)
			type = substr($0, length($1) + 4); sub(/  .*/, "", type)
			if (type ~ /^ |^(Excludes|Needs):/) type = ""
			print names "\t" type
		}'
}

# Values of an option by its type in --help: "SOURCE:value in {a->0,b->1} ...", "NAME:{a,b} ...", "a|b:...".
_copyscope_listed_values() { # TYPE
	local type=$1
	if [[ $type =~ \{([^}]*)\} ]]; then
		tr ',' '\n' <<<"${BASH_REMATCH[1]}" | sed 's/->.*//'
	elif [[ $type =~ ^([a-z][a-z-]*(\|[a-z][a-z-]*)+) ]]; then
		tr '|' '\n' <<<"${BASH_REMATCH[1]}"
	fi
}

# Values that --help describes in words only.
_copyscope_known_values() { # COMMAND OPTION
	case "$1 $2" in
	*' --by') echo strategy process command user cgroup endpoint class ;;
	'report --sort' | 'replay --sort')
		echo copied payload copies-per-byte operations mode-switches kernel-time dma name ;;
	*' --strategy')
		echo read+write mmap+write sendfile splice direct zerocopy copy_file_range cow-fork private-write \
			dma-buffer dma-zerocopy dma-coherent all ;;
	*' --kinds') echo cached write-combining uncached coherent ;;
	*' --sink') echo tcp: file: null ;;
	*' --user') compgen -u ;;
	esac
}

_copyscope() {
	local program=$1 current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local option='' type='' words=() path=() options=() i
	COMPREPLY=()

	# --option=value comes in three words.
	if [[ $current == = ]]; then
		option=$previous current=
	elif [[ $previous == = ]]; then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $previous == -* && $previous != -- ]]; then
		option=$previous
	fi

	# The command, and for dma the one beneath. What follows "--" is somebody else's.
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--)
			if declare -F _command_offset >/dev/null; then
				_command_offset $((i + 1))
			else
				mapfile -t COMPREPLY < <(if ((COMP_CWORD == i + 1)); then compgen -c -- "$current"; else compgen -f -- "$current"; fi)
			fi
			return
			;;
		-* | =) ;;
		*)
			if ((${#path[@]} == 0)) || [[ ${path[0]} == dma && ${#path[@]} == 1 ]]; then path+=("${COMP_WORDS[i]}"); fi
			;;
		esac
	done

	local help
	help=$("$program" "${path[@]}" --help 2>/dev/null) || return

	local names takes
	while IFS=$'\t' read -r names takes; do
		options+=("--${names##*--}")
		[[ -z $option || " $names " != *" $option "* ]] || type=$takes
	done < <(_copyscope_options <<<"$help")

	if [[ $type ]]; then
		mapfile -t words < <(_copyscope_listed_values "$type")
		((${#words[@]})) || read -ra words < <(_copyscope_known_values "${path[*]}" "$option" | paste -sd ' ')
		if ((${#words[@]})); then
			mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$current")
		elif [[ $type == DIR* ]]; then
			mapfile -t COMPREPLY < <(compgen -d -- "$current")
		elif [[ $type == FILE* || $type == PATH* ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$current")
		fi
		return
	fi
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${options[*]}" -- "$current")
		return
	fi
	mapfile -t words < <(_copyscope_commands <<<"$help")
	if ((${#words[@]})); then
		mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$current")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$current") # recordings and the like
	fi
}

complete -o filenames -F _copyscope copyscope copyscoped
