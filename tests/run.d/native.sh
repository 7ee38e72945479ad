# shellcheck shell=bash disable=SC2154,SC2034 # shared with tests/run
# SPDX-License-Identifier: Apache-2.0
#
# The suites that run on this machine, not in a VM. Each prints lines "ok NAME", "FAIL NAME: why" or "skip NAME: why" and
# ends with a status. Sourced by tests/run.

native=(lint build unit kmod sanitizers streams protocol prometheus completion manual terminal)

native_lint() {
	tools/lint
	local status=$?
	if ((status == 0)); then echo "ok no findings"; else echo "FAIL no findings: see above"; fi
	return $status
}

native_unit() {
	build/bin/copyscope-unit --gtest_brief=1 --gtest_output="xml:$logs/unit.xml"
	local status=$?
	sed -n 's/.*<testcase name="\([^"]*\)".*status="run" result="completed".*classname="\([^"]*\)" *\/>.*/ok \2.\1/p
		s/.*<testcase name="\([^"]*\)".*status="run" result="completed".*classname="\([^"]*\)" *>.*/FAIL \2.\1/p
		s/.*<testcase name="\([^"]*\)".*result="skipped".*classname="\([^"]*\)".*/skip \2.\1/p' \
		"$logs/unit.xml"
	return $status
}

native_kmod() { tools/kmod-check; }

run_native() { # NAME
	local out=$logs/$1.log status=0 began=$SECONDS script=tests/$1
	[[ ! -d $script ]] || script+=/check
	if declare -F "native_$1" >/dev/null; then "native_$1"; else "$script"; fi >"$out" 2>&1 || status=$?
	echo "- $1 $((SECONDS - began)) 0 0 0 0" >>"$timings"
	with_screen show_suite - "$1" $status "$out" $((SECONDS - began))
}
