#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# confine makes only the privileged system calls of docs/privilege.md, and only from code in native/privileged/.

load setuid_helper

# trace_run OPTION...: runs confine as the caller, with the words in UNDER before the command, under strace, which runs as root and so keeps the set-user-id bit effective
trace_run() {
	local trace
	trace=$(mktemp "$BATS_TEST_TMPDIR/trace.XXXXXX")
	strace -f -qq -s 200 -o "$trace" "${UNDER[@]}" setpriv --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" --init-groups --inh-caps=-all \
		"$CONFINE" "$@"
}

# audit_modified_copy [FILE TEXT]...: runs scripts/audit-privileged on a copy of the tree with each text appended to its file
audit_modified_copy() {
	local copy=$BATS_TEST_TMPDIR/copy
	rm -rf "$copy"
	mkdir -p "$copy/scripts" "$copy/docs" "$copy/native/privileged"
	cp "$TOP"/scripts/{lib.bash,audit-privileged} "$copy/scripts"
	cp "$TOP/docs/privilege.md" "$copy/docs"
	(cd "$TOP/native" && cp --parents -- main.c ./*/*.[ch] "$copy/native")
	while (($#)); do
		printf '%s\n' "$2" >>"$copy/native/$1"
		shift 2
	done
	run "$copy/scripts/audit-privileged"
}

@test 'docs/privilege.md lists each privileged system call of confine with its privilege' {
	local -a UNDER=()
	trace_run --net --ipc --cgroup "$ACCOUNT" --record record -- true
	[[ $(record_value record r.mode) == setuid ]]
	trace_run --net --ipc --cgroup "$ACCOUNT" --audit --limit pids.max=100 --limit memory.max=1G --best-effort --record record -- true
	trace_run --net --ipc -- true
	# If unshare(2) fails, confine --probe tests whether a seccomp filter could replace the network namespace. It must run this test with the caller's privileges only.
	cc -O1 -Wall -Wextra -Werror -o "$TEST_DIR/refuse" "$TOP/test/setuid/refuse_unshare.c"
	UNDER=("$TEST_DIR/refuse")
	run -0 trace_run --probe
	[[ $output == *'net=filter: '* ]]
	rm "$TEST_DIR/refuse"
	node "$TOP/test/setuid/privileged_calls.mjs" "$TOP/docs/privilege.md" "$CALLER" "$BATS_TEST_TMPDIR"/trace.*
}

# Put all violations into one copy of the tree, because the audit of each copy compiles all of confine.
@test 'npm run audit:privileged fails if native/privileged/ calls code outside, if code outside raises a privilege or changes ids or capabilities, or if more than 500 lines run with privileges' {
	audit_modified_copy util/evil.h 'static int evil(void) { return 0; }' privileged/isolate.c '#include "util/base.h"
		#include "util/evil.h"
		long long foreign(void);
		long long foreign(void) { return clock_milliseconds() + evil(); }
		void indirect(void (*call)(void));
		void indirect(void (*call)(void)) { call(); }' privileged/isolate.c "$(printf 'int evil_%d;\n' {1..500})" \
		probe/probe.c '#include <sys/syscall.h>
		void outside(const struct identity *identity);
		void outside(const struct identity *identity) { privilege_raise(identity); }
		void change(void);
		void change(void) { setuid(0); }
		void call(void);
		void call(void) { syscall(SYS_setuid, 0); }
		void gain(void);
		void gain(void) { syscall(SYS_capset, 0, 0); }'
	[[ $status == 1 && $output == *'defined outside of privileged/ and used there: clock_milliseconds'* ]]
	[[ $output == *'calls through a pointer: indirect'* ]]
	[[ $output == *'functions of other folders compiled into privileged/: evil in ./util/evil.h'* ]]
	[[ $output == *'for privileged/ alone and used outside: privilege_raise, setuid'* ]]
	[[ $output == *'ids or capabilities are changed outside of privileged/: SYS_setuid, SYS_capset'* ]]
	[[ $output == *'more than 500 lines are privileged: '* ]]
}

@test 'npm run audit:privileged fails if it finds no C code in native/privileged/' {
	mkdir -p "$BATS_TEST_TMPDIR"/{scripts,native/privileged}
	cp "$TOP"/scripts/{lib.bash,audit-privileged} "$BATS_TEST_TMPDIR/scripts"
	echo 'int main(void) { return 0; }' >"$BATS_TEST_TMPDIR/native/main.c"
	run -1 "$BATS_TEST_TMPDIR/scripts/audit-privileged"
	[[ $output == *'found only 0 lines of C in native/privileged/'* ]]
}
