#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A stuck process survives SIGKILL. confine records the process and does not hang. The process sleeps uninterruptibly in a write to a
# frozen file system (FIFREEZE, ioctl_fsfreeze(2)) until the file system is thawed.

load ../confine/confine_helper
load ../confine/tracking_methods
load ../lib/prefix

setup_file() {
	confine_begin refuse_calls
	prefix_host_begin
	FROZEN=$TEST_DIR/frozen
	export FROZEN
	mkdir "$FROZEN"
	truncate --size=16M "$TEST_DIR/image"
	mkfs.ext4 -q -F "$TEST_DIR/image"
	mount -o loop "$TEST_DIR/image" "$FROZEN"
	chmod 1777 "$FROZEN"
	truncate --size=4096 "$FROZEN/mapped"
	chmod 666 "$FROZEN/mapped"
}

teardown_file() {
	prefix_host_end
	umount "$FROZEN"
	confine_end
}

setup() {
	record_begin
	fsfreeze --freeze "$FROZEN"
}

# Thaws the file system before other cleaning, because a process that inspects a stuck process can get stuck too.
teardown() {
	! fsfreeze --unfreeze "$FROZEN" 2>/dev/null || until_true 60 no_stuck_processes
	prefix_clean
}

# stuck_processes: prints the PIDs of the stuck processes. Reading /proc/PID/comm does not access the memory of the process.
stuck_processes() {
	grep -lx held /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3
}

no_stuck_processes() {
	[[ ! $(stuck_processes) ]]
}

# A Python program that leaves a process that is stuck in a write to the frozen file system.
WRITE='
import os, sys
if os.fork() == 0:
    os.setsid()
    open("/proc/self/comm", "w").write("held")
    for fd in (0, 1, 2): os.close(fd)
    open(sys.argv[1] + "/file", "w")
'
# A program that leaves a process whose memory map is locked: one thread is in a page fault, and another thread calls mmap.
LOCK='
import ctypes, mmap, os, sys, threading
if os.fork() == 0:
    os.setsid()
    open("/proc/self/comm", "w").write("held")
    for fd in (0, 1, 2): os.close(fd)
    page = mmap.mmap(os.open(sys.argv[1] + "/mapped", os.O_RDWR), 4096)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    fault = threading.Thread(target=ctypes.memset, args=(address, 1, 1))
    fault.start()
    while open("/proc/self/task/%d/stat" % fault.native_id).read().split()[2] != "D": pass
    mmap.mmap(-1, 1 << 20)
'
# shellcheck disable=SC2016
RUN="$(declare -f until_true)"'
/usr/bin/python3 -c "$1" "$2"
is_held() { grep -qs "^State:.*D" $(grep -lsx held /proc/[0-9]*/comm | sed s/comm/status/) /dev/null; }
until_true 60 is_held || exit
echo "${EPOCHREALTIME/./}" >"$3"
exit 7'

# assert_stuck_reported METHOD PROGRAM: fails unless confine exits within 10 s with the status of the command and records the process
# that PROGRAM leaves. METHOD is how confine finds all processes of the command (r.tracking in the record).
assert_stuck_reported() {
	local method=$1 program=$2 ended=$TEST_DIR/ended.$BATS_TEST_NUMBER took line
	rm -f "$ended"
	run -7 run_tracked "$method" bash -c "$RUN" - "$program" "$FROZEN" "$ended"
	took=$(((${EPOCHREALTIME/./} - $(<"$ended")) / 1000))
	[[ $(stuck_processes) ]]
	line=$(tail -n1 "$RECORD")
	{ record_names_method "$method" "$line" && [[ $(record_value "$RECORD" '[r.stuck, r.orphan_count, r.orphans[0].comm, r.orphans[0].stuck].join()') == true,1,held,true ]]; } || {
		echo "$line"
		return 1
	}
	echo "# $method: reported after $took ms" >&3
	((took < 10000))
}

# thaw_and_clean: thaws the file system, so that the stuck process dies. Fails unless the next run of confine removes the cgroup of that process.
thaw_and_clean() {
	fsfreeze --unfreeze "$FROZEN"
	until_true 60 no_stuck_processes
	"$CONFINE" --cgroup next -- true
	[[ ! $(find /sys/fs/cgroup -type d -name 'portcullis-*') ]]
	fsfreeze --freeze "$FROZEN"
}

@test 'if a process of the command survives SIGKILL, confine records this process and exits within 10 s, and a run of confine after the death of this process removes the cgroup of the command' {
	local method
	for method in pidns subreaper cgroup cgroup+pidns setuid; do
		assert_stuck_reported "$method" "$WRITE"
		[[ $(record_value "$RECORD" 'r.orphans[0].argv[0]') == /usr/bin/python3 ]]
		thaw_and_clean
	done
}

@test 'if a process of the command survives SIGKILL, confine records this process and exits within 10 s, even if reading the memory map of this process would hang' {
	local method
	for method in pidns subreaper cgroup+pidns setuid; do
		assert_stuck_reported "$method" "$LOCK"
		thaw_and_clean
	done
}

@test 'if a process of src_compile survives SIGKILL, emerge prints a message and merges the package' {
	prefix_make user
	prefix_conf 'FEATURES="cgroup"'
	prefix_install_portcullis
	prefix_package app-test/stuck-1 <<-EOF
		src_compile() {
			bash -c '${RUN/exit 7/}' - '$WRITE' "$FROZEN" "$PREFIX_LOG/ended"
		}
	EOF
	run -0 prefix_emerge --oneshot app-test/stuck
	[[ $(stuck_processes) ]]
	[[ $output == *'app-test/stuck-1: src_compile: 1 leftover process still running after SIGKILL: '* ]] || {
		echo "$output"
		return 1
	}
}
