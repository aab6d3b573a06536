#!/usr/bin/env bats
# What is called while a right is in force is what docs/privilege.md says, and nothing else.

load helper

# traced OPTION...: a run under root's strace, which leaves the bit its power
traced() {
	local trace=$BATS_TEST_TMPDIR/trace
	strace -f -qq -s 200 -o "$trace" setpriv --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" --init-groups --inh-caps=-all \
		"$CONFINE" "$@"
	cat "$trace" >>"$BATS_TEST_TMPDIR/traces"
}

@test 'privileged calls: each is in the table, with the right that it says' {
	traced --net --ipc --cgroup "$ACCOUNT" --record record -- true
	[[ $(last r.mode) == setuid ]]
	traced --net --ipc --cgroup "$ACCOUNT" --audit --limit pids.max=100 --limit memory.max=1G --best-effort --record record -- true
	traced --net --ipc -- true
	node "$TOP/test/setuid/calls.mjs" "$TOP/docs/privilege.md" "$CALLER" <"$BATS_TEST_TMPDIR/traces"
}

@test 'npm run audit:privileged counts the lines, and finds ids changed nowhere else' {
	run -0 "$TOP/scripts/audit-privileged"
	[[ ${lines[-1]} =~ ^\ *([0-9]+)\ \ lines.*\;\ [0-9]+\ never\ do$ ]]
	((BASH_REMATCH[1] < 800))
}
