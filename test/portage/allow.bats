#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# PORTCULLIS_ALLOW=distcc in real emerges, with a real distccd on a second host. Everything else stays blocked.

load ../lib/prefix
load ../lib/distcc_host
load ../lib/sample_package

# allow_prefix root|user FEATURES: creates a prefix with app-test/sample, which compiles through distcc and also runs curl and a Python client
allow_prefix() {
	prefix_make "$1" "$2" "DISTCC_HOSTS=\"$DISTCC_HOST_IP\"" 'PORTCULLIS_ALLOW="distcc"'
	mkdir -p "$PREFIX/usr/lib/distcc"
	ln -s /usr/lib/distcc "$PREFIX/usr/lib/distcc/bin"
	# The client prints whether its connected socket is in the domain AF_INET (SO_DOMAIN, 39). A socket to the SOCKS proxy would be in AF_UNIX.
	sample_package 'CC=gcc' "/usr/bin/python3 '$PREFIX_ROOT/connect.py' $DISTCC_HOST_IP >>'$PREFIX_LOG/domain' || die" \
		"curl -sS --max-time 5 http://$DISTCC_HOST_IP:9/ 2>>'$PREFIX_LOG/curl'" "echo \"\$?\" >>'$PREFIX_LOG/curl'"
	cat >"$PREFIX_ROOT/connect.py" <<-'EOF'
		import socket, sys
		print(socket.create_connection((sys.argv[1], 3632)).getsockopt(socket.SOL_SOCKET, 39) == socket.AF_INET)
	EOF
	chmod 644 "$PREFIX_ROOT/connect.py"
	prefix_install_portcullis
}

# Emerges app-test/sample. Fails unless the second host compiled all files and curl was blocked.
assert_distributed() {
	local compiled
	compiled=$(distcc_host_compiled)
	sample_emerge
	assert_sample_built
	compiled=$(($(distcc_host_compiled) - compiled))
	((compiled == SAMPLE_FILES)) || {
		echo "the second host compiled $compiled files"
		echo "$output"
		return 1
	}
	[[ $output != *'distcc['* ]]
	[[ $output == *"Portcullis: app-test/sample-1: the sandbox lets distcc reach $DISTCC_HOST_IP:3632 (DISTCC_HOSTS)"* ]]
	[[ $output != *'distcc conflicts'* ]]
	# 7 is CURLE_COULDNT_CONNECT.
	[[ $(tail -n1 "$PREFIX_LOG/curl") == 7 ]] || {
		cat "$PREFIX_LOG/curl"
		return 1
	}
	[[ $(record_values "$RECORDS" compile 'r.allowed.map((a) => [a.comm, a.address, a.port, a.count, a.failed ?? 0].join(" ")).join("\n")') == "python3 $DISTCC_HOST_IP 3632 1 0"$'\n'"gcc $DISTCC_HOST_IP 3632 $SAMPLE_FILES 0" ]]
	[[ $(<"$PREFIX_LOG/domain") == True ]]
	[[ $(record_values "$RECORDS" compile 'r.blocked.map((b) => [b.comm, b.address, b.port, b.count].join(" ")).join("\n")') == "curl $DISTCC_HOST_IP 9 1" ]]
}

@test 'as an ordinary user with PORTCULLIS_ALLOW=distcc, distcc compiles on the distcc host, and connections of curl to another port of this host are blocked' {
	allow_prefix user '-ipc-sandbox -sandbox -usersandbox distcc network-sandbox'
	assert_distributed
	assert_namespace compile net own
}

@test "as root with Gentoo's default FEATURES and PORTCULLIS_ALLOW=distcc, distcc reaches the distcc host through Portage's SOCKS5 proxy, and connections of curl to another port are blocked" {
	allow_prefix root 'distcc network-sandbox'
	assert_distributed
	assert_namespace compile net own
	[[ $(record_values "$RECORDS" compile r.route) == socks ]]
}
