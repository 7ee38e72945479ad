# shellcheck shell=bash disable=SC2154,SC2034 # shared with tests/run
# SPDX-License-Identifier: Apache-2.0
#
# Suites that failed beside others are run once more, each in a VM of its own with the machine to itself. Emulated kernels,
# three on two processors, at times send a segment again, write a page back or miss a look-up where they do not when they
# are alone; a fault of ours fails both times. Sourced by tests/run.
#
# Nothing of it is hidden: what had failed is printed, with the word "unsteady", and its log is kept (KERNEL-SUITE.first). More
# than `unsteady_most` suites are no accident: then nothing is run again.

unsteady_most=2
unsteady=$logs/unsteady

# Of suites in VMs; KERNEL SUITE in each line.
failed_suites() { sed -n 's/^FAIL \([0-9][0-9.]* [^ :]*\): .*/\1/p' "$results" | sort -u; }

# usage: set_aside KERNEL SUITE: what it said is no result
set_aside() {
	grep "^FAIL $1 $2: " "$results" | sed 's/^FAIL/unsteady/' >>"$unsteady"
	grep -v "^[a-zA-Z]* $1 $2: " "$results" >"$results.kept"
	cat "$results.kept" >"$results"
	mv "$logs/$1-$2" "$logs/$1-$2.first"
}

# What fails again is a failure, and not unsteady.
try_again() {
	local names name kernel suite kind
	: >"$unsteady"
	mapfile -t names < <(failed_suites)
	((${#names[@]} > 0 && ${#names[@]} <= unsteady_most)) || return 0
	rm -rf "$queue"/[0-9]*
	group_number=() alone=yes
	for name in "${names[@]}"; do
		read -r kernel suite <<<"$name"
		kind=$(kind_of "$suite")
		enqueue "$kernel" "$suite" "${kind:-plain}"
		set_aside "$kernel" "$suite"
	done
	close_queue
	echo "== once more, alone: ${names[*]}"
	work again &
	workers=($!)
	wait "${workers[@]}"
	while read -r name; do sed -i "/^unsteady $name: /d" "$unsteady"; done < <(failed_suites)
}
