#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A build saves the same environment with and without Portcullis.

load ../lib/prefix

# save_environment FILE: emerges app-test/probe as if for the first time and writes its saved environment to FILE
save_environment() {
	prefix_forget
	run -0 prefix_emerge --oneshot app-test/probe
	# Remove the values of bash's clock and random numbers, which Portage of 2023 to 2025 saves.
	bzip2 -dc "$PREFIX/var/db/pkg/app-test/probe-1/environment.bz2" |
		sed -E 's/^(declare -[-i]+ (EPOCHREALTIME|EPOCHSECONDS|SRANDOM)=).*/\1/' >"$1"
}

# environment_prefix root|user: creates a prefix with a package, profile.bashrc and /etc/portage/bashrc, all of which export variables and define functions.
environment_prefix() {
	PREFIX_NAME='e prefix' prefix_make "$1" 'test ccache' 'MAKEOPTS="-j2"' 'PORTCULLIS_UNPACK="confine"' 'PORTCULLIS_PIDS_MAX="99999"'
	printf '%s\n' 'export FROM_PROFILE+=" once"' 'profile_function() { :; }' >"$PREFIX_REPO/profiles/test/profile.bashrc"
	printf '%s\n' 'export FROM_BASHRC+=" once"' 'bashrc_function() { :; }' >"$PREFIX/etc/portage/bashrc"
	mkdir -p "$PREFIX/usr/lib/ccache/bin"
	prefix_package app-test/probe-1 <<-'EOF'
		GLOBAL="of the ebuild"
		src_configure() { record_namespaces; export CONFIGURED=1 NOISE=$'two\nlines'; declare -gA TABLE=([a]=b); }
		src_compile() { record_namespaces; [[ ${CONFIGURED} == 1 ]] || die; }
	EOF
	((PREFIX_UID == EUID)) || chown -R "$PREFIX_UID" "$PREFIX"
}

assert_same_environment() {
	local dir=$BATS_TEST_TMPDIR
	environment_prefix "$1"
	save_environment "$dir/without"
	grep -q '^declare -x FROM_BASHRC=' "$dir/without"
	prefix_install_portcullis
	save_environment "$dir/with"
	[[ $(wc -l <"$RECORDS") -eq 6 ]]
	diff "$dir/without" "$dir/with"
}

@test 'as an ordinary user with a space in EPREFIX, a build saves the same environment.bz2 with and without Portcullis' {
	assert_same_environment user
}

@test 'as root with the default FEATURES, a build saves the same environment.bz2 with and without Portcullis' {
	assert_same_environment root
}
