#!/usr/bin/env bats
# Where root's Portage has isolated the phase before: connections go through the SOCKS5 proxy that it runs outside, or nowhere.

load there

setup_file() {
	local portage
	((EUID == 0)) || skip 'only root can make such a network'
	portage=$("$TOP/scripts/portage")
	audit_begin
	there_begin
	there_serve 80
	gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$AUDIT_DIR/client" "$TOP/test/allow/client.c"
	PROXY=$AUDIT_DIR/proxy
	"$portage/bin/python" "$portage/lib/portage/bin/socks5-server.py" "$PROXY" 3>&- >"$AUDIT_DIR/proxy.log" 2>&1 &
	PROXY_PID=$!
	until [[ -S $PROXY ]]; do
		kill -0 "$PROXY_PID"
		read -rt 0.02 <> <(:) || true
	done
	chmod 777 "$PROXY"
	export PROXY PROXY_PID
}

teardown_file() {
	[[ ! ${PROXY_PID-} ]] || kill "$PROXY_PID"
	there_end
	audit_end
}

# isolated COMMAND...: in a network as Portage makes it
isolated() {
	# shellcheck disable=SC2016
	unshare --net --uts --ipc -- bash -c '
		hostname localhost && ip link set lo up && ip address add 10.0.0.1/8 dev lo && ip address add fd::1/8 dev lo && exec "$@"
	' - "$@"
}

# through OPTION... -- COMMAND...: as root, or as the user that a userpriv phase is
through() {
	local -a user=()
	: >"$RECORD"
	[[ ${WHO-root} == root ]] || user=(setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all --)
	(cd "$AUDIT_DIR" && isolated "${user[@]}" "$CONFINE" --record "$RECORD" --net --allow "$THERE:80" --allow "$THERE:81" "$@")
}

@test 'through the proxy: reached, refused, not listed; blocking and not' {
	local WHO
	for WHO in root user; do
		run -0 through --socks "$PROXY" -- "$AUDIT_DIR/client" plain "$THERE" 80
		[[ $output == connected && $(member r.through) == socks && $(member r.had.net) == portage ]]
		expect_allowed "client $THERE 80 1 0"
		run -0 through --socks "$PROXY" -- "$AUDIT_DIR/client" plain "$THERE" 81
		[[ $output == ECONNREFUSED && $(member r.let_through_failed) == 1 ]]
		run -0 through --socks "$PROXY" -- "$AUDIT_DIR/client" plain "$THERE" 82
		[[ $output == ECONNREFUSED || $output == ENETUNREACH ]]
		expect_blocked "client tcp $THERE 82 1"
		run -0 through --socks "$PROXY" -- /usr/bin/python3 "$TOP/test/allow/clients/fetch.py" timeout "$THERE" 80
		[[ $output == *there* ]]
	done
}

@test 'names are answered in a network of our own inside that one' {
	local WHO
	for WHO in root user; do
		run -0 through --socks "$PROXY" --name "there.example=$THERE" -- curl -sS --max-time 20 http://there.example/
		[[ $output == there && $(member r.had.net) == confine && $(member r.through) == socks ]]
	done
}

@test 'without a proxy nothing is let through, and the record and the user are told' {
	run -0 through --tell "$AUDIT_DIR/tell" -- "$AUDIT_DIR/client" plain "$THERE" 80
	[[ $output != connected && $(member r.through) == nowhere ]]
	expect_blocked "client tcp $THERE 80 1"
	run -0 node "$TOP/dist/portcullis.js" tell "$AUDIT_DIR/tell"
	[[ $output == *'PORTCULLIS_ALLOW let nothing through'*'FEATURES="network-sandbox-proxy"'* ]]
	run -0 through --socks "$AUDIT_DIR/none" -- "$AUDIT_DIR/client" plain "$THERE" 80
	[[ $output == ENETUNREACH ]]
}
