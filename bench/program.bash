#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# program.bash ROUNDS: measures commands of portcullis in a prefix with Portage. Every fourth round also reads a million records, of
# which one in a thousand contains a blocked connection. The output is that of rounds.bash.
set -euo pipefail
# shellcheck source=../scripts/lib.bash
source "${BASH_SOURCE[0]%/*}/../scripts/lib.bash"
# shellcheck source=rounds.bash
source "${BASH_SOURCE[0]%/*}/rounds.bash"
# shellcheck source=../test/lib/prefix.bash
source "$TOP/test/lib/prefix.bash"

# Each row: N|command|name. Every Nth round runs the command.
readonly KINDS=(
	"1|node --eval 0|node, with nothing to do"
	"1|portcullis --help|portcullis --help"
	"1|portcullis complete -- report app|completion of report, with a million records"
	"1|portcullis doctor|portcullis doctor"
	"4|portcullis report|portcullis report, a million records"
)

write_records() {
	node --eval '
		const [file, count] = process.argv.slice(1), fs = require("node:fs"), fd = fs.openSync(file, "w");
		const quiet = { schema: 1, time: "2026-11-24T21:50:00.123Z", package: "", phase: "compile", mode: "userns", tracking: "cgroup+pidns",
			requested: ["net", "ipc", "cgroup"], applied: { net: "confine", ipc: "confine", cgroup: "confine" }, missing: [], status: { exit: 0 },
			wall: 1.5, user: 0.25, system: 0.5, memory_peak: 12345678, processes: 12, accounting: { time: "cgroup", memory: "rusage" },
			unreachable: 0, watched: "yes", names_watched: "yes" };
		const blocked = [{ comm: "curl", argv: ["curl", "-sS", "https://198.51.100.7/"], address: "198.51.100.7", port: 443, protocol: "tcp", count: 2 }];
		for (let at = 0; at < count; at += 10_000) {
			const line = (_, one) => JSON.stringify({ ...quiet, package: `dev-libs/foo${(at + one) % 70_000}-1`, ...(one % 1_000 === 0 && { blocked }) });
			fs.writeSync(fd, Array.from({ length: 10_000 }, line).join("\n") + "\n");
		}
	' "$RECORDS" 1000000
}

one() {
	local every command start
	IFS='|' read -r every command _ <<<"${KINDS[$1]}"
	TOOK=
	(($2 % every == 0)) || return 0
	start=${EPOCHREALTIME/./}
	# shellcheck disable=SC2086 # words
	prefix_run $command >/dev/null
	TOOK=$(((${EPOCHREALTIME/./} - start) * 1000))
}

main() {
	prefix_host_begin
	trap 'prefix_clean; prefix_host_end' EXIT
	prefix_make user
	prefix_env PATH="$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
	prefix_install_portcullis
	write_records
	rounds "$1"
}

main "$@"
