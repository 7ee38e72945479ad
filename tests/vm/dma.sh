# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What tests of /dev/copyscope share besides loading and removing the module: what it could have left behind. Sourced after
# lib.sh. Memory of the module's own is found by slub_debug=U, which keeps who allocated what, where the kernel has no
# kmemleak; the test's line "# vm:" asks for it.
# shellcheck source=module.sh
. "$(dirname "$0")/module.sh"

# Objects that came from code of the module and are not freed, by cache; and its areas in vmalloc space. Not what others
# allocate while the module waits for them to free memory, nor what slabs keep to know whose cgroup an object is.
module_objects() {
	local file
	for file in /sys/kernel/debug/slab/kmalloc-*/alloc_traces; do
		awk -v cache="$(basename "$(dirname "$file")")" '
			function add() { if (ours && !others) sum += n; ours = others = 0 }
			/^ *[0-9]+ [^ ]+\+0x/ { add(); n = $1 }
			/\[copyscope\]/ { ours = 1 }
			/try_to_free_(mem_cgroup_)?pages|alloc_slab_obj_exts|memcg_alloc_slab_cgroups/ { others = 1 }
			END { add(); if (sum) print cache, sum }' "$file" 2>/dev/null
	done
	awk '/\[copyscope\]/ { n++ } END { print "vmalloc", n + 0 }' /proc/vmallocinfo
}
# As a line, when it has stopped to change: RCU and work items free late.
settled_objects() {
	local now before=
	for _ in {1..10}; do
		now=$(module_objects | xargs)
		[[ $now != "$before" ]] || break
		before=$now
		sleep 0.5
	done
	echo "$now"
}
no_objects_left() { # NAME BEFORE
	if grep -qE 'slub_debug=[A-Z]*U' /proc/cmdline; then
		equal "$1: no object of the module is left" "$(settled_objects)" "$2"
	else
		skip "$1: no object of the module is left" 'this kernel was not started with slub_debug=U'
	fi
}

# Free memory in KiB, when what can be given back was given back, what waits in the processors' own lists too.
free_memory() {
	local slab
	sync
	echo 3 >/proc/sys/vm/drop_caches
	for slab in /sys/kernel/slab/*/shrink; do echo 1 >"$slab" 2>/dev/null; done
	sleep 1
	awk '/nr_free_pages/ || $1 == "count:" { pages += $2 } END { print pages * 4 }' /proc/zoneinfo
}

# What the kernel said since the test began, at the level of a warning or worse, or of memory that was overwritten.
dmesg_lines=$(dmesg | wc -l)
nothing_said() { # NAME
	local bad='BUG|WARNING|Oops|leak|corrupt|poison|Padding|Redzone|Object already free|[Bb]ad page'
	bad+='|copyscope: .*(error|fail)|page allocation failure|oom|Out of memory'
	equal "$1: the kernel has nothing to say" \
		"$(dmesg | tail -n +$((dmesg_lines + 1)) | grep -E "$bad" |
			grep -v 'module verification failed' | head -n 5)" ''
}
