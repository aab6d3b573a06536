#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# confine for other architectures: Debian's cross compilers build it, and qemu-user runs it. Only `npm run soak` runs this file.

load ../confine_helper

setup_file() {
	confine_begin
	COMPILERS=$("$TOP/scripts/foreign" compilers)
	export COMPILERS
}

# assert_compiles TARGET MACHINE: make builds a static confine, without warnings, for that machine of readelf
assert_compiles() {
	make -s -C "$TOP/native" CC="$COMPILERS/$1-gcc" BUILD="$TEST_DIR/$1"
	LC_ALL=C readelf -hl "$TEST_DIR/$1/confine" >"$TEST_DIR/elf"
	grep "Machine: *$2" "$TEST_DIR/elf"
	grep LOAD "$TEST_DIR/elf"
	run -1 grep INTERP "$TEST_DIR/elf"
}

# assert_runs TARGET QEMU: with --best-effort, a phase of root and of a user runs under that qemu-user, which has neither namespaces nor filters
assert_runs() {
	local confine
	confine=("$(command -v "$2-static" "$2" | head -n 1)" "$TEST_DIR/$1/confine")
	run -0 "${confine[@]}" --net --ipc --cgroup x --best-effort -- echo ran
	[[ ${lines[*]: -1} == ran ]]
	run -0 as_user "${confine[@]}" --net --ipc --cgroup x --audit --best-effort --record "$RECORD" -- echo ran
	[[ ${lines[*]: -1} == ran ]]
	[[ $(record_value "$RECORD" '[r.status.exit, r.tracking, ...r.missing.map((m) => m.what)].join()') == 0,none,net,ipc,cgroup ]]
	run -125 as_user "${confine[@]}" --net --require -- echo ran
	[[ $output == 'confine: net is not available: unshare(CLONE_NEWUSER): Invalid argument' ]]
}

@test 'confine, built for arm64, runs a command under qemu-user' {
	assert_compiles aarch64-linux-gnu AArch64
	assert_runs aarch64-linux-gnu qemu-aarch64
}

@test 'confine, built for 32-bit ARM, runs a command under qemu-user' {
	assert_compiles arm-linux-gnueabihf ARM
	assert_runs arm-linux-gnueabihf qemu-arm
}

@test 'confine, built for 64-bit RISC-V, runs a command under qemu-user' {
	assert_compiles riscv64-linux-gnu RISC-V
	assert_runs riscv64-linux-gnu qemu-riscv64
}

@test 'make builds confine for little-endian 64-bit PowerPC' {
	assert_compiles powerpc64le-linux-gnu PowerPC64
}

@test 'confine, built for 32-bit x86, records the connections of a 32-bit program on a 64-bit kernel' {
	[[ $(uname -m) == x86_64 ]] || skip 'needs an x86-64 processor'
	assert_compiles i686-linux-gnu 'Intel 80386'
	"$COMPILERS/i686-linux-gnu-gcc" -O1 -static -pthread -o "$TEST_DIR/client" "$TOP/test/confine/audit/attempts.c"
	run -0 as_user "$TEST_DIR/i686-linux-gnu/confine" --net --audit --record "$RECORD" -- "$TEST_DIR/client" connect 3
	[[ $(record_value "$RECORD" 'r.blocked.map((b) => b.address + " " + b.count).join()') == '198.51.100.7 3' ]]
}

@test 'confine, built with musl, records the connections of a program' {
	local name
	# Debian has no kernel headers for musl-gcc, and no statx() in musl before 1.2.5.
	for name in linux asm-generic "$(uname -m)-linux-gnu/asm"; do
		ln -s "/usr/include/$name" "$TEST_DIR/${name##*/}"
	done
	cat >"$TEST_DIR/statx.h" <<-'EOF'
		#include <sys/stat.h>
		#ifndef STATX_BTIME
		#include <sys/syscall.h>
		#include <linux/stat.h>
		#include <unistd.h>
		#define statx(...) (int)syscall(SYS_statx, __VA_ARGS__)
		#endif
	EOF
	make -s -C "$TOP/native" CC="musl-gcc -idirafter $TEST_DIR -include $TEST_DIR/statx.h" LINK=-static BUILD="$TEST_DIR/musl"
	gcc -pthread -o "$TEST_DIR/client" "$TOP/test/confine/audit/attempts.c"
	run -0 as_user "$TEST_DIR/musl/confine" --net --audit --record "$RECORD" -- "$TEST_DIR/client" connect 3
	[[ $(record_value "$RECORD" 'r.blocked.map((b) => b.address + " " + b.count).join()') == '198.51.100.7 3' ]]
}
