#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Each finding of doctor, on a system that is broken accordingly. The findings that need another kernel configuration are in test/vm.

load ../lib/prefix

setup() {
	prefix_make user
	prefix_conf 'FEATURES="cgroup"'
	prefix_command_path
	prefix_install_portcullis
}

# finds ID STATE TEXT: runs doctor. Fails unless the finding ID has this state and text, and doctor exits with 1 for STATE error, otherwise with 0
finds() {
	local status=0
	prefix_run portcullis doctor --json >"$BATS_TEST_TMPDIR/json" || status=$?
	[[ $status == "$([[ $2 == error ]] && echo 1 || echo 0)" ]]
	has_found "$@"
}

# has_found ID STATE TEXT: fails unless the last run of doctor printed the finding ID with this state and text
has_found() {
	local state
	# Use Python instead of Node, because it starts five times as fast.
	state=$(/usr/bin/python3 -I -S -c '
import json, sys
print(*(f["state"] for f in json.load(open(sys.argv[1], encoding="utf-8")) if f["id"] == sys.argv[2]))' "$BATS_TEST_TMPDIR/json" "$1")
	[[ ${state:-undefined} == "$2" ]] || {
		echo "$1 is $state"
		cat "$BATS_TEST_TMPDIR/json"
		return 1
	}
	grep -qF -- "$3" "$BATS_TEST_TMPDIR/json"
}

@test 'portcullis doctor reports an error if the hook is missing or edited' {
	local hook=$PREFIX/usr/share/portcullis/phase.bash
	finds hook ok 'installed, current version'
	echo '# mine' >>"$hook"
	finds hook error 'was edited or is of another version'
	run -1 prefix_run portcullis hook --check
	rm "$hook"
	finds hook error "$hook does not exist"
}

@test 'portcullis doctor reports a warning if the glibc version of the system differs from the one that is linked statically into confine' {
	printf '#!/bin/sh\necho glibc 99.9\n' >"$PREFIX/usr/bin/getconf"
	chmod 755 "$PREFIX/usr/bin/getconf"
	finds libc warning 'this system has glibc 99.9'
	rm "$PREFIX/usr/bin/getconf"
	finds confine ok 'mode '
}

@test 'portcullis doctor reports an error if /etc/portage/bashrc does not source the hook, and a warning if code precedes the managed block in this file' {
	local bashrc=$PREFIX/etc/portage/bashrc
	cp "$bashrc" "$PREFIX_ROOT/block"
	rm "$bashrc"
	finds bashrc error 'does not exist'
	mkdir "$bashrc"
	finds bashrc error 'is a directory, which Portage ignores'
	rmdir "$bashrc"
	echo 'mine=1' >"$bashrc"
	finds bashrc error 'does not source the hook'
	sed 's/-r /-e /' "$PREFIX_ROOT/block" >"$bashrc"
	finds bashrc error 'was edited'
	{
		printf '%s\n' '# a comment is allowed' 'mine=1'
		cat "$PREFIX_ROOT/block"
	} >"$bashrc"
	finds bashrc warning '1 line precedes the block of Portcullis'
	sed 's/$/\r/' "$PREFIX_ROOT/block" >"$bashrc"
	finds bashrc ok 'sources the hook'
}

@test 'portcullis doctor reports an error if etc/portage/bashrc of a crossdev target or below PORTAGE_CONFIGROOT does not source the hook' {
	mkdir -p "$PREFIX/usr/riscv64-unknown-linux-gnu/etc/portage"
	touch "$PREFIX/usr/riscv64-unknown-linux-gnu/etc/portage/make.conf"
	finds bashrc-configroot error riscv64-unknown-linux-gnu
	rm -r "$PREFIX/usr/riscv64-unknown-linux-gnu"
	run -0 prefix_run portcullis doctor
	cp -r "$PREFIX" "$PREFIX_ROOT/other"
	PREFIX_ENV+=(PORTAGE_CONFIGROOT="$PREFIX_ROOT/other")
	run -0 prefix_run portcullis doctor
	rm "$PREFIX_ROOT/other/etc/portage/bashrc"
	finds bashrc-configroot error "$PREFIX_ROOT/other/etc/portage/bashrc does not exist: Portcullis confines nothing"
	# shellcheck disable=SC2016 # it is quoted
	grep -qF "$PREFIX/usr/bin/portcullis hook --block" "$BATS_TEST_TMPDIR/json"
}

@test 'portcullis doctor warns that each confined phase runs profile.bashrc, and the files that package.bashrc of the profile lists, two times' {
	local profile=$PREFIX_REPO/profiles/test
	echo 'mine=1' >"$profile/profile.bashrc"
	finds profile.bashrc warning "$profile/profile.bashrc runs before the hook, so a confined phase runs it twice"
	rm "$profile/profile.bashrc"
	sed -i 's/^profile-formats = /&profile-bashrcs /' "$PREFIX_REPO/metadata/layout.conf"
	mkdir "$profile/bashrc"
	touch "$profile/bashrc/one.conf" "$profile/bashrc/unused.conf"
	echo 'app-test/probe one.conf' >"$profile/package.bashrc"
	finds profile.bashrc warning "$profile/bashrc/one.conf runs before the hook"
	run -1 grep -q unused.conf "$BATS_TEST_TMPDIR/json"
}

@test 'portcullis doctor reports an error if the setuid bit of confine is missing, or if the user who runs doctor is not in the group that may execute confine' {
	local used=$PREFIX/var/db/pkg/app-portage/portcullis-0.1.0
	install -o 0 -g "$PREFIX_UID" -m 4710 "$TOP/native/build/confine" "$CONFINE"
	echo 'setuid yes' >"$PREFIX/usr/share/portcullis/installed"
	finds confine ok 'mode setuid, setuid'
	# chown(2) clears the setuid bit, even if root calls it.
	chown 0 "$CONFINE"
	finds setuid error 'Run `install.sh --setuid` again'
	rm "$PREFIX/usr/share/portcullis/installed"
	finds confine ok 'mode userns'
	mkdir -p "$used"
	echo 'amd64 suid test' >"$used/USE"
	finds setuid error 'emerge --oneshot app-portage/portcullis'
	chmod 4710 "$CONFINE"
	finds confine ok 'mode setuid, setuid'
	chown 0:0 "$CONFINE"
	chmod 4710 "$CONFINE"
	finds group error "Only group 0 may run $CONFINE, and you are not in it"
}

@test 'portcullis doctor reports an error if confine is missing or does not start' {
	finds confine ok 'mode userns'
	printf '#!/bin/sh\necho "confine: no such luck" >&2\nexit 125\n' >"$CONFINE"
	finds confine error 'no such luck'
	rm "$CONFINE"
	finds confine error "$CONFINE does not exist"
}

@test 'portcullis doctor reports an error if confine is setuid on a file system that is mounted with nosuid' {
	mount -t tmpfs -o nosuid,mode=755 none "${CONFINE%/*}"
	install -m 4755 -o 0 "$TOP/native/build/confine" "$CONFINE"
	finds nosuid error 'mounted with nosuid'
	umount "${CONFINE%/*}"
}

@test 'portcullis doctor reports an error if the directory of records is missing or read-only' {
	chmod 555 "${RECORDS%/*}"
	finds records error 'you cannot write to'
	rmdir "${RECORDS%/*}"
	finds records error 'does not exist'
}

@test 'portcullis doctor reports missing Portage, FEATURES without a sandbox, and invalid or misspelled PORTCULLIS_* settings' {
	prefix_conf 'FEATURES="-network-sandbox -ipc-sandbox -pid-sandbox"'
	finds features warning 'so Portcullis confines nothing'
	has_found network-sandbox inactive 'available, but Portcullis does not apply it, because FEATURES does not contain it'
	# doctor runs confine without --pid, as the hook does for a phase, because --pid changes how confine tracks processes. --probe tests the PID namespace.
	has_found pid-sandbox inactive 'available, but Portcullis does not apply it, because FEATURES does not contain it'
	has_found pid-sandbox inactive 'confine --probe: pid=yes'
	[[ $(prefix_run portcullis doctor) == *'Portcullis confines nothing here.' ]]
	prefix_conf 'PORTCULLIS_ON_FAILURE="explode"'
	finds PORTCULLIS_ON_FAILURE error 'use warn or die'
	prefix_conf 'PORTCULLIS_ONFAILURE="die"'
	finds PORTCULLIS_ONFAILURE error 'no such variable; did you mean PORTCULLIS_ON_FAILURE?'
	prefix_env PATH="$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin" PORTAGE_PYTHON=/usr/bin/python3
	finds portage error 'Portage is not installed for '
}

@test 'with PORTCULLIS_AUDIT=only, portcullis doctor, portcullis info and portcullis explain report that Portcullis isolates nothing' {
	local what
	prefix_conf 'FEATURES="cgroup"' 'PORTCULLIS_AUDIT="only"' 'PORTCULLIS_ALLOW="192.0.2.7:80"'
	finds PORTCULLIS_AUDIT warning 'records network access, but isolates no phase and kills no process'
	for what in network-sandbox ipc-sandbox pid-sandbox mount-sandbox cgroup; do
		has_found "$what" inactive 'Portcullis does not apply it, because PORTCULLIS_AUDIT=\"only\" is set'
	done
	has_found allow inactive 'has no effect: network-sandbox is not applied'
	run -0 prefix_run portcullis doctor
	[[ $output == *'Portcullis confines nothing here.' && $output != *'applied with'* && $output != *'no process outlives'* ]]
	[[ $(prefix_run portcullis info) == *'network-sandbox: not applied by Portcullis, because PORTCULLIS_AUDIT="only" is set'* ]]
	prefix_package app-test/probe-1 </dev/null
	run -0 prefix_run portcullis explain app-test/probe
	[[ $output == *$'\nPORTCULLIS_AUDIT="only": Portcullis isolates nothing.\n'* && $output != *' yes '* ]]
}

@test 'portcullis doctor finds Portage even if PATH begins with an inaccessible directory' {
	mkdir -m 000 "$PREFIX_ROOT/closed"
	prefix_env PATH="$PREFIX_ROOT/closed:$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
	finds portage ok 'you are not root'
}

@test 'portcullis doctor reports the conflict of distcc with network-sandbox as an error, and no conflict if PORTCULLIS_AUDIT=only is set' {
	mkdir -p "$PREFIX/usr/lib/distcc/bin"
	prefix_conf 'FEATURES="distcc"' 'DISTCC_HOSTS="distcc.example.org"'
	finds conflict-distcc error 'distcc conflicts with'
	prefix_conf 'FEATURES="distcc"' 'DISTCC_HOSTS="distcc.example.org"' 'PORTCULLIS_AUDIT="only"'
	finds conflict-distcc undefined ''
}

@test 'portcullis doctor reports a proxy on loopback as a warning, as an error with PORTCULLIS_CONFLICT=die, and not at all if ENV_UNSET contains the proxy variable' {
	prefix_conf 'http_proxy="http://127.0.0.1:3128"'
	finds conflict-proxy warning 'http_proxy is http://127.0.0.1:3128'
	has_found conflict-proxy warning 'http_proxy\"; to build without the sandbox, add to make.conf: FEATURES='
	prefix_conf 'http_proxy="http://127.0.0.1:3128"' 'PORTCULLIS_CONFLICT="die"'
	finds conflict-proxy error 'so no build starts (PORTCULLIS_CONFLICT=\"die\")'
	prefix_conf 'http_proxy="http://127.0.0.1:3128"' 'ENV_UNSET="http_proxy"'
	run prefix_run portcullis doctor
	[[ $output == *network-sandbox* && $output != *127.0.0.1:3128* ]]
}

@test 'portcullis doctor prints the addresses of each entry of PORTCULLIS_ALLOW and reports an error for entries that stay blocked' {
	mkdir -p "$PREFIX/usr/lib/distcc/bin"
	prefix_conf 'PORTCULLIS_ALLOW="192.0.2.7:443 127.0.0.1:80 distcc"'
	finds allow-192.0.2.7:443 ok '192.0.2.7:443'
	[[ $(<"$BATS_TEST_TMPDIR/json") != *'192.0.2.7:443: 192.0.2.7:443'* ]]
	has_found allow-127.0.0.1:80 ok '127.0.0.1:80'
	has_found allow-distcc inactive 'distcc is not in use'
	prefix_conf 'PORTCULLIS_ALLOW="192.0.2.7:443 localhost:80 gone.invalid:80 distcc"'
	finds allow-localhost:80 error 'localhost:80 in PORTCULLIS_ALLOW stays blocked: localhost resolves to 127.0.0.1'
	has_found allow-gone.invalid:80 error 'gone.invalid:80 in PORTCULLIS_ALLOW stays blocked: gone.invalid has no address'
	prefix_conf 'PORTCULLIS_ALLOW="distcc"' 'FEATURES="distcc"' 'DISTCC_HOSTS="192.0.2.8/4,lzo"'
	finds allow-192.0.2.8/4 ok 'distcc host 192.0.2.8/4 (DISTCC_HOSTS): 192.0.2.8:3632'
	prefix_conf 'PORTCULLIS_ALLOW="distcc"' 'FEATURES="distcc"' 'DISTCC_HOSTS="192.0.2.8/4,lzo user@distcc.example.org"'
	finds allow-user@distcc.example.org error 'only distcc over TCP'
	prefix_conf 'PORTCULLIS_ALLOW="[192.0.2.7]:80"'
	finds allow error '[192.0.2.7]:80 in PORTCULLIS_ALLOW: 192.0.2.7 is not an IPv6 address'
	prefix_conf 'PORTCULLIS_ALLOW="192.0.2.7:443"' 'FEATURES="-network-sandbox"'
	finds allow inactive 'has no effect: network-sandbox is not applied, because FEATURES does not contain it'
}

@test 'as root, portcullis doctor reports an error if PORTCULLIS_ALLOW is set without FEATURES=network-sandbox-proxy' {
	prefix_conf 'PORTCULLIS_ALLOW="192.0.2.7:443"'
	assert_status 1 prefix_run_as_root portcullis doctor >"$BATS_TEST_TMPDIR/text"
	tr -s ' \n' ' ' <"$BATS_TEST_TMPDIR/text" | grep -qF 'Fix: To start Portage'\''s proxy, which permits every destination to programs that use it, add to make.conf: FEATURES="${FEATURES} network-sandbox-proxy" '
	[[ $(prefix_run_as_root portcullis explain) == *$'\nAllowed:\n  PORTCULLIS_ALLOW has no effect, because Portage as root isolates the network before confine runs, and starts no proxy. To start '* ]]
	prefix_conf 'PORTCULLIS_ALLOW="192.0.2.7:443"' 'FEATURES="network-sandbox-proxy"'
	assert_status 1 prefix_run_as_root portcullis doctor >"$BATS_TEST_TMPDIR/text"
	run -1 grep -q 'starts no proxy' "$BATS_TEST_TMPDIR/text"
	grep -q '^warning  socks .*can reach any host through this proxy' "$BATS_TEST_TMPDIR/text"
	grep -q 'Allowed.* 192.0.2.7:443$' "$BATS_TEST_TMPDIR/text"
}

@test 'if user namespaces are disabled, portcullis doctor prints the name of the sysctl, a command that enables them now and after a restart, and install.sh --setuid' {
	# doctor runs in a new user namespace, whose owner may set its limits. Then the command that doctor prints runs with another /etc/sysctl.d.
	# shellcheck disable=SC2016 # the inner shell expands it
	prefix_run unshare --user --map-current-user --keep-caps --mount -- /bin/bash -c '
		mount -t tmpfs none /etc/sysctl.d && echo 0 >/proc/sys/user/max_user_namespaces || exit
		text=$(setpriv --ambient-caps=-all --inh-caps=-all -- portcullis doctor)
		echo "$text, status $?"
		[[ $text =~ Run\ as\ root:\ \`([^\`]*)\` ]] && PATH+=:/sbin && eval "${BASH_REMATCH[1]}"
		cat /proc/sys/user/max_user_namespaces /etc/sysctl.d/portcullis.conf
	' >"$BATS_TEST_TMPDIR/text"
	grep -q ', status 1$' "$BATS_TEST_TMPDIR/text"
	[[ $(tail -n 2 "$BATS_TEST_TMPDIR/text") == $'15000\nuser.max_user_namespaces = 15000' ]]
	grep -q 'user.max_user_namespaces is 0' "$BATS_TEST_TMPDIR/text"
	grep -q 'install.sh --setuid' "$BATS_TEST_TMPDIR/text"
	grep -q '^warning  network-sandbox a weaker seccomp filter replaces the network namespace' "$BATS_TEST_TMPDIR/text"
	grep -q "ipc-sandbox .*: builds can use the host's IPC objects; leftover objects are removed\.\$" "$BATS_TEST_TMPDIR/text"
}

@test 'if no sandbox is available, portcullis run exits with 125 and does not start the command' {
	# shellcheck disable=SC2016 # for the inner shell
	run -125 prefix_run unshare --user --map-current-user --keep-caps -- /bin/bash -c '
		echo 0 >/proc/sys/user/max_user_namespaces
		exec setpriv --ambient-caps=-all --inh-caps=-all -- portcullis run -- echo it was run
	'
	[[ $output != *'it was run'* && $output == *"is not available"* ]]
}

@test 'portcullis doctor exits with 2 on an unknown option or an argument' {
	run -2 prefix_run portcullis doctor --verbsoe
	run -2 prefix_run portcullis doctor now
}

@test 'portcullis doctor reports to an ordinary user in a chroot that user namespaces are not available, and to root that Portage applies sandboxes and whether phases with userpriv can write records' {
	# shellcheck disable=SC2016 # for the inner shell
	local inside='
		mount --make-rprivate / && mount --rbind / "$1" || exit
		exec chroot "$1" setpriv --reuid="$2" --regid="$2" --clear-groups --inh-caps=-all -- "${@:3}"
	'
	mkdir "$PREFIX_ROOT/chroot"
	assert_status 1 unshare --mount bash -c "$inside" - "$PREFIX_ROOT/chroot" "$PREFIX_UID" env -i PATH="$PATH" PORTAGE_OVERRIDE_EPREFIX="$PREFIX" \
		HOME="$PREFIX_ROOT/home" PORTAGE_PYTHON="$PREFIX_PORTAGE/bin/python" "$PREFIX/usr/bin/portcullis" doctor \
		>"$BATS_TEST_TMPDIR/text"
	grep -q '^warning  network-sandbox a weaker seccomp filter replaces the network namespace: .*as in a chroot (unshare(CLONE_NEWUSER): Operation not permitted)' "$BATS_TEST_TMPDIR/text" || {
		cat "$BATS_TEST_TMPDIR/text"
		return 1
	}
	prefix_clean
	prefix_make root
	prefix_conf 'FEATURES="cgroup"'
	prefix_command_path
	prefix_install_portcullis
	finds network-sandbox ok 'applied by Portage if emerge runs as root; otherwise by Portcullis'
	[[ $(prefix_run portcullis info) == *'network-sandbox: requested; applied by Portage if emerge runs as root; otherwise by Portcullis'* ]]
	finds records ok 'phases can write records'
	chmod 755 "${RECORDS%/*}"
	finds records error "FEATURES=\\\"userpriv\\\" runs phases as a user who cannot write to ${RECORDS%/*}"
	prefix_features 'cgroup -userpriv'
	finds records ok 'phases can write records'
}
