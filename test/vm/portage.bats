#!/usr/bin/env bats
# A pure v2 host, emerge as root with FEATURES=cgroup: Portage's own cgroups and ours.

load ../portage/emerge

@test 'a daemon that pkg_postinst starts dies with Portage alone, and lives on with Portcullis; what src_compile leaves dies' {
	local name
	prefix_make root
	prefix_conf 'FEATURES="cgroup"'
	for name in before after; do
		prefix_package "app-test/$name-1" <<-EOF
			src_compile() {
				setsid -f bash -c 'exec -a orphan-$name sleep 1000' </dev/null >/dev/null 2>&1
				cat /proc/self/cgroup >"$PREFIX_LOG/$name.compile"
			}
			pkg_postinst() {
				cat /proc/self/cgroup >"$PREFIX_LOG/$name.postinst"
				redis-server --port 0 --unixsocket "$PREFIX_LOG/$name.socket" --daemonize yes --save "" --dir "$PREFIX_LOG" >/dev/null
			}
		EOF
	done
	run -0 prefix_emerge --oneshot app-test/before
	grep -q '/emerge-[0-9]*/app-test_before-1$' "$PREFIX_LOG/before.postinst"
	run ! redis-cli -s "$PREFIX_LOG/before.socket" ping

	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/after
	[[ $output == *'left a process behind, and it was killed: orphan-after 1000 (pid '* ]]
	run -0 redis-cli -s "$PREFIX_LOG/after.socket" ping
	[[ $output == PONG ]]
	run ! grep -q emerge- "$PREFIX_LOG/after.postinst"
	redis-cli -s "$PREFIX_LOG/after.socket" shutdown nosave || true
	[[ $(record compile r.missing.length) == 0 ]]
	[[ ! $(find /sys/fs/cgroup -type d \( -name 'portcullis*' -o -name 'emerge-*' \)) ]]
}

@test 'as root throughout, the cgroup of a phase is below the leaf that Portage made' {
	prefix_make root
	prefix_conf 'FEATURES="cgroup -userpriv -pid-sandbox"'
	prefix_install_portcullis
	prefix_package app-test/nested-1 <<-EOF
		src_compile() { cat /proc/self/cgroup >"$PREFIX_LOG/compile"; }
	EOF
	run -0 prefix_emerge --oneshot app-test/nested
	grep -q '/emerge-[0-9]*/app-test_nested-1/portcullis-' "$PREFIX_LOG/compile"
	[[ $(record compile r.keeper) == cgroup+pidns ]]
}

@test 'PORTCULLIS_MEMORY_MAX of make.conf ends a phase, and the elog says so by name' {
	prefix_make root
	prefix_conf 'FEATURES="cgroup -userpriv -pid-sandbox"' 'PORTCULLIS_MEMORY_MAX="64M"'
	prefix_install_portcullis
	prefix_package app-test/large-1 <<-'EOF'
		src_compile() { python3 -c 'x = bytearray(200 << 20)' || die "too large"; }
	EOF
	run ! prefix_emerge --oneshot app-test/large
	[[ $output == *'app-test/large-1: src_compile was killed by its limit memory.max'* ]]
	[[ $(record compile r.limit_hit) == memory.max ]]
}
