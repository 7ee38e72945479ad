# shellcheck shell=bash disable=SC2154 # shared with tests/run
# SPDX-License-Identifier: Apache-2.0
#
# One VM from its boot to its end, and what it says of each suite. A VM that dies takes the suite that it was running with
# it, and no other. Sourced by tests/run; its other half, in the VM, is the script guest.

# On a usual kernel; others ask for patience (tools/vm.d/kernel.sh).
suite_limit=$((${COPYSCOPE_SUITE_SECONDS:-900} + 20 * ${rounds:-0}))
silence=120 # seconds that a VM may need beyond that
boot_limit=300

# Sets `line`; fails when the VM has ended or must be ended because it is silent.
read_line() { # DEADLINE, of SECONDS
	local left=$(($1 - SECONDS))
	((left > 0)) && IFS= read -r -t $left -u "$from" line
}

# Reads what the VM says, until it ends. Sets `suite`: the one that has begun and not ended, if any; `suites`: how many did.
follow_machine() { # KERNEL
	local patience
	patience=$(patience_of "$1")
	local deadline=$((SECONDS + boot_limit * patience)) line status work attach detach checked
	suite='' suites=0
	while read_line $deadline; do
		case $line in
		'##ready') boot=$((SECONDS - began)) ;;
		'##begin '*)
			suite=${line#* }
			out=$logs/$1-$suite
			echo "# in ${log##*/}" >"$out"
			deadline=$((SECONDS + (suite_limit + silence) * patience))
			;;
		'##end '*)
			read -r _ _ status work attach detach checked <<<"$line"
			echo "$1 $suite $work $boot $attach $detach $checked" >>"$timings"
			with_screen show_suite "$1" "$suite" "$status" "$out" "$work"
			boot=0 # it is paid for by the first
			suite='' suites=$((suites + 1))
			deadline=$((SECONDS + boot_limit * patience))
			;;
		*) echo "$line" >>"${out:-/dev/null}" ;;
		esac
	done
}

# usage: run_machine GROUP-FOLDER NAME; fails if it did not run a single suite
run_machine() {
	local kernel options began=$SECONDS boot=0 from suite suites out='' status=0 log=$logs/$2
	kernel=$(<"$1/kernel")
	options=${kind_options[$(<"$1/kind")]}
	mkfifo "$queue/$2"
	# shellcheck disable=SC2086 # options are words
	tools/vm run --kernel "$kernel" --lab --timeout 0 --log "$log.console" --share "$1/suites" $options \
		-- tests/run.d/guest "$suites_folder" $((suite_limit * $(patience_of "$kernel"))) COPYSCOPE_ROUNDS="$rounds" >"$queue/$2" 2>"$log.err" &
	vm=$!
	exec {from}<"$queue/$2"
	follow_machine "$kernel"
	kill "$vm" 2>/dev/null
	wait "$vm" || status=$?
	vm=
	exec {from}<&-
	if [[ $suite ]]; then
		grep -a '^vm' "$log.err" >>"$out"
		((status != 143)) || echo 'vm: it was silent for too long' >>"$out"
		echo "FAIL the machine lives: $(grep -am1 '^vm: ' "$out" || echo "tools/vm ended with $status")" >>"$out"
		echo "$kernel $suite $((SECONDS - began - boot)) $boot 0 0 0" >>"$timings"
		with_screen show_suite "$kernel" "$suite" $status "$out" $((SECONDS - began))
		suites=$((suites + 1))
	elif is_debug "$kernel" && ((suites && status && status != 143)); then
		# What it has found is looked for once more when all has ended.
		echo "FAIL $kernel: the machine ends well: $(grep -am1 '^vm: ' "$log.err") (see $log.console)" |
			with_screen tee -a "$results"
	fi
	((suites))
}

# Until nothing is left that is worth a VM.
work() { # WORKER
	local group kernel file machines=0 failed=0 vm=
	trap '[[ ! $vm ]] || kill $vm; exit 143' TERM
	while group=$(next_group) && [[ $group ]]; do
		kernel=$(<"$group/kernel")
		if [[ $kernel == - ]]; then
			file=$(echo "$group"/suites/[0-9]*)
			mv "$file" "$group/suites/taken/"
			run_native "${file##*/[0-9][0-9][0-9]-}"
			continue
		fi
		while compgen -G "$group/suites/[0-9]*" >/dev/null; do
			machines=$((machines + 1))
			if run_machine "$group" "vm-$kernel-$(<"$group/kind")-$1.$machines"; then
				failed=0
			elif compgen -G "$group/suites/[0-9]*" >/dev/null && ((++failed == 3)); then
				give_up "$group" "$logs/vm-$kernel-$(<"$group/kind")-$1.$machines.err"
			fi
		done
	done
}

# No VM comes up for these suites.
give_up() { # GROUP-FOLDER LOG
	local file
	for file in "$1"/suites/[0-9]*; do
		mv "$file" "$1/suites/taken/" 2>/dev/null || continue
		with_screen show_suite "$(<"$1/kernel")" "${file##*/[0-9][0-9][0-9]-}" 125 "$2" 0
	done
}
