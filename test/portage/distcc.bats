#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# distcc in a network sandbox, with a real distccd on a second host.

load ../lib/prefix
load ../lib/distcc_host
load ../lib/sample_package

# distcc_prefix root|user FEATURES [LINE...]: a prefix with app-test/sample and a masquerade directory of distcc
distcc_prefix() {
	prefix_make "$1"
	mkdir -p "$PREFIX/usr/lib/distcc"
	ln -s /usr/lib/distcc "$PREFIX/usr/lib/distcc/bin"
	distcc_features "${@:2}"
	sample_package
	prefix_install_portcullis
}

distcc_features() {
	prefix_features "-ipc-sandbox -sandbox -usersandbox $1" "DISTCC_HOSTS=\"$DISTCC_HOST_IP\"" "${@:2}"
}

# distcc_emerge [OPTION...], distcc_compile: emerge or only compile app-test/sample. Both set SENT to the number of packets that this host has sent to the
# second host, and COMPILED to the number of files that the second host has compiled.
distcc_emerge() {
	count_distributed sample_emerge "$@"
}

distcc_compile() {
	count_distributed sample_compile
}

count_distributed() {
	local packets compiled
	packets=$(distcc_host_packets) compiled=$(distcc_host_compiled)
	"$@"
	SENT=$(($(distcc_host_packets) - packets)) COMPILED=$(($(distcc_host_compiled) - compiled))
}

assert_built_locally() {
	assert_sample_built
	((SENT == 0 && COMPILED == 0)) || {
		echo "sent $SENT packets, the second host compiled $COMPILED files"
		echo "$output"
		return 1
	}
	# distcc prints no warning, because it does not try to connect.
	[[ $output != *distcc\[* ]]
}

@test 'as an ordinary user with FEATURES="distcc network-sandbox", the hook reports the conflict, and distcc compiles locally and sends no packet to the distcc host' {
	distcc_prefix user 'distcc network-sandbox' 'MAKEOPTS="-j40"'
	distcc_emerge
	assert_built_locally
	assert_sample_message "distcc conflicts with FEATURES=\"network-sandbox\" (FEATURES contains distcc; PATH contains distcc as gcc in $PREFIX/usr/lib/distcc/bin; DISTCC_HOSTS contains $DISTCC_HOST_IP"
	[[ $output == *', so distcc cannot reach other hosts and compiles on this machine only. For the fixes, run: '* ]]
	[[ $(sample_messages | grep -c "conflicts with") == 2 ]]
	run -0 prefix_run env PORTAGE_PYTHON="$PREFIX_PORTAGE/bin/python" portcullis explain app-test/sample-1
	# shellcheck disable=SC2016 # the dollar signs are part of the text
	[[ $output == *$'  To keep the sandbox, add to make.conf:\n    FEATURES="${FEATURES} -distcc"\n'* &&
		$output == *$'make.conf:\n    PORTCULLIS_ALLOW="${PORTCULLIS_ALLOW} distcc"\n'* &&
		$output == *$'make.conf:\n    FEATURES="${FEATURES} -network-sandbox"\n'* &&
		$output == *$'make.conf:\n    MAKEOPTS="'"-j$(nproc)\"" ]]
	# The phase made no connection attempt.
	[[ $(record_values "$RECORDS" compile '[r.watched, r.unreachable, r.blocked].join()') == 'yes,0,' ]]
}

@test 'without network-sandbox, distcc compiles on the distcc host and the hook prints no conflict message' {
	distcc_prefix user 'distcc -network-sandbox'
	distcc_compile
	assert_sample_distributed
	((SENT > 0))
}

@test 'if PORTCULLIS_ALLOW contains the distcc host, the distcc host compiles all files and the hook prints no conflict message' {
	distcc_prefix user 'distcc network-sandbox' "PORTCULLIS_ALLOW=\"$DISTCC_HOST_IP:3632\""
	distcc_compile
	assert_sample_distributed
}

@test "as root with distcc and network-sandbox in FEATURES, the hook warns of distcc and of the SOCKS5 proxy that Portage then starts, distcc compiles locally and sends no packet to the distcc host" {
	distcc_prefix root 'distcc network-sandbox'
	distcc_emerge
	assert_built_locally
	assert_sample_message "distcc conflicts with FEATURES=\"network-sandbox\" (FEATURES contains distcc"
	assert_sample_message "Portage's SOCKS5 proxy conflicts with FEATURES=\"network-sandbox\" (FEATURES contains distcc"
	[[ $output == *'can reach any host through this proxy'* ]]
}

@test 'a build with distcc saves the same environment.bz2 with and without Portcullis' {
	distcc_prefix user 'distcc network-sandbox' 'CC="distcc gcc"'
	assert_sample_environment_unchanged 'declare -x CC="distcc gcc"'
}

@test "with FEATURES=network-sandbox, distcc compiles locally even if the user's bashrc sets DISTCC_HOSTS" {
	distcc_prefix user 'distcc network-sandbox'
	echo "export DISTCC_HOSTS=$DISTCC_HOST_IP" >>"$PREFIX/etc/portage/bashrc"
	distcc_compile
	assert_built_locally
}

@test 'if Portage removes distcc from FEATURES because the masquerade directory is missing, the hook prints no conflict message' {
	distcc_prefix user 'distcc network-sandbox'
	rm -r "$PREFIX/usr/lib/distcc"
	distcc_compile
	assert_built_locally
	[[ $output == *'distcc requested but no masquerade dir can be found'* && ! $(sample_messages) ]]
}

@test 'if package.env assigns a file with CC="distcc gcc" to a package, the hook prints a conflict message for this package' {
	distcc_prefix user 'network-sandbox'
	mkdir -p "$PREFIX/etc/portage/env"
	echo 'CC="distcc gcc"' >"$PREFIX/etc/portage/env/distcc"
	echo 'app-test/sample distcc' >"$PREFIX/etc/portage/package.env"
	distcc_emerge
	assert_built_locally
	assert_sample_message "distcc conflicts with FEATURES=\"network-sandbox\" (CC=\"distcc gcc\"; DISTCC_HOSTS contains $DISTCC_HOST_IP"
	rm "$PREFIX/etc/portage/package.env"
	distcc_compile
	assert_built_locally
	[[ ! $(sample_messages) ]]
}

@test "if the user's bashrc adds a masquerade directory of distcc to PATH, the hook reports the conflict in the first phase whose PATH contains this directory" {
	distcc_prefix user 'network-sandbox'
	mkdir "$PREFIX/opt"
	ln -s /usr/bin/distcc "$PREFIX/opt/gcc"
	echo "[[ \$PATH == $PREFIX/opt:* ]] || export PATH=$PREFIX/opt:\$PATH" >>"$PREFIX/etc/portage/bashrc"
	distcc_emerge
	assert_built_locally
	assert_sample_message "distcc conflicts with FEATURES=\"network-sandbox\" (PATH contains distcc as gcc in $PREFIX/opt; DISTCC_HOSTS contains $DISTCC_HOST_IP"
	[[ $output == *'unpack'*'Portcullis'* ]]
}

@test 'the hook reports that CCACHE_PREFIX="distcc" conflicts with network-sandbox' {
	distcc_prefix user 'network-sandbox' 'CC="ccache gcc"' 'CCACHE_PREFIX="distcc"'
	distcc_emerge
	assert_built_locally
	assert_sample_message "CCACHE_PREFIX=\"distcc\"; DISTCC_HOSTS contains $DISTCC_HOST_IP"
}

@test 'if distcc conflicts with network-sandbox, PORTCULLIS_CONFLICT=die stops emerge before src_unpack, and PORTCULLIS_CONFLICT=ignore suppresses the conflict message' {
	distcc_prefix user 'distcc network-sandbox' 'PORTCULLIS_CONFLICT="die"'
	distcc_emerge
	((status == 1 && SENT == 0))
	[[ $output == *'app-test/sample-1: distcc conflicts with'*"DISTCC_HOSTS contains $DISTCC_HOST_IP"* ]]
	[[ $output == *'app-test/sample-1: the build stops, because PORTCULLIS_CONFLICT="die" is set and a sandbox conflicts with: distcc. For the fixes, run: '* ]]
	[[ $output != *'compiles on this machine'* && $output != *MAKEOPTS* ]]
	# The hook stops pkg_setup before its function runs.
	[[ ! $(prefix_phases) ]]
	distcc_features 'distcc network-sandbox' 'PORTCULLIS_CONFLICT="ignore"'
	distcc_compile
	assert_built_locally
	[[ ! $(sample_messages) ]]
}

@test 'emerge installs and unmerges a binary package without a message even if its saved environment contains CC="distcc gcc" and PORTCULLIS_CONFLICT="die"' {
	distcc_prefix user 'distcc network-sandbox buildpkg' 'PORTCULLIS_CONFLICT="die"' 'CC="distcc gcc"'
	mv "$PREFIX/etc/portage/bashrc" "$PREFIX_ROOT/bashrc"
	distcc_emerge
	((status == 0))
	mv "$PREFIX_ROOT/bashrc" "$PREFIX/etc/portage/bashrc"
	bzip2 -dc "$PREFIX/var/db/pkg/app-test/sample-1/environment.bz2" >"$PREFIX_LOG/environment"
	grep -q '^declare -x CC="distcc gcc"' "$PREFIX_LOG/environment"
	grep -q '^declare -x PORTCULLIS_CONFLICT="die"' "$PREFIX_LOG/environment"
	distcc_emerge --usepkgonly
	((status == 0))
	[[ $output != *ortcullis:* ]]
	run -0 prefix_emerge --unmerge app-test/sample
	[[ $output != *ortcullis:* ]]
	[[ $(prefix_phases | tail -n2 | paste -sd' ') == 'prerm postrm' ]]
}

@test 'if the program portcullis fails, the hook prints that a sandbox may block distcc, and distcc compiles locally' {
	distcc_prefix user 'distcc network-sandbox'
	echo 'process.exit(1)' >"$PREFIX/usr/share/portcullis/portcullis.js"
	distcc_emerge
	assert_built_locally
	assert_sample_message 'could not check this'
	[[ $output == *'a sandbox may block distcc, icecream, sccache; Portcullis could not check this, because Node or portcullis.js failed. To find the cause, run: '* ]]
}

@test 'with PROPERTIES=test_network, distcc compiles on the distcc host in src_test, and locally in the other phases' {
	distcc_prefix user 'distcc network-sandbox ipc-sandbox test'
	cat >>"$PREFIX_REPO/app-test/sample/sample-1.ebuild" <<-'EOF'
		PROPERTIES="test_network"
		src_test() { record_namespaces; gcc -c f1.c -o tested.o || die; }
	EOF
	distcc_emerge
	((status == 0 && COMPILED == 1))
	assert_sample_message 'FEATURES contains distcc'
}
