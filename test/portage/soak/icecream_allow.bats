#!/usr/bin/env bats
# icecream through the network sandbox. For `npm run soak`, as a scheduler gives no work to hosts whose processors are busy, and they
# are ours.

load ../../lib/prefix
load ../../lib/distcc_host
load ../../lib/sample_package
load ../../lib/icecream_host

@test 'PORTCULLIS_ALLOW names the daemon over there: distributed through the sandbox, and nothing collides' {
	local who
	for who in user root; do
		prefix "$who" 'icecream network-sandbox network-sandbox-proxy' "PORTCULLIS_ALLOW=\"$FARM:10245\""
		emerge
		many_built
		((COMPILED == FILES)) || {
			echo "$who: $COMPILED compiled elsewhere"
			record_values "$RECORDS" compile 'JSON.stringify(r)'
			echo "$output"
			return 1
		}
		[[ $(record_values "$RECORDS" compile 'r.allowed.map((a) => [a.address, a.port, a.count].join(" ")).join()') == "$FARM 10245 $FILES" ]]
		[[ $(record_values "$RECORDS" compile '(r.blocked ?? []).length') == 0 && $(many_flags) != *icecream* ]]
		prefix_clean
	done
	# Another host's: the daemon here is asked, and what it names is cut off.
	prefix user 'icecream network-sandbox' 'PORTCULLIS_ALLOW="192.0.2.1:10245"'
	emerge
	many_built
	((COMPILED == 0 && ASKED > 0))
	[[ $(record_values "$RECORDS" compile '[...new Set(r.blocked.map((b) => [b.address, b.port].join(" ")))].join()') == "$FARM 10245" ]]
}
