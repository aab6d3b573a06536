#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Socket options and ioctls with --allow: those of clients work, and none diverts a connection.

load ../lib/remote_host

setup_file() {
	audit_begin
	remote_host_begin
	remote_host_serve 80
	gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$AUDIT_DIR/socket_options" "$TOP/test/egress/socket_options.c"
	export OTHER6=${REMOTE6%::*}::4
	ip -n "$REMOTE_NETNS" -6 addr add "$OTHER6/64" dev eth0 nodad
}

# assert_not_reached ADDRESS: fails if this host has a neighbour entry for ADDRESS of the remote host, that is, if it has sent a packet there
assert_not_reached() {
	run -0 ip -6 neigh show to "$1" dev "$REMOTE_LINK"
	[[ ! $output ]]
}

setup() {
	audit_setup
	SEG6=$(sysctl -n net.ipv6.conf.all.seg6_enabled)
}

teardown() {
	sysctl -qw "net.ipv6.conf.all.seg6_enabled=$SEG6"
}

# assert_socket_options ACTION HOST [OTHER]: socket_options.c succeeds with HOST:80 as the only allowed destination
assert_socket_options() {
	local host=$2
	[[ $host != *:* ]] || host="[$host]"
	run audit --net --allow "$host:80" -- timeout 60 "$AUDIT_DIR/socket_options" "$1" "$2" 80 "${@:3}"
	((status == 0)) || {
		printf '%s as %s: status %s\n%s\n' "$1" "${RUN_AS-user}" "$status" "$output"
		return 1
	}
	[[ $(allowed) == "socket_options $2 80 "* ]]
}

@test 'with confine --allow, the system calls of x86-64, x32 and i386 fail for socket options and ioctls that could divert a connection' {
	assert_socket_options refused "$REMOTE"
	assert_socket_options refused "$REMOTE6"
}

@test 'with confine --allow, the system calls of x86-64, x32 and i386 succeed for socket options and ioctls that clients use' {
	local RUN_AS
	for RUN_AS in user root; do
		assert_socket_options accepted "$REMOTE"
		assert_socket_options accepted "$REMOTE6"
	done
}

@test 'with confine --allow, an IPv6 routing header cannot send a connection through an unlisted host' {
	local action
	for action in route ancillary; do
		assert_socket_options "$action" "$REMOTE6" "$OTHER6"
		assert_not_reached "$OTHER6"
	done
}

@test 'with confine --allow, if an allowed host sends an IPv6 routing header, no packet of the connection goes to a host that this header lists' {
	ip netns exec "$REMOTE_NETNS" sysctl -qw net.ipv6.conf.{all,lo,eth0}.seg6_enabled=1 net.ipv6.conf.all.forwarding=1
	# The kernel accepts the header only if seg6_enabled is 1 for both the interface and `all`.
	sysctl -qw net.ipv6.conf.{all,"$REMOTE_LINK"}.seg6_enabled=1
	assert_socket_options reply "$REMOTE6" "$OTHER6"
	assert_not_reached "$OTHER6"
}
