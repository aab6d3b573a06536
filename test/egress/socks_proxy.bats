#!/usr/bin/env bats
# Where root's Portage has isolated the phase before: connections go through the SOCKS5 proxy that it runs outside, or nowhere.

load ../lib/remote_host

setup_file() {
	((EUID == 0)) || skip 'only root can make such a network'
	audit_begin
	there_begin
	there_serve 80 90! 8080
	local program
	for program in client attack race; do
		gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$AUDIT_DIR/$program" "$TOP/test/egress/$program.c"
	done
	# Portage's is the portage user's, as its phases are; one of somebody else can't be looked into.
	serve_proxy proxy setpriv --reuid=12321 --regid=12321 --clear-groups --
	serve_proxy others setpriv --reuid=12322 --regid=12322 --clear-groups --
	export PROXY=$AUDIT_DIR/proxy/socket OTHERS=$AUDIT_DIR/others/socket PROXIES
}

# serve_proxy NAME COMMAND...: Portage's own, at NAME/socket, run by that command
serve_proxy() {
	local portage folder=$AUDIT_DIR/$1
	portage=$("$TOP/scripts/portage")
	mkdir -m 777 "$folder"
	"${@:2}" "$portage/bin/python" "$portage/lib/portage/bin/socks5-server.py" "$folder/socket" 3>&- >"$folder.log" 2>&1 &
	PROXIES+="$! "
	until_true 60 test -S "$folder/socket"
	chmod 777 "$folder/socket"
}

teardown_file() {
	# shellcheck disable=SC2086 # numbers
	[[ ! ${PROXIES-} ]] || kill $PROXIES
	there_end
	audit_end
}

# isolated COMMAND...: in a network as Portage makes it, where nobody outside has a number
isolated() {
	# shellcheck disable=SC2016
	unshare --net --uts --ipc --pid --fork --mount-proc -- bash -c '
		hostname localhost && ip link set lo up && ip address add 10.0.0.1/8 dev lo && ip address add fd::1/8 dev lo && exec "$@"
	' - "$@"
}

# through OPTION... -- COMMAND...: as root, or as the user that a userpriv phase is
through() {
	local -a user=()
	: >"$RECORD"
	[[ ${WHO-root} == root ]] || user=(setpriv --reuid=12321 --regid=12321 --clear-groups --inh-caps=-all --)
	(cd "$AUDIT_DIR" && isolated "${user[@]}" "$CONFINE" --record "$RECORD" --net --allow "$THERE:80" --allow "[$THERE6]:80" --allow "$THERE:81" --allow "$THERE:90" --allow "$DEAD:80" "$@")
}

@test 'through the proxy: reached, refused, not listed; blocking and not' {
	local WHO
	for WHO in root user; do
		run -0 through --socks "$PROXY" -- "$AUDIT_DIR/client" plain "$THERE" 80
		[[ $output == connected && $(record_value "$RECORD" r.route) == socks && $(record_value "$RECORD" r.applied.net) == portage ]]
		expect_allowed "client $THERE 80 1 0"
		run -0 through --socks "$PROXY" -- "$AUDIT_DIR/client" plain "$THERE" 81
		[[ $output == ECONNREFUSED && $(record_value "$RECORD" r.allowed_failed) == 1 ]]
		run -0 through --socks "$PROXY" -- "$AUDIT_DIR/client" plain "$THERE" 82
		[[ $output == ECONNREFUSED || $output == ENETUNREACH ]]
		expect_blocked "client tcp $THERE 82 1"
		run -0 through --socks "$PROXY" -- /usr/bin/python3 "$TOP/test/egress/clients/fetch.py" timeout "$THERE" 80
		[[ $output == *there* ]]
	done
}

# handed_out WHO: whether the proxy's own socket can be had: with SO_PEERPIDFD (Linux 6.5), and a right to look into a process that is none of ours.
handed_out() {
	[[ $1 == root || $(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null) != [123] ]] &&
		/usr/bin/python3 -c 'import socket; socket.socketpair()[0].getsockopt(socket.SOL_SOCKET, 77)' 2>/dev/null
}

@test 'what the proxy has connected is handed out itself: a TCP socket, with the options that were set, and no relay' {
	local WHO how
	for WHO in root user; do
		run through --socks "$PROXY" -- "$AUDIT_DIR/client" options "$THERE" 80
		if ! handed_out "$WHO"; then
			((status == 1))
			continue
		fi
		((status == 0))
		run -0 through --socks "$PROXY" -- "$AUDIT_DIR/client" plain "$THERE6" 80
		for how in blocking timeout asyncio; do
			run -0 through --socks "$PROXY" -- /usr/bin/python3 "$TOP/test/egress/clients/fetch.py" "$how" "$THERE" 80
			[[ $output == *there* ]]
		done
		run -0 through --socks "$PROXY" -- "$(type -P node)" "$TOP/test/egress/clients/fetch.mjs" "http://$THERE/"
		[[ $output == *there* ]]
	done
}

@test 'from who speaks first every byte arrives' {
	local WHO
	for WHO in root user; do
		for _ in {1..20}; do
			# shellcheck disable=SC2016 # for the inner shell
			run -0 through --socks "$PROXY" -- bash -c 'exec 3<>"/dev/tcp/$1/90" && read -r line <&3 && echo "$line"' - "$THERE"
			[[ $output == hello ]]
		done
	done
}

@test 'what can not be had from the proxy is reached through it' {
	WHO=user run -0 through --socks "$OTHERS" -- curl -sS --max-time 20 "http://$THERE/"
	[[ $output == there && $(record_value "$RECORD" r.route) == socks ]]
	WHO=user run through --socks "$OTHERS" -- "$AUDIT_DIR/client" options "$THERE" 80
	((status == 1))
}

@test 'one that hangs ends in time, by a signal, and with its process' {
	local WHO deed
	for WHO in root user; do
		for deed in timeout signals closing; do
			run -0 through --socks "$PROXY" -- "$AUDIT_DIR/client" "$deed" "$DEAD" 80
		done
		run -137 through --socks "$PROXY" -- timeout --signal=KILL 0.5 "$AUDIT_DIR/client" plain "$DEAD" 80
	done
}

@test 'what was handed out leads nowhere else' {
	local WHO
	for WHO in root user; do
		run -0 through --socks "$PROXY" -- "$AUDIT_DIR/attack" connected "$THERE" 80 8080 81
		[[ $(served 8080) == 0 ]]
	done
}

@test 'names are answered in a network of our own inside that one' {
	local WHO
	for WHO in root user; do
		run -0 through --socks "$PROXY" --resolve "there.example=$THERE" -- curl -sS --max-time 20 http://there.example/
		[[ $output == there && $(record_value "$RECORD" r.applied.net) == confine && $(record_value "$RECORD" r.route) == socks ]]
	done
}

@test 'without a proxy nothing is let through, and the record and the user are told' {
	run -0 through --notice-file "$AUDIT_DIR/tell" -- "$AUDIT_DIR/client" plain "$THERE" 80
	[[ $output != connected && $(record_value "$RECORD" r.route) == none ]]
	expect_blocked "client tcp $THERE 80 1"
	run -0 node "$TOP/dist/portcullis.js" messages "$AUDIT_DIR/tell"
	[[ $output == *'PORTCULLIS_ALLOW had no effect'*'FEATURES="network-sandbox-proxy"'* ]]
	run -0 through --socks "$AUDIT_DIR/none" -- "$AUDIT_DIR/client" plain "$THERE" 80
	[[ $output == ENETUNREACH ]]
}
