#!/usr/bin/env bats
# Real fakeroot, of both kinds, around a real install phase, and around a whole emerge: they work as they do without us.

load ../lib/prefix

# prefix KIND: with a package that gives a file to daemon:bin, whatever says no to that fails it
prefix() {
	prefix_make user
	# Its own seccomp filter knows nothing of what fakeroot-tcp calls in its place, with us or without.
	prefix_env PORTAGE_NO_SCANELF_CHECK=1
	prefix_conf "FEATURES=\"fakeroot cgroup -sandbox -usersandbox -userpriv -userfetch $1\""
	prefix_package app-test/probe-1 <<-EOF
		src_install() {
			note_namespaces
			echo text >text
			insinto /usr/share/probe
			doins text
			fowners 1:2 /usr/share/probe/text
			stat -c '%u:%g' "\${ED}/usr/share/probe/text" "\${ED}/usr/share/probe" >>'$PREFIX_LOG/owners'
			# Not through fakeroot: what the kernel says.
			grep ^Uid /proc/self/status >>'$PREFIX_LOG/ids'
		}
	EOF
	prefix_install_portcullis
}

setuid_confine() {
	chown "root:$PREFIX_UID" "$CONFINE"
	chmod 4710 "$CONFINE"
}

# portage/const.py has /usr/bin/fakeroot, which is one of the two.
install_with() {
	run_faked prefix_run timeout 100 "$PREFIX_PORTAGE/bin/python" -c '
import runpy, sys
import portage.const
portage.const.FAKEROOT_BINARY = sys.argv[1]
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
' "/usr/bin/fakeroot-$1" "$PREFIX_PORTAGE/lib/portage/bin/ebuild" "$PREFIX_REPO/app-test/probe/probe-1.ebuild" clean install </dev/null
}

# What each kind's daemon is asked over stays, the rest is isolated, and the record says which.
spared() {
	local phase=$1 kind=$2
	case $kind in
	sysv)
		expect_kind "$phase" ipc host
		expect_kind "$phase" net apart
		[[ $(record_values "$RECORDS" "$phase" 'r.fakeroot + Object.keys(r.applied).sort()') == sysvcgroup,net ]]
		;;
	tcp)
		expect_kind "$phase" net host
		expect_kind "$phase" ipc apart
		[[ $(record_values "$RECORDS" "$phase" 'r.fakeroot + Object.keys(r.applied).sort()') == tcpcgroup,ipc ]]
		;;
	esac
}

install_phase() {
	local kind=$1
	install_with "$kind"
	[[ $(<"$PREFIX_LOG/owners") == $'1:2\n0:0' ]]
	[[ $(<"$PREFIX_LOG/ids") == *"$PREFIX_UID"* ]]
	spared install "$kind"
	expect_kind compile net apart
	expect_kind compile ipc apart
	[[ $(record_values "$RECORDS" compile r.fakeroot) == undefined ]]
}

@test 'FEATURES=fakeroot with fakeroot-sysv, through a user namespace' {
	prefix ''
	install_phase sysv
	[[ $(record_values "$RECORDS" install r.mode) == userns ]]
}

@test 'FEATURES=fakeroot with fakeroot-tcp, through a user namespace' {
	prefix ''
	install_phase tcp
	[[ $(record_values "$RECORDS" install r.mode) == userns ]]
}

@test 'FEATURES=fakeroot with both, in mode setuid' {
	local kind
	((EUID == 0)) || skip 'only root can make a set-user-id program'
	for kind in sysv tcp; do
		prefix ''
		setuid_confine
		install_phase "$kind"
		[[ $(record_values "$RECORDS" install r.mode) == setuid ]]
		prefix_clean
	done
}

# Portage takes FAKEROOTKEY out of the environment, so its phases have the library and no daemon: chown fails with EPERM, and
# the library forgives that. (Only up to src_install: faked takes a new file for a removed directory that had the same
# inode, and Portage stumbles over it when it packs or merges. fakeroot-tcp loses its socket before that.)
@test 'Portage under fakeroot: every phase is confined, and ends as it did without' {
	local phase before
	prefix '-fakeroot -pid-sandbox -mount-sandbox'
	mv "$PREFIX/etc/portage/bashrc" "$PREFIX_ROOT/bashrc"
	fakeroot_ebuild
	before=$(<"$PREFIX_LOG/owners")
	rm -rf "${PREFIX_LOG:?}"/*
	mv "$PREFIX_ROOT/bashrc" "$PREFIX/etc/portage/bashrc"
	fakeroot_ebuild
	[[ $(<"$PREFIX_LOG/owners") == "$before" ]]
	# libc was lied to; the kernel was asked.
	[[ $(<"$PREFIX_LOG/ids") == *"$PREFIX_UID"* && $(prefix_seen install uid) == 0 ]]
	for phase in configure compile install; do
		expect_kind "$phase" ipc apart
		expect_kind "$phase" net apart
		[[ $(record_values "$RECORDS" "$phase" 'r.mode + r.fakeroot') == usernsalone ]]
	done
}

fakeroot_ebuild() {
	run -0 prefix_run timeout 100 fakeroot-sysv "$PREFIX_PORTAGE/bin/python" "$PREFIX_PORTAGE/lib/portage/bin/ebuild" \
		"$PREFIX_REPO/app-test/probe/probe-1.ebuild" clean install </dev/null
}
