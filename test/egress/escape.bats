#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Attacks with the socket of an allowed connection: none reaches an unlisted destination or accepts a connection.

load ../lib/remote_host

# npm run soak sets CONFINE_SOAK, which repeats each race 1,000,000 times.
RACES=${CONFINE_SOAK:+1000000}

setup_file() {
	local program
	audit_begin
	remote_host_begin
	remote_host_serve 80 8080
	for program in attack race; do
		gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$AUDIT_DIR/$program" "$TOP/test/egress/$program.c"
	done
}

# assert_contained PROGRAM ATTACK HOST ARG...: runs the attack with HOST:80, HOST:81 and REMOTE:80 allowed. Nothing listens on port 81.
# Fails if a connection arrives at the unlisted port 8080
assert_contained() {
	local before
	before=$(connection_count 8080)
	run audit --net --allow "$3:80" --allow "$3:81" --allow "$REMOTE:80" -- "$AUDIT_DIR/$1" "$2" "$3" 80 8080 81 "${@:4}"
	[[ $status == 0 && $(connection_count 8080) == "$before" ]] || {
		printf '%s as %s: status %s, %d got out\n' "$2" "${RUN_AS-user}" "$status" $(($(connection_count 8080) - before))
		echo "$output"
		return 1
	}
	# The record shows that the attack made an allowed connection, without which the test would be void.
	[[ $(allowed) == *"$1 "* ]]
}

@test 'with confine --allow, connect, listen, bind and TCP fast open on failed, connected and shut down sockets reach no unlisted destination' {
	local RUN_AS
	for RUN_AS in user root; do
		assert_contained attack failed "$REMOTE"
		assert_contained attack connected "$REMOTE"
		assert_contained attack shut "$SILENT" "$REMOTE"
	done
}

@test 'with confine --allow, a process that is not dumpable, has lost its first thread or has threads with separate descriptor tables reaches no unlisted destination' {
	local RUN_AS action
	for RUN_AS in user root; do
		for action in undumpable unreadable leaderless tables; do
			assert_contained attack "$action" "$REMOTE"
		done
	done
}

@test 'with confine --allow, a thread or process that swaps descriptors between the check and the call reaches no unlisted destination' {
	assert_contained race threads "$REMOTE" "${RACES:-5000}"
	assert_contained race sharer "$REMOTE" "${RACES:-5000}"
}

@test 'with confine --allow, a process that rewrites the arguments of socketcall(2) during the call reaches no unlisted destination' {
	assert_contained race memory "$REMOTE" "$((${RACES:-5000} / 10))"
}

@test 'with confine --allow, a process that shuts down a pending connect reaches no unlisted destination' {
	local RUN_AS
	for RUN_AS in user root; do
		assert_contained race shut "$SILENT" "${RACES:-20000}" "$REMOTE"
	done
}
