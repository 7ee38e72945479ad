# shellcheck shell=bash disable=SC2154 # shared with tests/run
# SPDX-License-Identifier: Apache-2.0
#
# How many checks each suite has: a script that ends early checks less than planned, and that is a failure. The table is
# checked in; `tests/run --plan` writes it. Sourced by tests/run.
#
# A row is KERNEL SUITE CHECKS SECONDS: "-" is this machine's kernel, "*" any; CHECKS may be several, as "1|11", where it
# depends on what a machine has, and "-" where the suite's own program counts. SECONDS, of the run that wrote the row, say
# which suite is begun first (queue.sh).

# usage: planned KERNEL SUITE; prints CHECKS: those of the kernel that it is like, if it has none of its own
planned() {
	awk -v kernel="$1" -v base="$(base_of "$1")" -v suite="$2" '
		$2 != suite { next }
		$1 == kernel || $1 == "*" { own = $3; exit }
		$1 == base { likely = $3 }
		END { print own != "" ? own : likely }' "$plan" 2>/dev/null
}

# usage: unplanned KERNEL SUITE COUNT; says what is wrong with that number, if anything is
unplanned() {
	local checks
	[[ -f $plan && $write_plan == no && ! $rounds ]] || return 0 # rounds are checks, too
	checks=$(planned "$1" "$2")
	if [[ ! $checks ]]; then
		echo "it has no plan; after a look at its checks: tests/run --plan $2"
	elif [[ $checks != - && "|$checks|" != *"|$3|"* ]]; then
		echo "$3, planned are $checks; if that is meant: tests/run --plan $2"
	fi
}

# What ran and failed nowhere gets a new row, except that of several numbers one may be right; other rows stay.
write_plan() {
	local kernel suite seconds count was name
	while read -r kernel suite seconds _; do
		name=$(full_name "$kernel" "$suite")
		count=$(grep -cE "^(ok|skip) $name: " "$results")
		! grep -q "^FAIL $name: " "$results" || continue
		was=$(planned "$kernel" "$suite")
		[[ $was != - && "|$was|" != *"|$count|"* ]] || count=$was
		printf '%s %s %s %.0f\n' "$kernel" "$suite" "$count" "$seconds"
	done <"$timings" >"$logs/plan.new"
	{
		sed -n '/^#/p' "$plan" 2>/dev/null
		{
			cat "$logs/plan.new"
			grep -v '^#' "$plan" 2>/dev/null
		} | awk '!seen[$1, $2]++' | sort -k2,2 -k1,1V
	} >"$logs/plan"
	cp "$logs/plan" "$plan"
}
