#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Real emerges whose phases try to connect: Portcullis records and reports each attempt.

load ../lib/prefix

setup_file() {
	prefix_host_begin
	export CLIENTS=$PREFIX_HOST/clients
	mkdir "$CLIENTS"
	gcc -O1 -pthread -o "$CLIENTS/storm" "$TOP/test/confine/audit/attempts.c"
	gcc -O1 -pthread -static -o "$CLIENTS/fixed" "$TOP/test/confine/audit/attempts.c"
	gcc -O1 -pthread -m32 -o "$CLIENTS/small" "$TOP/test/confine/audit/attempts.c"
	cp "$CLIENTS/storm" "$CLIENTS/raw"
	chmod -R a+rX "$CLIENTS"
}

# connecting_prefix root|user [LINE...]: a prefix with app-test/connects-1, whose src_test connects in many ways and then runs the
# function finish. Standard input is appended to the ebuild.
connecting_prefix() {
	prefix_make "$1" test "${@:2}"
	{
		cat <<-EOF
			src_test() {
				record_namespaces
				mkdir -p tests
				cat > tests/fetch.py <<-'END' || die
					import urllib.request
					try:
					    urllib.request.urlopen("http://198.51.100.2/x")
					except OSError:
					    pass
				END
				curl -s https://198.51.100.1/
				/usr/bin/python3 tests/fetch.py
				GIT_TERMINAL_PROMPT=0 git clone -q https://198.51.100.3/x.git
				TO=198.51.100.4 PORT=9 "$CLIENTS/raw" sendto
				TO=198.51.100.5 "$CLIENTS/fixed" connect 2
				TO=198.51.100.6 "$CLIENTS/small" connect 3
				TO=198.51.100.7 "$CLIENTS/storm" threads 64 100
				"$CLIENTS/storm" unrecorded
				finish
			}
		EOF
		cat
	} | prefix_package app-test/connects-1
	prefix_install_portcullis
}

ALL='curl tcp 198.51.100.1 443 1
fixed tcp 198.51.100.5 443 2
git-remote-http tcp 198.51.100.3 443 1
python3 tcp 198.51.100.2 80 1
raw udp 198.51.100.4 9 1
small tcp 198.51.100.6 443 3
storm tcp 198.51.100.7 443 6400'

# blocked_destinations PHASE: prints the program, protocol, address, port and count of each recorded attempt, sorted.
blocked_destinations() {
	record_values "$RECORDS" "$1" '(r.blocked ?? r.observed ?? []).map((b) => [b.comm, b.protocol, b.address, b.port, b.count].join(" ")).sort().join("\n")'
}

assert_all_recorded() {
	[[ $(blocked_destinations test) == "$ALL" ]] || {
		blocked_destinations test
		return 1
	}
	[[ $(record_values "$RECORDS" test 'r.watched + " " + r.unattributed + " " + r.attempts') == 'yes undefined 6409' ]]
	[[ $(record_values "$RECORDS" test 'r.blocked.find((b) => b.comm === "python3").script') == tests/fetch.py ]]
	[[ $(record_values "$RECORDS" compile 'r.watched + " " + r.blocked + " " + r.names + " " + r.unreachable') == 'yes undefined undefined 0' ]]
}

@test 'as an ordinary user, each connection attempt of a phase is recorded, emerge prints one line about all attempts of the phase, and the phase continues' {
	connecting_prefix user <<<'finish() { :; }'
	run -0 prefix_emerge --oneshot app-test/connects
	assert_all_recorded
	# The message appears in the phase and again in the summary at the end of emerge.
	[[ $(grep -c 'Portcullis: .* blocked (' <<<"$output") == 2 && $output != *'To fix the ebuild'* ]]
	local programs='curl → 198.51.100.1:443; python3 (tests/fetch.py) → 198.51.100.2:80; git-remote-http → 198.51.100.3:443 +4'
	[[ $output == *"src_test: 6409 attempts blocked ($programs). Details: $PREFIX/usr/bin/portcullis report app-test/connects"$'\n'* ]]
	[[ $(record_values "$RECORDS" test 'JSON.stringify(r.applied)') == '{"net":"confine","ipc":"confine","pid":"confine"}' ]]
}

@test 'as root with the default FEATURES, each connection attempt and DNS lookup of a phase in the namespaces that Portage has created is recorded and reported' {
	connecting_prefix root <<<'finish() { getent hosts files.example.org; :; }'
	run -0 prefix_emerge --oneshot app-test/connects
	assert_all_recorded
	[[ $(grep -c 'src_test: 6410 attempts blocked (getent → files.example.org; ' <<<"$output") == 2 ]]
	[[ $(record_values "$RECORDS" test 'r.applied.net + " " + r.names_watched + " " + r.names.map((n) => n.name)') == 'portage yes files.example.org,files.example.org' ]]
}

@test 'if a phase fails, the connection attempts of this phase are printed after the error message, with a portcullis allow command and a fix for the ebuild' {
	local report
	connecting_prefix user <<-'EOF'
		src_compile() {
			record_namespaces
			/usr/bin/python3 -m pip download 'foo @ https://files.example.org/foo.zip' --no-cache-dir --retries 0
			cat >Cargo.toml <<-'END'
				[package]
				name = "x"
			END
			( exec -a cargo "$BASH" -c 'exec 3<>/dev/tcp/crates.example.org/443' )
			die 'it can not be built'
		}
	EOF
	run -1 prefix_emerge --oneshot app-test/connects
	report=${output#*it can not be built}
	[[ $report == *'src_compile: '*' attempts blocked ('*'bash → crates.example.org'* ]]
	[[ $report == *"run: $PREFIX/usr/bin/portcullis allow --write app-test/connects"$'\n'*'To fix the ebuild (Cargo), list the crates in CRATES'* ]]
	[[ $(record_values "$RECORDS" compile 'JSON.stringify([...new Set(r.names.map((n) => n.name))])') == *crates.example.org* ]]
}

# The count lacks the three connections of the 32-bit program: without a watcher, its socketcall(2) cannot create a socket (docs/audit.md).
@test 'with PORTCULLIS_AUDIT=off, the record of a phase contains the number of packets that found no route, but not the programs that sent them and not the destinations' {
	connecting_prefix user 'PORTCULLIS_AUDIT="off"' <<<'finish() { :; }'
	run -0 prefix_ebuild app-test/connects-1 clean test
	[[ $(record_values "$RECORDS" test 'r.watched + " " + r.blocked + " " + r.unreachable') == 'undefined undefined 6406' ]]
	[[ $output == *'6406 attempts blocked (6406 packets of unknown programs)'* ]]
}

@test 'with PORTCULLIS_AUDIT=only, no phase is isolated, and the connection attempts that a sandbox would block are reported' {
	connecting_prefix user 'PORTCULLIS_AUDIT="only"' <<-'EOF'
		src_test() {
			record_namespaces
			TO=127.0.0.1 PORT=9 curl -s http://127.0.0.1:9/
			TO=198.51.100.4 PORT=9 "${CLIENTS}/raw" sendto
			curl -s --max-time 1 https://198.51.100.1/
			true
		}
	EOF
	prefix_env CLIENTS="$CLIENTS"
	run -0 prefix_emerge --oneshot app-test/connects
	shares_namespaces test net ipc user
	[[ $(blocked_destinations test) == $'curl tcp 198.51.100.1 443 1\nraw udp 198.51.100.4 9 1' ]]
	[[ $output == *'src_test: 2 attempts not blocked under PORTCULLIS_AUDIT="only" (raw → 198.51.100.4:9 (udp); curl → 198.51.100.1:443). Details: '* ]]
	run -0 prefix_run "$PREFIX/usr/bin/portcullis" report --last
	[[ ${lines[0]} == 'Would be blocked by network-sandbox: 2 attempts of 1 package' && ${lines[-1]} == *', 0 fully confined.' ]]
}
