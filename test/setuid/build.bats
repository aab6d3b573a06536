#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The hardening of the confine binary, and runs under sanitizers and valgrind.

load ../lib/bats

setup_file() {
	TOP=$(cd -- "$BATS_TEST_DIRNAME/../.." && pwd -P)
	BUILT=$TOP/native/build/confine
	export TOP BUILT
}

setup() {
	# Do not use a folder of bats, because unprivileged users cannot enter it.
	TEST_DIR=$(mktemp -d /var/tmp/pc-build.XXXXXX)
	cd "$TEST_DIR" || return
}

teardown() {
	cd /
	rm -rf -- "$TEST_DIR"
}

elf() { LC_ALL=C readelf -W "$@"; }

@test 'confine is position-independent, with read-only relocations, no executable stack and no writable code' {
	elf -h "$BUILT" | grep -q 'Type: *DYN'
	elf -l "$BUILT" | grep -q GNU_RELRO
	elf -d "$BUILT" >dynamic
	grep -E 'FLAGS.*(BIND_NOW|NOW)' dynamic
	grep 'FLAGS_1.*PIE' dynamic
	run -1 grep TEXTREL dynamic
	[[ $(elf -l "$BUILT" | awk '$1 == "GNU_STACK" { print $7 }') == RW ]]
	elf -l "$BUILT" >segments
	grep 'LOAD.* R E ' segments
	run -1 grep 'LOAD.* RWE ' segments
}

@test 'confine is built with the stack protector, _FORTIFY_SOURCE and, if the compiler supports it, CET' {
	local name
	elf -s "$BUILT" | grep -q __stack_chk_fail
	for name in snprintf vsnprintf memcpy; do
		elf -s "$BUILT" | grep -q "__${name}_chk"
	done
	# Check the object files for the CET mark, because the linker omits the mark from the program if the C library has no such mark.
	if echo | "${CC:-cc}" -fcf-protection=full -x c -c -o cet.o - 2>/dev/null; then
		for name in main.c $(cd "$TOP/native" && printf '%s\n' */*.c); do
			elf -n "$TOP/native/build/${name%.c}.o" | grep -q 'IBT, SHSTK'
		done
	fi
}

@test 'make omits hardening flags that the compiler rejects, and links with -static if the compiler accepts no -static-pie' {
	local rejected linked
	for rejected in '-static-pie -fcf-protection=full' '-static-pie -static'; do
		printf '#!/bin/sh\nfor flag; do case " %s " in *" $flag "*) exit 1 ;; esac; done\n' "$rejected" >compiler
		chmod +x compiler
		run -0 make -n -C "$TOP/native" BUILD="$PWD/build" CC="$PWD/compiler"
		linked=$(grep -- "-o $PWD/build/confine " <<<"$output")
		[[ $linked == *' -fstack-clash-protection '* ]]
		[[ $rejected == *-static && " $linked " == *' -pie '* || " $linked " == *' -static '* && " $linked " != *' -fcf-protection=full '* ]]
		[[ " $linked " != *' -static-pie '* ]]
	done
}

@test 'confine is statically linked: the ELF file has no interpreter and needs no library' {
	elf -l "$BUILT" >segments
	grep LOAD segments
	run -1 grep INTERP segments
	elf -d "$BUILT" >dynamic
	grep FLAGS_1 dynamic
	run -1 grep NEEDED dynamic
}

@test 'AddressSanitizer and UndefinedBehaviorSanitizer report no error in runs of confine with and without a supervisor and with invalid options, as root and as an ordinary user' {
	local report
	make -s -C "$TOP/native" sanitized
	install -m 755 "$TOP/native/build/sanitized/confine" confine
	export ASAN_OPTIONS=exitcode=99:log_path=$PWD/asan UBSAN_OPTIONS=log_path=$PWD/ubsan
	run_all_modes ./confine
	report=$(compgen -G '[au]*san.*' || :)
	[[ ! $report ]] || {
		cat asan.* ubsan.*
		return 1
	}
}

# shellcheck disable=SC2030
@test 'valgrind reports no error in runs of confine with and without a supervisor and with invalid options, as root and as an ordinary user' {
	make -s -C "$TOP/native" valgrind
	install -m 755 "$TOP/native/build/valgrind/confine" confine
	# Report only definite leaks, because a process of confine that is about to exit does not free its memory.
	run_all_modes valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite ./confine
	run -1 grep '^==' log
}

# valgrind supports neither seccomp(2) nor the clone(2) of the watcher, so it runs the parsers of the watcher alone.
# shellcheck disable=SC2030
@test 'with the files in test/fuzz/corpus as input, valgrind reports no error in the parsers of DNS, SOCKS, system calls and files of /proc' {
	local name
	make -s -C "$TOP/native" build/fuzz/replay
	for name in dns socks calls text; do
		valgrind --quiet --error-exitcode=99 --leak-check=full "$TOP/native/build/fuzz/replay" "$name" "$TOP/test/fuzz/corpus/$name"/*
	done
}

# log_run ARG...: like run of bats, and appends the output to the file "log"
# shellcheck disable=SC2030,SC2031 # each test has its own
log_run() {
	run "$@"
	printf '%s\n' "$output" >>log
}

# run_all_modes CONFINE...: runs confine once in each mode and checks the exit status
run_all_modes() {
	local -a as=()
	((EUID != 0)) || as=(setpriv --reuid=20333 --regid=20333 --clear-groups --inh-caps=-all)
	chmod 777 .
	rm -f record
	log_run -125 "$@"
	log_run -125 "$@" --cgroup ../x -- true
	log_run -125 "$@" --nonsense
	log_run -0 "$@" --probe
	# valgrind does not support seccomp(2). With --families any, confine does not call it.
	log_run -0 "$@" --net --ipc --families any -- true
	log_run -0 "$@" --net --ipc --cgroup sanitizer --best-effort --record record --notice-file notice --label a=b --die-with $$ --die-with-lock record -- \
		bash -c 'setsid -f sleep 1000 </dev/null >/dev/null 2>&1'
	CONFINE_ENV_TMPDIR=/x log_run -3 "$@" --environ 9 --cgroup sanitizer --best-effort -- bash -c 'exit 3' 9</proc/self/environ
	log_run -127 "$@" --net --best-effort -- /nonexistent
	log_run -0 "${as[@]}" "$@" --probe
	log_run -0 "${as[@]}" "$@" --net --ipc --cgroup sanitizer --best-effort --record /dev/null -- true
}
