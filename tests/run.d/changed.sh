# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # shared with tests/run and tools/lint
#
# Which suites a change can concern, by the table tests/concerns. Sourced by tests/run, and by tools/lint, which holds the
# table to the tree. Knows git; runs nothing.

concerns_file=tests/concerns
concerns_patterns=() concerns_suites=()

read_concerns() {
	local pattern suites
	while read -r pattern suites; do
		[[ $pattern && $pattern != \#* ]] || continue
		concerns_patterns+=("$pattern")
		concerns_suites+=("${suites%%#*}")
	done <$concerns_file
}

# Sets `row`, the number of the first row that fits PATH.
row_of() { # PATH
	for row in "${!concerns_patterns[@]}"; do
		# shellcheck disable=SC2053 # a pattern
		[[ $1 != ${concerns_patterns[row]} ]] || return 0
	done
	return 1
}

# usage: expand_suites PATH WORD...; prints the suites that the words of a row stand for
expand_suites() {
	local path=$1 word name
	shift
	for word; do
		case $word in
		none) ;;
		all) printf '%s\n' "${all_suites[@]}" ;;
		self) basename "$path" .test ;;
		*) # shellcheck disable=SC2053 # a pattern
			for name in "${all_suites[@]}"; do [[ $name != $word ]] || echo "$name"; done ;;
		esac
	done
}

# What differs from BASE, with what is not committed and what git does not know yet.
changed_files() { # BASE
	git diff --name-only "$(git merge-base "$1" HEAD)" &&
		git ls-files --others --exclude-standard
}

# usage: changed_suites BASE; prints the suites; a file without a row concerns all
changed_suites() {
	local path row
	changed_files "$1" | while read -r path; do
		echo lint
		[[ $path != user/* ]] || echo unit
		if row_of "$path"; then
			set -f
			# shellcheck disable=SC2086 # words
			expand_suites "$path" ${concerns_suites[row]}
			set +f
		else
			printf '%s\n' "${all_suites[@]}"
		fi
	done | sort -u
}

# One line for whatever of the table does not fit the tree. usage: check_concerns FILE...: all that are tracked
check_concerns() {
	local path row word named=' '
	local -A used=()
	for path; do
		if row_of "$path"; then used[$row]=yes; else echo "$path: no row of $concerns_file fits it"; fi
	done
	set -f
	for row in "${!concerns_patterns[@]}"; do
		[[ ${used[$row]-} ]] || echo "$concerns_file: '${concerns_patterns[row]}' fits no file that no row above it fits"
		for word in ${concerns_suites[row]}; do
			[[ $word != self && $word != none && $word != all ]] || continue
			path=$(expand_suites '' "$word")
			[[ $path ]] || echo "$concerns_file: there is no suite '$word'"
			named+="${path//$'\n'/ } "
		done
	done
	set +f
	for word in "${all_suites[@]}"; do
		[[ $named == *" $word "* ]] || echo "$concerns_file: nothing concerns the suite $word"
	done
}
