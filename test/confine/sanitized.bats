#!/usr/bin/env bats
# confine built with AddressSanitizer and UndefinedBehaviorSanitizer goes through its own tests: what they find ends it.

bats_require_minimum_version 1.5.0

setup_file() {
	TOP=$(cd -- "${BATS_TEST_FILENAME%/*}/../.." && pwd -P)
	export TOP
	make -s -C "$TOP/native" sanitized
}

again() {
	local file
	local -a files=()
	for file; do
		files+=("$TOP/test/confine/$file.bats")
	done
	# fakeroot preloads a library, in front of the sanitizer's own.
	run -0 env CONFINE_BUILD=build/sanitized ASAN_OPTIONS=verify_asan_link_order=0 "$TOP/node_modules/bats/bin/bats" --formatter tap "${files[@]}"
	[[ $output == *$'\nok '* && $output != *'ERROR: '* ]]
}

@test 'options, statuses, files, signals, environment' {
	again command
}

@test 'isolation, and every step of it refused' {
	again isolation halfway
}

@test 'at a terminal, many at once, and what is recorded' {
	again terminal parallel record
}
