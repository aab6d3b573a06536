#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Different ways to run Portage. Each phase is confined in all of them.

load ../lib/prefix

setup() {
	prefix_make user
	prefix_conf
}

# assert_confined PHASE...: fails unless each phase has its own network and IPC namespaces
assert_confined() {
	local phase
	for phase in "$@"; do
		assert_namespace "$phase" net own
		assert_namespace "$phase" ipc own
	done
}

@test 'phases are confined with PORTAGE_DEBUG=1, which enables set -x' {
	prefix_env PORTAGE_DEBUG=1
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/probe
	assert_confined prepare configure compile install
	[[ $output == *__portcullis_phase* ]]
}

@test 'phases are confined if the ebuild command runs each phase separately, also with FEATURES=noauto' {
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 clean prepare
	run -0 prefix_ebuild app-test/probe-1 compile
	[[ $(prefix_phases | paste -sd' ') == 'setup unpack prepare configure compile' ]]
	assert_confined prepare configure compile

	prefix_conf 'FEATURES="noauto"'
	rm "$PREFIX_LOG/phases"
	# With noauto, Portage runs unpack without pkg_setup, so there is no saved environment. bashrc runs before Portage sources the ebuild.
	run -0 prefix_ebuild app-test/probe-1 clean unpack prepare compile
	[[ $(prefix_phases | paste -sd' ') == 'unpack prepare compile' ]]
	assert_confined prepare compile
	assert_namespace unpack net host
	assert_namespace unpack ipc own
}

@test 'in a confined phase, lines of /etc/portage/bashrc below the managed block run once, in the sandbox; profile.bashrc runs outside the sandbox and then inside, with the same initial environment' {
	local note='[[ ${EBUILD_PHASE} != compile ]] || readlink /proc/self/ns/net >>'
	echo "$note \"$PREFIX_LOG/user\"" >"$PREFIX/etc/portage/bashrc"
	# Portage does not save CCACHE_* variables, so the phase sees only the value that bashrc exports at the start of this phase.
	printf '%s\n' "$note \"$PREFIX_LOG/profile\"" 'export CCACHE_PILE+=x' >"$PREFIX_REPO/profiles/test/profile.bashrc"
	prefix_package app-test/probe-1 <<<'src_compile() { record_namespaces; echo "pile: ${CCACHE_PILE}."; }'
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 clean compile
	assert_confined compile
	[[ $(<"$PREFIX_LOG/user") == "$(prefix_phase_value compile net)" ]]
	[[ $(<"$PREFIX_LOG/profile") == "$(prefix_test_value net)"$'\n'"$(prefix_phase_value compile net)" ]]
	[[ $output == *'pile: x.'* ]]
}

@test 'phases are confined, and records contain the package and the phase, even if Portage does not export variables such as EBUILD_PHASE, as in EAPI 9' {
	prefix_env PORTAGE_DO_NOT_EXPORT_PMS_VARS=1
	prefix_package app-test/probe-1 <<<'src_compile() { record_namespaces; echo "exported: $(env | grep -c "^EBUILD_PHASE=")."; }'
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 clean install
	# Older versions of Portage ignore the variable PORTAGE_DO_NOT_EXPORT_PMS_VARS.
	if grep -q PORTAGE_DO_NOT_EXPORT_PMS_VARS "$PREFIX_PORTAGE"/lib/python*/site-packages/portage/package/ebuild/doebuild.py; then
		[[ $output == *'exported: 0.'* ]]
	fi
	assert_confined prepare configure compile install
	[[ $(record_values "$RECORDS" compile r.package) == app-test/probe-1 ]]
}

@test 'phases are confined even if the build exports 1.8 MB of variables' {
	prefix_package app-test/probe-1 <<-'EOF'
		src_unpack() {
			record_namespaces
			mkdir -p "${S}"
			local i big
			printf -v big '%120000s' ''
			for i in {1..15}; do
				export "BIG_${i}=${big}"
			done
		}
		src_compile() {
			record_namespaces
			echo "exported: $(env | grep -c '^BIG_')"
		}
	EOF
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 clean install
	[[ $output == *'exported: 15'* ]]
	assert_confined prepare configure compile install
}

@test 'a confined phase has the same open file descriptors as a phase without Portcullis' {
	local before
	prefix_package app-test/probe-1 <<-'EOF'
		src_compile() {
			record_namespaces
			# Old versions of Portage use files instead of the descriptors PORTAGE_EBUILD_EXIT_FD and PORTAGE_IPC_ALIVE_FD.
			echo "open: ${PORTAGE_EBUILD_EXIT_FD:+exit} ${PORTAGE_IPC_ALIVE_FD:+ipc} $(for fd in /proc/self/fd/*; do readlink "${fd}"; done | sed 's/\[.*//; s,pts/.*,pts,' | sort | uniq -c | paste -sd,)"
		}
	EOF
	run -0 prefix_ebuild app-test/probe-1 clean compile
	before=$(grep '^open:' <<<"$output")
	[[ ${PORTAGE_VERSION-} || $before == 'open: exit ipc '* ]]
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 clean compile
	assert_confined compile
	[[ $(grep '^open:' <<<"$output") == "$before" ]]
}

@test 'a parallel make through ccache works in a confined phase' {
	prefix_conf 'FEATURES="ccache"' 'MAKEOPTS="-j2"' "CCACHE_DIR=\"$PREFIX_ROOT/ccache\""
	mkdir -p "$PREFIX/usr/lib/ccache/bin" "$PREFIX_ROOT/ccache"
	ln -s "$(command -v ccache)" "$PREFIX/usr/lib/ccache/bin/gcc"
	prefix_package app-test/probe-1 <<-'EOF'
		src_compile() {
			record_namespaces
			printf 'all: a.o b.o\n%%.o: %%.c\n\tgcc -c $<\n' >Makefile
			echo 'int a;' >a.c
			echo 'int b;' >b.c
			emake
			echo "cached: $(find "${CCACHE_DIR}" -type f -size +0 -name '*R' | wc -l)"
		}
	EOF
	prefix_install_portcullis
	chown -R "$PREFIX_UID" "$PREFIX_ROOT/ccache"
	run -0 prefix_ebuild app-test/probe-1 clean compile
	[[ $output == *'make -j2'* && $output == *'cached: 2'* ]]
	assert_confined compile
}
