# SPDX-License-Identifier: GPL-2.0-or-later
"""terminal.py SCRIPT -- COMMAND...: runs COMMAND on a new terminal, as the leader of a session, and follows the steps in SCRIPT.

SCRIPT has one step per line:
  await TEXT    wait until COMMAND prints TEXT
  file PATH     wait until PATH exists and is not empty
  type TEXT     type TEXT, which may contain the escapes of Python
  signal NAME   send SIGNAME to COMMAND
  stop          stop COMMAND and its children with SIGSTOP
  suspended     wait until the innermost processes below COMMAND are stopped
  go on         continue these processes with SIGCONT
  hang up       close the terminal
  end           wait until COMMAND has ended
Prints the output of COMMAND and exits with its status, or with 99 if a step took longer than 30 s.
"""
import os
import pty
import select
import signal
import sys
import time

PATIENCE = 30


def state(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(") ")[2][0]


def leaves(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            below = [int(one) for one in children.read().split()]
    except FileNotFoundError:
        return []
    return [leaf for one in below for leaf in leaves(one)] or [pid]


def main(script, command):
    pid, master = pty.fork()
    if pid == 0:
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(command[0], command)
    seen = bytearray()
    from_here = 0
    master_open = True

    def listen(seconds):
        if not master_open or not select.select([master], [], [], seconds)[0]:
            return
        try:
            seen.extend(os.read(master, 65536))
        except OSError:
            time.sleep(seconds)

    def wait_for(what, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                sys.stdout.buffer.write(bytes(seen))
                print(f"terminal.py: {what} took too long", flush=True)
                os.kill(pid, signal.SIGKILL)
                sys.exit(99)
            if master_open:
                listen(0.02)
            else:
                time.sleep(0.02)

    stopped = []

    def stop():
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            stopped.extend([pid, *map(int, children.read().split())])
        for one in stopped:
            os.kill(one, signal.SIGSTOP)
            wait_for(f"stopping {one}", lambda one=one: state(one) == "T")

    ended = None

    def has_ended():
        nonlocal ended
        if ended is None:
            child, status = os.waitpid(pid, os.WNOHANG)
            ended = status if child else None
        return ended is not None

    for line in script.splitlines():
        verb, _, rest = line.strip().partition(" ")
        if verb == "await":
            wanted = rest.encode()
            wait_for(line, lambda: seen.find(wanted, from_here) >= 0)
            from_here = seen.find(wanted, from_here) + len(wanted)
        elif verb == "file":
            wait_for(line, lambda: os.path.exists(rest) and os.path.getsize(rest) > 0)
        elif verb == "type":
            os.write(master, rest.encode().decode("unicode_escape").encode())
        elif verb == "signal":
            os.kill(pid, signal.Signals["SIG" + rest])
        elif verb == "stop":
            stop()
        elif verb == "suspended":
            # Wait until all processes are stopped, because a process that has not handled SIGTSTP yet would read the input of the next step.
            wait_for(line, lambda: all(state(one) == "T" for one in leaves(pid)))
        elif verb == "go":
            for one in stopped:
                os.kill(one, signal.SIGCONT)
        elif verb == "hang":
            os.close(master)
            master_open = False
        elif verb == "end":
            wait_for(line, has_ended)
    for _ in range(20):
        listen(0.005)
    sys.stdout.buffer.write(bytes(seen))
    sys.stdout.flush()
    if not has_ended():
        return
    status = os.waitstatus_to_exitcode(ended)
    sys.exit(status if status >= 0 else 128 - status)


main(sys.argv[1], sys.argv[3:])
