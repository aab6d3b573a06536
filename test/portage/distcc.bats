#!/usr/bin/env bats
# distcc under a network sandbox, with a real distccd on another host: said, built here, and nothing sent.

load ../lib/prefix
load ../lib/distcc_host
load ../lib/sample_package

# prefix WHO FEATURES [LINE...]
prefix() {
	prefix_make "$1"
	mkdir -p "$PREFIX/usr/lib/distcc"
	ln -s /usr/lib/distcc "$PREFIX/usr/lib/distcc/bin"
	conf "${@:2}"
	farm_package
	prefix_install_portcullis
}

conf() {
	prefix_conf "FEATURES=\"-ipc-sandbox -sandbox -usersandbox $1\"" "DISTCC_HOSTS=\"$FARM\"" "${@:2}"
}

# Emerges, and sets SENT and COMPILED, what the other host was sent and has compiled meanwhile.
emerge() {
	local packets compiled
	packets=$(farm_packets) compiled=$(farm_compiled)
	many_emerge "$@"
	SENT=$(($(farm_packets) - packets)) COMPILED=$(($(farm_compiled) - compiled))
}

built_here() {
	many_built
	((SENT == 0 && COMPILED == 0)) || {
		echo "$SENT packets, $COMPILED compiled elsewhere"
		echo "$output"
		return 1
	}
	# distcc says nothing for a file: no failed attempt, nothing that is tried again.
	[[ $output != *distcc\[* ]]
}

@test 'an ordinary user: distcc in FEATURES is said with its evidence, the build is done here, and nothing is sent' {
	prefix user 'distcc network-sandbox' 'MAKEOPTS="-j40"'
	emerge
	built_here
	many_flagged "distcc conflicts with FEATURES=\"network-sandbox\": FEATURES contains distcc; PATH contains distcc as gcc in $PREFIX/usr/lib/distcc/bin; DISTCC_HOSTS contains $FARM"
	[[ $output == *'distcc compiles on this machine only'* && $output == *'To keep the sandbox, set FEATURES="-distcc" in make.conf'* &&
		$output == *'To disable the sandbox, set FEATURES="-network-sandbox".'* ]]
	[[ $output == *"MAKEOPTS=\"-j40\" is too high for the $(nproc) processors of this machine"* ]]
	[[ $(many_flags | grep -c "conflicts with") == 2 ]]
	# Nobody tried either.
	[[ $(record_values "$RECORDS" compile '[r.watched, r.unreachable, r.blocked].join()') == 'yes,0,' ]]
}

@test 'with network-sandbox off it really distributes, and nothing is said' {
	prefix user 'distcc -network-sandbox'
	emerge
	((status == 0 && SENT > 0))
	((COMPILED == FILES))
	[[ ! $(many_flags) ]]
}

@test 'a host that PORTCULLIS_ALLOW names compiles, and nothing is said' {
	prefix user 'distcc network-sandbox' "PORTCULLIS_ALLOW=\"$FARM:3632\""
	emerge
	many_built
	((COMPILED == FILES))
	[[ ! $(many_flags) ]]
}

@test 'root: said, with the hole that Portage opens for distcc; the build is done here, and nothing is sent' {
	prefix root 'distcc network-sandbox'
	emerge
	built_here
	many_flagged "distcc conflicts with FEATURES=\"network-sandbox\": FEATURES contains distcc"
	many_flagged "Portage's SOCKS5 proxy conflicts with FEATURES=\"network-sandbox\": FEATURES contains distcc"
	[[ $output == *'this hole is open'* ]]
}

@test 'environment.bz2 is byte for byte what it is without us' {
	prefix user 'distcc network-sandbox' 'CC="distcc gcc"'
	many_saved_alike 'declare -x CC="distcc gcc"'
}

@test "a bashrc of the user's own that names hosts comes too late" {
	prefix user 'distcc network-sandbox'
	echo "export DISTCC_HOSTS=$FARM" >>"$PREFIX/etc/portage/bashrc"
	emerge
	built_here
}

@test 'where Portage drops distcc from FEATURES, since the prefix has no folder of it, nothing is said' {
	prefix user 'distcc network-sandbox'
	rm -r "$PREFIX/usr/lib/distcc"
	emerge
	built_here
	[[ $output == *'distcc requested but no masquerade dir can be found'* && ! $(many_flags) ]]
}

@test 'CC in package.env, for one package of two' {
	prefix user 'network-sandbox'
	mkdir -p "$PREFIX/etc/portage/env"
	echo 'CC="distcc gcc"' >"$PREFIX/etc/portage/env/farm"
	echo 'app-test/many farm' >"$PREFIX/etc/portage/package.env"
	emerge
	built_here
	many_flagged "distcc conflicts with FEATURES=\"network-sandbox\": CC=\"distcc gcc\"; DISTCC_HOSTS contains $FARM"
	[[ $output == *'To keep the sandbox, set CC="gcc" in make.conf'* ]]
	rm "$PREFIX/etc/portage/package.env"
	emerge
	built_here
	[[ ! $(many_flags) ]]
}

@test "a masquerade folder that the user's bashrc puts into PATH is said in the first phase that can see it" {
	prefix user 'network-sandbox'
	mkdir "$PREFIX/opt"
	ln -s /usr/bin/distcc "$PREFIX/opt/gcc"
	echo "[[ \$PATH == $PREFIX/opt:* ]] || export PATH=$PREFIX/opt:\$PATH" >>"$PREFIX/etc/portage/bashrc"
	emerge
	built_here
	many_flagged "distcc conflicts with FEATURES=\"network-sandbox\": PATH contains distcc as gcc in $PREFIX/opt; DISTCC_HOSTS contains $FARM"
	[[ $output == *'unpack'*'Portcullis'* ]]
}

@test 'ccache that calls distcc' {
	prefix user 'network-sandbox' 'CC="ccache gcc"' 'CCACHE_PREFIX="distcc"'
	emerge
	built_here
	many_flagged "CCACHE_PREFIX=\"distcc\"; DISTCC_HOSTS contains $FARM"
}

@test 'PORTCULLIS_CONFLICT=die stops before unpacking, ignore says nothing and builds here all the same' {
	prefix user 'distcc network-sandbox' 'PORTCULLIS_CONFLICT="die"'
	emerge
	((status == 1 && SENT == 0))
	[[ $output == *'app-test/many-1: not built, because PORTCULLIS_CONFLICT="die" is set: distcc conflicts with'*"DISTCC_HOSTS contains $FARM"*'set FEATURES="-distcc" in make.conf'* ]]
	# The namespaces of setup are noted by pkg_setup, which comes after the hook.
	[[ $(prefix_phases) == pretend ]]
	conf 'distcc network-sandbox' 'PORTCULLIS_CONFLICT="ignore"'
	emerge
	built_here
	[[ ! $(many_flags) ]]
}

@test 'a binary package with all of that in its environment is installed and unmerged undisturbed' {
	prefix user 'distcc network-sandbox buildpkg' 'PORTCULLIS_CONFLICT="die"' 'CC="distcc gcc"'
	mv "$PREFIX/etc/portage/bashrc" "$PREFIX_ROOT/bashrc"
	emerge
	((status == 0))
	mv "$PREFIX_ROOT/bashrc" "$PREFIX/etc/portage/bashrc"
	bzip2 -dc "$PREFIX/var/db/pkg/app-test/many-1/environment.bz2" >"$PREFIX_LOG/environment"
	grep -q '^declare -x CC="distcc gcc"' "$PREFIX_LOG/environment"
	grep -q '^declare -x PORTCULLIS_CONFLICT="die"' "$PREFIX_LOG/environment"
	emerge --usepkgonly
	((status == 0))
	[[ $output != *ortcullis:* ]]
	run -0 prefix_emerge --unmerge app-test/many
	[[ $output != *ortcullis:* ]]
	[[ $(prefix_phases | tail -n2 | paste -sd' ') == 'prerm postrm' ]]
}

@test 'where the program does not start, bash says what it can, and the build is done here' {
	prefix user 'distcc network-sandbox'
	echo 'process.exit(1)' >"$PREFIX/usr/lib/portcullis/portcullis.js"
	emerge
	built_here
	many_flagged 'This could not be checked'
	[[ $output == *'distcc, icecream, sccache may be in use and cut off. This could not be checked, because Node does not start'* ]]
}

@test 'a src_test that is let out distributes, and the phases before it do not' {
	prefix user 'distcc network-sandbox ipc-sandbox test'
	cat >>"$PREFIX_REPO/app-test/many/many-1.ebuild" <<-'EOF2'
		PROPERTIES="test_network"
		src_test() { note_namespaces; gcc -c f1.c -o tested.o || die; }
	EOF2
	emerge
	((status == 0 && COMPILED == 1))
	many_flagged 'FEATURES contains distcc'
}
