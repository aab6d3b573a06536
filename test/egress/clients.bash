# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Real clients and the remote host that serves them. For clients.bats and toolchains/clients.bats.
# shellcheck disable=SC2154 # bats sets status and output

setup_file() {
	audit_begin
	remote_host_begin
	remote_host_serve 80
	cp "$TOP"/test/egress/clients/* "$AUDIT_DIR"
}

# assert_fetches COMM COMMAND...: fails unless COMMAND fetches the page of the remote host with --allow REMOTE:80, and does not fetch it with only
# --allow REMOTE:81. The records must contain the attempts with the process name COMM.
assert_fetches() {
	local name=$1
	shift
	run audit --net --allow "$REMOTE:80" --resolve "remote.example=$REMOTE" -- timeout 60 "$@"
	[[ $status == 0 && $output == *remote_page* ]] || {
		printf '%s\n' "listed: status $status" "$output"
		return 1
	}
	[[ $(allowed) == "$name $REMOTE 80 "*' 0' ]] || {
		allowed
		return 1
	}
	run audit --net --allow "$REMOTE:81" --resolve "remote.example=$REMOTE" -- timeout 60 "$@"
	[[ $status != 0 && $output != *remote_page* && $(allowed) == '' && $(blocked) == *"$name tcp $REMOTE 80 "* ]] || {
		printf '%s\n' "not listed: status $status" "$output" "$(allowed)" "$(blocked)"
		return 1
	}
}
