# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A copyscoped of the test's own: started, asked, ended. Sourced after lib.sh. Its files are in $scratch/d.
# shellcheck disable=SC2154 # of lib.sh
socket=$scratch/d/run/daemon.sock
history=$scratch/d/var/history.db
config=$scratch/d/daemon.conf
mkdir -p "$scratch/d"
chmod 755 "$scratch" "$scratch/d" # other users come by, too

write_config() { # LINE...: added before the tables
	{
		printf '%s\n' "$@"
		echo "[socket]"
		echo "path = \"$socket\""
		echo "[history]"
		echo "path = \"$history\""
	} >"$config"
}

daemon=
# Starts it and waits until it measures. usage: start_daemon WORD...   (before the command: env, setpriv...)
start_daemon() {
	"$@" copyscoped --config "$config" >>"$scratch/daemon.log" 2>&1 &
	daemon=$!
	wait_until_measuring
}
wait_until_measuring() {
	for _ in {1..600}; do
		[[ $(status .measuring) == true ]] && return 0
		kill -0 "$daemon" 2>/dev/null || break
		sleep 0.2
	done
	fail "the daemon measures" "$(tail -n 3 "$scratch/daemon.log")"
	return 1
}
stop_daemon() { # SIGNAL; the exit status is the daemon's
	local code=0
	kill "-$1" "$daemon" 2>/dev/null
	wait "$daemon" 2>/dev/null || code=$?
	daemon=
	return $code
}

# One value of the daemon's status. usage: status JQ-EXPRESSION
status() { copyscope status --socket "$socket" --json 2>/dev/null | jq -r "$1"; }

# Two intervals from now: what has happened until now has been read.
next_interval() {
	local seen now
	seen=$(status .intervals)
	for _ in {1..300}; do
		now=$(status .intervals)
		((now >= seen + ${1:-2})) && return
		if ! kill -0 "$daemon" 2>/dev/null; then
			fail "the daemon is alive" "$(tail -n 3 "$scratch/daemon.log")"
			finish
		fi
		sleep 0.1
	done
	fail "intervals go on" "stuck at $now"
}

# Every account of a range as a line: begin_ms end_ms comm uid operation sink bytes_moved to_user from_user operations.
exported() {
	copyscope export --socket "$socket" --json | jq -r '
		(.processes | map({key: "\(.pid) \(.start_ns)", value: .}) | from_entries) as $who | .begin_ms as $begin | .end_ms as $until |
		.accounts[] | $who["\(.pid) \(.start_ns)"] as $p | [$begin, $until, $p.comm, $p.uid, .operation, .sink.kind,
		.counters.bytes_moved // 0, .counters.to_user_bytes // 0, .counters.from_user_bytes // 0, .counters.operations // 0] | @tsv'
}
# The sum of one of the last four columns. usage: sum_of FILE COMM OPERATION SINK COLUMN   (empty: any)
sum_of() {
	awk -F '\t' -v comm="$2" -v operation="$3" -v sink="$4" -v column="$5" '
		BEGIN { number["bytes_moved"] = 7; number["to_user"] = 8; number["from_user"] = 9; number["operations"] = 10 }
		(comm == "" || $3 == comm) && (operation == "" || $5 == operation) && (sink == "" || $6 == sink) { sum += $number[column] }
		END { printf "%.0f\n", sum }' "$1"
}

# A daemon that measures copies: what it counts is what the reads of a program returned. usage: measures SOURCE
# Leaves it running.
measures() {
	local asked=$1 name=dd-$1 moved # a comm has 15 characters
	rm -f "$history"*
	write_config 'interval = "500ms"' "copies = \"$asked\""
	start_daemon env || return
	equal "daemon, $asked: copies are counted by" "$(status .copies)" "$asked"
	head -c 1000000 /dev/zero >/lab/tmpfs/million
	cp "$(command -v dd)" "$scratch/$name"
	"$scratch/$name" if=/lab/tmpfs/million of=/dev/null bs=1000 status=none
	next_interval 2
	copyscope export --socket "$socket" --json >"$scratch/measured"
	moved=$(jq -n --arg comm "$name" '[inputs | (.processes | map(select(.comm == $comm) | .pid)) as $pids |
		.accounts[] | select(.pid as $pid | $pids | any(. == $pid)) | select(.operation == "read" or .operation == "pread64")] |
		{moved: (map(.counters.bytes_moved // 0) | add), measured: (map(.measured.to_user.bytes // 0) | add)}' "$scratch/measured")
	equal "daemon, $asked: measured bytes are the return values" "$(jq .measured <<<"$moved")" "$(jq .moved <<<"$moved")"
	between "daemon, $asked: a million and what its start reads" "$(jq .moved <<<"$moved")" 1000000 1010000
	equal "daemon, $asked: report" "$(copyscope report --socket "$socket" --json | jq -r .copies)" "$asked"
}
