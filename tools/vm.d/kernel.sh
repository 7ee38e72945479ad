# shellcheck shell=bash disable=SC2154,SC2034 # shared with tools/vm and tests/run
# SPDX-License-Identifier: Apache-2.0
#
# What is different about the kernel "debug" (docs/debug-kernel.md) for whoever runs it: how it boots, how much longer all
# takes on it, and which Debian kernel it is otherwise like. The one place for that. Knows no test.

is_debug() { [[ $1 == debug ]]; }

# base_of KERNEL: the Debian kernel whose suites and plans are its own, too.
base_of() { if is_debug "$1"; then echo 6.1; else echo "$1"; fi; }

# patience_of KERNEL: by what a time-out is multiplied.
patience_of() { if is_debug "$1"; then echo 8; else echo 1; fi; }

# boot_for KERNEL: options of tools/vm that were not given. The packed image, whose early code is not instrumented: the
# unpacked one has no page tables for the shadow memory of KASAN when QEMU enters it. A q35: to interpret the ACPI tables
# of a pc takes this kernel minutes.
boot_for() {
	is_debug "$1" || return 0
	kaslr=yes
	append=(nokaslr "${append[@]}")
	machine=${machine:-q35}
	timeout=${timeout:-$((300 * $(patience_of "$1")))}
}
