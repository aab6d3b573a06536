#!/usr/bin/env bats
# seccomp's listener in mode setuid. Who holds it can put descriptors into a watched program and forge its calls' results: a
# set-id program that runs there with its power would be theirs (SECCOMP_IOCTL_NOTIF_ADDFD, seccomp_unotify(2)).

load helper

# watcher: the process that holds the listener of the caller's phase
watcher() {
	WATCHER=$(pgrep -U "$CALLER" -x confine-audit)
}

# What a caller can try on the holder, as the caller: its descriptors by /proc, by pidfd_getfd(2), its memory, and ptrace.
steal() {
	caller /usr/bin/python3 -c '
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

@test 'an audited phase: set-id programs are inert, and the caller gets at nobody who holds the listener' {
	local command
	install -o root -m 4755 "$(type -P id)" "$PLACE/id"
	caller mkfifo go
	caller "$CONFINE" --net --audit --record record -- sh -c '"$1" -u >ids; read -r _ <go; grep NoNewPrivs: /proc/self/status >>ids' sh "$PLACE/id" 3>&- &
	command=$!
	until_true 10 test -s ids
	until_true 10 watcher
	run -0 steal
	[[ $output == tried ]]
	echo >go
	wait "$command"
	[[ $(<ids) == "$CALLER"$'\n'NoNewPrivs:*1 ]]
	[[ $(record_value record r.mode) == setuid && $(record_value record r.watched) == yes && $(record_value record r.setuid_inert) == true ]]
	rm "$PLACE/id"
}

@test "a listener of the caller's own: the bit is inert under its filter, and confine owns nothing of root's" {
	# Without CAP_SYS_ADMIN a filter takes no_new_privs (seccomp(2)), and with that the kernel ignores the bit.
	run -0 caller /usr/bin/python3 -c '
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
allow = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
program = struct.pack("HxxxxxxQ", 1, ctypes.addressof(allow))
assert libc.syscall(317, 1, 8, program) < 0, "a listener without no_new_privs"
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.syscall(317, 1, 8, program) >= 0
os.execv(sys.argv[1], [sys.argv[1], "--probe"])' "$CONFINE"
	[[ $output == *mode=userns* && $output == *no_new_privs=yes* ]]
}
