# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of confine --audit.
#
#   audit OPTION... -- COMMAND...   runs confine --audit with its record in RECORD, as the user RUN_AS: `user` (default) or `root`
#   audit_run ARG...                runs confine as the user RUN_AS, with exactly these arguments
#   blocked                         prints the blocked connections of the record, sorted: COMM PROTOCOL ADDRESS PORT COUNT
#   assert_blocked LINE...          fails if the blocked connections are not exactly these lines
#   assert_lines ACTUAL LINE...     fails if the sorted text ACTUAL is not exactly these lines
#
# Every user can read the folder AUDIT_DIR. In it are CONFINE, a copy of confine, and CLIENT, built from test/confine/audit/attempts.c.

TOP=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd -P)

# shellcheck source-path=SCRIPTDIR source=bats.bash
source "$TOP/test/lib/bats.bash"
# shellcheck source-path=SCRIPTDIR source=processes.bash
source "$TOP/test/lib/processes.bash"
# shellcheck source-path=SCRIPTDIR source=record.bash
source "$TOP/test/lib/record.bash"
# shellcheck source-path=SCRIPTDIR source=wait.bash
source "$TOP/test/lib/wait.bash"

audit_begin() {
	export AUDIT_DIR CONFINE CLIENT
	AUDIT_DIR=$(mktemp -d "${TMPDIR:-/tmp}/audit.XXXXXX")
	chmod 755 "$AUDIT_DIR"
	CONFINE=$AUDIT_DIR/confine
	CLIENT=$AUDIT_DIR/client
	install -m 755 "$TOP/native/${CONFINE_BUILD:-build}/confine" "$CONFINE"
	gcc -O1 -pthread -o "$CLIENT" "$TOP/test/confine/audit/attempts.c"
}

audit_end() {
	rm -rf -- "$AUDIT_DIR"
}

audit_setup() {
	RECORD=$(mktemp "$AUDIT_DIR/record.XXXXXX")
	chmod 666 "$RECORD"
}

setup_file() {
	audit_begin
}

teardown_file() {
	audit_end
}

setup() {
	audit_setup
}

audit() {
	audit_run --audit --record "$RECORD" "$@"
}

audit_run() {
	: >"$RECORD"
	if [[ ${RUN_AS-user} == user && $EUID == 0 ]]; then
		(cd "$AUDIT_DIR" && exec setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- "$CONFINE" "$@")
	else
		"$CONFINE" "$@"
	fi
}

blocked() {
	record_value "$RECORD" '(r.blocked ?? r.observed ?? []).map((b) => [b.comm, b.protocol, b.address, b.port, b.count].join(" ")).sort().join("\n")'
}

assert_blocked() {
	assert_lines "$(blocked)" "$@" || {
		cat "$RECORD"
		return 1
	}
}

assert_lines() {
	local expected
	expected=$(printf '%s\n' "${@:2}" | LC_ALL=C sort)
	[[ $1 == "$expected" ]] || {
		printf 'actual:\n%s\nexpected:\n%s\n' "$1" "$expected"
		return 1
	}
}
