#!/usr/bin/env bats
# PORTCULLIS_* are those of make.conf and package.env as they are now, whatever a build has put into its environment.

load ../lib/prefix

setup() {
	prefix_make user
	prefix_conf
}

# build PHASE... of app-test/probe-1, from the start
build() {
	rm -f "$PREFIX_LOG/phases"
	run -0 prefix_ebuild app-test/probe-1 clean "$@"
}

@test 'an ebuild that sets each of them at global scope, and exports all it finds, decides nothing' {
	prefix_package app-test/probe-1 <<-'EOF'
		PORTCULLIS_AUDIT=only PORTCULLIS_ON_FAILURE=die PORTCULLIS_CONFLICT=no-such-value PORTCULLIS_UNPACK=confine
		PORTCULLIS_ALLOW=example.org:1 PORTCULLIS_FAMILIES=no-such-family PORTCULLIS_MEMORY_MAX=1 PORTCULLIS_PIDS_MAX=1 PORTCULLIS_CPU_MAX=1%
		export "${!PORTCULLIS_@}"
		src_unpack() {
			note_namespaces
			mkdir -p "${S}"
			local name
			for name in $(compgen -v); do
				export "${name}"
			done
		}
	EOF
	prefix_install_portcullis
	local phase
	build install
	expect_kind unpack net host
	expect_kind unpack ipc apart
	for phase in prepare configure compile install; do
		expect_kind "$phase" net apart
		expect_kind "$phase" ipc apart
	done
	[[ $output != *ortcullis:* ]]
}

@test 'make.conf counts as it is now: between two runs of ebuild, noauto or not, and with what keeptemp has kept' {
	local features=''
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	for features in '' keeptemp; do
		prefix_conf "FEATURES=\"$features\"" 'PORTCULLIS_UNPACK="host"'
		build unpack
		expect_kind unpack net host
		prefix_conf "FEATURES=\"$features\"" 'PORTCULLIS_UNPACK="confine"'
		build unpack
		expect_kind unpack net apart
	done

	# Nothing but src_unpack's network is in question here, and nothing was kept by setup.
	for features in noauto 'noauto keeptemp'; do
		prefix_conf "FEATURES=\"$features -ipc-sandbox\""
		build setup
		prefix_conf "FEATURES=\"$features -ipc-sandbox\"" 'PORTCULLIS_UNPACK="confine"'
		run -0 prefix_ebuild app-test/probe-1 unpack
		expect_kind unpack net apart
		prefix_conf "FEATURES=\"$features -ipc-sandbox\"" 'PORTCULLIS_UNPACK="host"'
		rm "$PREFIX_TMP/portage/app-test/probe-1/.unpacked"
		run -0 prefix_ebuild app-test/probe-1 unpack
		expect_kind unpack net host
	done
}

@test 'package.env counts for its package' {
	mkdir -p "$PREFIX/etc/portage/env"
	echo 'PORTCULLIS_UNPACK="confine"' >"$PREFIX/etc/portage/env/unpack.conf"
	echo '=app-test/probe-1 unpack.conf' >"$PREFIX/etc/portage/package.env"
	prefix_package app-test/probe-1 </dev/null
	prefix_package app-test/other-1 </dev/null
	prefix_install_portcullis
	build unpack
	expect_kind unpack net apart
	run -0 prefix_ebuild app-test/other-1 clean unpack
	expect_kind unpack net host
}

@test 'a wrong value stops before anything is built, and says variable, value and choices' {
	prefix_conf 'PORTCULLIS_UNPACK="may\be"'
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	run -1 prefix_emerge --oneshot app-test/probe
	[[ $output == *'app-test/probe-1: PORTCULLIS_UNPACK="may\be" is invalid: use host or confine.'* ]]
	[[ $output != *'exited unexpectedly'* ]]
	[[ ! $(prefix_phases) ]]
}

@test 'a binary package is installed and unmerged, whatever was saved in it and whatever make.conf says' {
	prefix_conf 'FEATURES="buildpkg"' 'PORTCULLIS_ON_FAILURE="die"' 'PORTCULLIS_CONFLICT="of another version"'
	prefix_package app-test/probe-1 </dev/null
	run -0 prefix_emerge --oneshot app-test/probe
	prefix_install_portcullis
	prefix_conf 'PORTCULLIS_ON_FAILURE="die"' 'PORTCULLIS_UNPACK="no such value"'
	rm "$CONFINE"
	run -0 prefix_emerge --oneshot --usepkgonly app-test/probe
	run -0 prefix_emerge --unmerge app-test/probe
	[[ $output != *ortcullis:* ]]
	[[ $(prefix_phases | tail -n2 | paste -sd' ') == 'prerm postrm' ]]
}

@test 'clean takes along what we kept' {
	prefix_conf 'PORTCULLIS_UNPACK="confine"'
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	build unpack
	[[ -s $PREFIX_TMP/portage/app-test/probe-1/.ipc/portcullis-settings ]]
	run -0 prefix_ebuild app-test/probe-1 clean
	[[ ! -e $PREFIX_TMP/portage/app-test/probe-1 ]]
}

@test 'PORTCULLIS_FAMILIES of package.env adds a socket family for its package' {
	# AF_PACKET, which needs a right that nobody has here, tells what the kernel says from what the filter says.
	prefix_package app-test/probe-1 <<-'EOF'
		src_compile() {
			local family
			for family in AF_UNIX AF_INET6 AF_VSOCK AF_PACKET; do
				/usr/bin/python3 -c "import socket; socket.socket(socket.${family}, socket.SOCK_RAW * (${family@Q} == 'AF_PACKET') or socket.SOCK_STREAM)" 2>&1 | tail -n 1 | sed "s/^/${family} /"
			done
		}
	EOF
	prefix_install_portcullis
	build compile
	[[ $output == *'AF_VSOCK OSError: [Errno 97]'*'AF_PACKET OSError: [Errno 97]'* && $output != *AF_UNIX* && $output != *AF_INET6* ]]
	mkdir -p "$PREFIX/etc/portage/env"
	echo 'PORTCULLIS_FAMILIES="packet"' >"$PREFIX/etc/portage/env/families.conf"
	echo '=app-test/probe-1 families.conf' >"$PREFIX/etc/portage/package.env"
	build compile
	[[ $output == *'AF_VSOCK OSError: [Errno 97]'*'AF_PACKET PermissionError: [Errno 1]'* ]]
	echo 'PORTCULLIS_FAMILIES="packet token-ring"' >"$PREFIX/etc/portage/env/families.conf"
	run prefix_ebuild app-test/probe-1 clean compile
	[[ $status != 0 && $output == *'PORTCULLIS_FAMILIES="token-ring" is invalid'* ]]
}
