# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every test on a real kernel uses. Sourced inside the VM, where copyscope and its kin are on PATH and the
# laboratory is set up (tools/vm --help). Knows how to check, how to ask a JSON report, and how to leave the machine as it
# was; knows no strategy.
set -uo pipefail

checkout=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")") # may be in /tmp, and others work in it
failures=0
scratch=$(mktemp -d /tmp/test.XXXXXX)

# A test ends by finish, and by nothing else.
trap 'echo "FAIL the test ends by finish: it ended with status $? before"' EXIT

ok() { echo "ok $1"; }
# With the place of the check: the innermost one that is not here.
fail() { # NAME WHY
	local frame=1
	while [[ ${BASH_SOURCE[frame]-} == "${BASH_SOURCE[0]}" ]]; do frame=$((frame + 1)); done
	echo "FAIL $1: $2 [${BASH_SOURCE[frame]-$0}:${BASH_LINENO[frame - 1]}]"
	failures=$((failures + 1))
}
skip() { echo "skip $1: $2"; }

equal() { # NAME ACTUAL EXPECTED
	if [[ $2 == "$3" ]]; then ok "$1"; else fail "$1" "got '$2', expected '$3'"; fi
}

between() { # NAME ACTUAL LOW HIGH
	if [[ $2 =~ ^[0-9]+$ ]] && (($2 >= $3 && $2 <= $4)); then ok "$1"; else fail "$1" "got '$2', expected $3..$4"; fi
}

contains() { # NAME TEXT PART
	if [[ $2 == *"$3"* ]]; then ok "$1"; else fail "$1" "'$3' is not in: $2"; fi
}

# Runs COMMAND; it must end with CODE and one line of stderr that has every PART, and print nothing else.
# usage: refused NAME CODE 'PART|PART' COMMAND...
refused() {
	local name=$1 code=$2 parts=$3 status said lines why='' part
	shift 3
	timeout 60 "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
	status=$?
	IFS= read -r -d '' said <"$scratch/err"
	lines=${said//[!$'\n']/}
	((status == code)) || why+="exit $status, expected $code; "
	((${#lines} == 1)) || why+="${#lines} lines on stderr; "
	[[ ! -s $scratch/out ]] || why+="stdout: $(head -c 200 "$scratch/out"); "
	while IFS= read -r -d '|' part; do
		[[ $said == *"$part"* ]] || why+="no '$part'; "
	done <<<"$parts|"
	if [[ -z $why ]]; then ok "$name"; else fail "$name" "$why${said:0:300}"; fi
}
# Before a command: as somebody without privileges.
# shellcheck disable=SC2034 # the tests use it
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# The language is jq's; jq itself reads its own library at each start, 200 million instructions.
jq() { gojq "$@"; }

# One value of a report. usage: ask FILE JQ-EXPRESSION
ask() { jq -r "$2" "$1"; }

# Sum of a field over the rows that match. usage: sum FILE SELECT FIELD, e.g. sum r.json '.operation=="read"' .payload_bytes
sum() { jq -r "[.rows[] | select(.strategy != \"all operations\") | select($2) | $3 // 0] | add // 0" "$1"; }

# All rows of a report at once, for tests that ask much: one by one that takes long in an emulated VM. KEY names a row.
# usage: load FILE KEY, e.g. load r.json '"\(.strategy), \(.variant)"'; then ${VALUE["sendfile, cold: dma_bytes.to_device"]}
# Two rows of one key would hide each other: ${VALUE["KEY: rows"]} says how many there are. Facts of the whole report have
# the key "report".
declare -A VALUE
load() {
	local name value
	VALUE=()
	# shellcheck disable=SC2034 # the tests use it
	while IFS=$'\t' read -r name value; do VALUE[$name]=$value; done < <(jq -r '
		def leaves: . as $in | paths(type != "object" and type != "array") | . as $path |
			"\($path | map(tostring) | join("."))\t\($in | getpath($path))";
		(.rows | group_by('"$2"')[] | (.[0] | '"$2"') as $key |
			"\($key): rows\t\(length)", "\($key): \(.[0] | leaves)"),
		"report: rows\t\(.rows | length)", "report: \(del(.rows) | leaves)"' "$1")
}

# All of a recording at once, by names of programs: ${SEEN["COMMAND STRATEGY"]} is the payload, with ", copies" behind it copies
# per byte; ${SEEN["COMMAND OPERATION SOURCE -> SINK"]} is what was moved, with ": copied" what the CPU copied between user and kernel,
# ends as in "tcp loopback"; "all" what is unaccounted and lost, "mmap+write" how many are called so. usage: load_recording FILE
declare -A SEEN
load_recording() {
	local name value
	SEEN=()
	# shellcheck disable=SC2034 # the tests use it
	while IFS=$'\t' read -r name value; do SEEN[$name]=$value; done < <(
		copyscope replay "$1" --by command --nested --json | jq -r '
			"all\t\(.total.unaccounted_bytes) \(.total.lost)",
			"mmap+write\t\([.groups[].beneath[] | select(.name == "mmap+write")] | length)",
			(.groups[] | .name as $of | .beneath[] | "\($of) \(.name)\t\(.payload_bytes)",
				"\($of) \(.name), copies\t\(.cpu_copies_per_byte // -1)")'
		copyscope export --history "$1" --json | jq -r '
			(.processes | map({key: "\(.pid) \(.start_ns)", value: .comm}) | from_entries) as $who |
			def name: "\(.kind)\(.flags // [] | map(" " + .) | add // "")";
			def total(of): map(.counters | of // 0) | add;
			.accounts | group_by([$who["\(.pid) \(.start_ns)"], .operation, (.source | name), (.sink | name)])[] |
			(.[0] | "\($who["\(.pid) \(.start_ns)"]) \(.operation) \(.source | name) -> \(.sink | name)") as $row |
			"\($row)\t\(total(.bytes_moved))", "\($row): copied\t\(total(.to_user_bytes) + total(.from_user_bytes))"')
}

# What copyscope could leave behind, in one line. Compared before and after. The kernel detaches programs on its own when a
# session has ended, in seconds, and frees them and their maps then: that is waited for.
bpf_left() {
	bpftool prog list 2>/dev/null | grep -cE ' name (enter_|exit_|submit_io|end_io|copy_bits|begin_send|measure_|api_sync_|name_)'
	bpftool map list 2>/dev/null |
		grep -cE ' name (ledgers|spare_ledgers|accounts|account_ids|processes|losses|writers|bios|senders|frames|dispatches|bounces|pinned|late_copies|measured|sender_cookies|cgroup_paths|writers_held|disks|nics|nic_names|loop_pages|clients) '
}
leftovers() {
	local left
	for _ in {1..120}; do
		left=$(bpf_left | tr '\n' ' ')
		[[ $left != "0 0 " ]] || break
		sleep 0.5
	done
	echo "programs and maps $left;" \
		"namespaces $(ip netns list | wc -l);" \
		"files $(find /tmp /var/tmp /lab /dev/shm -path "$checkout" -prune -o -name '*copyscope*' -print 2>/dev/null | grep -vc '/bin/');" \
		"processes $(pgrep -x copyscope | wc -l)"
}

# A process that has just ended may still hold what rmmod needs: the kernel lets go of its last file, and of BPF programs,
# late.
unload() { # MODULE
	for _ in {1..100}; do
		rmmod "$1" 2>/dev/null && return
		sleep 0.1
	done
	fail "rmmod $1" "$(rmmod "$1" 2>&1)"
}

# A segment that is sent twice is copied twice when scatter-gather is off, and rightly counted so. For known answers
# nothing may be lost on the way; the lab's link is made so (tools/vm.d/guest/lab). From here on it is counted.
steady_link() { sent_twice_before=$(retransmitted); }
retransmitted() { awk '/^Tcp:/ { n = $13 } END { print n }' /proc/net/snmp; }
nothing_sent_twice() { equal "$1: TCP sent nothing twice" $(($(retransmitted) - sent_twice_before)) 0; } # NAME

# ---- what disks say of themselves ----
# Disks with hardware; what is stacked on them hands everything down.
disks() { find /sys/block/ -mindepth 1 -maxdepth 1 -exec test -e {}/device \; -printf '%f\n' | sort; }
# Bytes read from a disk and written to it. usage: disk_moved NAME
disk_moved() { awk '{ printf "%.0f %.0f\n", $3 * 512, $7 * 512 }' "/sys/block/$1/stat"; }
disks_moved() { for disk in $(disks); do echo "$disk $(disk_moved "$disk")"; done; }
# Waits until what a command says no longer changes. usage: at_rest WHAT SECONDS COMMAND
at_rest() {
	local before now
	now=$($3)
	for _ in {1..60}; do
		before=$now
		sleep "$2"
		now=$($3)
		[[ $now != "$before" ]] || return
	done
	fail "$1 at rest" "$now"
}
disks_quiet() {
	sync
	at_rest 'the disks are' 0.5 disks_moved
}
disks_before() { disks_then=$(disks_moved) disks_zeroed=$(zeroed); }
disks_after() { disks_now=$(disks_moved) disks_zeroed=$(($(zeroed) - disks_zeroed)); }
# What disks have written as zeros by themselves, which is no DMA: of the session that runs.
zeroed() { bpftool -j map dump name disks 2>/dev/null | jq '[.[].formatted.value.written[4]] | add // 0'; }

# Each disk has moved what the report of a `run` says, whoever it was for. What was done between disks_before and
# disks_after must lie inside the session. usage: disks_add_up NAME REPORT
disks_add_up() {
	local said
	said=$(jq -r '.disks[] | "\(.name) \(.read_bytes | map(values) | add) \(.written_bytes | map(values) | add)"' "$2")
	equal "$1: the disks say the same" "$(join -a 1 -e 0 -o 0,2.2,2.3 <(echo "$disks_then") <(sort <<<"$said"))" \
		"$(join <(echo "$disks_then") <(echo "$disks_now") | awk '{ printf "%s %.0f %.0f\n", $1, $4 - $2, $5 - $3 }')"
}

# The same of a recording of everybody: all accounts together, nobody's among them. Leaves $scratch/dma: comm, operation,
# bytes from disks, bytes to disks. usage: everybody_adds_up NAME RECORDING
everybody_adds_up() {
	copyscope export --history "$2" --json | jq -r '
		(.processes | map({key: "\(.pid) \(.start_ns)", value: .comm}) | from_entries) as $who |
		.accounts[] | [$who["\(.pid) \(.start_ns)"] // "(unknown)", .operation,
		(if .source.kind | test("tcp") then 0 else .counters.dma_from_device // 0 end),
		(if .sink.kind | test("tcp") then 0 else .counters.dma_to_device // 0 end)] |
		select(.[2] + .[3] > 0) | @tsv' >"$scratch/dma"
	echo "# lost: $(copyscope export --history "$2" --json | jq -c '.losses | with_entries(select(.value > 0))')"
	equal "$1: all rows together are what the disks say" \
		"$(awk -F '\t' '{ from += $3; to += $4 } END { printf "%.0f %.0f\n", from, to }' "$scratch/dma")" \
		"$(join <(echo "$disks_then") <(echo "$disks_now") | awk -v zeroed="$disks_zeroed" '{ from += $4 - $2; to += $5 - $3 } END { printf "%.0f %.0f\n", from, to - zeroed }')"
}

# ---- what network devices say of themselves ----
# Frames and bytes sent and received by each with hardware, here and in the namespace "peer" (its with "peer/"). A driver counts
# what it has sent when the device is done with it.
nics_moved() {
	local within name
	for within in '' peer/; do
		for name in $(${within:+ip netns exec peer} find /sys/class/net/ -mindepth 1 -maxdepth 1 -exec test -e {}/device \; -printf '%f\n'); do
			ip ${within:+-n peer} -s -j link show dev "$name" | jq -r --arg name "$within$name" \
				'.[0].stats64 | "\($name) \(.tx.packets) \(.tx.bytes) \(.rx.packets) \(.rx.bytes)"'
		done
	done | sort
}
nics_quiet() { at_rest 'the network is' 0.7 nics_moved; }
nics_before() {
	nics_quiet
	nics_then=$(nics_moved)
}
nics_after() {
	nics_quiet
	nics_now=$(nics_moved)
}
# Each NIC has sent and received what the report of a `run` says, whoever it was for. usage: nics_add_up NAME REPORT
nics_add_up() {
	local said truth
	said=$(jq -r --argjson here "$(stat -L -c %i /proc/self/ns/net)" '.nics[] | "\(
		if .namespace == $here then "" else "peer/" end)\(.name) \([.sent_frames[]] | add) \(
		[.sent_bytes[]] | add) \(.received_frames) \([.received_bytes[]] | add)"' "$2" | sort)
	truth=$(join <(echo "$nics_then") <(echo "$nics_now") |
		awk '{ printf "%s %.0f %.0f %.0f %.0f\n", $1, $6 - $2, $7 - $3, $8 - $4, $9 - $5 }' | grep -v ' 0 0 0 0$')
	equal "$1: the network devices say the same" "$said" "$truth"
}

# A receiver behind the emulated NIC; stopped at the end of the test.
sink_pid=
start_sink() {
	ip netns exec peer copyscope sink --listen 192.0.2.2:7007 >"$scratch/sink.log" 2>&1 &
	sink_pid=$!
	for _ in {1..100}; do
		grep -q '^listening' "$scratch/sink.log" && return
		sleep 0.1
	done
	fail "start the sink" "$(cat "$scratch/sink.log")"
}
stop_sink() {
	[[ -z $sink_pid ]] || { kill "$sink_pid"; wait "$sink_pid"; } 2>/dev/null
	sink_pid=
}

# dd bs=1000 from tmpfs: what is measured is what its calls returned. usage: measured_dd SOURCE
measured_dd() {
	local report=$scratch/dd.json reads='.operation == "read" or .operation == "pread64"' copied
	head -c 1000000 /dev/urandom >/lab/tmpfs/million
	copyscope run --copies "$1" --json --output "$report" -- dd if=/lab/tmpfs/million of=/dev/null bs=1000 2>/dev/null
	equal "dd: exit code" $? 0
	equal "dd: counted by" "$(ask "$report" .copies)" "$1"
	copied=$(sum "$report" "$reads" .cpu_copy_bytes.to_user)
	equal "dd: measured bytes are the return values" "$copied" "$(sum "$report" "$reads" .payload_bytes)"
	between "dd: a million and what its start reads" "$copied" 1000000 1010000
	equal "dd: nothing unaccounted" "$(sum "$report" true .unaccounted_bytes)" 0
	equal "dd: provenance" "$(ask "$report" "[.rows[] | select($reads) | .provenance] | unique | join(\",\")")" measured
}

# A setting of the kernel, until the test ends. usage: change FILE VALUE
declare -A changed=()
change() {
	local old
	old=$(<"$1")
	[[ ! $old =~ \[([^]]*)\] ]] || old=${BASH_REMATCH[1]} # of several words the one in brackets
	: "${changed[$1]:=$old}"
	echo "$2" >"$1"
}

# Another user, until the test ends. usage: add_user NAME [OPTION...]
add_user() {
	local file
	if [[ ! -d $scratch/users ]]; then
		mkdir "$scratch/users"
		for file in /etc/{passwd,shadow,group,gshadow,sub[ug]id}; do [[ ! -e $file ]] || cp -a "$file" "$scratch/users/"; done
	fi
	useradd --no-create-home "${@:2}" "$1"
}

# The machine as it was, for the next test in it: what the runner looks for in the end (tests/run.d/state.sh). What
# copyscope made is not ours to remove.
tidy() {
	local file
	for file in "${!changed[@]}"; do echo "${changed[$file]}" >"$file"; done
	[[ ! -d $scratch/users ]] || cp -a "$scratch/users/." /etc/
	find /lab/nvme /lab/tmpfs -xdev -mindepth 1 -maxdepth 1 ! -name lost+found ! -name '*copyscope*' -exec rm -rf {} +
	rm -rf "$scratch"
}

finish() {
	stop_sink
	cd / || exit 1
	tidy
	trap - EXIT
	exit $((failures > 0))
}
