#!/usr/bin/env bats
# The ways in which people run Portage: each phase is confined in all of them, and nothing else changes.

load ../lib/prefix

setup() {
	prefix_make user
	prefix_conf
}

confined() {
	local phase
	for phase in "$@"; do
		expect_kind "$phase" net apart
		expect_kind "$phase" ipc apart
	done
}

@test 'PORTAGE_DEBUG=1, which traces everything with set -x' {
	prefix_env PORTAGE_DEBUG=1
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/probe
	confined prepare configure compile install
	[[ $output == *__portcullis_phase* ]]
}

@test 'ebuild, phase by phase, and FEATURES=noauto, whose bashrc runs before the ebuild is read' {
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 clean prepare
	run -0 prefix_ebuild app-test/probe-1 compile
	[[ $(prefix_phases | paste -sd' ') == 'pretend setup unpack prepare configure compile' ]]
	confined prepare configure compile

	prefix_conf 'FEATURES="noauto"'
	rm "$PREFIX_LOG/phases"
	# The first phase of all, with no saved environment there is.
	run -0 prefix_ebuild app-test/probe-1 clean unpack prepare compile
	[[ $(prefix_phases | paste -sd' ') == 'unpack prepare compile' ]]
	confined prepare compile
	expect_kind unpack net host
	expect_kind unpack ipc apart
}

@test 'the bashrc that a user has runs once a phase, inside; a profile.bashrc twice, and its exports do not pile up' {
	local note='[[ ${EBUILD_PHASE} != compile ]] || readlink /proc/self/ns/net >>'
	echo "$note \"$PREFIX_LOG/user\"" >"$PREFIX/etc/portage/bashrc"
	# Portage saves no CCACHE_* variable: what is seen of it was exported in this phase.
	printf '%s\n' "$note \"$PREFIX_LOG/profile\"" 'export CCACHE_PILE+=x' >"$PREFIX_REPO/profiles/test/profile.bashrc"
	prefix_package app-test/probe-1 <<<'src_compile() { note_namespaces; echo "pile: ${CCACHE_PILE}."; }'
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 clean compile
	confined compile
	[[ $(<"$PREFIX_LOG/user") == "$(prefix_seen compile net)" ]]
	[[ $(<"$PREFIX_LOG/profile") == "$(prefix_here net)"$'\n'"$(prefix_seen compile net)" ]]
	[[ $output == *'pile: x.'* ]]
}

@test 'PORTAGE_DO_NOT_EXPORT_PMS_VARS=1, the rule of EAPI 9: records still name package and phase' {
	prefix_env PORTAGE_DO_NOT_EXPORT_PMS_VARS=1
	prefix_package app-test/probe-1 <<<'src_compile() { note_namespaces; echo "exported: $(env | grep -c "^EBUILD_PHASE=")."; }'
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/probe
	# Portages before the rule export it all the same.
	if grep -q PORTAGE_DO_NOT_EXPORT_PMS_VARS "$PREFIX_PORTAGE"/lib/python*/site-packages/portage/package/ebuild/doebuild.py; then
		[[ $output == *'exported: 0.'* ]]
	fi
	confined prepare configure compile install
	[[ $(record_values "$RECORDS" compile r.package) == app-test/probe-1 ]]
}

@test '1.8 MB of exported variables' {
	prefix_package app-test/probe-1 <<-'EOF'
		src_unpack() {
			note_namespaces
			mkdir -p "${S}"
			local i big
			printf -v big '%120000s' ''
			for i in {1..15}; do
				export "BIG_${i}=${big}"
			done
		}
		src_compile() {
			note_namespaces
			echo "exported: $(env | grep -c '^BIG_')"
		}
	EOF
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/probe
	[[ $output == *'exported: 15'* ]]
	confined prepare configure compile install
}

@test 'file descriptors: those of the phase arrive, and none of ours' {
	local before
	prefix_package app-test/probe-1 <<-'EOF'
		src_compile() {
			note_namespaces
			: ${PORTAGE_EBUILD_EXIT_FD:?} ${PORTAGE_IPC_ALIVE_FD:?}
			echo "open: $(for fd in /proc/self/fd/*; do readlink "${fd}"; done | sed 's/\[.*//; s,pts/.*,pts,' | sort | uniq -c | paste -sd,)"
		}
	EOF
	run -0 prefix_ebuild app-test/probe-1 clean compile
	before=$(grep '^open:' <<<"$output")
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 clean compile
	confined compile
	[[ $(grep '^open:' <<<"$output") == "$before" ]]
}

@test 'a parallel make through ccache' {
	prefix_conf 'FEATURES="ccache"' 'MAKEOPTS="-j2"' "CCACHE_DIR=\"$PREFIX_ROOT/ccache\""
	mkdir -p "$PREFIX/usr/lib/ccache/bin" "$PREFIX_ROOT/ccache"
	ln -s "$(command -v ccache)" "$PREFIX/usr/lib/ccache/bin/gcc"
	prefix_package app-test/probe-1 <<-'EOF'
		src_compile() {
			note_namespaces
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
	confined compile
}
