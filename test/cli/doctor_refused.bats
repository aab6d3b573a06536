#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# doctor under a seccomp filter or with other files in /proc, as in a container.

load ../lib/prefix

setup() {
	prefix_make user
	prefix_conf 'FEATURES="cgroup"'
	prefix_command_path
	prefix_install_portcullis
}

# filtered STATUS INSTRUCTION...: runs doctor under a seccomp filter with these BPF instructions, each written as CODE,TRUE,FALSE,VALUE.
# Fails if doctor exits with another status
filtered() {
	python3 -c '
import struct, sys
for one in sys.argv[1:]:
    sys.stdout.buffer.write(struct.pack("=HBBI", *(int(word, 0) for word in one.split(","))))
' "${@:2}" >"$PREFIX_LOG/filter"
	chmod 644 "$PREFIX_LOG/filter"
	# shellcheck disable=SC2016 # for the inner shell
	assert_status "$1" prefix_run bash -c 'exec bwrap --dev-bind / / "${@:2}" --seccomp 3 -- portcullis doctor 3<"$1"' - "$PREFIX_LOG/filter" "${MORE[@]}" \
		>"$BATS_TEST_TMPDIR/text"
}

@test 'if a seccomp filter denies namespaces, as in Docker, portcullis doctor suggests --security-opt seccomp=unconfined' {
	# clone with a namespace flag and unshare fail with EPERM, and clone3 with ENOSYS (numbers of x86-64).
	filtered 1 0x20,0,0,0 0x15,0,2,56 0x20,0,0,16 0x45,3,2,0x7e020000 0x15,2,0,272 0x15,2,0,435 \
		0x06,0,0,0x7fff0000 0x06,0,0,0x50001 0x06,0,0,0x50026
	grep -q '^warning  network-sandbox a weaker seccomp filter replaces the network namespace: a seccomp filter denies the creation of namespaces' "$BATS_TEST_TMPDIR/text" || {
		cat "$BATS_TEST_TMPDIR/text"
		return 1
	}
	grep -q -- '--security-opt seccomp' "$BATS_TEST_TMPDIR/text"
}

# The test imitates a security module: a seccomp filter returns its errno, and a bind mount shows its file in /proc/sys. A real module
# would need a kernel that contains it, and a policy.
@test 'if creating a namespace fails with EACCES, portcullis doctor reports a security module as the cause, and AppArmor if kernel.apparmor_restrict_unprivileged_userns is 1' {
	local sysctl=$PREFIX_ROOT/kernel
	# unshare, and clone with CLONE_NEWUSER, fail with EACCES.
	filtered 1 0x20,0,0,0 0x15,0,2,56 0x20,0,0,16 0x45,3,2,0x10000000 0x15,2,0,272 0x15,2,0,435 \
		0x06,0,0,0x7fff0000 0x06,0,0,0x5000d 0x06,0,0,0x50026
	grep -q '^warning  network-sandbox a weaker seccomp filter replaces the network namespace: the policy of a security module (such as AppArmor or SELinux) denies the creation of namespaces' "$BATS_TEST_TMPDIR/text" || {
		cat "$BATS_TEST_TMPDIR/text"
		return 1
	}
	mkdir "$sysctl"
	echo 1 >"$sysctl/apparmor_restrict_unprivileged_userns"
	MORE=(--ro-bind "$sysctl" /proc/sys/kernel)
	filtered 1 0x20,0,0,0 0x15,1,0,272 0x06,0,0,0x7fff0000 0x06,0,0,0x5000d
	grep -q '^warning  network-sandbox a weaker seccomp filter replaces the network namespace: AppArmor denies user namespaces to ordinary users: kernel.apparmor_restrict_unprivileged_userns is 1' \
		"$BATS_TEST_TMPDIR/text"
}

@test 'if confine cannot read the memory of a process, portcullis doctor reports that network access is not attributed to programs' {
	# process_vm_readv fails with EPERM, and /proc belongs to another PID namespace.
	MORE=(--unshare-pid)
	filtered 0 0x20,0,0,0 0x15,0,1,310 0x06,0,0,0x50001 0x06,0,0,0x7fff0000
	grep -q 'not attributed to programs: reading the memory of a process: ' "$BATS_TEST_TMPDIR/text" || {
		cat "$BATS_TEST_TMPDIR/text"
		return 1
	}
}

@test 'portcullis doctor reports kernel.yama.ptrace_scope=3 as a warning, and as an error if PORTCULLIS_ALLOW is set, which has no effect then' {
	local state status=0 sysctl=$PREFIX_ROOT/kernel text='is counted, but not attributed to programs, and PORTCULLIS_ALLOW has no effect'
	mkdir -p "$sysctl/yama"
	echo 3 >"$sysctl/yama/ptrace_scope"
	MORE=(--ro-bind "$sysctl" /proc/sys/kernel)
	for state in 'warning ' 'ERROR   '; do
		filtered "$status" 0x06,0,0,0x7fff0000
		grep -q "^$state Audit .*$text" "$BATS_TEST_TMPDIR/text" || {
			cat "$BATS_TEST_TMPDIR/text"
			return 1
		}
		grep -q 'kernel.yama.ptrace_scope is 3' "$BATS_TEST_TMPDIR/text"
		prefix_conf 'PORTCULLIS_ALLOW="192.0.2.7:80"'
		status=1
	done
}

@test 'if the kernel has no seccomp filters, portcullis doctor prints a warning that names CONFIG_SECCOMP_FILTER' {
	filtered 0 0x20,0,0,0 0x15,0,1,317 0x06,0,0,0x50026 0x06,0,0,0x7fff0000
	grep -q '^warning  Audit .*counted, but not attributed' "$BATS_TEST_TMPDIR/text" || {
		cat "$BATS_TEST_TMPDIR/text"
		return 1
	}
	grep -q '^ok       network-sandbox' "$BATS_TEST_TMPDIR/text"
	# A kernel without seccomp filters has no /proc/sys/kernel/seccomp.
	mkdir "$PREFIX_ROOT/none"
	MORE=(--ro-bind "$PREFIX_ROOT/none" /proc/sys/kernel/seccomp)
	filtered 0 0x20,0,0,0 0x15,0,1,317 0x06,0,0,0x50026 0x06,0,0,0x7fff0000
	grep -q '^warning  Audit .*the kernel has no seccomp user notification' "$BATS_TEST_TMPDIR/text"
	grep -q 'with CONFIG_SECCOMP_FILTER' "$BATS_TEST_TMPDIR/text"
}
