#!/usr/bin/env bats
# PORTCULLIS_ALLOW in real emerges: distcc through the network sandbox, to a real distccd on another host, and nothing else.

load ../lib/prefix
load ../lib/distcc_host

# prefix WHO FEATURES [LINE...]: one whose package compiles FILES files in parallel, and tries curl
prefix() {
	prefix_make "$1"
	mkdir -p "$PREFIX/usr/lib/distcc"
	ln -s /usr/lib/distcc "$PREFIX/usr/lib/distcc/bin"
	prefix_conf "FEATURES=\"$2\"" "DISTCC_HOSTS=\"$FARM\"" "${@:3}"
	# The kind of socket that is left in the end: a real one is of TCP (AF_INET), what leads to a proxy is AF_UNIX.
	farm_package 'CC=gcc' "/usr/bin/python3 '$PREFIX_ROOT/connect.py' $FARM >>'$PREFIX_LOG/domain' || die" \
		"curl -sS --max-time 5 http://$FARM:9/ 2>>'$PREFIX_LOG/curl'" "echo \"\$?\" >>'$PREFIX_LOG/curl'"
	cat >"$PREFIX_ROOT/connect.py" <<-'EOF'
		import socket, sys
		print(socket.create_connection((sys.argv[1], 3632)).getsockopt(socket.SOL_SOCKET, 39) == socket.AF_INET)
	EOF
	chmod 644 "$PREFIX_ROOT/connect.py"
	prefix_install_portcullis
}

# Emerges, and sets COMPILED, what the other host has compiled meanwhile.
emerge() {
	local compiled
	compiled=$(farm_compiled)
	run prefix_emerge --oneshot app-test/many
	COMPILED=$(($(farm_compiled) - compiled))
	((status == 0)) || {
		echo "status $status"
		echo "$output"
		return 1
	}
}

# All of it was compiled over there, through the sandbox, and curl got nowhere.
distributed() {
	((COMPILED == FILES)) || {
		echo "$COMPILED compiled on the other host"
		echo "$output"
		return 1
	}
	[[ $output != *'distcc['* ]]
	[[ $output == *"Portcullis: app-test/many-1: the sandbox lets distcc reach $FARM:3632 (DISTCC_HOSTS)"* ]]
	[[ $output != *'distcc conflicts'* ]]
	# 7: could not connect.
	[[ $(tail -n1 "$PREFIX_LOG/curl") == 7 ]] || {
		cat "$PREFIX_LOG/curl"
		return 1
	}
	record_values "$RECORDS" compile 'JSON.stringify(r)'
	[[ $(record_values "$RECORDS" compile 'r.allowed.map((a) => [a.comm, a.address, a.port, a.count, a.failed ?? 0].join(" ")).join("\n")') == "python3 $FARM 3632 1 0"$'\n'"gcc $FARM 3632 $FILES 0" ]]
	[[ $(<"$PREFIX_LOG/domain") == True ]]
	[[ $(record_values "$RECORDS" compile 'r.blocked.map((b) => [b.comm, b.address, b.port, b.count].join(" ")).join("\n")') == "curl $FARM 9 1" ]]
}

@test 'an ordinary user: with PORTCULLIS_ALLOW=distcc a build is distributed, and curl reaches nothing' {
	prefix user '-ipc-sandbox -sandbox -usersandbox distcc network-sandbox' 'PORTCULLIS_ALLOW="distcc"'
	emerge
	distributed
	run ! in_ours compile net
}

@test "root, with Gentoo's default FEATURES: through the proxy that Portage starts for distcc" {
	prefix root 'distcc network-sandbox' 'PORTCULLIS_ALLOW="distcc"'
	emerge
	distributed
	run ! in_ours compile net
	[[ $(record_values "$RECORDS" compile r.route) == socks ]]
}
