# shellcheck shell=bash disable=SC2154 # shared with tests/run
# SPDX-License-Identifier: Apache-2.0
#
# What a run has found, for other programs (JUnit's XML) and, of the time it took, for people. Sourced by tests/run.

# usage: write_junit FILE
write_junit() {
	awk '
		function xml(s) {
			gsub(/&/, "\\&amp;", s); gsub(/</, "\\&lt;", s); gsub(/>/, "\\&gt;", s); gsub(/"/, "\\&quot;", s)
			gsub(/[\001-\010\013\014\016-\037]/, "?", s)
			return s
		}
		FNR == NR { # timings
			name = $1 == "-" ? $2 : $1 " " $2
			seconds[name] = $3; boot[name] = $4; attach[name] = $5; detach[name] = $6; between[name] = $7
			next
		}
		{
			kind = $1
			rest = substr($0, length(kind) + 2)
			at = index(rest, ": ")
			suite = substr(rest, 1, at - 1)
			check = substr(rest, at + 2)
			why = place = ""
			if (kind != "ok") {
				if (match(check, / \[[^][]+:[0-9]+\]$/)) {
					place = substr(check, RSTART + 2, RLENGTH - 3)
					check = substr(check, 1, RSTART - 1)
				}
				# The name of a check may have a colon, too; that of one that failed ends before what was found.
				at = match(check, /: (got |not |\x27|[0-9]+ (differences|lines)|exit |it |vm: )/)
				if (!at) at = index(check, ": ")
				if (at) { why = substr(check, at + 2); check = substr(check, 1, at - 1) }
			}
			if (!(suite in tests)) order[++suites] = suite
			tests[suite]++
			line = "    <testcase classname=\"" xml(suite) "\" name=\"" xml(check) "\""
			if (place != "") {
				split(place, part, ":")
				line = line " file=\"" xml(part[1]) "\" line=\"" part[2] "\""
			}
			if (kind == "ok") line = line "/>"
			else if (kind == "skip") { skipped[suite]++; line = line "><skipped message=\"" xml(why) "\"/></testcase>" }
			else { failed[suite]++; line = line "><failure message=\"" xml(why) "\"/></testcase>" }
			cases[suite] = cases[suite] line "\n"
		}
		END {
			print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>"
			for (n = 1; n <= suites; n++) {
				s = order[n]
				printf "  <testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" skipped=\"%d\" time=\"%s\">\n", xml(s), tests[s],
					failed[s], skipped[s], seconds[s] + 0
				printf "    <properties>\n"
				printf "      <property name=\"boot\" value=\"%s\"/>\n", boot[s] + 0
				printf "      <property name=\"attach\" value=\"%s\"/>\n", attach[s] + 0
				printf "      <property name=\"detach\" value=\"%s\"/>\n", detach[s] + 0
				printf "      <property name=\"work\" value=\"%.1f\"/>\n", seconds[s] - attach[s] - detach[s]
				printf "      <property name=\"between\" value=\"%s\"/>\n", between[s] + 0
				printf "    </properties>\n%s  </testsuite>\n", cases[s]
			}
			print "</testsuites>"
		}' "$timings" "$results" >"$1"
}

# Where the time went, in two lines: the next slow thing is to be seen.
print_times() {
	awk '{ boots += $4 > 0; boot += $4; work += $3 - $5 - $6; attach += $5; detach += $6; between += $7 }
		END { printf "seconds: %d in %d boots, %d attaching, %d detaching, %d at work, %d between suites\n", boot, boots,
			attach, detach, work, between }' "$timings"
	echo "longest: $(sort -k3,3rn "$timings" | head -n 8 | awk '{ printf "%s%s %s %d", sep, $1, $2, $3; sep = ", " }')"
}
