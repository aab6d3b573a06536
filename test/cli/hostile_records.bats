#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A hostile member of group portage writes to the folder of records, which portcullis reads as root.

load ../lib/prefix

setup_file() {
	prefix_host_begin
	prefix_make root
	prefix_command_path
	prefix_install_portcullis
	prefix_package app-test/victim-1 </dev/null
	export PREFIX PREFIX_ROOT PREFIX_REPO PREFIX_TMP PREFIX_DISTDIR PREFIX_LOG PREFIX_UID RECORDS
}

teardown_file() {
	prefix_clean
	prefix_host_end
}

setup() {
	prefix_command_path
	FIXTURES=$BATS_TEST_DIRNAME/../records
	LOGS=${RECORDS%/*}
}

teardown() {
	rm -rf -- "${LOGS:?}"/* "$PREFIX/etc/portage/env" "$PREFIX/etc/portage/package.env"
}

# as_group_member COMMAND...: runs the command as a user whose only privilege is group portage
as_group_member() {
	setpriv --reuid=65534 --regid=portage --clear-groups --inh-caps=-all -- "$@"
}

# Appends standard input to the file of records, as a user whose only privilege is group portage.
forge() {
	# shellcheck disable=SC2016 # the inner shell expands it
	as_group_member bash -c 'cat >>"$1"' - "$RECORDS"
}

# assert_prints_plain COMMAND...: the command succeeds within 60 s, and its output has no control character except newlines.
assert_prints_plain() {
	assert_exits_plain 0 "$@"
}

# assert_exits_plain STATUS COMMAND...: like assert_prints_plain, for a command that must exit with STATUS.
assert_exits_plain() {
	echo "$*"
	run prefix_run timeout 60 portcullis "${@:2}"
	[[ $status == "$1" ]]
	assert_plain <<<"$output"
}

assert_plain() {
	# Use Python instead of Node, because it starts five times as fast.
	/usr/bin/python3 -I -S -c '
import sys, unicodedata
text = sys.stdin.buffer.read().decode("utf-8")
for i, c in enumerate(text):
    if not " " <= c <= "~" and c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        sys.exit(ascii(text[max(0, i - 60) : i + 60]))
'
}

assert_json() {
	/usr/bin/python3 -I -S -c 'import json, sys; json.load(sys.stdin)'
}

# assert_all_commands_plain STATUS: runs every command that reads records or shows data of other users. STATUS is 1 if no record of
# the package is valid.
assert_all_commands_plain() {
	assert_prints_plain report
	assert_exits_plain "$1" report victim
	assert_prints_plain report --stats
	assert_prints_plain report --json
	assert_json <<<"$output"
	assert_prints_plain report --html "$BATS_TEST_TMPDIR/page"
	assert_plain <"$BATS_TEST_TMPDIR/page"
	run -1 grep -E '<script|javascript:|<img' "$BATS_TEST_TMPDIR/page"
	assert_exits_plain "$1" allow app-test/victim
	assert_exits_plain "$1" allow --write app-test/victim
	if (($1 == 0)); then assert_valid_configuration; else [[ ! -e $PREFIX/etc/portage/package.env ]]; fi
	assert_prints_plain explain app-test/victim
	assert_prints_plain info
	assert_prints_plain status
	assert_prints_plain status --json
	assert_json <<<"$output"
}

# `allow --write` has written only the permitted files and lines.
assert_valid_configuration() {
	local file
	local -a files
	mapfile -t files < <(cd "$PREFIX/etc/portage" && find env package.env -type f | sort)
	[[ ${files[*]} == 'env/allow-app-test_victim.conf package.env' ]]
	for file in "${files[@]}"; do
		run -1 grep -vxE '(app-test/victim allow-app-test_victim\.conf|PORTCULLIS_ALLOW="(([0-9a-z.]+|\[[0-9a-f:]+\]):[0-9]+ ?)+")' \
			"$PREFIX/etc/portage/$file"
	done
	# Portage accepts the files.
	run -0 prefix_run portcullis explain --json app-test/victim
}

@test 'portcullis skips records with invalid values, and neither prints these values nor writes them to configuration files' {
	forge <"$FIXTURES/forged.jsonl"
	assert_all_commands_plain 1
	assert_prints_plain report
	[[ $(wc -l <"$RECORDS") == 92 ]]
	[[ $output == *"92 lines of $RECORDS could not be read"* ]]
	[[ $output != *secret* ]]
}

@test 'portcullis prints the text of records without control characters' {
	forge <"$FIXTURES/valid.jsonl"
	assert_all_commands_plain 0
	assert_prints_plain report
	[[ $output == *'198.51.100.7:443'* && $output != *'could not be read'* ]]
	grep -qx 'PORTCULLIS_ALLOW="198.51.100.7:443 .*files.example.org:443.*"' "$PREFIX/etc/portage/env/allow-app-test_victim.conf"
}

@test 'portcullis report skips raw bytes, a line of 16 MiB and a block of zeros in a file, and reads the valid records' {
	head -n 2 "$FIXTURES/valid.jsonl" | forge
	printf '\033]0;owned\007\n\233\377\376\n{"schema":1,"time":"\302\2332J"}\n' | forge
	{ head -c 16777216 /dev/zero | tr '\0' '[' && echo && head -c 20000000 /dev/zero && echo; } | forge
	head -n 2 "$FIXTURES/valid.jsonl" | forge
	assert_all_commands_plain 0
	assert_prints_plain report
	[[ $output == *'4 phases of 1 package'* && $output == *"5 lines of $RECORDS could not be read"* ]]
}

@test 'portcullis report --records FILE reads records from a pipe' {
	# shellcheck disable=SC2016 # the inner shell expands it
	run -0 prefix_run bash -c 'portcullis report --records <(head -n 2 "$1")' - "$FIXTURES/valid.jsonl"
	[[ $output == *'2 phases of 1 package'* ]]
}

@test 'if records contain huge numbers, portcullis report --json prints no number above Number.MAX_SAFE_INTEGER' {
	local line attempts
	line=$(sed -n 2p "$FIXTURES/valid.jsonl")
	printf -v attempts '{"comm":"curl","address":"198.51.100.7","port":443,"protocol":"tcp","count":999999999999},%.0s' {1..250}
	for _ in {1..40}; do
		echo "${line/'"blocked":['/"\"blocked\":[$attempts"}"
	done | forge
	assert_all_commands_plain 0
	assert_prints_plain report --json
	node -e '
		const walk = (value) => {
			if (typeof value === "number" && !(Number.isFinite(value) && value <= Number.MAX_SAFE_INTEGER)) throw new Error(value);
			if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
		};
		const report = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
		walk(report);
		if (report.counts.blocked !== Number.MAX_SAFE_INTEGER) throw new Error(report.counts.blocked);
	' <<<"$output"
}

@test 'if the file of records is a FIFO, symbolic link, hard link, socket or folder, portcullis report prints that the file was not read' {
	local secret=$BATS_TEST_TMPDIR/secret kind
	sed -n 2p "$FIXTURES/valid.jsonl" >"$secret"
	for kind in fifo link hard socket folder; do
		echo "$kind"
		rm -rf -- "${LOGS:?}"/*
		case $kind in
		fifo) as_group_member mkfifo "$RECORDS" ;;
		link) as_group_member ln -s "$secret" "$RECORDS" ;;
		hard) ln "$secret" "$RECORDS" 2>/dev/null || { cp "$secret" "$PREFIX_ROOT/secret" && ln "$PREFIX_ROOT/secret" "$RECORDS"; } ;;
		socket) as_group_member perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die' "$RECORDS" ;;
		folder) as_group_member mkdir "$RECORDS" ;;
		esac
		[[ -e $RECORDS ]]
		head -n 1 "$FIXTURES/valid.jsonl" >"$RECORDS.1"
		assert_prints_plain report
		[[ $output == *'1 phase of 1 package'* && $output == *"$RECORDS was not read"* ]]
		[[ $output != *198.51.100.7* ]]
		assert_exits_plain 1 allow app-test/victim
		[[ $output != *198.51.100.7* ]]
		assert_prints_plain report --json
		assert_prints_plain report --html "$BATS_TEST_TMPDIR/page"
	done
}

# fake_confine NAME PHASE: starts a process of another user with the arguments of confine. FAKE has its descriptors, FAKE_PID its PID.
fake_confine() {
	# shellcheck disable=SC2016 # the inner shells expand it
	coproc FAKE {
		exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all -- bash -c \
			'exec -a confine bash -c "echo ready; read -r" x --label "package=$1" --label "phase=$2" -- x' - "$1" "$2"
	}
	local line
	read -r line <&"${FAKE[0]}"
	[[ $line == ready ]]
}

stop_fake_confine() {
	local input=${FAKE[1]} pid=$FAKE_PID
	exec {input}>&-
	assert_status 1 wait "$pid"
}

@test 'portcullis status ignores a confine process if --label contains an invalid package name or an invalid phase name' {
	fake_confine app-test/fake-1 compile
	assert_prints_plain status
	[[ $output == *app-test/fake-1* ]]
	stop_fake_confine
	local name
	for name in $'app-test/evil-1\e[31m' '../../evil-1' $'app-test/evil-1\nc' $'evil/evil-1\u202e'; do
		fake_confine "$name" compile
		assert_prints_plain status
		[[ $output != *evil* ]]
		assert_prints_plain status --json
		[[ $output != *evil* ]]
		stop_fake_confine
	done
	fake_confine app-test/evil-1 $'compile\e[2J'
	assert_prints_plain status
	[[ $output != *evil* ]]
	stop_fake_confine
}
