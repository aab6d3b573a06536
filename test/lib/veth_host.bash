# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A second host: a network namespace at the other end of a veth pair. Only root can create one.
#
#   veth_host_add NETNS LINK                   set REPLY to a number N that no other second host with this NETNS has; create the namespace
#                                              NETNS-N, and the pair LINKN (on this host) and eth0 (on the second host)
#   veth_host_up NETNS LINK ADDRESS ADDRESS    give ADDRESS/PREFIX to LINK and to eth0, and bring all links up
#   veth_host_remove NETNS LINK                kill the processes of the namespace, and remove it and the pair

veth_host_add() {
	local number
	# ip-netns(8) fails if the namespace exists. So of tests that run at the same time, only one gets a number and the addresses with it.
	for number in $(shuf -i 1-250); do
		! ip netns add "$1-$number" 2>/dev/null || break
	done
	REPLY=$number
	ip link add "$2$number" type veth peer name eth0 netns "$1-$number"
}

veth_host_up() {
	ip addr add "$3" dev "$2"
	ip link set "$2" up
	ip -n "$1" addr add "$4" dev eth0
	ip -n "$1" link set eth0 up
	ip -n "$1" link set lo up
}

veth_host_remove() {
	local -a pids
	mapfile -t pids < <(ip netns pids "$1")
	((${#pids[@]} == 0)) || kill -KILL "${pids[@]}"
	ip link del "$2"
	ip netns del "$1"
}
