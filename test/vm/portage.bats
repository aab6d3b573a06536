#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# emerge as root with FEATURES=cgroup on a host with cgroup v2: the cgroups of Portage and of confine.
# shellcheck disable=SC2030,SC2031 # every test has variables of its own

load ../lib/prefix

@test 'with FEATURES=cgroup and Portcullis, a daemon that pkg_postinst starts survives the end of emerge, and a process that src_compile leaves running is killed' {
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
	run -1 redis-cli -s "$PREFIX_LOG/before.socket" ping

	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/after
	[[ $output == *'1 leftover process killed: orphan-after 1000 (pid '* ]]
	run -0 redis-cli -s "$PREFIX_LOG/after.socket" ping
	[[ $output == PONG ]]
	[[ -s $PREFIX_LOG/after.postinst ]]
	run -1 grep emerge- "$PREFIX_LOG/after.postinst"
	redis-cli -s "$PREFIX_LOG/after.socket" shutdown nosave || true
	[[ $(record_values "$RECORDS" compile r.missing.length) == 0 ]]
	[[ ! $(find /sys/fs/cgroup -type d \( -name 'portcullis*' -o -name 'emerge-*' \)) ]]
}

@test 'as root without FEATURES=userpriv, confine creates the cgroup of a phase below the cgroup that Portage has created for the package build' {
	prefix_make root
	prefix_conf 'FEATURES="cgroup -userpriv -pid-sandbox"'
	prefix_install_portcullis
	prefix_package app-test/nested-1 <<-EOF
		src_compile() { cat /proc/self/cgroup >"$PREFIX_LOG/compile"; }
	EOF
	run -0 prefix_emerge --oneshot app-test/nested
	grep -q '/emerge-[0-9]*/app-test_nested-1/portcullis-' "$PREFIX_LOG/compile"
	[[ $(record_values "$RECORDS" compile r.tracking) == cgroup+pidns ]]
}

# assert_memory_limit FEATURES USER: src_compile, which runs as that user, is killed at PORTCULLIS_MEMORY_MAX, and emerge prints the reason
assert_memory_limit() {
	prefix_make root
	prefix_conf "FEATURES=\"$1\"" 'PORTCULLIS_MEMORY_MAX="100M"'
	prefix_install_portcullis
	prefix_package app-test/large-1 <<-EOF
		src_compile() {
			{ id -u; cat /proc/self/cgroup; } >"$PREFIX_LOG/compile"
			python3 -c 'x = bytearray(200 << 20)' || die "too large"
		}
	EOF
	run -1 prefix_emerge --oneshot app-test/large
	[[ $output == *"app-test/large-1: src_compile reached the limit of the whole build, memory.max, and was killed. Raise PORTCULLIS_MEMORY_MAX"* ]] || {
		echo "$output"
		return 1
	}
	[[ $output != *'runs without'* ]]
	[[ $(record_values "$RECORDS" compile 'r.limit_hit + r.limit_inherited + r.missing.length') == memory.maxtrue0 ]]
	grep -q '/emerge-[0-9]*/app-test_large-1' "$PREFIX_LOG/compile"
	grep -qx "$(id -u "$2")" "$PREFIX_LOG/compile"
}

@test 'with FEATURES=cgroup, PORTCULLIS_MEMORY_MAX limits all processes of a package build together, and emerge prints that the limit was reached' {
	assert_memory_limit cgroup portage
}

@test 'with FEATURES="cgroup userpriv -pid-sandbox", PORTCULLIS_MEMORY_MAX limits all processes of a package build together' {
	assert_memory_limit 'cgroup userpriv -pid-sandbox' portage
}

@test 'with FEATURES="cgroup -userpriv -pid-sandbox", PORTCULLIS_MEMORY_MAX limits all processes of a package build together' {
	assert_memory_limit 'cgroup -userpriv -pid-sandbox' root
}

@test 'from src_unpack on, PORTCULLIS_MEMORY_MAX, PORTCULLIS_PIDS_MAX and PORTCULLIS_CPU_MAX limit the cgroup that Portage has created for the package build' {
	prefix_make root
	prefix_conf 'FEATURES="cgroup"' 'PORTCULLIS_MEMORY_MAX="300M"' 'PORTCULLIS_PIDS_MAX="60"' 'PORTCULLIS_CPU_MAX="050%"'
	prefix_install_portcullis
	prefix_package app-test/limited-1 <<-EOF
		src_unpack() {
			mkdir -p "\${S}" && cd "/sys/fs/cgroup\$(sed -n s/^0:://p /proc/self/cgroup)" &&
				cat memory.max pids.max cpu.max >"$PREFIX_LOG/limits"
		}
		src_compile() {
			python3 -c 'import os, time
		for i in range(100):
		    if os.fork() == 0: time.sleep(100)' 2>"$PREFIX_LOG/refused"
		}
	EOF
	run -1 prefix_emerge --oneshot app-test/limited
	[[ $(<"$PREFIX_LOG/limits") == $'314572800\n60\n50000 100000' ]]
	grep -q 'Resource temporarily unavailable' "$PREFIX_LOG/refused"
	[[ $output == *"app-test/limited-1: src_compile reached the limit of the whole build, pids.max, and could not start more processes. Raise PORTCULLIS_PIDS_MAX"* ]]
	[[ $(record_values "$RECORDS" compile 'r.limit_hit + r.limit_inherited + r.missing.length') == pids.maxtrue0 ]]
}
