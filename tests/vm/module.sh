# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # scratch is lib.sh's
# The kernel module, as tests load and remove it, and what the kernel finds that it has lost. Sourced after lib.sh; ends the
# test where the module was not built for this kernel. Knows nothing of what the module does.

if [[ ! -f ${COPYSCOPE_KO-} ]]; then
	fail 'module built' 'there is none for this kernel (make kmod)'
	finish
fi
strip -g -o "$scratch/copyscope.ko" "$COPYSCOPE_KO" # an emulated processor loads it in half the time

load_copyscope() { # PARAMETER=VALUE...
	insmod "$scratch/copyscope.ko" "$@" && return
	fail 'insmod copyscope' "$*"
	return 1
}

no_kmemleak() {
	if [[ -e /sys/kernel/debug/kmemleak ]]; then
		echo scan >/sys/kernel/debug/kmemleak
		sleep 5
		echo scan >/sys/kernel/debug/kmemleak
		equal 'kmemleak' "$(cat /sys/kernel/debug/kmemleak)" ''
	else
		skip 'kmemleak' 'this kernel is built without CONFIG_DEBUG_KMEMLEAK'
	fi
}
