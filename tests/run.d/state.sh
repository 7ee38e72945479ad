# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What a suite could leave in a machine: hooks, maps, namespaces, mounts, files, modules, processes, the settings of cards,
# addresses, routes and sysctls, and what the kernel has said. Sourced by guest. Knows no suite.
#
# An emulated processor takes 50 ms to start a program, so what the shell can read itself, it does.

state=/run/copyscope-state
functions=/sys/kernel/tracing/enabled_functions
settings=(/proc/sys/kernel/{ftrace_enabled,pid_max,numa_balancing,kptr_restrict,perf_event_paranoid,unprivileged_bpf_disabled,panic_on_warn}
	/proc/sys/vm/{nr_hugepages,overcommit_memory,compaction_proactiveness,min_free_kbytes,dirty_ratio}
	/proc/sys/net/core/{optmem_max,wmem_max,rmem_max,wmem_default,rmem_default}
	/proc/sys/net/ipv4/tcp_{rmem,wmem,early_retrans,mem}
	/sys/kernel/debug/sched/numa_balancing/scan_{delay,period_min,period_max}_ms
	/sys/kernel/tracing/{tracing_on,current_tracer,set_event,kprobe_events,uprobe_events,enabled_functions}
	/sys/kernel/mm/transparent_hugepage/enabled /sys/kernel/debug/kprobes/list /proc/swaps /sys/fs/cgroup/cgroup.subtree_control)

files_of_users='/run/upper/etc/(\.pwd\.lock|(passwd|shadow|group|gshadow|subuid|subgid)-?)'

shell_state() {
	local file line name words
	while IFS=: read -r name _; do echo "user $name"; done </etc/passwd
	while read -r name _; do echo "module $name"; done </proc/modules
	# The kernel itself mounts debug/tracing for whoever looks there, and leaves it.
	while read -r -a words; do [[ ${words[4]} == */debug/tracing ]] || echo "mount ${words[4]} ${words[3]} ${words[*]:8:1} ${words[*]: -3:2}"; done </proc/self/mountinfo
	for file in /proc/[0-9]*; do
		# A thread of the kernel has no program. This shell is not what is looked for.
		[[ -e $file/exe ]] || continue
		read -r name <"$file/comm" || continue
		[[ ${file##*/} == "$$" ]] || echo "process ${file##*/} $name"
	done
	for file in /tmp/* /var/tmp/* /dev/shm/* /lab/nvme/** /lab/tmpfs/** /run/* /run/netns/* /run/systemd/system/** \
		/sys/fs/bpf/** /sys/fs/cgroup/**/ /sys/class/net/* /sys/block/* /dev/mapper/*; do
		echo "file $file"
	done
	for file in "${settings[@]}"; do
		[[ ! -r $file ]] || while IFS= read -r line; do echo "${file##*/}: $line"; done <"$file"
	done
}

# A file for each program, so that none is needed to tell whose words they are. usage: programs_state FOLDER
programs_state() {
	ip -batch $state/ip-batch >"$1/ip"
	ip -n peer -batch $state/ip-batch >"$1/peer-ip"
	{ ethtool -k eth0; ethtool -g eth0; } >"$1/card"
	nsenter --net=/run/netns/peer bash -c 'ethtool -k eth0; ethtool -g eth0
		read -ra window </proc/sys/net/ipv4/tcp_rmem; declare -p window' >"$1/peer-card"
	bpftool batch file $state/bpf-batch >"$1/bpf"
	# The root's upper layer: every file of the machine that is not as on the host. Those of users are there once there was
	# another user, whatever is in them; who is a user says shell_state.
	find /run/upper -regextype posix-extended -regex "$files_of_users" -prune -o -type f -printf 'changed %P %s\n' -o ! -type d -printf 'changed %P\n' >>"$1/shell"
}

# usage: note_state FOLDER
note_state() {
	shopt -s nullglob globstar dotglob
	shell_state >"$1/shell" # before a program is started for this, which it would see
	programs_state "$1"
	sort -o "$1/shell" "$1/shell"
} 2>/dev/null

declare -A modules_before
remember_state() {
	local name
	mkdir -p $state/{before,after}
	printf '%s\n' 'address show' 'route show table all' 'neighbour show nud permanent' >$state/ip-batch
	printf '%s\n' 'prog list' 'map list' 'link list' >$state/bpf-batch
	note_state $state/before
	while read -r name _; do modules_before[$name]=yes; done </proc/modules
	functions_before=$(<$functions)
}

# Hooks go one after the other, for ten seconds. Whoever asks for all of the state meanwhile keeps the processor from that.
hooks_go() {
	local end=$((SECONDS + 30))
	while [[ $(<$functions) != "$functions_before" ]] && ((SECONDS < end)); do sleep 0.5; done
}

# What the kernel said since the last dmesg -C, at the level of a warning or worse; but not of modules without a signature,
# of an emulated machine that is slow, of the kernel's own configuration, of a disk whose driver comes and goes, of a program that does what it should not (a fuzzer),
# and of a parameter of ours that was refused.
no_news='loading out-of-tree module taints kernel|module verification failed|hrtimer: interrupt took|'
no_news+='ata[0-9.]+: (disable device|Model .* applying quirks)|attempted to duplicate a private mapping with mremap|'
no_news+='device-mapper: core: CONFIG_IMA|clocksource: |TSC found unstable|perf: interrupt took too long|workqueue: .* hogged CPU|sched: RT throttling activated|sched: DL replenish lagged too much'
no_news+='|^copyscope: .* invalid for parameter'
kernel_said() { dmesg --notime --level emerg,alert,crit,err,warn | grep -vE "$no_news"; }

# The kernel's own modules come when somebody needs them, and for the next suite they must come again. (Ours, and those of
# the tests, are what a suite left.) What is hooked cannot go yet; what btrfs took by its name in the crypto library goes
# after it.
drop_modules() {
	local name
	while read -r name _; do
		[[ ${modules_before[$name]-} || $name =~ ^(copyscope|edu_dma|dmatest)$ ]] || modprobe -r "$name"
	done </proc/modules
} 2>/dev/null

# Says whether the machine is as remember_state() saw it. Processes and BPF programs end a while after they were told to.
as_it_was() {
	local tries left
	hooks_go
	for tries in {1..12}; do
		drop_modules
		note_state $state/after
		left=$(diff -r $state/before $state/after | grep -E '^([<>]|Only)')
		[[ $left ]] || break
		echo "# not yet: ${left//$'\n'/; }"
		((tries == 12)) || sleep 1
	done
	left+=$({ kernel_said; tools/vm.d/guest/reports quick; } | sed "s/^/${left:+\n}the kernel said: /")
	if [[ ! $left ]]; then
		echo "ok the machine is as it was"
	else
		echo "FAIL the machine is as it was: $(wc -l <<<"$left") differences: $(head -n 4 <<<"$left" | paste -sd '|')"
		echo "# left: ${left//$'\n'/$'\n'# left: }"
		return 1
	fi
}
