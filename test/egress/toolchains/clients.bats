#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test has a status of its own
# Clients whose tool chains a machine for `npm test` need not have (Go, a JDK, Cargo): for `npm run soak`.

load ../../lib/remote_host
load ../clients

@test 'Go' {
	(cd "$AUDIT_DIR" && HOME=$AUDIT_DIR CGO_ENABLED=0 go build -o fetch-go fetch.go)
	gets fetch-go "$AUDIT_DIR/fetch-go" "$THERE"
	gets fetch-go "$AUDIT_DIR/fetch-go" there.example
}

@test 'Java NIO' {
	(cd "$AUDIT_DIR" && javac Fetch.java)
	gets java java -cp "$AUDIT_DIR" Fetch "$THERE" 80
}

@test "Rust's tokio" {
	mkdir -p "$AUDIT_DIR/tokio/src"
	cp "$AUDIT_DIR/fetch.rs" "$AUDIT_DIR/tokio/src/main.rs"
	printf '%s\n' '[package]' 'name = "fetch-tokio"' 'version = "0.1.0"' 'edition = "2021"' '[dependencies]' \
		'tokio = { version = "1", features = ["net", "io-util", "rt", "macros"] }' >"$AUDIT_DIR/tokio/Cargo.toml"
	(cd "$AUDIT_DIR/tokio" && cargo build -q)
	install -m 755 "$AUDIT_DIR/tokio/target/debug/fetch-tokio" "$AUDIT_DIR/fetch-tokio"
	gets fetch-tokio "$AUDIT_DIR/fetch-tokio" "$THERE:80"
}
