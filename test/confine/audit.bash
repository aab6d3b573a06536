# shellcheck shell=bash
# For the tests of what confine --audit sees.

bats_require_minimum_version 1.5.0

TOP=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd -P)

# shellcheck source-path=SCRIPTDIR source=../lib/record.bash
source "$TOP/test/lib/record.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/wait.bash
source "$TOP/test/lib/wait.bash"

# Builds the clients and puts confine where every user can start it. For setup_file.
audit_begin() {
	export AUDIT_DIR CONFINE CLIENT
	AUDIT_DIR=$(mktemp -d "${TMPDIR:-/tmp}/audit.XXXXXX")
	chmod 755 "$AUDIT_DIR"
	CONFINE=$AUDIT_DIR/confine
	CLIENT=$AUDIT_DIR/client
	install -m 755 "$TOP/native/${CONFINE_BUILD:-build}/confine" "$CONFINE"
	gcc -O1 -pthread -o "$CLIENT" "$TOP/test/confine/audit/client.c"
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

# audit OPTION... -- COMMAND...: as the user WHO, user or root; the record goes to $RECORD
audit() {
	audit_run --audit --record "$RECORD" "$@"
}

# The same for any arguments of $CONFINE.
audit_run() {
	: >"$RECORD"
	if [[ ${WHO-user} == user && $EUID == 0 ]]; then
		(cd "$AUDIT_DIR" && exec setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all -- "$CONFINE" "$@")
	else
		"$CONFINE" "$@"
	fi
}

# All that was blocked, one a line, sorted: COMM PROTOCOL ADDRESS PORT COUNT
blocked() {
	record_value "$RECORD" '(r.blocked ?? r.observed ?? []).map((b) => [b.comm, b.protocol, b.address, b.port, b.count].join(" ")).sort().join("\n")'
}

# expect_blocked LINE...: these and nothing else
expect_blocked() {
	expect_lines "$(blocked)" "$@"
}

# expect_lines SEEN LINE...: what was seen, sorted, is these lines and nothing else
expect_lines() {
	local wanted
	wanted=$(printf '%s\n' "${@:2}" | LC_ALL=C sort)
	[[ $1 == "$wanted" ]] || {
		printf 'seen:\n%s\nexpected:\n%s\n' "$1" "$wanted"
		return 1
	}
}
