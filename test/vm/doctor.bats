#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# portcullis doctor on kernels with settings that disable namespaces, limits or the audit.

load ../lib/prefix

setup() {
	prefix_make user
	prefix_conf 'FEATURES="cgroup"' 'PORTCULLIS_MEMORY_MAX="1G"'
	prefix_command_path
	prefix_install_portcullis
}

# Runs doctor as the user of the prefix, or as root with RUN=prefix_run_as_root. Fails unless doctor exits with 1 if it prints an error, and with 0 otherwise.
doctor() {
	local status=0
	"${RUN-prefix_run}" portcullis doctor --verbose >"$BATS_TEST_TMPDIR/text" || status=$?
	[[ $status == "$(grep -q '^ERROR ' "$BATS_TEST_TMPDIR/text" && echo 1 || echo 0)" ]]
}

# assert_state STATE TITLE: fails unless doctor printed a finding with that state and title
assert_state() {
	grep -qE "^$1 +$2( |$)" "$BATS_TEST_TMPDIR/text" || {
		cat "$BATS_TEST_TMPDIR/text"
		return 1
	}
}

# assert_reports TEXT: fails unless the output of doctor contains TEXT
assert_reports() {
	grep -qF -- "$1" "$BATS_TEST_TMPDIR/text" || {
		cat "$BATS_TEST_TMPDIR/text"
		return 1
	}
}

@test 'if a sysctl disables unprivileged user namespaces, portcullis doctor reports the name of the sysctl and the setting that enables user namespaces' {
	local sysctl
	for sysctl in user.max_user_namespaces kernel.unprivileged_userns_clone; do
		sysctl -qw "$sysctl=0"
		doctor
		assert_state warning network-sandbox
		assert_reports "$sysctl is 0"
		assert_reports "sysctl -w $sysctl=1"
		sysctl -qw "$sysctl=10000" 2>/dev/null || sysctl -qw "$sysctl=1"
		doctor
		assert_state ok network-sandbox
	done
}

@test 'without user namespaces, portcullis doctor reports that FEATURES=sandbox sets no_new_privs, which disables a setuid confine' {
	local text='FEATURES="sandbox" sets no_new_privs'
	sysctl -qw user.max_user_namespaces=0
	install -o 0 -g "$PREFIX_UID" -m 4710 "$TOP/native/build/confine" "$CONFINE"
	doctor
	assert_reports 'applied with the setuid confine'
	[[ ! -e /usr/bin/sandbox ]]
	install -m 755 /bin/true /usr/bin/sandbox
	doctor
	assert_reports "$text"
	assert_reports 'user.max_user_namespaces is 0'
	run -1 assert_reports 'make confine setuid'
	prefix_conf 'FEATURES="-sandbox"'
	doctor
	run -1 assert_reports "$text"
	sysctl -qw user.max_user_namespaces=10000
	prefix_conf
	doctor
	run -1 assert_reports "$text"
	rm /usr/bin/sandbox
}

@test 'as root, portcullis doctor reports PORTCULLIS_MEMORY_MAX as ok if cgroup v2 has the memory controller, and as an error otherwise' {
	local RUN=prefix_run_as_root
	doctor
	if grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null; then
		assert_state ok PORTCULLIS_MEMORY_MAX
	else
		assert_state ERROR PORTCULLIS_MEMORY_MAX
		if ! grep -q ' cgroup2 ' /proc/self/mountinfo; then assert_reports 'cgroup v1 only'; fi
	fi
}

@test 'if kernel.yama.ptrace_scope is 2, portcullis doctor reports that PORTCULLIS_ALLOW has no effect with a setuid confine' {
	local text='PORTCULLIS_ALLOW has no effect: kernel.yama.ptrace_scope is 2'
	sysctl -qw kernel.yama.ptrace_scope=2
	doctor
	assert_state ok Audit
	install -o 0 -g "$PREFIX_UID" -m 4710 "$TOP/native/build/confine" "$CONFINE"
	prefix_conf 'FEATURES="-sandbox"'
	doctor
	assert_reports "$text"
	sysctl -qw kernel.yama.ptrace_scope=1
	doctor
	assert_state ok Audit
	sysctl -qw kernel.yama.ptrace_scope=0
}

# doctor_under_profile PROFILE: runs doctor under the AppArmor profile PROFILE
doctor_under_profile() {
	(echo "exec $1" >"/proc/$BASHPID/attr/apparmor/exec" && doctor)
}

@test 'if an AppArmor profile refuses namespaces, portcullis doctor reports the name of the profile to root and to an unprivileged user' {
	local profile=portcullis-test RUN
	[[ $(cat /sys/module/apparmor/parameters/enabled) == Y ]]
	mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
	apparmor_parser --replace --skip-cache <<-EOF
		profile $profile flags=(attach_disconnected) {
			file,
			signal,
			ptrace,
			unix,
			network,
			mount,
			umount,
			pivot_root,
			capability,
			deny capability sys_admin,
		}
	EOF
	for RUN in prefix_run prefix_run_as_root; do
		doctor
		assert_state ok network-sandbox
		doctor_under_profile "$profile"
		assert_state warning network-sandbox
		assert_reports "AppArmor's profile $profile"
		assert_reports 'capability sys_admin'
	done
	apparmor_parser --remove --skip-cache <<<"profile $profile {}"
}
