# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# app-test/sample: a package that compiles SAMPLE_FILES C files in parallel. Load this file after prefix.bash.
# shellcheck disable=SC2119,SC2120,SC2154 # run sets status and output; some arguments are optional
#
#   sample_package [LINE...]      write the ebuild; src_compile runs these lines first
#   sample_emerge [OPTION...]     emerge app-test/sample as if for the first time; sets status and output as run does
#   sample_compile                run only the phases up to src_compile, with the ebuild command, in a third of the CPU time of emerge
#   sample_messages               print the messages about app-test/sample
#   assert_sample_message TEXT    fail unless the message was printed twice: in the phase and in the summary of emerge
#   assert_sample_built           fail unless all files were compiled and, after sample_emerge, also installed
#   assert_sample_distributed     call assert_sample_built; also fail if a message was printed, or if the variable COMPILED of the test (number
#                                 of files that the second host has compiled) is not SAMPLE_FILES
#   assert_sample_environment_unchanged LINE   fail unless environment.bz2 contains LINE and is the same without Portcullis

SAMPLE_FILES=4

sample_package() {
	prefix_package app-test/sample-1 <<-EOF
		src_unpack() {
			local i
			mkdir -p "\${S}" || die
			for i in {1..$SAMPLE_FILES}; do
				printf 'int f%d(int a) { return a + %d; }\n' \$i \$i > "\${S}/f\$i.c"
			done
			printf '%%.o: %%.c\n\t\$(CC) -c \$< -o \$@\n' > "\${S}/Makefile"
		}
		src_compile() {
			$(printf '%s\n' "$@")
			make -j4 CC="\${CC:-gcc}" f{1..$SAMPLE_FILES}.o || die
			record_namespaces
		}
		RESTRICT="strip"
		src_install() {
			mkdir -p "\${ED}/usr/share/sample" && cp *.o "\${ED}/usr/share/sample" || die
			record_namespaces
		}
	EOF
}

sample_emerge() {
	prefix_forget
	SAMPLE_BUILT=$PREFIX/usr/share/sample
	run prefix_emerge --oneshot "$@" app-test/sample
}

sample_compile() {
	SAMPLE_BUILT=$PREFIX_TMP/portage/app-test/sample-1/work/sample-1
	run prefix_ebuild app-test/sample-1 clean compile
}

sample_messages() {
	grep -o 'Portcullis: app-test/sample-1: .*' <<<"$output" || true
}

assert_sample_message() {
	local text=$1 count
	count=$(sample_messages | grep -cF "$text" || true)
	((count == 2)) || {
		echo "printed $count times: $text"
		echo "$output"
		return 1
	}
}

assert_sample_built() {
	if ((status != 0)) || [[ $(find "$SAMPLE_BUILT" -name '*.o' | wc -l) != "$SAMPLE_FILES" ]]; then
		echo "status $status"
		echo "$output"
		return 1
	fi
}

assert_sample_distributed() {
	assert_sample_built || return
	if ((COMPILED != SAMPLE_FILES)) || [[ $(sample_messages) ]]; then
		echo "the second host compiled $COMPILED files"
		echo "$output"
		return 1
	fi
}

assert_sample_environment_unchanged() {
	local line=$1 name
	for name in without with; do
		if [[ $name == without ]]; then
			mv "$PREFIX/etc/portage/bashrc" "$PREFIX_ROOT/bashrc"
		else
			mv "$PREFIX_ROOT/bashrc" "$PREFIX/etc/portage/bashrc"
		fi
		sample_emerge
		assert_sample_built || return
		# Ignore the clock and the random numbers of bash, which Portage 3.0.52 saves and which differ between any two builds.
		bzip2 -dc "$PREFIX/var/db/pkg/app-test/sample-1/environment.bz2" | grep -vE '^declare -(-|i) (EPOCH[A-Z]+|SRANDOM)=' \
			>"$BATS_TEST_TMPDIR/$name"
	done
	grep -qxF "$line" "$BATS_TEST_TMPDIR/with" && diff "$BATS_TEST_TMPDIR/without" "$BATS_TEST_TMPDIR/with"
}
