#!/usr/bin/env bats
# Broken states, each made for real, and told apart. Those that need another kernel set-up are in test/vm.

load ../lib/prefix

setup() {
	prefix_make user
	prefix_conf 'FEATURES="cgroup"'
	prefix_env PATH="$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
	prefix_install_portcullis
}

# finds ID STATE TEXT: doctor says so, and its status fits
finds() {
	local status=0 state
	prefix_run portcullis doctor --json >"$BATS_TEST_TMPDIR/json" || status=$?
	state=$(node -p 'JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8")).find((f) => f.id === process.argv[2])?.state' \
		"$BATS_TEST_TMPDIR/json" "$1")
	[[ $state == "$2" ]] || {
		echo "$1 is $state"
		cat "$BATS_TEST_TMPDIR/json"
		return 1
	}
	[[ $2 != bad || $status == 1 ]] && [[ $2 == bad || $status == 0 ]]
	grep -qF -- "$3" "$BATS_TEST_TMPDIR/json"
}

@test 'the hook is missing; it was edited; it is of another version' {
	local hook=$PREFIX/etc/portage/portcullis/phase.bash
	finds hook good 'installed, and of this version'
	echo '# mine' >>"$hook"
	finds hook bad 'it was edited, or is of another version'
	run -1 prefix_run portcullis hook --check
	rm "$hook"
	finds hook bad "there is no $hook"
}

@test 'bashrc: missing, a directory, without the block, an edited block, code above it, CRLF' {
	local bashrc=$PREFIX/etc/portage/bashrc
	cp "$bashrc" "$PREFIX_ROOT/block"
	rm "$bashrc"
	finds bashrc bad 'is not there'
	mkdir "$bashrc"
	finds bashrc bad 'is a directory, which Portage ignores'
	rmdir "$bashrc"
	echo 'mine=1' >"$bashrc"
	finds bashrc bad 'does not source the hook'
	sed 's/-r /-e /' "$PREFIX_ROOT/block" >"$bashrc"
	finds bashrc bad 'was edited'
	{
		printf '%s\n' '# a comment does no harm' 'mine=1'
		cat "$PREFIX_ROOT/block"
	} >"$bashrc"
	finds bashrc odd 'above the block'
	sed 's/$/\r/' "$PREFIX_ROOT/block" >"$bashrc"
	finds bashrc good 'sources the hook'
}

@test 'a crossdev configuration without the hook; a PORTAGE_CONFIGROOT' {
	mkdir -p "$PREFIX/usr/riscv64-unknown-linux-gnu/etc/portage"
	touch "$PREFIX/usr/riscv64-unknown-linux-gnu/etc/portage/make.conf"
	finds bashrc-configroot bad riscv64-unknown-linux-gnu
	rm -r "$PREFIX/usr/riscv64-unknown-linux-gnu"
	run -0 prefix_run portcullis doctor
	cp -r "$PREFIX" "$PREFIX_ROOT/other"
	PREFIX_ENV+=(PORTAGE_CONFIGROOT="$PREFIX_ROOT/other")
	run -0 prefix_run portcullis doctor
	rm "$PREFIX_ROOT/other/etc/portage/bashrc"
	finds bashrc-configroot bad "$PREFIX_ROOT/other/etc/portage/bashrc is not there: nothing is confined"
	# shellcheck disable=SC2016 # it is quoted
	grep -qF 'portcullis hook --block' "$BATS_TEST_TMPDIR/json"
}

@test 'a profile.bashrc, and what a package.bashrc names, runs twice' {
	local profile=$PREFIX_REPO/profiles/test
	echo 'mine=1' >"$profile/profile.bashrc"
	finds profile.bashrc odd "$profile/profile.bashrc runs before the hook, so twice in a confined phase"
	rm "$profile/profile.bashrc"
	sed -i 's/^profile-formats = /&profile-bashrcs /' "$PREFIX_REPO/metadata/layout.conf"
	mkdir "$profile/bashrc"
	touch "$profile/bashrc/one.conf" "$profile/bashrc/unused.conf"
	echo 'app-test/probe one.conf' >"$profile/package.bashrc"
	finds profile.bashrc odd "$profile/bashrc/one.conf runs before the hook"
	run ! grep -q unused.conf "$BATS_TEST_TMPDIR/json"
}

@test 'the setuid bit: lost, after install.sh or after emerge; of a group that is not yours' {
	((EUID == 0)) || skip 'only root makes it setuid'
	local used=$PREFIX/var/db/pkg/app-portage/portcullis-0.1.0
	install -o 0 -g "$PREFIX_UID" -m 4710 "$TOP/native/build/confine" "$CONFINE"
	echo 'setuid yes' >"$PREFIX/usr/lib/portcullis/installed"
	finds confine good 'mode setuid, setuid'
	# What takes the bit off: chown(2) does, root's too.
	chown 0 "$CONFINE"
	finds setuid bad 'Run `install.sh --setuid` again'
	rm "$PREFIX/usr/lib/portcullis/installed"
	finds confine good 'mode userns'
	mkdir -p "$used"
	echo 'amd64 suid test' >"$used/USE"
	finds setuid bad 'emerge --oneshot app-portage/portcullis'
	chmod 4710 "$CONFINE"
	finds confine good 'mode setuid, setuid'
	chown 0:0 "$CONFINE"
	chmod 4710 "$CONFINE"
	finds group bad 'is for group 0 alone, and you are not in it'
}

@test 'confine is missing; it does not start' {
	finds confine good 'mode userns'
	printf '#!/bin/sh\necho "confine: no such luck" >&2\nexit 125\n' >"$CONFINE"
	finds confine bad 'no such luck'
	rm "$CONFINE"
	finds confine bad "there is no $CONFINE"
}

@test 'setuid on a file system that is mounted nosuid' {
	((EUID == 0)) || skip 'only root can mount'
	mount -t tmpfs -o nosuid,mode=755 none "${CONFINE%/*}"
	install -m 4755 -o 0 "$TOP/native/build/confine" "$CONFINE"
	finds nosuid bad 'mounted nosuid'
	umount "${CONFINE%/*}"
}

@test 'records can not be written; their folder is gone' {
	chmod 555 "${RECORDS%/*}"
	finds records bad 'is not writable'
	rmdir "${RECORDS%/*}"
	finds records bad 'there is no folder'
}

@test 'no Portage; FEATURES asks for nothing; a bad setting' {
	prefix_conf 'FEATURES="-network-sandbox -ipc-sandbox"'
	finds features odd 'nothing is confined'
	prefix_conf 'PORTCULLIS_ON_FAILURE="explode"'
	finds PORTCULLIS_ON_FAILURE bad 'it can be warn or die'
	prefix_env PATH="$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin" PORTAGE_PYTHON=/usr/bin/python3
	finds portage bad 'there is no Portage'
}

@test 'a folder of PATH that is closed is none' {
	mkdir -m 000 "$PREFIX_ROOT/closed"
	prefix_env PATH="$PREFIX_ROOT/closed:$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
	finds portage good 'not being root'
}

@test 'distcc is configured: it was asked for and does not work' {
	mkdir -p "$PREFIX/usr/lib/distcc/bin"
	prefix_conf 'FEATURES="distcc"' 'DISTCC_HOSTS="farm.example.org"'
	finds collision-distcc bad 'distcc collides'
	prefix_conf 'FEATURES="distcc"' 'DISTCC_HOSTS="farm.example.org"' 'PORTCULLIS_AUDIT="only"'
	finds collision-distcc undefined ''
}

@test 'a proxy on loopback: the build works without; it stops where make.conf says so; until ENV_UNSET takes it away' {
	prefix_conf 'http_proxy="http://127.0.0.1:3128"'
	finds collision-proxy odd 'http_proxy is http://127.0.0.1:3128'
	prefix_conf 'http_proxy="http://127.0.0.1:3128"' 'PORTCULLIS_CONFLICT="die"'
	finds collision-proxy bad 'Nothing is built, as PORTCULLIS_CONFLICT=\"die\" asks'
	prefix_conf 'http_proxy="http://127.0.0.1:3128"' 'ENV_UNSET="http_proxy"'
	run prefix_run portcullis doctor
	[[ $output != *127.0.0.1:3128* ]]
}

@test 'what is let through, as it is looked up here and now' {
	mkdir -p "$PREFIX/usr/lib/distcc/bin"
	prefix_conf 'PORTCULLIS_ALLOW="192.0.2.7:443 127.0.0.1:80 distcc"'
	finds allow-192.0.2.7:443 good '192.0.2.7:443: 192.0.2.7:443'
	finds allow-127.0.0.1:80 good '127.0.0.1:80'
	finds allow-distcc idle 'it is not in use'
	prefix_conf 'PORTCULLIS_ALLOW="192.0.2.7:443 localhost:80 gone.invalid:80 distcc"'
	finds allow-localhost:80 bad 'localhost:80 in PORTCULLIS_ALLOW stays blocked: localhost is 127.0.0.1'
	finds allow-gone.invalid:80 bad 'gone.invalid:80 in PORTCULLIS_ALLOW stays blocked: no address of gone.invalid can be found'
	prefix_conf 'PORTCULLIS_ALLOW="distcc"' 'FEATURES="distcc"' 'DISTCC_HOSTS="192.0.2.8/4,lzo"'
	finds allow-192.0.2.8/4 good "distcc's 192.0.2.8/4 (DISTCC_HOSTS): 192.0.2.8:3632"
	prefix_conf 'PORTCULLIS_ALLOW="distcc"' 'FEATURES="distcc"' 'DISTCC_HOSTS="192.0.2.8/4,lzo user@farm.example.org"'
	finds allow-user@farm.example.org bad 'only hosts with a TCP port'
	prefix_conf 'PORTCULLIS_ALLOW="[192.0.2.7]:80"'
	finds allow bad '[192.0.2.7]:80 in PORTCULLIS_ALLOW: 192.0.2.7 is no IPv6 address'
	prefix_conf 'PORTCULLIS_ALLOW="192.0.2.7:443"' 'FEATURES="-network-sandbox"'
	finds allow idle 'does nothing, as FEATURES names no network-sandbox'
}

@test 'as root nothing is let through where Portage starts no proxy' {
	prefix_conf 'PORTCULLIS_ALLOW="192.0.2.7:443"'
	prefix_run unshare --user --map-root-user -- portcullis doctor >"$BATS_TEST_TMPDIR/text" || [[ $? == 1 ]]
	grep -q 'Way out: FEATURES="network-sandbox-proxy"' "$BATS_TEST_TMPDIR/text"
	prefix_conf 'PORTCULLIS_ALLOW="192.0.2.7:443"' 'FEATURES="network-sandbox-proxy"'
	prefix_run unshare --user --map-root-user -- portcullis doctor >"$BATS_TEST_TMPDIR/text" || [[ $? == 1 ]]
	run ! grep -q 'starts no proxy' "$BATS_TEST_TMPDIR/text"
	grep -q '^odd  socks .*this hole is open' "$BATS_TEST_TMPDIR/text"
	grep -q 'Let through.*192.0.2.7:443: 192.0.2.7:443' "$BATS_TEST_TMPDIR/text"
}

@test 'no user namespaces: the sysctl is named, and setuid as the way out' {
	# In a user namespace of its own, whose owner may set its limits.
	prefix_run unshare --user --map-current-user --keep-caps -- /bin/bash -c '
		echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --ambient-caps=-all --inh-caps=-all -- portcullis doctor
	' >"$BATS_TEST_TMPDIR/text" || [[ $? == 1 ]]
	grep -q 'user.max_user_namespaces is 0' "$BATS_TEST_TMPDIR/text"
	grep -q 'install.sh --setuid' "$BATS_TEST_TMPDIR/text"
	grep -q '^BAD  network-sandbox' "$BATS_TEST_TMPDIR/text"
}

@test 'portcullis run: what can not be had is not run' {
	# shellcheck disable=SC2016 # for the inner shell
	run -125 prefix_run unshare --user --map-current-user --keep-caps -- /bin/bash -c '
		echo 0 >/proc/sys/user/max_user_namespaces
		exec setpriv --ambient-caps=-all --inh-caps=-all -- portcullis run -- echo it was run
	'
	[[ $output != *'it was run'* && $output == *"can't be had"* ]]
}

@test 'bad usage is status 2, and a pipe has no colours' {
	run -2 prefix_run portcullis doctor --verbsoe
	run -2 prefix_run portcullis doctor now
}

@test 'as root: Portage does it too; in a chroot, an ordinary user can not have it' {
	((EUID == 0)) || skip 'only root can chroot'
	# shellcheck disable=SC2016 # for the inner shell
	local inside='
		mount --make-rprivate / && mount --rbind / "$1" || exit
		exec chroot "$1" setpriv --reuid="$2" --regid="$2" --clear-groups --inh-caps=-all -- "${@:3}"
	'
	mkdir "$PREFIX_ROOT/chroot"
	unshare --mount bash -c "$inside" - "$PREFIX_ROOT/chroot" "$PREFIX_UID" env -i PATH="$PATH" PORTAGE_OVERRIDE_EPREFIX="$PREFIX" \
		HOME="$PREFIX_ROOT/home" PORTAGE_PYTHON="$PREFIX_PORTAGE/bin/python" "$PREFIX/usr/bin/portcullis" doctor \
		>"$BATS_TEST_TMPDIR/text" || [[ $? == 1 ]]
	grep -q '^BAD  network-sandbox .*as it does to an ordinary user in a chroot (unshare(CLONE_NEWUSER): Operation not permitted)' "$BATS_TEST_TMPDIR/text" || {
		cat "$BATS_TEST_TMPDIR/text"
		return 1
	}
	prefix_clean
	prefix_make root
	prefix_conf 'FEATURES="cgroup"'
	prefix_env PATH="$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
	prefix_install_portcullis
	finds network-sandbox good 'by Portage, being root, and where it does not by Portcullis'
	[[ $(prefix_run portcullis info) == *'network-sandbox: requested, applied by Portage and Portcullis'* ]]
}
