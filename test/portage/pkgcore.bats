#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# pkgcore sources the bashrc of Portage. Its phases cannot be confined.

load ../lib/prefix

@test 'in a build with pkgcore, the hook reports once that no phase is confined, and doctor reports pkgcore' {
	local bin
	bin=$("$TOP/scripts/pkgcheck") && bin=${bin%/*}
	prefix_make user 'network-sandbox ipc-sandbox'
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	chown -R "$PREFIX_UID:portage" "$PREFIX_ROOT"
	run -0 setpriv --reuid="$PREFIX_UID" --regid=portage --clear-groups -- env -i PATH="$PATH" HOME="$PREFIX_ROOT/home" \
		"$bin/python" "$bin/pebuild" --config "$PREFIX/etc/portage" "$PREFIX_REPO/app-test/probe/probe-1.ebuild" setup compile
	[[ $(grep -c 'Portcullis: app-test/probe-1: Portcullis does not confine the phases of pkgcore and Paludis' <<<"$output") == 1 ]]
	assert_namespace compile net host

	prefix_env PATH="$PREFIX_PORTAGE/bin:$bin:$PREFIX/usr/bin:/usr/bin:/bin"
	run prefix_run portcullis doctor
	[[ $output == *'warning  pkgcore '*'Portcullis does not confine the phases that pmerge runs.'* ]]
}
