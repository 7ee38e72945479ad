# shellcheck shell=bash disable=SC2154,SC2034 # shared with tools/vm
# SPDX-License-Identifier: Apache-2.0
#
# Decides between KVM and emulation. A /dev/kvm may exist and still hang with a
# stock kernel, so KVM is believed only after a short probe boot reached its
# marker. The answer is kept in the cache until the host reboots.

# choose_accel KERNEL-IMAGE INITRAMFS: prints kvm or tcg.
choose_accel() {
	local answer
	case ${COPYSCOPE_ACCEL:-} in
	kvm | tcg) echo "$COPYSCOPE_ACCEL"; return ;;
	'') ;;
	*) die "COPYSCOPE_ACCEL=$COPYSCOPE_ACCEL; set it to kvm or tcg, or unset it" ;;
	esac
	[[ -r /dev/kvm && -w /dev/kvm ]] || { echo tcg; return; }
	answer=$cache/accel-$(</proc/sys/kernel/random/boot_id)
	if [[ ! -s $answer ]]; then
		progress "probing KVM, once per boot of this machine"
		rm -f "$cache"/accel-*
		# Two runners may probe at once; both write the same word.
		probe_kvm "$@" >"$work/accel"
		cp "$work/accel" "$answer" 2>/dev/null || { cat "$work/accel"; return; }
	fi
	cat "$answer"
}

probe_kvm() {
	timeout -k 1 10 qemu-system-x86_64 -nodefaults -no-reboot -display none \
		-accel kvm -cpu max -m 256M -kernel "$1" -initrd "$2" \
		-append "console=ttyS0 rdinit=/probe panic=-1" \
		-serial "file:$work/probe.log" >/dev/null 2>&1 || true
	if grep -q copyscope-probe-ok "$work/probe.log" 2>/dev/null; then
		echo kvm
	else
		echo tcg
	fi
}
