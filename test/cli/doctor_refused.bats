#!/usr/bin/env bats
# doctor under a seccomp filter or with other files in /proc, as in a container.

load ../lib/prefix

setup() {
	prefix_make user
	prefix_conf 'FEATURES="cgroup"'
	prefix_env PATH="$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
	prefix_install_portcullis
}

# filtered INSTRUCTION... : doctor under a seccomp filter, as a container has one; an instruction is CODE,TRUE,FALSE,VALUE
filtered() {
	python3 -c '
import struct, sys
for one in sys.argv[1:]:
    sys.stdout.buffer.write(struct.pack("=HBBI", *(int(word, 0) for word in one.split(","))))
' "$@" >"$PREFIX_LOG/filter"
	chmod 644 "$PREFIX_LOG/filter"
	# shellcheck disable=SC2016 # for the inner shell
	prefix_run bash -c 'exec bwrap --dev-bind / / "${@:2}" --seccomp 3 -- portcullis doctor 3<"$1"' - "$PREFIX_LOG/filter" "${MORE[@]}" \
		>"$BATS_TEST_TMPDIR/text" || [[ $? == 1 ]]
}

@test 'a seccomp filter as in Docker is reported with the option that disables it' {
	# clone with a flag of a namespace and unshare are not permitted, clone3 is not there (the numbers of x86-64).
	filtered 0x20,0,0,0 0x15,0,2,56 0x20,0,0,16 0x45,3,2,0x7e020000 0x15,2,0,272 0x15,2,0,435 \
		0x06,0,0,0x7fff0000 0x06,0,0,0x50001 0x06,0,0,0x50026
	grep -q '^ERROR    network-sandbox a seccomp filter denies it' "$BATS_TEST_TMPDIR/text" || {
		cat "$BATS_TEST_TMPDIR/text"
		return 1
	}
	grep -q -- '--security-opt seccomp' "$BATS_TEST_TMPDIR/text"
}

# These are what a system has that has them: the numbers of an error, and a file in /proc. The modules themselves need a kernel of
# their own, and a policy.
@test 'EACCES is attributed to a security module, and a sysctl to AppArmor' {
	local sysctl=$PREFIX_ROOT/kernel
	# unshare is refused with EACCES, and clone with the flag of a user namespace.
	filtered 0x20,0,0,0 0x15,0,2,56 0x20,0,0,16 0x45,3,2,0x10000000 0x15,2,0,272 0x15,2,0,435 \
		0x06,0,0,0x7fff0000 0x06,0,0,0x5000d 0x06,0,0,0x50026
	grep -q '^ERROR    network-sandbox the policy of a security module (such as AppArmor or SELinux) denies it' "$BATS_TEST_TMPDIR/text" || {
		cat "$BATS_TEST_TMPDIR/text"
		return 1
	}
	mkdir "$sysctl"
	echo 1 >"$sysctl/apparmor_restrict_unprivileged_userns"
	MORE=(--ro-bind "$sysctl" /proc/sys/kernel)
	filtered 0x20,0,0,0 0x15,1,0,272 0x06,0,0,0x7fff0000 0x06,0,0,0x5000d
	grep -q '^ERROR    network-sandbox AppArmor denies user namespaces to ordinary users: kernel.apparmor_restrict_unprivileged_userns is 1' \
		"$BATS_TEST_TMPDIR/text"
}

@test 'Yama scope 3 is a warning, and an error with PORTCULLIS_ALLOW' {
	local state sysctl=$PREFIX_ROOT/kernel text='is counted, but not attributed to programs, and PORTCULLIS_ALLOW has no effect'
	mkdir -p "$sysctl/yama"
	echo 3 >"$sysctl/yama/ptrace_scope"
	MORE=(--ro-bind "$sysctl" /proc/sys/kernel)
	for state in 'warning ' 'ERROR   '; do
		[[ $state == warning* ]] || prefix_conf 'PORTCULLIS_ALLOW="192.0.2.7:80"'
		filtered 0x06,0,0,0x7fff0000
		grep -q "^$state Audit .*$text" "$BATS_TEST_TMPDIR/text" || {
			cat "$BATS_TEST_TMPDIR/text"
			return 1
		}
		grep -q 'kernel.yama.ptrace_scope is 3' "$BATS_TEST_TMPDIR/text"
	done
}

@test 'a kernel without seccomp is a warning with the kernel option' {
	filtered 0x20,0,0,0 0x15,0,1,317 0x06,0,0,0x50026 0x06,0,0,0x7fff0000
	grep -q '^warning  Audit .*counted, but not attributed' "$BATS_TEST_TMPDIR/text" || {
		cat "$BATS_TEST_TMPDIR/text"
		return 1
	}
	grep -q '^ok       network-sandbox' "$BATS_TEST_TMPDIR/text"
	# What such a kernel shows besides: no folder of seccomp's.
	mkdir "$PREFIX_ROOT/none"
	MORE=(--ro-bind "$PREFIX_ROOT/none" /proc/sys/kernel/seccomp)
	filtered 0x20,0,0,0 0x15,0,1,317 0x06,0,0,0x50026 0x06,0,0,0x7fff0000
	grep -q '^warning  Audit .*the kernel has no seccomp user notification' "$BATS_TEST_TMPDIR/text"
	grep -q 'with CONFIG_SECCOMP_FILTER' "$BATS_TEST_TMPDIR/text"
}
