#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031 # each test has a status of its own
# Real clients and a server on a remote host: each client works if the server is listed, and fails if it is not.

load ../lib/remote_host
load clients

@test 'with confine --allow, curl reaches an allowed destination by address and by name' {
	assert_fetches curl curl -sS --max-time 20 "http://$REMOTE/"
	assert_fetches curl curl -sS --max-time 20 http://remote.example/
}

@test 'with confine --allow, git reaches an allowed destination over HTTP' {
	local git=(git -c user.name=test -c user.email=test@example.org)
	mkdir -p "$REMOTE_DIR/www"
	git init -q --bare "$REMOTE_DIR/www/repo"
	"${git[@]}" init -q "$AUDIT_DIR/work"
	"${git[@]}" -C "$AUDIT_DIR/work" commit -q --allow-empty -m test
	git -C "$AUDIT_DIR/work" push -q "$REMOTE_DIR/www/repo" HEAD:refs/heads/remote_page
	git -C "$REMOTE_DIR/www/repo" update-server-info
	chmod -R a+rX "$REMOTE_DIR/www"
	assert_fetches git-remote-http git ls-remote "http://$REMOTE/repo"
}

@test 'with confine --allow, Python reaches an allowed destination with blocking sockets, with a timeout and with asyncio' {
	local how
	for how in blocking timeout asyncio; do
		assert_fetches python3 /usr/bin/python3 "$AUDIT_DIR/fetch.py" "$how" "$REMOTE" 80
	done
}

@test 'with confine --allow, Node reaches an allowed destination by address and by name' {
	local node
	node=$(type -P node)
	assert_fetches node "$node" "$AUDIT_DIR/fetch.mjs" "http://$REMOTE/"
	assert_fetches node "$node" "$AUDIT_DIR/fetch.mjs" http://remote.example/
}

# has_compiled COUNT: true if the log of distccd has COUNT lines for compiled files
has_compiled() {
	[[ $(grep -c COMPILE_OK "$REMOTE_DIR/distccd.log") == "$1" ]]
}

# assert_compiles_remotely HOSTS COMMAND...: distcc compiles one file on the remote host
assert_compiles_remotely() {
	local before
	before=$(grep -c COMPILE_OK "$REMOTE_DIR/distccd.log") || [[ $? == 1 ]]
	echo 'int one;' >"$AUDIT_DIR/one.c"
	chmod 666 "$AUDIT_DIR/one.c"
	run audit --net --allow "$REMOTE:3632" -- env HOME="$AUDIT_DIR/home" TMPDIR="$AUDIT_DIR/home" DISTCC_HOSTS="$1" DISTCC_FALLBACK=0 "${@:2}" distcc gcc -c "$AUDIT_DIR/one.c" -o "$AUDIT_DIR/home/one.o"
	# distccd writes the line to its log after it has sent the result.
	if ((status != 0)) || ! until_true 60 has_compiled $((before + 1)); then
		printf '%s\n' "status $status" "$output" "$(allowed)" "$(blocked)"
		return 1
	fi
	assert_allowed "distcc $REMOTE 3632 1 0"
}

# assert_distcc_blocked HOSTS COMMAND...: distcc fails if the remote host is not listed
assert_distcc_blocked() {
	local before
	before=$(grep -c COMPILE_OK "$REMOTE_DIR/distccd.log")
	# distcc remembers failed hosts in ~/.distcc.
	rm -rf "$AUDIT_DIR/home/.distcc"
	run audit --net --allow "$REMOTE:80" -- env HOME="$AUDIT_DIR/home" TMPDIR="$AUDIT_DIR/home" DISTCC_HOSTS="$1" DISTCC_FALLBACK=0 "${@:2}" distcc gcc -c "$AUDIT_DIR/one.c" -o "$AUDIT_DIR/home/one.o"
	((status != 0))
	[[ $(grep -c COMPILE_OK "$REMOTE_DIR/distccd.log") == "$before" && $(blocked) == "distcc tcp $REMOTE 3632 "* ]]
	assert_allowed ''
}

@test 'with confine --allow, distcc reaches an allowed distcc host, also in pump mode' {
	mkdir -m 777 "$AUDIT_DIR/home" "$REMOTE_DIR/distccd"
	touch "$REMOTE_DIR/distccd.log"
	chmod 666 "$REMOTE_DIR/distccd.log"
	TMPDIR=$REMOTE_DIR/distccd ip netns exec "$REMOTE_NETNS" distccd --daemon --allow 10.0.0.0/8 --listen "$REMOTE" --jobs 2 \
		--log-file "$REMOTE_DIR/distccd.log" --log-level info 3>&-
	assert_compiles_remotely "$REMOTE"
	assert_compiles_remotely "$REMOTE,cpp,lzo" distcc-pump
	assert_distcc_blocked "$REMOTE"
	assert_distcc_blocked "$REMOTE,cpp,lzo" distcc-pump
}
