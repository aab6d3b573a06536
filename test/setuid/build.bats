#!/usr/bin/env bats
# What the built file is, and that the tools which look for mistakes find none in it.

bats_require_minimum_version 1.5.0

setup_file() {
	TOP=$(cd -- "$BATS_TEST_DIRNAME/../.." && pwd -P)
	BUILT=$TOP/native/build/confine
	export TOP BUILT
}

setup() {
	# Where an ordinary user comes too: bats' own folder is closed.
	PLACE=$(mktemp -d /var/tmp/pc-build.XXXXXX)
	cd "$PLACE" || return
}

teardown() {
	cd /
	rm -rf -- "$PLACE"
}

elf() { LC_ALL=C readelf -W "$@"; }

@test 'hardened: position-independent, relocations read-only before main, no executable stack, no writable code' {
	elf -h "$BUILT" | grep -q 'Type: *DYN'
	elf -l "$BUILT" | grep -q GNU_RELRO
	elf -d "$BUILT" | grep -Eq 'FLAGS.*(BIND_NOW|NOW)'
	elf -d "$BUILT" | grep -q 'FLAGS_1.*PIE'
	run ! grep TEXTREL <(elf -d "$BUILT")
	[[ $(elf -l "$BUILT" | awk '$1 == "GNU_STACK" { print $7 }') == RW ]]
	run ! grep -E 'LOAD.* RWE ' <(elf -l "$BUILT")
}

@test 'hardened: stack protector, _FORTIFY_SOURCE, and CET where the compiler has it' {
	local name
	elf -s "$BUILT" | grep -q __stack_chk_fail
	for name in snprintf vsnprintf read; do
		elf -s "$BUILT" | grep -q "__${name}_chk"
	done
	# In each object, as the mark of the whole is lost where the C library was built without.
	if echo | "${CC:-cc}" -fcf-protection=full -x c -c -o cet.o - 2>/dev/null; then
		for name in "$TOP"/native/build/main.o "$TOP"/native/build/{supervisor,init,watcher,egress,dns,namespace,cgroup,privileged,probe,options,util}/*.o; do
			elf -n "$name" | grep -q 'IBT, SHSTK'
		done
	fi
}

@test 'needs nothing: no interpreter, no library' {
	elf -l "$BUILT" >segments
	run ! grep INTERP segments
	elf -d "$BUILT" >dynamic
	run ! grep NEEDED dynamic
}

@test 'the sanitizers find nothing in runs of every mode' {
	local report
	make -s -C "$TOP/native" sanitized
	install -m 755 "$TOP/native/build/sanitized/confine" confine
	export ASAN_OPTIONS=exitcode=99:log_path=$PWD/asan UBSAN_OPTIONS=log_path=$PWD/ubsan
	runs_of ./confine
	report=$(compgen -G '[au]*san.*' || :)
	[[ ! $report ]] || {
		cat asan.* ubsan.*
		return 1
	}
}

# shellcheck disable=SC2030
@test 'valgrind finds nothing in runs of every mode' {
	make -s -C "$TOP/native" valgrind
	install -m 755 "$TOP/native/build/valgrind/confine" confine
	# Its own processes, up to the exec of the command; what a process that ends at once leaves to the kernel is no leak.
	runs_of valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite ./confine
	run ! grep '^==' said
}

# valgrind knows neither seccomp(2) nor the clone(2) by which the watcher gets its listener: it runs what the watcher reads with.
# shellcheck disable=SC2030
@test 'valgrind finds nothing in the parsers of DNS, SOCKS, system calls and fdinfo, over the corpus of each fuzzer' {
	local name
	make -s -C "$TOP/native" replays
	for name in dns socks calls fdinfo; do
		valgrind --quiet --error-exitcode=99 --leak-check=full "$TOP/native/build/replay/$name" "$TOP/native/fuzz/corpus/$name"/*
	done
}

# As run; what was printed goes into the file "said".
# shellcheck disable=SC2030,SC2031 # each test has its own
said() {
	run "$@"
	printf '%s\n' "$output" >>said
}

# runs_of COMMAND...: one of everything, with the exit status that it must have.
runs_of() {
	local -a as=()
	((EUID != 0)) || as=(setpriv --reuid=20333 --regid=20333 --clear-groups --inh-caps=-all)
	chmod 777 .
	rm -f record
	said -125 "$@"
	said -125 "$@" --cgroup ../x -- true
	said -125 "$@" --nonsense
	said -0 "$@" --probe
	# valgrind has no seccomp(2), which --families any does without.
	said -0 "$@" --net --ipc --families any -- true
	said -0 "$@" --net --ipc --cgroup sanitizer --best-effort --record record --notice-file tell --label a=b --die-with $$ --die-with-lock record -- \
		bash -c 'setsid -f sleep 1000 </dev/null >/dev/null 2>&1'
	CONFINE_ENV_TMPDIR=/x said -3 "$@" --environ 9 --cgroup sanitizer --best-effort -- bash -c 'exit 3' 9</proc/self/environ
	said -127 "$@" --net --best-effort -- /nonexistent
	said -0 "${as[@]}" "$@" --probe
	said -0 "${as[@]}" "$@" --net --ipc --cgroup sanitizer --best-effort --record /dev/null -- true
}
