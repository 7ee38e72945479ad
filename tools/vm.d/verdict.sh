# shellcheck shell=bash disable=SC2154,SC2034 # shared with tools/vm
# SPDX-License-Identifier: Apache-2.0
#
# Judges a finished run. The guest is believed only when nothing speaks against
# it: not the console, not QEMU, not the clock. Knows what kernel trouble looks
# like on a console.

trouble='Kernel panic|Oops|\] BUG: |kernel BUG at|WARNING: .*(CPU: |CPU#)|soft lockup|'
trouble+='hard LOCKUP|rcu: INFO: .* stall|blocked for more than|[Oo]ut of memory: Killed|'
trouble+='general protection fault|possible recursive locking|KFENCE: |UBSAN: |'
# What only a kernel that looks for mistakes says: of locks and RCU (kernel/locking/lockdep.c, which prints and goes on),
# of slabs and pages, of objects and DMA, of memory, and what guest/reports had to ask for.
trouble+='WARNING: (possible|suspicious|inconsistent|bad|held|lock|Nested|.*(lock|dependency|RCU))|'
trouble+='\[ BUG: |BUG [a-zA-Z0-9_,:-]+ \(|BUG: Bad |INFO: trying to register non-static key|INFO: (Slab|Object) 0x|'
trouble+='KASAN: |ODEBUG: |DMA-API: .*(device driver|exceeded)|kmemleak: [0-9]+ new|copyscope-vm: report: '

# judge QEMU-STATUS: sets `verdict` (what the runner exits with) and `reason`
# (empty when the command itself had the last word).
judge() {
	local status reached
	status=$(<"$work/share/status")
	verdict=125
	if reason=$(grep -a -m 1 -E "$trouble" "$console"); then
		reason="kernel: ${reason//$'\r'/}"
	elif (($1 == 124 || $1 == 137)); then
		reached='before the command started'
		[[ $status != booted ]] || reached='while the command ran'
		verdict=124 reason="no end within ${timeout} s ($reached); --timeout gives more"
	elif (($1 != 0)); then
		reason="QEMU ended with status $1: $(tail -n 1 "$work/qemu.log")"
	elif [[ $mode == shell && $status == booted ]]; then
		verdict=0 reason=  # Ctrl-A X, or poweroff
	elif [[ $status != [0-9]* ]]; then
		reason="the guest ended without a verdict (last sign of life: $status)"
	else
		verdict=$status reason=
	fi
}

# report_failure: the reason, the console's end, and where the rest is.
report_failure() {
	local kept=$console
	if [[ ! $log ]]; then
		kept=$(mktemp "${TMPDIR:-/tmp}/copyscope-vm-console.XXXXXX")
		cp "$console" "$kept"
	fi
	{
		echo "vm: $reason"
		tail -n 30 "$console" | tr -d '\r' | sed 's/^/vm| /'
		echo "vm: the whole console log: $kept"
	} >&2
}
