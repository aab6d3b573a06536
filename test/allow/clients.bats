#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test has a status of its own
# Real clients, against a server on another host: each gets through where it is listed, and nowhere where it is not.

bats_require_minimum_version 1.5.0
load there

setup_file() {
	((EUID == 0)) || skip 'only root can make the network namespace that is the other host'
	audit_begin
	there_begin
	there_serve 80
	cp "$TOP"/test/allow/clients/* "$AUDIT_DIR"
}

teardown_file() {
	there_end
	audit_end
}

setup() {
	audit_setup
}

# gets NAME COMMAND...: the command shows what is there if that is listed, and only then; NAME is what the record calls it
gets() {
	local name=$1
	shift
	run audit --net --allow "$THERE:80" --name "there.example=$THERE" -- timeout 60 "$@"
	[[ $status == 0 && $output == *there* ]] || {
		printf '%s\n' "listed: status $status" "$output"
		return 1
	}
	[[ $(allowed) == "$name $THERE 80 "*' 0' ]] || {
		allowed
		return 1
	}
	run audit --net --allow "$THERE:81" --name "there.example=$THERE" -- timeout 60 "$@"
	[[ $status != 0 && $output != *there$'\n'* && $(allowed) == '' && $(blocked) == *"$name tcp $THERE 80 "* ]] || {
		printf '%s\n' "not listed: status $status" "$output" "$(allowed)" "$(blocked)"
		return 1
	}
}

# A tool chain that is not here is a matter of `npm run soak`.
has() {
	type -P "$1" >/dev/null || skip "there is no $1"
}

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
	before=$(grep -c COMPILE_OK "$SERVED/distccd.log") || true
	echo 'int there;' >"$AUDIT_DIR/one.c"
	chmod 666 "$AUDIT_DIR/one.c"
	run audit --net --allow "$THERE:3632" -- env HOME="$AUDIT_DIR/home" DISTCC_HOSTS="$1" DISTCC_FALLBACK=0 "${@:2}" distcc gcc -c "$AUDIT_DIR/one.c" -o "$AUDIT_DIR/home/one.o"
	[[ $status == 0 && $(grep -c COMPILE_OK "$SERVED/distccd.log") == $((before + 1)) ]] || {
		printf '%s\n' "status $status" "$output" "$(allowed)" "$(blocked)"
		return 1
	}
	expect_allowed "distcc $THERE 3632 1 0"
}

@test 'distcc, plain and in pump mode' {
	has distcc-pump
	mkdir -m 777 "$AUDIT_DIR/home" "$SERVED/distccd"
	touch "$SERVED/distccd.log"
	chmod 666 "$SERVED/distccd.log"
	TMPDIR=$SERVED/distccd ip netns exec "$THERE_NETNS" distccd --daemon --allow 10.0.0.0/8 --listen "$THERE" --jobs 2 \
		--log-file "$SERVED/distccd.log" --log-level info 3>&-
	compiled "$THERE"
	compiled "$THERE,cpp,lzo" distcc-pump
	run audit --net --allow "$THERE:80" -- env HOME="$AUDIT_DIR/home" DISTCC_HOSTS="$THERE" DISTCC_FALLBACK=0 distcc gcc -c "$AUDIT_DIR/one.c" -o "$AUDIT_DIR/home/one.o"
	((status != 0))
}

@test 'Go' {
	has go
	(cd "$AUDIT_DIR" && HOME=$AUDIT_DIR CGO_ENABLED=0 go build -o fetch-go fetch.go)
	gets fetch-go "$AUDIT_DIR/fetch-go" "$THERE"
	gets fetch-go "$AUDIT_DIR/fetch-go" there.example
}

@test 'Java NIO' {
	has javac
	(cd "$AUDIT_DIR" && javac Fetch.java)
	gets java java -cp "$AUDIT_DIR" Fetch "$THERE" 80
}

@test "Rust's tokio" {
	[[ ${CONFINE_SOAK-} ]] || skip 'cargo has to fetch it: npm run soak does'
	has cargo
	mkdir -p "$AUDIT_DIR/tokio/src"
	cp "$AUDIT_DIR/fetch.rs" "$AUDIT_DIR/tokio/src/main.rs"
	printf '%s\n' '[package]' 'name = "fetch-tokio"' 'version = "0.1.0"' 'edition = "2021"' '[dependencies]' \
		'tokio = { version = "1", features = ["net", "io-util", "rt", "macros"] }' >"$AUDIT_DIR/tokio/Cargo.toml"
	(cd "$AUDIT_DIR/tokio" && cargo build -q)
	install -m 755 "$AUDIT_DIR/tokio/target/debug/fetch-tokio" "$AUDIT_DIR/fetch-tokio"
	gets fetch-tokio "$AUDIT_DIR/fetch-tokio" "$THERE:80"
}
