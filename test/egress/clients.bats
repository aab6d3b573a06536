#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test has a status of its own
# Real clients, against a server on another host: each gets through where it is listed, and nowhere where it is not.

load ../lib/remote_host
load clients

@test 'curl, by address and by name' {
	gets curl curl -sS --max-time 20 "http://$THERE/"
	gets curl curl -sS --max-time 20 http://there.example/
}

@test 'git over http' {
	local git=(git -c user.name=there -c user.email=there@example.org)
	mkdir -p "$SERVED/www"
	git init -q --bare "$SERVED/www/repo"
	"${git[@]}" init -q "$AUDIT_DIR/work"
	"${git[@]}" -C "$AUDIT_DIR/work" commit -q --allow-empty -m there
	git -C "$AUDIT_DIR/work" push -q "$SERVED/www/repo" HEAD:refs/heads/there
	git -C "$SERVED/www/repo" update-server-info
	chmod -R a+rX "$SERVED/www"
	gets git-remote-http git ls-remote "http://$THERE/repo"
}

@test 'Python: blocking, with a timeout, asyncio' {
	local how
	for how in blocking timeout asyncio; do
		gets python3 /usr/bin/python3 "$AUDIT_DIR/fetch.py" "$how" "$THERE" 80
	done
}

@test 'Node' {
	local node
	node=$(type -P node)
	gets node "$node" "$AUDIT_DIR/fetch.mjs" "http://$THERE/"
	gets node "$node" "$AUDIT_DIR/fetch.mjs" http://there.example/
}

# compiled HOSTS COMMAND...: one file, with distcc, on the other host
compiled() {
	local before
	before=$(grep -c COMPILE_OK "$SERVED/distccd.log") || [[ $? == 1 ]]
	echo 'int there;' >"$AUDIT_DIR/one.c"
	chmod 666 "$AUDIT_DIR/one.c"
	run audit --net --allow "$THERE:3632" -- env HOME="$AUDIT_DIR/home" TMPDIR="$AUDIT_DIR/home" DISTCC_HOSTS="$1" DISTCC_FALLBACK=0 "${@:2}" distcc gcc -c "$AUDIT_DIR/one.c" -o "$AUDIT_DIR/home/one.o"
	[[ $status == 0 && $(grep -c COMPILE_OK "$SERVED/distccd.log") == $((before + 1)) ]] || {
		printf '%s\n' "status $status" "$output" "$(allowed)" "$(blocked)"
		return 1
	}
	expect_allowed "distcc $THERE 3632 1 0"
}

# cut_off HOSTS COMMAND...: the same, where the other host is not listed
cut_off() {
	local before
	before=$(grep -c COMPILE_OK "$SERVED/distccd.log")
	# There it says which hosts are not worth a try.
	rm -rf "$AUDIT_DIR/home/.distcc"
	run audit --net --allow "$THERE:80" -- env HOME="$AUDIT_DIR/home" TMPDIR="$AUDIT_DIR/home" DISTCC_HOSTS="$1" DISTCC_FALLBACK=0 "${@:2}" distcc gcc -c "$AUDIT_DIR/one.c" -o "$AUDIT_DIR/home/one.o"
	((status != 0))
	[[ $(grep -c COMPILE_OK "$SERVED/distccd.log") == "$before" && $(blocked) == "distcc tcp $THERE 3632 "* ]]
	expect_allowed ''
}

@test 'distcc, plain and in pump mode' {
	mkdir -m 777 "$AUDIT_DIR/home" "$SERVED/distccd"
	touch "$SERVED/distccd.log"
	chmod 666 "$SERVED/distccd.log"
	TMPDIR=$SERVED/distccd ip netns exec "$THERE_NETNS" distccd --daemon --allow 10.0.0.0/8 --listen "$THERE" --jobs 2 \
		--log-file "$SERVED/distccd.log" --log-level info 3>&-
	compiled "$THERE"
	compiled "$THERE,cpp,lzo" distcc-pump
	cut_off "$THERE"
	cut_off "$THERE,cpp,lzo" distcc-pump
}
