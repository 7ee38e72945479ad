# shellcheck shell=bash disable=SC2154 # shared with tests/run
# SPDX-License-Identifier: Apache-2.0
#
# Which suite is next. Suites that need the same kernel and the same kind of VM are a group; a group is a folder with a file
# for each suite, and whoever renames the file has taken the suite: a VM (guest), several of them if need be. Here workers
# choose a group. Sourced by tests/run. Knows no VM.
#
# Longest first: groups of few suites, then the great ones, which several VMs can share; in a group the longest suite. So
# what is left for the end is short, and all workers are busy until then.

queue=$(mktemp -d "${TMPDIR:-/tmp}/copyscope-tests.XXXXXX")
boot_seconds=20 # a VM for less work than twice that is not worth it

# A line "# vm: KIND" in a test says which kind of VM it needs (kinds.sh).
kind_of() { sed -n 's/^# vm: //p' "$suites_folder/$1.test"; }

seconds_of() { # KERNEL SUITE: how long it took, or a guess
	local seconds
	seconds=$(awk -v kernel="$1" -v base="$(base_of "$1")" -v suite="$2" '
		$2 == suite && ($1 == kernel || ($1 == base && likely == "")) { likely = $4 }
		$2 == suite && $1 == kernel { exit }
		END { print likely }' "$plan" 2>/dev/null)
	echo "${seconds:-60}"
}

# usage: enqueue KERNEL SUITE KIND; KERNEL is "-" for suites of this machine
declare -A group_number=()
enqueue() {
	local key="$1 $3" folder
	[[ $1 != - && $alone == no ]] || key+=" $2" # each of them a group of its own
	: "${group_number[$key]:=${#group_number[@]}}"
	folder=$queue/${group_number[$key]}
	mkdir -p "$folder/suites/taken"
	echo "$1" >"$folder/kernel"
	echo "$3" >"$folder/kind"
	printf '%d %s\n' "$(seconds_of "$1" "$2")" "$2" >>"$folder/list"
}

# Files are named after their place in the order; a guest takes the first.
close_queue() {
	local folder n seconds suite name
	for folder in "$queue"/[0-9]*; do
		n=0
		while read -r seconds suite; do
			printf -v name '%03d-%s' $((n++)) "$suite"
			echo "$seconds" >"$folder/suites/$name"
		done < <(sort -rn "$folder/list")
		echo "$n" >"$folder/size"
	done
}

list_queue() {
	local folder
	for folder in "$queue"/[0-9]*; do
		echo "$(<"$folder/kernel") $(<"$folder/kind"): $(sort -rn "$folder/list" |
			awk '{ printf "%s%s (%d s)", sep, $2, $1; sep = ", " }')"
	done
}

# No suite of KERNEL is to be run.
forget() {
	local folder
	for folder in "$queue"/[0-9]*; do [[ $(<"$folder/kernel") != "$1" ]] || rm -r "$folder"; done
}

# Of a group: the seconds that nobody has begun.
seconds_left() { cat "$1"/suites/[0-9]* 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }'; }

# usage: choose_group, under the lock; prints a folder. Those that no VM is busy with come first: the small ones, the
# longest first. Then the one with most to do, if a boot pays.
choose_group() {
	local folder left suites best='' best_key='' key
	for folder in "$queue"/[0-9]*; do
		left=$(seconds_left "$folder")
		suites=$(compgen -G "$folder/suites/[0-9]*" | wc -l)
		((suites)) || continue
		if [[ ! -e $folder/busy ]]; then
			key=$((1000000 * ($(<"$folder/size") > 8 ? 1 : 2) + left))
		elif ! is_debug "$(<"$folder/kernel")" && ((left > 2 * boot_seconds && suites > $(wc -l <"$folder/busy"))); then
			key=$left
		else
			continue # it boots for minutes, or there is a suite for each machine that it has
		fi
		((key > ${best_key:-0})) && best=$folder best_key=$key
	done
	[[ ! $best ]] || echo >>"$best/busy" # one more machine
	echo "$best"
}

# usage: next_group; prints a folder, or nothing when there is nothing to do for one worker more
next_group() {
	local lock
	exec {lock}>"$queue/lock"
	flock "$lock"
	choose_group
	exec {lock}>&-
}
