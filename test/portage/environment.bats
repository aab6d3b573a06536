#!/usr/bin/env bats
# What a build sees and leaves is what it would be without us.

load ../lib/prefix

# emerge_into FILE: builds app-test/probe as if for the first time, and puts its saved environment into FILE
emerge_into() {
	rm -rf "$PREFIX_LOG/phases" "$PREFIX/var/db/pkg/app-test"
	run -0 prefix_emerge --oneshot app-test/probe
	# Portages of 2023 to 2025 save bash's own clock and dice.
	bzip2 -dc "$PREFIX/var/db/pkg/app-test/probe-1/environment.bz2" |
		sed -E 's/^(declare -[-i]+ (EPOCHREALTIME|EPOCHSECONDS|SRANDOM)=).*/\1/' >"$1"
}

# A build with all that shows in a saved environment: exports, functions, the two kinds of bashrc.
prefix() {
	prefix_make "$1" 'e prefix'
	prefix_conf "FEATURES=\"test ccache $2\"" 'MAKEOPTS="-j2"' 'PORTCULLIS_UNPACK="confine"' 'PORTCULLIS_PIDS_MAX="99999"'
	printf '%s\n' 'export FROM_PROFILE+=" once"' 'profile_function() { :; }' >"$PREFIX_REPO/profiles/test/profile.bashrc"
	printf '%s\n' 'export FROM_BASHRC+=" once"' 'bashrc_function() { :; }' >"$PREFIX/etc/portage/bashrc"
	mkdir -p "$PREFIX/usr/lib/ccache/bin"
	prefix_package app-test/probe-1 <<-'EOF'
		GLOBAL="of the ebuild"
		src_configure() { note_namespaces; export CONFIGURED=1 NOISE=$'two\nlines'; declare -gA TABLE=([a]=b); }
		src_compile() { note_namespaces; [[ ${CONFIGURED} == 1 ]] || die; }
	EOF
	((PREFIX_UID == EUID)) || chown -R "$PREFIX_UID" "$PREFIX"
}

same_environment() {
	local dir=$BATS_TEST_TMPDIR
	prefix "$@"
	emerge_into "$dir/first"
	emerge_into "$dir/second"
	# What else differs between two runs without us: nothing.
	diff "$dir/first" "$dir/second"
	grep -q '^declare -x FROM_BASHRC=' "$dir/second"
	prefix_install_portcullis
	emerge_into "$dir/with"
	[[ $(wc -l <"$RECORDS") -eq 6 ]]
	diff "$dir/second" "$dir/with"
}

@test 'environment.bz2 is byte for byte what it was: an ordinary user, a folder with a space' {
	same_environment user ''
}

@test 'environment.bz2 is byte for byte what it was: root, the default FEATURES' {
	((EUID == 0)) || skip 'only root can emerge as root'
	same_environment root ''
}
