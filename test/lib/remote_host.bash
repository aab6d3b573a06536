# shellcheck shell=bash
# For the tests of what confine lets through: a server on another host, which is a network namespace at the other end of a
# veth pair, and an address next to it where nobody answers.
#
#   there_begin         THERE, its address; SERVED, a folder of its server's; DEAD, which takes packets and says nothing. Root's
#                       business.
#   there_serve PORT... listens there
#   there_end           removes all of it
#   allowed             all that was let through in the last record, one a line, sorted: COMM ADDRESS PORT COUNT FAILED

# shellcheck source-path=SCRIPTDIR source=../confine/audit.bash
source "${BASH_SOURCE[0]%/*}/../confine/audit.bash"

there_begin() {
	local octet
	octet=$((RANDOM % 250 + 1))
	THERE_NETNS=pcallow-$$
	THERE_LINK=pca$$
	THERE=10.214.$octet.2
	THERE6=fd00:214:$octet::2
	DEAD=10.214.$octet.3
	SERVED=$(mktemp -d "${TMPDIR:-/tmp}/there.XXXXXX")
	chmod 755 "$SERVED"
	ip netns add "$THERE_NETNS" || return
	ip link add "$THERE_LINK" type veth peer name eth0 netns "$THERE_NETNS" || return
	ip addr add "10.214.$octet.1/24" dev "$THERE_LINK"
	ip -6 addr add "fd00:214:$octet::1/64" dev "$THERE_LINK" nodad
	ip link set "$THERE_LINK" up
	ip -n "$THERE_NETNS" addr add "$THERE/24" dev eth0
	ip -n "$THERE_NETNS" -6 addr add "$THERE6/64" dev eth0 nodad
	ip -n "$THERE_NETNS" link set eth0 up
	ip -n "$THERE_NETNS" link set lo up
	# Packets for it go out, and nobody takes them.
	ip neigh add "$DEAD" lladdr 02:00:00:00:00:03 dev "$THERE_LINK" nud permanent
	export THERE_NETNS THERE_LINK THERE THERE6 DEAD SERVED
}

there_serve() {
	local server=$TOP/test/lib/remote_server.py
	(cd / && exec ip netns exec "$THERE_NETNS" /usr/bin/python3 "$server" "$SERVED" "$@" 3>&- </dev/null >"$SERVED/log" 2>&1) &
	until_true 60 test -e "$SERVED/ready"
}

there_end() {
	local -a pids
	[[ ${THERE_NETNS-} ]] || return 0
	mapfile -t pids < <(ip netns pids "$THERE_NETNS")
	((${#pids[@]} == 0)) || kill -KILL "${pids[@]}"
	ip link del "$THERE_LINK"
	ip netns del "$THERE_NETNS"
	rm -rf -- "$SERVED"
	unset THERE_NETNS THERE_LINK THERE THERE6 DEAD SERVED
}

# served PORT: how many connections came there, up to now
served() {
	local count
	exec {count}<>"/dev/tcp/$THERE/$1"
	echo COUNT >&"$count"
	head -n1 <&"$count"
	exec {count}>&-
}

allowed() {
	record_value "$RECORD" '(r.allowed ?? []).map((b) => [b.comm, b.address, b.port, b.count, b.failed ?? 0].join(" ")).sort().join("\n")'
}

expect_allowed() {
	expect_lines "$(allowed)" "$@"
}

teardown_file() {
	there_end
	audit_end
}
