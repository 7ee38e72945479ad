# shellcheck shell=bash disable=SC2154 # shared with tests/run
# SPDX-License-Identifier: Apache-2.0
#
# What suites said: kept in build/tests/results, one line for each check, "ok|FAIL|skip SUITE: CHECK". Sourced by tests/run.
# Several jobs write at once; each whole suite under the lock of the screen.

results=$logs/results
timings=$logs/timings # KERNEL SUITE SECONDS BOOT ATTACH DETACH CHECKED; "-" is this machine's kernel
mkdir -p "$logs"

# Those of the last run go. Two runs at once would mix theirs.
clear_results() {
	exec {running}>"$logs/running" # for as long as we are
	flock -n "$running" || {
		echo "tests/run: another one runs in this folder" >&2
		exit 2
	}
	rm -f "$logs"/vm-*
	: >"$results"
	: >"$timings"
}

# usage: with_screen COMMAND...: as the only one that writes to the screen and to the results
with_screen() {
	local screen status=0
	exec {screen}>"$logs/screen" # stays open until it is closed
	flock "$screen"
	"$@" || status=$?
	exec {screen}>&-
	return $status
}

full_name() { if [[ $1 == - ]]; then echo "$2"; else echo "$1 $2"; fi; } # KERNEL SUITE

# Each suite's lines go to the results. A suite that ends badly without saying so is a failure, and so is one that checks
# less than planned.
record() { # KERNEL SUITE STATUS OUTPUT
	local name lines why
	name=$(full_name "$1" "$2")
	lines=$(grep -aE '^(ok|FAIL|skip) ' "$4" | sed "s|^\([a-zA-Z]*\) |\1 $name: |")
	[[ -z $lines ]] || echo "$lines" >>"$results"
	if [[ $lines == FAIL* || $lines == *$'\n'FAIL* ]]; then
		return
	elif (($3 != 0)); then
		why="ended with status $3 (see $4)"
	elif [[ -z $lines ]]; then
		why="checked nothing (see $4)"
	else
		why=$(unplanned "$1" "$2" "$(wc -l <<<"$lines")")
		why=${why:+as many checks as planned: $why}
	fi
	[[ ! $why ]] || echo "FAIL $name: $why" | tee -a "$results"
}

# usage: show_suite KERNEL SUITE STATUS OUTPUT SECONDS: to the screen when it has ended, and to the results
show_suite() {
	if [[ $1 == - ]]; then echo "== $2 ($5 s)"; else echo "== $2 on $1 ($5 s)"; fi
	grep -avE '^(# |$)' "$4"
	record "$1" "$2" "$3" "$4"
}

count() { grep -c "^$1 " "$results"; }
