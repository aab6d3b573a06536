# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A second host for distcc and icecream (veth_host.bash). Only root can create one.
#
#   distcc_host_begin          create the second host; set DISTCC_HOST_IP to its address and DISTCC_HOST_DIR to a directory for its files
#   distcc_host_run COMMAND    run a command in the network namespace of the second host
#   distcc_host_start_daemon   start a distccd on the second host
#   distcc_host_compiled       print how many files this distccd has compiled
#   distcc_host_packets        print how many packets this machine has sent to the second host
#   distcc_host_end            kill the processes of the second host and remove this host
#
# Load this file after prefix.bash. A test file that replaces setup_file or teardown_file defines them after loading this file.

# shellcheck source-path=SCRIPTDIR source=veth_host.bash
source "${BASH_SOURCE[0]%/*}/veth_host.bash"

setup_file() {
	prefix_host_begin
	distcc_host_begin
	distcc_host_start_daemon
}

teardown_file() {
	distcc_host_end
	prefix_host_end
}

distcc_host_begin() {
	local octet
	veth_host_add pc-host pch || return
	octet=$REPLY
	DISTCC_HOST_NETNS=pc-host-$octet
	DISTCC_HOST_LINK=pch$octet
	DISTCC_HOST_DIR=$(mktemp -d) || return
	chmod 777 "$DISTCC_HOST_DIR"
	DISTCC_HOST_IP=10.213.$octet.2
	# Disable IPv6: it would send packets on its own, and distcc_host_packets counts all packets.
	echo 1 >"/proc/sys/net/ipv6/conf/$DISTCC_HOST_LINK/disable_ipv6"
	veth_host_up "$DISTCC_HOST_NETNS" "$DISTCC_HOST_LINK" "10.213.$octet.1/30" "$DISTCC_HOST_IP/30"
	# Make the ARP entries permanent. Otherwise the kernel would send ARP requests, which distcc_host_packets would count.
	ip neigh replace "$DISTCC_HOST_IP" nud permanent dev "$DISTCC_HOST_LINK" \
		lladdr "$(ip netns exec "$DISTCC_HOST_NETNS" cat /sys/class/net/eth0/address)"
	ip -n "$DISTCC_HOST_NETNS" neigh replace "10.213.$octet.1" nud permanent dev eth0 lladdr "$(<"/sys/class/net/$DISTCC_HOST_LINK/address")"
	export DISTCC_HOST_IP DISTCC_HOST_NETNS DISTCC_HOST_LINK DISTCC_HOST_DIR
}

# Closes descriptor 3 for the command: bats waits until all processes have closed it, so a daemon must not inherit it.
distcc_host_run() {
	ip netns exec "$DISTCC_HOST_NETNS" "$@" 3>&-
}

# Starts distccd, which moves to the background when its port accepts connections. The function returns then.
distcc_host_start_daemon() {
	TMPDIR=$DISTCC_HOST_DIR distcc_host_run distccd --daemon --allow "${DISTCC_HOST_IP%.*}.0/30" --listen "$DISTCC_HOST_IP" --jobs 4 \
		--pid-file "$DISTCC_HOST_DIR/pid" --log-file "$DISTCC_HOST_DIR/log" --log-level info --nice 5
}

distcc_host_compiled() {
	grep -c 'COMPILE_OK' "$DISTCC_HOST_DIR/log" || [[ $? == 1 ]]
}

distcc_host_packets() {
	cat "/sys/class/net/$DISTCC_HOST_LINK/statistics/tx_packets"
}

distcc_host_end() {
	[[ ${DISTCC_HOST_NETNS-} ]] || return 0
	veth_host_remove "$DISTCC_HOST_NETNS" "$DISTCC_HOST_LINK"
	rm -rf -- "$DISTCC_HOST_DIR"
	unset DISTCC_HOST_IP DISTCC_HOST_NETNS DISTCC_HOST_LINK DISTCC_HOST_DIR
}
