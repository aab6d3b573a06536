#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# fakeroot-sysv and fakeroot-tcp around an install phase and around Portage work as without Portcullis.

load ../lib/prefix

# make_prefix FEATURES: makes a prefix with a package that needs fowners to succeed
make_prefix() {
	prefix_make user
	# The seccomp filter of scanelf refuses the system calls of fakeroot-tcp, also without Portcullis.
	prefix_env PORTAGE_NO_SCANELF_CHECK=1
	prefix_conf "FEATURES=\"fakeroot cgroup -sandbox -usersandbox -userpriv -userfetch $1\""
	prefix_package app-test/probe-1 <<-EOF
		src_install() {
			record_namespaces
			echo text >text
			insinto /usr/share/probe
			doins text
			fowners 1:2 /usr/share/probe/text
			stat -c '%u:%g' "\${ED}/usr/share/probe/text" "\${ED}/usr/share/probe" >>'$PREFIX_LOG/owners'
			# Record the real user ids, which fakeroot does not change, and the user id that fakeroot reports.
			{ grep ^Uid /proc/self/status; id -u; } >>'$PREFIX_LOG/ids'
		}
	EOF
	prefix_install_portcullis
}

install_setuid_confine() {
	chown "root:$PREFIX_UID" "$CONFINE"
	chmod 4710 "$CONFINE"
}

# run_install KIND: runs the phases up to src_install with fakeroot-KIND (sysv or tcp) in place of /usr/bin/fakeroot, which is a link to only one of the two.
run_install() {
	run_with_fakeroot prefix_run timeout 100 "$PREFIX_PORTAGE/bin/python" -c '
import runpy, sys
import portage.const
portage.const.FAKEROOT_BINARY = sys.argv[1]
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
' "/usr/bin/fakeroot-$1" "$PREFIX_PORTAGE/lib/portage/bin/ebuild" "$PREFIX_REPO/app-test/probe/probe-1.ebuild" clean install </dev/null
}

# assert_daemon_reachable PHASE KIND: fails unless PHASE keeps only the network (tcp) or IPC (sysv) of the host, by which fakeroot-KIND reaches its
# daemon, and the record contains KIND
assert_daemon_reachable() {
	local phase=$1 kind=$2
	case $kind in
	sysv)
		assert_namespace "$phase" ipc host
		assert_namespace "$phase" net own
		[[ $(record_values "$RECORDS" "$phase" 'r.fakeroot + Object.keys(r.applied).sort()') == sysvcgroup,net,pid ]]
		;;
	tcp)
		assert_namespace "$phase" net host
		assert_namespace "$phase" ipc own
		[[ $(record_values "$RECORDS" "$phase" 'r.fakeroot + Object.keys(r.applied).sort()') == tcpcgroup,ipc,pid ]]
		;;
	esac
}

assert_install_phase() {
	local kind=$1
	run_install "$kind"
	[[ $(<"$PREFIX_LOG/owners") == $'1:2\n0:0' ]]
	[[ $(<"$PREFIX_LOG/ids") == *"$PREFIX_UID"* ]]
	assert_daemon_reachable install "$kind"
	assert_namespace compile net own
	assert_namespace compile ipc own
	[[ $(record_values "$RECORDS" compile r.fakeroot) == undefined ]]
}

@test 'with FEATURES=fakeroot, if fakeroot is fakeroot-sysv, an unprivileged confine does not isolate IPC in src_install, and file owners are correct' {
	make_prefix ''
	assert_install_phase sysv
	[[ $(record_values "$RECORDS" install r.mode) == userns ]]
}

@test 'with FEATURES=fakeroot, if fakeroot is fakeroot-tcp, an unprivileged confine does not isolate the network in src_install, and file owners are correct' {
	make_prefix ''
	assert_install_phase tcp
	[[ $(record_values "$RECORDS" install r.mode) == userns ]]
}

@test 'with FEATURES=fakeroot and a set-user-id confine, src_install reaches the daemon of fakeroot-sysv and of fakeroot-tcp, and file owners are correct' {
	local kind
	for kind in sysv tcp; do
		make_prefix ''
		install_setuid_confine
		assert_install_phase "$kind"
		[[ $(record_values "$RECORDS" install r.mode) == setuid ]]
		prefix_clean
	done
}

# Portage removes FAKEROOTKEY from the environment. So its phases have fakeroot's library without a daemon, and the library ignores EPERM of chown. The test
# ends after src_install, because a merge fails: faked confuses a new file with a removed directory of the same inode, and fakeroot-tcp loses its socket.
@test 'if Portage runs under fakeroot, Portcullis confines every phase, and file owners are the same as without Portcullis' {
	local phase before
	make_prefix '-fakeroot -pid-sandbox -mount-sandbox'
	mv "$PREFIX/etc/portage/bashrc" "$PREFIX_ROOT/bashrc"
	fakeroot_ebuild
	before=$(<"$PREFIX_LOG/owners")
	rm -rf "${PREFIX_LOG:?}"/*
	mv "$PREFIX_ROOT/bashrc" "$PREFIX/etc/portage/bashrc"
	fakeroot_ebuild
	[[ $(<"$PREFIX_LOG/owners") == "$before" ]]
	# id(1) gets the ids of fakeroot, /proc those of the kernel.
	[[ $(<"$PREFIX_LOG/ids") == *"$PREFIX_UID"*$'\n0' ]]
	for phase in configure compile install; do
		assert_namespace "$phase" ipc own
		assert_namespace "$phase" net own
		[[ $(record_values "$RECORDS" "$phase" 'r.mode + r.fakeroot') == usernsalone ]]
	done
}

fakeroot_ebuild() {
	run -0 prefix_run timeout 100 fakeroot-sysv "$PREFIX_PORTAGE/bin/python" "$PREFIX_PORTAGE/lib/portage/bin/ebuild" \
		"$PREFIX_REPO/app-test/probe/probe-1.ebuild" clean install </dev/null
}
