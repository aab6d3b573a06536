#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031 # each test has a status of its own
# Clients that need Go, a JDK or Cargo. Only `npm run soak` runs them, so that `npm test` needs none of these.

load ../../lib/remote_host
load ../clients

@test 'with confine --allow, a Go program reaches an allowed destination by address and by name' {
	(cd "$AUDIT_DIR" && HOME=$AUDIT_DIR CGO_ENABLED=0 go build -o fetch-go fetch.go)
	assert_fetches fetch-go "$AUDIT_DIR/fetch-go" "$REMOTE"
	assert_fetches fetch-go "$AUDIT_DIR/fetch-go" remote.example
}

@test 'with confine --allow, a program that uses Java NIO reaches an allowed destination' {
	(cd "$AUDIT_DIR" && javac Fetch.java)
	assert_fetches java java -cp "$AUDIT_DIR" Fetch "$REMOTE" 80
}

# lookups: prints the recorded lookups, sorted: NAME TYPE COMM
lookups() {
	record_value "$RECORD" 'r.names.map((n) => [n.name, n.type, n.comm].join(" ")).sort().join("\n")'
}

@test 'confine records the DNS lookups of a Go program and of a Java program' {
	(cd "$AUDIT_DIR" && HOME=$AUDIT_DIR CGO_ENABLED=0 go build -o fetch-go fetch.go && javac Fetch.java)
	run -1 audit --net -- timeout 60 "$AUDIT_DIR/fetch-go" go.example
	[[ $(lookups) == $'go.example A fetch-go\ngo.example AAAA fetch-go' ]]
	run -1 audit --net -- timeout 60 java -cp "$AUDIT_DIR" Fetch java.example 80
	[[ $(lookups) == $'java.example A java\njava.example AAAA java' ]]
}

@test 'with confine --allow, a Rust program that uses tokio reaches an allowed destination' {
	# These are the newest versions for Rust 1.63, which Debian 12 has.
	mkdir -p "$AUDIT_DIR/tokio/src"
	cp "$AUDIT_DIR/fetch.rs" "$AUDIT_DIR/tokio/src/main.rs"
	printf '%s\n' '[package]' 'name = "fetch-tokio"' 'version = "0.1.0"' 'edition = "2021"' '[dependencies]' \
		'libc = "=0.2.172"' 'tokio = { version = "~1.38", features = ["net", "io-util", "rt"] }' >"$AUDIT_DIR/tokio/Cargo.toml"
	(cd "$AUDIT_DIR/tokio" && cargo build -q)
	install -m 755 "$AUDIT_DIR/tokio/target/debug/fetch-tokio" "$AUDIT_DIR/fetch-tokio"
	assert_fetches fetch-tokio "$AUDIT_DIR/fetch-tokio" "$REMOTE:80"
}
