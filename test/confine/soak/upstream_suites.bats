#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of CPython and libuv pass in a user namespace, and with the network filter, as they do outside. Only `npm run soak` runs them,
# because they download and compile libuv.

load ../confine_helper
load ../../lib/debian

# assert_passes COMMAND...: the command succeeds as TEST_UID without confine and in a user namespace of confine
assert_passes() {
	local -a prefix
	for prefix in '' "$CONFINE --net --ipc --cgroup x --audit --"; do
		# shellcheck disable=SC2206
		prefix=($prefix)
		run -0 as_user env HOME="$TEST_DIR" "${prefix[@]}" "$@"
	done
}

@test "CPython's tests of set*id(2), chown(2) and the user and group arguments of subprocess pass in a user namespace" {
	cd "$TEST_DIR"
	assert_passes /usr/bin/python3 -m test test_os test_subprocess test_posix test_shutil \
		-m '*chown*' -m '*set*id*' -m '*setgroups*' -m '*initgroups*' -m '*test_user*' -m '*test_group*' -m '*test_extra_groups*'
	[[ $output == *'Result: SUCCESS'* || $output == *'result: SUCCESS'* ]]
}

@test "CPython's tests of sockets and servers pass if a seccomp filter replaces the network namespace" {
	cc -O1 -D_GNU_SOURCE -o "$TEST_DIR/refuse_calls" "$TOP/test/confine/refuse_calls.c"
	cd "$TEST_DIR"
	run -0 as_user env HOME="$TEST_DIR" "$TEST_DIR/refuse_calls" unshare=EPERM -- "$CONFINE" --net --cgroup x --audit --record "$RECORD" -- \
		/usr/bin/python3 -m test -u network test_socket test_socketserver test_httpservers test_ftplib test_imaplib test_poplib \
		test_urllib2_localnet test_xmlrpc test_asyncio test_multiprocessing_fork
	[[ $(record_value "$RECORD" r.applied.net) == filter ]]
}

@test "libuv's tests of chown(2) and of spawning with another user or group pass in a user namespace" {
	local test
	cd "$TEST_DIR"
	debian_begin
	debian_source libuv1
	cmake -S libuv1 -B build
	make -s -C build uv_run_tests
	chmod -R a+rwX libuv1 build
	cd build
	for test in fs_chown spawn_setuid_fails spawn_setgid_fails; do
		assert_passes ./uv_run_tests "$test"
	done
}
