# shellcheck shell=bash disable=SC2154,SC2034 # shared with tools/vm
# SPDX-License-Identifier: Apache-2.0
#
# Turns the runner's options into a QEMU command line, in the array `qemu`.
# Reads the options of tools/vm; starts nothing.

# Every kernel trouble must end the run: a warning is a panic, a panic ends
# QEMU. The lockup detectors get several times their usual patience, as emulated
# processors on a busy machine do stall; and the timer's test at boot, which
# counts ticks in real time (arch/x86/kernel/apic/io_apic.c:timer_irq_works),
# would then fail a boot now and then. Programs begin at the same addresses each
# time: QEMU 7.2 keeps what it has translated by virtual address, so with random
# ones it translates the C library anew for each process (a start of true(1) took
# 50 ms, now 10).
kernel_arguments=(no_timer_check norandmaps console=ttyS0 loglevel=5 panic=-1 oops=panic panic_on_warn=1
	softlockup_panic=1 watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=60)

# comma PATH: as QEMU's option syntax wants commas.
comma() { echo "${1//,/,,}"; }

# Without "enhanced rep movsb": a processor that has it is made to copy and to clear
# memory by single bytes (arch/x86/lib/copy_user_64.S, clear_page_64.S), which QEMU
# emulates one by one; without, it takes eight at a time.
emulated_processor=max,erms=off,fsrm=off

# One host thread for all processors: with thread=multi, QEMU 7.2 at times runs a
# stale int3 where another processor has just patched the text, and the kernel
# oopses ("Oops: int3"). Attaching probes is patching text: switching a hundred
# tracepoints crashed four of six boots so, and none of six with one thread.
qemu_processor() {
	if [[ $icount == yes ]]; then
		# As it was when the figures of docs/overhead.md were taken.
		qemu+=(-cpu max -accel "tcg,thread=single" -icount "shift=0,sleep=off" -smp 1)
	elif [[ $accel == kvm ]]; then
		qemu+=(-cpu max -accel kvm -smp "$cpus")
	else
		qemu+=(-cpu "$emulated_processor" -accel "tcg,thread=single" -smp "$cpus")
	fi
}

# The host's root, read-only, the run's own folder, and the caller's, writable.
qemu_folders() {
	qemu+=(
		-virtfs "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap"
		-virtfs "local,path=$(comma "$work/share"),mount_tag=share,security_model=none"
	)
	[[ ! $share ]] || qemu+=(-virtfs "local,path=$(comma "$share"),mount_tag=caller,security_model=none")
}

# run: ports into files; a file never makes the guest wait for a slow reader,
# which would spin with interrupts off (drivers/char/virtio_console.c,
# __send_to_port). shell: a console on the terminal, Ctrl-A X ends it.
qemu_streams() {
	qemu+=(-serial "file:$(comma "$console")" -device virtio-serial-pci)
	if [[ $mode == shell ]]; then
		qemu+=(-chardev "stdio,id=terminal,mux=on,signal=off"
			-device "virtconsole,chardev=terminal")
		return
	fi
	local stream
	for stream in stdout stderr; do
		qemu+=(-chardev "file,id=$stream,path=$(comma "$work/$stream")"
			-device "virtserialport,chardev=$stream,name=$stream")
	done
}

qemu_lab() {
	local disk
	for disk in nvme virtio; do
		truncate -s 512M "$work/$disk.raw"
		qemu+=(-drive "if=none,id=$disk,format=raw,cache=unsafe,file=$(comma "$work/$disk.raw")")
	done
	qemu+=(-device "nvme,drive=nvme,serial=copyscope" -device "virtio-blk-pci,drive=virtio"
		-netdev "hubport,id=h0,hubid=0" -device "e1000,netdev=h0,mac=52:54:00:00:00:01"
		-netdev "hubport,id=h1,hubid=0" -device "e1000,netdev=h1,mac=52:54:00:00:00:02")
}

build_qemu() {
	[[ $iommu == no ]] || kernel_arguments+=(intel_iommu=on)
	qemu=(qemu-system-x86_64 -nodefaults -no-reboot -display none
		-machine "$machine" -m "$memory" -kernel "$image" -initrd "$work/initramfs"
		-append "${kernel_arguments[*]} ${append[*]}")
	qemu_processor
	# First: it serves the devices that come after it. (virtio ones go past it, without iommu_platform=on.)
	[[ $iommu == no ]] || qemu+=(-device intel-iommu)
	qemu_folders
	qemu_streams
	[[ $lab == no ]] || qemu_lab
	qemu+=("${devices[@]}")
}
