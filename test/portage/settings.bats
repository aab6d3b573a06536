#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The hook reads PORTCULLIS_* from make.conf and package.env before each phase. A build cannot change them.

load ../lib/prefix

setup() {
	prefix_make user
	prefix_conf
}

# run_phases PHASE...: runs these phases of app-test/probe-1, after clean
run_phases() {
	rm -f "$PREFIX_LOG/phases"
	run -0 prefix_ebuild app-test/probe-1 clean "$@"
}

@test 'PORTCULLIS_* variables that an ebuild sets and exports have no effect' {
	prefix_package app-test/probe-1 <<-'EOF'
		PORTCULLIS_AUDIT=only PORTCULLIS_ON_FAILURE=die PORTCULLIS_CONFLICT=no-such-value PORTCULLIS_UNPACK=confine
		PORTCULLIS_ALLOW=example.org:1 PORTCULLIS_FAMILIES=no-such-family PORTCULLIS_MEMORY_MAX=1 PORTCULLIS_PIDS_MAX=1 PORTCULLIS_CPU_MAX=1%
		export "${!PORTCULLIS_@}"
		src_unpack() {
			record_namespaces
			mkdir -p "${S}"
			local name
			for name in $(compgen -v); do
				export "${name}"
			done
		}
	EOF
	prefix_install_portcullis
	local phase
	run_phases install
	assert_namespace unpack net host
	assert_namespace unpack ipc own
	for phase in prepare configure compile install; do
		assert_namespace "$phase" net own
		assert_namespace "$phase" ipc own
	done
	[[ $output != *ortcullis:* ]]
}

@test 'a change of PORTCULLIS_UNPACK in make.conf applies to the next ebuild command, whether FEATURES contains noauto, keeptemp, both or neither' {
	local features=''
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	for features in '' keeptemp; do
		prefix_conf "FEATURES=\"$features\"" 'PORTCULLIS_UNPACK="host"'
		run_phases unpack
		assert_namespace unpack net host
		prefix_conf "FEATURES=\"$features\"" 'PORTCULLIS_UNPACK="confine"'
		run_phases unpack
		assert_namespace unpack net own
	done

	# With noauto, setup saves no settings, so src_unpack uses the settings of its own run. This loop checks only the network of src_unpack.
	for features in noauto 'noauto keeptemp'; do
		prefix_conf "FEATURES=\"$features -ipc-sandbox\""
		run_phases setup
		prefix_conf "FEATURES=\"$features -ipc-sandbox\"" 'PORTCULLIS_UNPACK="confine"'
		run -0 prefix_ebuild app-test/probe-1 unpack
		assert_namespace unpack net own
		prefix_conf "FEATURES=\"$features -ipc-sandbox\"" 'PORTCULLIS_UNPACK="host"'
		rm "$PREFIX_TMP/portage/app-test/probe-1/.unpacked"
		run -0 prefix_ebuild app-test/probe-1 unpack
		assert_namespace unpack net host
	done
}

@test 'a PORTCULLIS_* setting that package.env assigns to one package does not apply to other packages' {
	mkdir -p "$PREFIX/etc/portage/env"
	echo 'PORTCULLIS_UNPACK="confine"' >"$PREFIX/etc/portage/env/unpack.conf"
	echo '=app-test/probe-1 unpack.conf' >"$PREFIX/etc/portage/package.env"
	prefix_package app-test/probe-1 </dev/null
	prefix_package app-test/other-1 </dev/null
	prefix_install_portcullis
	run_phases unpack
	assert_namespace unpack net own
	run -0 prefix_ebuild app-test/other-1 clean unpack
	assert_namespace unpack net host
}

@test 'an invalid PORTCULLIS_* value stops emerge before the first phase, and the message shows the variable, the value and the valid values' {
	prefix_conf 'PORTCULLIS_UNPACK="may\be"'
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	run -1 prefix_emerge --oneshot app-test/probe
	[[ $output == *'app-test/probe-1: PORTCULLIS_UNPACK="may\be" is invalid: use host or confine.'* ]]
	[[ $output != *'exited unexpectedly'* ]]
	[[ ! $(prefix_phases) ]]
}

@test 'emerge installs and unmerges a binary package even if PORTCULLIS_* values are invalid and confine is missing' {
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

@test 'ebuild clean removes the files that the hook has written to the build directory' {
	prefix_conf 'PORTCULLIS_UNPACK="confine"'
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	run_phases unpack
	[[ -s $PREFIX_TMP/portage/app-test/probe-1/.ipc/portcullis-settings ]]
	run -0 prefix_ebuild app-test/probe-1 clean
	[[ ! -e $PREFIX_TMP/portage/app-test/probe-1 ]]
}

@test 'if package.env assigns PORTCULLIS_FAMILIES="packet" to a package, the seccomp filter of its phases permits AF_PACKET sockets; an unknown family stops the build' {
	# AF_PACKET needs CAP_NET_RAW. EPERM comes from the kernel, EAFNOSUPPORT (97) from the filter.
	prefix_package app-test/probe-1 <<-'EOF'
		src_compile() {
			local family
			for family in AF_UNIX AF_INET6 AF_VSOCK AF_PACKET; do
				/usr/bin/python3 -c "import socket; socket.socket(socket.${family}, socket.SOCK_RAW * (${family@Q} == 'AF_PACKET') or socket.SOCK_STREAM)" 2>&1 | tail -n 1 | sed "s/^/${family} /"
			done
		}
	EOF
	prefix_install_portcullis
	run_phases compile
	[[ $output == *'AF_VSOCK OSError: [Errno 97]'*'AF_PACKET OSError: [Errno 97]'* && $output != *AF_UNIX* && $output != *AF_INET6* ]]
	mkdir -p "$PREFIX/etc/portage/env"
	echo 'PORTCULLIS_FAMILIES="packet"' >"$PREFIX/etc/portage/env/families.conf"
	echo '=app-test/probe-1 families.conf' >"$PREFIX/etc/portage/package.env"
	run_phases compile
	[[ $output == *'AF_VSOCK OSError: [Errno 97]'*'AF_PACKET PermissionError: [Errno 1]'* ]]
	echo 'PORTCULLIS_FAMILIES="packet token-ring"' >"$PREFIX/etc/portage/env/families.conf"
	run prefix_ebuild app-test/probe-1 clean compile
	[[ $status != 0 && $output == *'PORTCULLIS_FAMILIES="token-ring" is invalid'* ]]
}
