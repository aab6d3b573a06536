#!/usr/bin/env bats
# A process that even SIGKILL does not end for now: named, waited for, reported, and no hang. It sleeps uninterruptibly in a write
# to a file system that is frozen (FIFREEZE, ioctl_fsfreeze(8)), until that is thawed.

load ../confine/helper
load ../confine/tracking_methods
load ../lib/prefix

setup_file() {
	confine_begin refuse_calls
	prefix_host_begin
	FROZEN=$PLACE/frozen
	export FROZEN
	mkdir "$FROZEN"
	truncate --size=16M "$PLACE/image"
	mkfs.ext4 -q -F "$PLACE/image"
	mount -o loop "$PLACE/image" "$FROZEN"
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
	RECORD=$PLACE/record.$BATS_TEST_NUMBER
	# shellcheck disable=SC2034 # kept_by reads it
	NAME=stuck-$BATS_TEST_NUMBER
	: >"$RECORD"
	chmod 666 "$RECORD"
	fsfreeze --freeze "$FROZEN"
}

# First of all: who looks at what is stuck may get stuck as well.
teardown() {
	! fsfreeze --unfreeze "$FROZEN" 2>/dev/null || until_true 20 nobody_held
	prefix_clean
}

# The processes that are stuck, known by their name, which is no part of their memory.
held() {
	grep -lx held /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3
}

nobody_held() {
	[[ ! $(held) ]]
}

# Leaves a process in the write and ends, as a phase does.
WRITE='
import os, sys
if os.fork() == 0:
    os.setsid()
    open("/proc/self/comm", "w").write("held")
    for fd in (0, 1, 2): os.close(fd)
    open(sys.argv[1] + "/file", "w")
'
# The same, with its memory locked on top: one thread in a fault of a mapped page, another one that wants to map.
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
RUN='/usr/bin/python3 -c "$1" "$2"
until grep -q "^State:.*D" $(grep -lx held /proc/[0-9]*/comm | sed s/comm/status/) /dev/null 2>/dev/null; do :; done
echo "${EPOCHREALTIME/./}" >"$3"
exit 7'

# stuck KEEPER PROGRAM: kept by that keeper; confine has ended in time and as the
# command did, though the process is still there
stuck() {
	local keeper=$1 program=$2 ended=$PLACE/ended.$BATS_TEST_NUMBER took record
	rm -f "$ended"
	run -7 kept_by "$keeper" bash -c "$RUN" - "$program" "$FROZEN" "$ended"
	took=$(((${EPOCHREALTIME/./} - $(<"$ended")) / 1000))
	[[ $(held) ]]
	record=$(tail -n1 "$RECORD")
	{ shows "$keeper" "$record" && [[ $(record_value "$RECORD" '[r.stuck, r.orphan_count, r.orphans[0].comm, r.orphans[0].stuck].join()') == true,1,held,true ]]; } || {
		echo "$record"
		return 1
	}
	echo "# $keeper: reported after $took ms" >&3
	((took < 10000))
}

# let_go: thawed, it dies, and the next run takes its cgroup away
let_go() {
	fsfreeze --unfreeze "$FROZEN"
	until_true 20 nobody_held
	"$CONFINE" --cgroup next -- true
	[[ ! $(find /sys/fs/cgroup -type d -name 'portcullis-*') ]]
	fsfreeze --freeze "$FROZEN"
}

@test 'whoever keeps it: reported within 10 s, with the status of the command, and gone once it can die' {
	local keeper
	for keeper in pidns subreaper cgroup cgroup+pidns setuid; do
		stuck "$keeper" "$WRITE"
		[[ $(record_value "$RECORD" 'r.orphans[0].argv[0]') == /usr/bin/python3 ]]
		let_go
	done
}

@test 'one whose memory is locked, at which ps would hang: by its name alone' {
	local keeper
	for keeper in pidns subreaper cgroup+pidns setuid; do
		stuck "$keeper" "$LOCK"
		let_go
	done
}

@test 'emerge: told at the end, and the package is merged' {
	prefix_make user
	prefix_conf 'FEATURES="cgroup"'
	prefix_install_portcullis
	prefix_package app-test/stuck-1 <<-EOF
		src_compile() {
			bash -c '${RUN/exit 7/}' - '$WRITE' "$FROZEN" "$PREFIX_LOG/ended"
		}
	EOF
	run -0 prefix_emerge --oneshot app-test/stuck
	[[ $(held) ]]
	[[ $output == *'app-test/stuck-1: src_compile left a process behind that SIGKILL has not ended yet: '*'. It waits in the kernel'* ]] || {
		echo "$output"
		return 1
	}
}
