#!/usr/bin/env bats
# A hostile member of group portage writes the folder of the records; root reads it with the real program.

load ../lib/prefix
export BATS_TEST_TIMEOUT=120

setup_file() {
	prefix_host_begin
	prefix_make root
	prefix_env PATH="$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
	prefix_install_portcullis
	prefix_package app-test/victim-1 </dev/null
	export PREFIX PREFIX_ROOT PREFIX_REPO PREFIX_TMP PREFIX_DISTDIR PREFIX_LOG PREFIX_UID RECORDS
}

teardown_file() {
	prefix_clean
	prefix_host_end
}

setup() {
	prefix_env PATH="$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
	UNIT=$BATS_TEST_DIRNAME/../records
	LOGS=${RECORDS%/*}
}

teardown() {
	rm -rf -- "${LOGS:?}"/* "$PREFIX/etc/portage/env" "$PREFIX/etc/portage/package.env"
}

# as_group_member COMMAND...: runs the command as a user whose only privilege is group portage
as_group_member() {
	setpriv --reuid=65534 --regid=portage --clear-groups --inh-caps=-all -- "$@"
}

# Adds standard input to the records.
forge() {
	# shellcheck disable=SC2016 # the shell that setpriv starts expands it
	as_group_member bash -c 'cat >>"$1"' - "$RECORDS"
}

# prints COMMAND...: what the program prints has no control character but the end of a line, and the program ends by itself
prints() {
	echo "$*"
	run prefix_run timeout 60 portcullis "$@"
	[[ $status == 0 ]]
	is_plain <<<"$output"
}

is_plain() {
	node -e '
		const text = require("node:fs").readFileSync(0), decoded = new TextDecoder("utf-8", { fatal: true }).decode(text);
		const found = decoded.match(/[^\n\P{C}]|[\p{Zl}\p{Zp}]/u);
		if (found) throw new Error(JSON.stringify(decoded.slice(Math.max(0, found.index - 60), found.index + 60)));
	'
}

is_json() {
	node -e 'JSON.parse(require("node:fs").readFileSync(0, "utf8"))'
}

# Everything that reads records, or shows what somebody else has chosen.
all_commands() {
	prints report
	prints report victim
	prints report --stats
	prints report --json
	is_json <<<"$output"
	prints report --html "$BATS_TEST_TMPDIR/page"
	is_plain <"$BATS_TEST_TMPDIR/page"
	run ! grep -E '<script|javascript:|<img' "$BATS_TEST_TMPDIR/page"
	prints allow app-test/victim
	prints allow --write app-test/victim
	is_configuration
	prints explain app-test/victim
	prints info
	prints status
	prints status --json
	is_json <<<"$output"
}

# Each line of what `allow --write` has written is one that it may write, and no other file is there.
is_configuration() {
	local file
	local -a files
	mapfile -t files < <(cd "$PREFIX/etc/portage" && find env package.env -type f | sort)
	[[ ${files[*]} == 'env/allow-app-test_victim.conf package.env' || ${files[*]} == 'env/no-network-sandbox.conf package.env' ]]
	for file in "${files[@]}"; do
		run ! grep -vxE '(app-test/victim (allow-app-test_victim|no-network-sandbox)\.conf|FEATURES="-network-sandbox"|PORTCULLIS_ALLOW="(([0-9.]+|\[[0-9a-f:]+\]):[0-9]+ ?)+")' \
			"$PREFIX/etc/portage/$file"
	done
	# Portage reads it without a complaint.
	run -0 prefix_run portcullis explain --json app-test/victim
}

@test 'forged values reach neither the terminal nor a configuration file' {
	forge <"$UNIT/forged.jsonl"
	all_commands
	prints report
	[[ $(wc -l <"$RECORDS") == 89 ]]
	[[ $output == *"89 lines of $RECORDS could not be read"* ]]
	[[ $output != *secret* ]]
	grep -qx 'FEATURES="-network-sandbox"' "$PREFIX/etc/portage/env/no-network-sandbox.conf"
}

@test 'text that a build has chosen is shown without control characters' {
	forge <"$UNIT/valid.jsonl"
	all_commands
	prints report
	[[ $output == *'198.51.100.7:443'* && $output != *'could not be read'* ]]
	grep -qx 'PORTCULLIS_ALLOW="198.51.100.7:443"' "$PREFIX/etc/portage/env/allow-app-test_victim.conf"
}

@test 'raw bytes, a line of 16 MiB and a file of zeros do not disturb the lines around them' {
	head -n 2 "$UNIT/valid.jsonl" | forge
	printf '\033]0;owned\007\n\233\377\376\n{"schema":1,"time":"\302\2332J"}\n' | forge
	{ head -c 16777216 /dev/zero | tr '\0' '[' && echo && head -c 20000000 /dev/zero && echo; } | forge
	head -n 2 "$UNIT/valid.jsonl" | forge
	all_commands
	prints report
	[[ $output == *'4 phases of 1 package'* && $output == *"5 lines of $RECORDS could not be read"* ]]
}

@test 'a pipe that the user has named is read' {
	# shellcheck disable=SC2016 # the shell that is started expands it
	run -0 prefix_run bash -c 'portcullis report --records <(head -n 2 "$1")' - "$UNIT/valid.jsonl"
	[[ $output == *'2 phases of 1 package'* ]]
}

@test 'huge numbers stay numbers' {
	local line
	line=$(sed -n 2p "$UNIT/valid.jsonl")
	for _ in {1..3000}; do
		echo "${line//'"unattributed":3'/'"unattributed":999999999999'}"
	done | forge
	all_commands
	prints report --json
	node -e '
		const walk = (value) => {
			if (typeof value === "number" && !(Number.isFinite(value) && value <= Number.MAX_SAFE_INTEGER)) throw new Error(value);
			if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
		};
		const report = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
		walk(report);
		if (report.attempts < 2e15) throw new Error(report.attempts);
	' <<<"$output"
}

@test 'a FIFO, a symbolic link, a hard link, a socket and a folder are not read, and the report says so' {
	local secret=$BATS_TEST_TMPDIR/secret kind
	sed -n 2p "$UNIT/valid.jsonl" >"$secret"
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
		head -n 1 "$UNIT/valid.jsonl" >"$RECORDS.1"
		prints report
		[[ $output == *'1 phase of 1 package'* && $output == *"$RECORDS was not read"* ]]
		[[ $output != *198.51.100.7* ]]
		prints allow app-test/victim
		[[ $output != *198.51.100.7* ]]
		prints report --json
		prints report --html "$BATS_TEST_TMPDIR/page"
	done
}

# fake NAME PHASE: a process of another user that looks like confine to `status`. FAKE is its descriptors, FAKE_PID itself.
fake() {
	# shellcheck disable=SC2016 # the shells that are started expand it
	coproc FAKE {
		exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all -- bash -c \
			'exec -a confine bash -c "echo up; read -r" x --label "package=$1" --label "phase=$2" -- x' - "$1" "$2"
	}
	local up
	read -r up <&"${FAKE[0]}"
	[[ $up == up ]]
}

fake_end() {
	local input=${FAKE[1]} pid=$FAKE_PID
	exec {input}>&-
	wait "$pid" || [[ $? == 1 ]]
}

@test 'status shows no name that Portage could not have given' {
	fake app-test/fake-1 compile
	prints status
	[[ $output == *app-test/fake-1* ]]
	fake_end
	local name
	for name in $'app-test/evil-1\e[31m' '../../evil-1' $'app-test/evil-1\nc' $'evil/evil-1\u202e'; do
		fake "$name" compile
		prints status
		[[ $output != *evil* ]]
		prints status --json
		[[ $output != *evil* ]]
		fake_end
	done
	fake app-test/evil-1 $'compile\e[2J'
	prints status
	[[ $output != *evil* ]]
	fake_end
}
