#!/usr/bin/env bats
# Socket options and ioctls in a phase with a list: what clients set is set, and nothing leads a connection elsewhere.

load ../lib/remote_host

setup_file() {
	((EUID == 0)) || skip 'only root can make the network namespace that is the other host'
	audit_begin
	there_begin
	there_serve 80
	gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$AUDIT_DIR/socket_options" "$TOP/test/egress/socket_options.c"
	export OTHER6=${THERE6%::*}::4
	ip -n "$THERE_NETNS" -6 addr add "$OTHER6/64" dev eth0 nodad
}

# options WHAT HOST [OTHER]: with HOST:80 let through, and nothing else
options() {
	local host=$2
	[[ $host != *:* ]] || host="[$host]"
	run audit --net --allow "$host:80" -- timeout 60 "$AUDIT_DIR/socket_options" "$1" "$2" 80 "${@:3}"
	((status == 0)) || {
		printf '%s as %s: status %s\n%s\n' "$1" "${WHO-user}" "$status" "$output"
		return 1
	}
	[[ $(allowed) == "socket_options $2 80 "* ]]
}

@test 'a list refuses options and ioctls that clients do not set, by every system call' {
	options refused "$THERE"
	options refused "$THERE6"
}

@test 'a list permits the options and ioctls of clients, by every system call' {
	local WHO
	for WHO in user root; do
		options taken "$THERE"
		options taken "$THERE6"
	done
}

@test 'no routing header sends a connection through a host that is not listed' {
	local deed
	for deed in route ancillary; do
		options "$deed" "$THERE6" "$OTHER6"
		run -0 ip -6 neigh show to "$OTHER6" dev "$THERE_LINK"
		[[ ! $output ]]
	done
}
