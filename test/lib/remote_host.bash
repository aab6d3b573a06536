# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A remote host for tests of --allow (veth_host.bash). Needs root.
#
#   remote_host_begin           creates the host. Sets REMOTE and REMOTE6 (its addresses), SILENT (an address that drops all packets),
#                               REMOTE_DIR (the folder of its server), REMOTE_NETNS and REMOTE_LINK (names for ip-netns and ip-link)
#   remote_host_serve PORT...   starts remote_server.py on these ports
#   remote_host_end             removes the remote host
#   connection_count PORT       prints how many connections the server has accepted on that port
#   allowed                     prints the allowed connections of the last record, sorted: COMM ADDRESS PORT COUNT FAILED
#   assert_allowed LINE...      fails if the allowed connections are not exactly these lines

# shellcheck source-path=SCRIPTDIR source=audit.bash
source "${BASH_SOURCE[0]%/*}/audit.bash"
# shellcheck source-path=SCRIPTDIR source=veth_host.bash
source "${BASH_SOURCE[0]%/*}/veth_host.bash"

remote_host_begin() {
	local octet
	veth_host_add pcallow pca || return
	octet=$REPLY
	REMOTE_NETNS=pcallow-$octet
	REMOTE_LINK=pca$octet
	REMOTE=10.214.$octet.2
	REMOTE6=fd00:214:$octet::2
	SILENT=10.214.$octet.3
	REMOTE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/remote_host.XXXXXX")
	chmod 755 "$REMOTE_DIR"
	ip -6 addr add "fd00:214:$octet::1/64" dev "$REMOTE_LINK" nodad
	ip -n "$REMOTE_NETNS" -6 addr add "$REMOTE6/64" dev eth0 nodad
	veth_host_up "$REMOTE_NETNS" "$REMOTE_LINK" "10.214.$octet.1/24" "$REMOTE/24"
	# No host has this hardware address, so packets to SILENT leave the link and get no answer.
	ip neigh add "$SILENT" lladdr 02:00:00:00:00:03 dev "$REMOTE_LINK" nud permanent
	export REMOTE_NETNS REMOTE_LINK REMOTE REMOTE6 SILENT REMOTE_DIR
}

remote_host_serve() {
	local server=$TOP/test/lib/remote_server.py
	(cd / && exec ip netns exec "$REMOTE_NETNS" /usr/bin/python3 "$server" "$REMOTE_DIR" "$@" 3>&- </dev/null >"$REMOTE_DIR/log" 2>&1) &
	until_true 60 test -e "$REMOTE_DIR/ready"
}

remote_host_end() {
	[[ ${REMOTE_NETNS-} ]] || return 0
	veth_host_remove "$REMOTE_NETNS" "$REMOTE_LINK"
	rm -rf -- "$REMOTE_DIR"
	unset REMOTE_NETNS REMOTE_LINK REMOTE REMOTE6 SILENT REMOTE_DIR
}

connection_count() {
	local count
	exec {count}<>"/dev/tcp/$REMOTE/$1"
	echo COUNT >&"$count"
	head -n1 <&"$count"
	exec {count}>&-
}

allowed() {
	record_value "$RECORD" '(r.allowed ?? []).map((b) => [b.comm, b.address, b.port, b.count, b.failed ?? 0].join(" ")).sort().join("\n")'
}

assert_allowed() {
	assert_lines "$(allowed)" "$@"
}

teardown_file() {
	remote_host_end
	audit_end
}
