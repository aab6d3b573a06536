#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The seccomp listener of a set-user-id confine. A process with the listener can add descriptors to a watched program, forge results of its
# system calls (SECCOMP_IOCTL_NOTIF_ADDFD, seccomp_unotify(2)), and so take over a privileged program.

load setuid_helper

# find_watcher: sets WATCHER to the PID of the watcher, which has the seccomp listener for the caller's phase
find_watcher() {
	WATCHER=$(pgrep -U "$CALLER" -x confine-watcher)
}

# attack_watcher: tries to get descriptors and memory of the watcher as the caller, by /proc, pidfd_getfd(2) and ptrace(2)
attack_watcher() {
	as_caller /usr/bin/python3 -c '
import ctypes, os, sys
pid, libc = int(sys.argv[1]), ctypes.CDLL(None, use_errno=True)
def refused(name, act):
    try:
        if act() >= 0: print("got", name)
    except OSError: pass
refused("/proc/fd", lambda: len(os.listdir(f"/proc/{pid}/fd")))
refused("/proc/mem", lambda: os.open(f"/proc/{pid}/mem", os.O_RDONLY))
pidfd = os.pidfd_open(pid)
for fd in range(64): refused(f"fd {fd}", lambda: libc.syscall(438, pidfd, fd, 0))
refused("ptrace", lambda: libc.ptrace(0x4206, pid, 0, 0))
print("tried")' "$WATCHER"
}

@test 'with a set-user-id confine --audit, set-user-id programs gain no privileges, and the caller cannot copy the seccomp listener' {
	local command
	install -o root -m 4755 "$(type -P id)" "$TEST_DIR/id"
	as_caller mkfifo go
	as_caller "$CONFINE" --net --audit --record record -- sh -c '"$1" -u >ids; read -r _ <go; grep NoNewPrivs: /proc/self/status >>ids' sh "$TEST_DIR/id" 3>&- &
	command=$!
	until_true 60 test -s ids
	until_true 60 find_watcher
	run -0 attack_watcher
	[[ $output == tried ]]
	echo >go
	wait "$command"
	[[ $(<ids) == "$CALLER"$'\n'NoNewPrivs:*1 ]]
	[[ $(record_value record r.mode) == setuid && $(record_value record r.watched) == yes && $(record_value record r.setuid_inert) == true ]]
	rm "$TEST_DIR/id"
}

@test 'if the caller of a set-user-id confine has installed a seccomp listener, confine gains no privileges from the set-user-id bit' {
	# A process without CAP_SYS_ADMIN must set no_new_privs to install a seccomp filter (seccomp(2)). The kernel then ignores set-user-id bits.
	run -0 as_caller /usr/bin/python3 -c '
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
allow = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
program = struct.pack("HxxxxxxQ", 1, ctypes.addressof(allow))
assert libc.syscall(317, 1, 8, program) < 0, "a listener without no_new_privs"
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.syscall(317, 1, 8, program) >= 0
os.execv(sys.argv[1], [sys.argv[1], "--probe"])' "$CONFINE"
	[[ $output == *mode=userns* && $output == *no_new_privs=yes* ]]
}
