# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of the DMA buffer check with an IOMMU and without. Sourced after lib.sh, with the module loaded.

: "${scratch:?is made by lib.sh}"
SIZE=8388608
NIC=tcp:192.0.2.2:7007

# usage: row NAME KEY FIELD=EXPECTED...; what is not named of the copies must be 0
row() {
	local name=$1 key=$2 pair field
	local -A expected=([cpu_copy_bytes.to_user]=0 [cpu_copy_bytes.from_user]=0 [cpu_copy_bytes.kernel]=0
		[cpu_copy_bytes.cow]=0 [transmit_bytes]=0 [late_bytes]=0 [unaccounted_bytes]=0 [lost]=0 [errors]=0
		[payload_bytes]=$SIZE [dma_bytes.from_device]=$SIZE [faults.minor]=0
		[syncs.for_cpu.calls]=0 [syncs.for_device.calls]=0)
	shift 2
	for pair in "$@"; do expected[${pair%%=*}]=${pair#*=}; done
	equal "$name: rows" "${VALUE[$key: rows]-none}" 1
	for field in "${!expected[@]}"; do
		equal "$name: $field" "${VALUE[$key: $field]-missing}" "${expected[$field]}"
	done
}

# The receiver compares every byte, so a page that was changed before it was sent is an error.
check_strategies() {
	local report=$scratch/bench.json
	steady_link
	start_sink
	copyscope bench --json --output "$report" --strict --scratch /lab/nvme --sink $NIC --sg on \
		--strategy dma-buffer,dma-zerocopy,dma-coherent >"$scratch/out" 2>&1 || cat "$scratch/out"
	load "$report" '"\(.strategy), \(.variant)"'
	equal 'strategies: copies are measured' "${VALUE[report: copies]-missing}" module
	equal 'strategies: nothing was lost' "${VALUE[report: losses.total]-missing}" 0
	# Into the buffer by DMA (a hand-over to the disk), into the pipe, into the socket.
	row 'dma-buffer' 'dma-buffer, cold, sg on' referenced_bytes=$((3 * SIZE)) operations=256 mode_switches=512 \
		verdict='as promised' reason= provenance=measured
	row 'dma-zerocopy' 'dma-zerocopy, cold, sg on' referenced_bytes=$((2 * SIZE)) verdict='as promised' \
		notes.0='the kernel reported 0 of 128 sends as copied'
	# The textbook's lesson: memory that needs no sync cannot be pinned, so it is filled and emptied by the CPU.
	row 'dma-coherent' 'dma-coherent, cold, sg on' cpu_copy_bytes.to_user=$SIZE cpu_copy_bytes.from_user=$SIZE \
		referenced_bytes=0 operations=256 mode_switches=512 verdict='as promised' reason=
	for strategy in dma-buffer dma-zerocopy dma-coherent; do
		between "$strategy: DMA to the NIC" "${VALUE["$strategy, cold, sg on: dma_bytes.to_device"]-}" $SIZE $((SIZE * 11 / 10))
	done
	nothing_sent_twice 'strategies'

	copyscope audit --json --output "$report" --scratch /lab/nvme --sink $NIC --sg on --copies module \
		--strategy dma-buffer,dma-zerocopy,dma-coherent >"$scratch/out" 2>&1
	equal 'audit: exit code' $? 0
	equal 'audit: agrees to the byte' "$(jq -c '[.rows[] | select(.derived_bytes != .measured_bytes)]' "$report")" '[]'
	load "$report" '"\(.strategy), \(.class)"'
	equal 'audit: to user' "${VALUE[dma-coherent, to_user: measured_bytes]-missing}" $SIZE
	equal 'audit: from user' "${VALUE[dma-coherent, from_user: measured_bytes]-missing}" $SIZE
	stop_sink
}

declare -A truth
# The one row of that operation in the process of a case, as "FIELD FIELD...".
operation() { # CASE OPERATION FIELD...
	local case=$1 operation=$2 fields
	shift 2
	fields=$(printf ', %s' "$@")
	jq -r --argjson pid "${truth[$case.pid]:-0}" --arg operation "$operation" \
		".rows[] | select(.pid == \$pid and .operation == \$operation) | [${fields:2}] | map(tostring) | join(\" \")" \
		"$scratch/run.json"
}

check_operations() {
	local source key value
	for source in derived module; do
		truth=()
		copyscope run --copies $source --json --per-process --output "$scratch/run.json" -- \
			copyscope-dma-buffer /lab/nvme >"$scratch/truth" 2>"$scratch/err" || cat "$scratch/err"
		while IFS='=' read -r key value; do
			truth[$key]=$value
			[[ $key != *.error ]] || fail "set up $key" "$value"
		done <"$scratch/truth"
		check_endpoints
		equal "$source: nothing was lost" "$(ask "$scratch/run.json" .losses.total)" 0
	done
	check_syncs
	check_refusals
}

check_endpoints() {
	local copied=.cpu_copy_bytes.to_user,.cpu_copy_bytes.from_user
	equal "$source: read of the device" "$(operation read read .variant .payload_bytes $copied .unaccounted_bytes)" \
		'DMA buffer -> anonymous memory 300000 300000 0 0'
	equal "$source: write to the device" "$(operation write write .variant .payload_bytes $copied .unaccounted_bytes)" \
		'anonymous memory -> DMA buffer 300000 0 300000 0'
	equal "$source: splice out of the device" "$(operation splice splice .variant .payload_bytes $copied \
		.referenced_bytes .unaccounted_bytes)" 'DMA buffer -> pipe 8192 0 0 8192 0'
	equal "$source: sendfile from a coherent buffer" "$(operation sendfile_coherent sendfile64 .variant .errors \
		.unaccounted_bytes) ${truth[sendfile_coherent.errno]-}" 'DMA buffer -> tcp (loopback) 1 0 EINVAL'
	equal "$source: first touch" "$(operation touch fault .variant .faults.minor | grep DMA)" \
		'DMA buffer -> mapped DMA buffer 256'
	equal "$source: write out of the mapping" "$(operation write_mapping write .variant .payload_bytes $copied)" \
		'mapped DMA buffer -> file 8192 0 8192'
	equal "$source: write out of the coherent mapping" "$(operation write_coherent write .variant .payload_bytes $copied)" \
		'mapped DMA buffer (coherent) -> file 8192 0 8192'
	equal "$source: O_DIRECT into the mapping" "$(operation direct read .variant .payload_bytes $copied \
		.dma_bytes.from_device .unaccounted_bytes)" 'file (direct) -> mapped DMA buffer 65536 0 0 65536 0'
	equal "$source: O_DIRECT into the coherent mapping" "$(operation direct_coherent read .variant .errors .payload_bytes)" \
		'file (direct) -> mapped DMA buffer (coherent) 1 0'
}

check_syncs() {
	equal 'SYNC: as the device itself counts' "${truth[sync.for_device]-}; ${truth[sync.for_cpu]-}; ${truth[sync.refused]-}" \
		'16 calls, 1048576 bytes; 4 calls, 1048576 bytes; 1'
	# ALLOC, INFO at the opening, 16 + 4 that were served, one that was refused, STATS.
	equal 'SYNC: calls of the device, failed ones, switches, bytes' \
		"$(operation sync ioctl .variant .operations .errors .mode_switches .payload_bytes .unaccounted_bytes)" \
		'DMA buffer -> DMA buffer 24 1 48 0 0'
	equal 'SYNC: for the device' "$(operation sync ioctl .syncs.for_device.calls .syncs.for_device.bytes)" '16 1048576'
	equal 'SYNC: for the CPU' "$(operation sync ioctl .syncs.for_cpu.calls .syncs.for_cpu.bytes)" '4 1048576'
	# On newer kernels the DMA API leaves out what the device does not need.
	if grep -qx __dma_sync_single_for_cpu /sys/kernel/tracing/available_filter_functions; then
		equal 'SYNC: the DMA API has nothing to do' "$(operation sync ioctl \
			.dma_api_syncs.for_device.bytes .dma_api_syncs.for_cpu.bytes)" '0 0'
	else
		equal 'SYNC: the DMA API handed over as many bytes' "$(operation sync ioctl \
			.dma_api_syncs.for_device.bytes .dma_api_syncs.for_cpu.bytes)" '1048576 1048576'
	fi
}

check_refusals() {
	equal 'O_DIRECT into the mapping: the right bytes' "${truth[direct.moved]-} ${truth[direct.right]-}" '65536 1'
	equal 'O_DIRECT into the coherent mapping' "${truth[direct_coherent.moved]-} ${truth[direct_coherent.errno]-}" '-1 EFAULT'
	equal 'MSG_ZEROCOPY out of the coherent mapping' \
		"${truth[zerocopy_coherent.moved]-} ${truth[zerocopy_coherent.errno]-}" '-1 EFAULT'
	# io_uring/rsrc.c: 6.1 takes no buffer that maps a file of another kind than hugetlbfs or shmem.
	if [[ $(uname -r) == 6.1.* ]]; then
		equal 'io_uring: fixed buffer on the mapping' "${truth[fixed.register]-} ${truth[fixed.promised]-}" 'EOPNOTSUPP 0'
	else
		equal 'io_uring: fixed buffer on the mapping' "${truth[fixed.register]-} ${truth[fixed.promised]-}" '0 1'
		equal 'io_uring: fixed buffer, the right bytes' "${truth[fixed.moved]-} ${truth[fixed.right]-}" '65536 1'
	fi
	contains 'io_uring: no fixed buffer on the coherent mapping' 'EFAULT EOPNOTSUPP' "${truth[fixed_coherent.register]-none}"
}
