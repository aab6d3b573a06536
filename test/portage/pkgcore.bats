#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# pkgcore sources the bashrc of Portage. Its phases cannot be confined.

load ../lib/prefix

@test 'if pmerge of pkgcore builds two packages, the hook reports once that no phase is confined, and portcullis doctor warns of this' {
	local bin
	bin=$("$TOP/scripts/pkgcheck") && bin=${bin%/*}
	# pmerge merges into a ROOT of its own, in which no package is installed. Under fakeroot, an ordinary user can change the owner of files.
	prefix_make user
	prefix_features 'network-sandbox ipc-sandbox' "ROOT=\"$PREFIX_ROOT/root\""
	mkdir -p "$PREFIX_ROOT/root/var/db/pkg"
	prefix_package app-test/one-1 </dev/null
	prefix_package app-test/two-1 </dev/null
	prefix_install_portcullis
	chown -R "$PREFIX_UID:portage" "$PREFIX_ROOT"
	run -0 setpriv --reuid="$PREFIX_UID" --regid=portage --clear-groups -- env -i PATH="$PATH" HOME="$PREFIX_ROOT/home" \
		fakeroot "$bin/python" "$bin/pmerge" --config "$PREFIX/etc/portage" --oneshot --nodeps app-test/one app-test/two </dev/null
	[[ $(prefix_phases | grep -c compile) == 2 ]]
	[[ $(grep -c 'Portcullis: .*: Portcullis confines no phase of pkgcore and Paludis' <<<"$output") == 1 ]]
	assert_namespace compile net host

	prefix_env PATH="$PREFIX_PORTAGE/bin:$bin:$PREFIX/usr/bin:/usr/bin:/bin"
	run prefix_run portcullis doctor
	[[ $output == *'warning  pkgcore '*'Portcullis does not confine the phases that pmerge runs.'* ]]
}
