#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds that icecream distributes, for `npm run soak`.

load ../../lib/prefix
load ../../lib/distcc_host
load ../../lib/sample_package
load ../../lib/icecream_host

@test 'without network-sandbox, icecream compiles on a second host and the hook prints no conflict message' {
	icecream_prefix user 'icecream -network-sandbox'
	icecream_emerge
	assert_sample_distributed
}

@test 'with PORTCULLIS_SOCKETS=own, icecream compiles on a second host if PORTCULLIS_ALLOW contains the address of iceccd on that host and the UNIX socket of the local iceccd' {
	local user
	for user in user root; do
		icecream_prefix "$user" 'icecream network-sandbox network-sandbox-proxy' "PORTCULLIS_ALLOW=\"$DISTCC_HOST_IP:10245 unix:$ICECREAM_SOCKET\"" 'PORTCULLIS_SOCKETS="own"'
		icecream_emerge
		assert_sample_built
		((COMPILED == SAMPLE_FILES)) || {
			echo "$user: the second host compiled $COMPILED files"
			record_values "$RECORDS" compile 'JSON.stringify(r)'
			echo "$output"
			return 1
		}
		[[ $(record_values "$RECORDS" compile 'r.allowed.map((a) => [a.address, a.port, a.count].join(" ")).join()') == "$DISTCC_HOST_IP 10245 $SAMPLE_FILES" ]]
		[[ $(record_values "$RECORDS" compile '(r.blocked ?? r.sockets ?? []).length') == 0 && $(sample_messages) != *icecream* ]]
		prefix_clean
	done
	# If the list names another host, icecc asks the local daemon, and the host that the daemon names is blocked.
	icecream_prefix user 'icecream network-sandbox' 'PORTCULLIS_ALLOW="192.0.2.1:10245"'
	icecream_emerge
	assert_sample_built
	((COMPILED == 0 && REQUESTS > 0))
	[[ $(record_values "$RECORDS" compile '[...new Set(r.blocked.map((b) => [b.address, b.port].join(" ")))].join()') == "$DISTCC_HOST_IP 10245" ]]
}
