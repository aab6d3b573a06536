# shellcheck shell=bash
# app-test/many of farm.bash, emerged, and what becomes of it. To be loaded after that.
# shellcheck disable=SC2119,SC2120,SC2154 # bats' variables, and arguments that only some give
#
#   many_emerge [OPTION...]   emerges it anew
#   many_flags        what was said about it
#   many_flagged TEXT whether that was said as it has to be: in the phase, and once more in the summary
#   many_built        whether it was built and installed, all of it
#   many_saved_alike LINE   whether what is saved of it, with this line, is byte for byte the same without Portcullis and with it

many_emerge() {
	rm -rf "$PREFIX_LOG/phases" "$PREFIX/var/db/pkg/app-test" "$PREFIX/usr/share/many"
	run prefix_emerge --oneshot "$@" app-test/many
}

many_flags() {
	grep -o 'Portcullis: app-test/many-1: .*' <<<"$output" || true
}

many_flagged() {
	local what=$1
	[[ $(many_flags | grep -cF "$what") == 2 ]] || {
		echo "flagged $(many_flags | grep -cF "$what") times: $what"
		echo "$output"
		return 1
	}
}

many_built() {
	if ((status != 0)) || [[ $(find "$PREFIX/usr/share/many" -name '*.o' | wc -l) != "$FILES" ]]; then
		echo "status $status"
		echo "$output"
		return 1
	fi
}

many_saved_alike() {
	local line=$1 name
	for name in without with; do
		if [[ $name == without ]]; then
			mv "$PREFIX/etc/portage/bashrc" "$PREFIX_ROOT/bashrc"
		else
			mv "$PREFIX_ROOT/bashrc" "$PREFIX/etc/portage/bashrc"
		fi
		many_emerge
		many_built || return
		# The clock and the dice of bash that Portage 3.0.52 saves differ by themselves.
		bzip2 -dc "$PREFIX/var/db/pkg/app-test/many-1/environment.bz2" | grep -vE '^declare -(-|i) (EPOCH[A-Z]+|SRANDOM)=' \
			>"$BATS_TEST_TMPDIR/$name"
	done
	grep -qxF "$line" "$BATS_TEST_TMPDIR/with" && diff "$BATS_TEST_TMPDIR/without" "$BATS_TEST_TMPDIR/with"
}
