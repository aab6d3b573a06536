# SPDX-License-Identifier: GPL-2.0-or-later
"""
Overwrites the log that confine's watcher shares with its supervisor, as a hostile watcher could: overwrite_log.py BYTE|random.
Run it as root as the command of confine. It exits with 7 after the first write. A child of it keeps writing until the supervisor has exited.
"""
import os
import re
import sys

init = open(f"/proc/{os.getppid()}/status").read()
supervisor = re.search(r"^PPid:\s*(\d+)$", init, re.M).group(1)
# Shared anonymous memory appears as a deleted file in /proc/PID/maps (proc_pid_maps(5)).
start, end = re.search(r"^(\w+)-(\w+) rw-s .*/dev/zero \(deleted\)$", open(f"/proc/{supervisor}/maps").read(), re.M).groups()
start, size = int(start, 16), int(end, 16) - int(start, 16)
memory = os.open(f"/proc/{supervisor}/mem", os.O_WRONLY)


def write():
    bytes_written = os.urandom(size) if sys.argv[1] == "random" else bytes([int(sys.argv[1])]) * size
    return os.pwrite(memory, bytes_written, start)


assert write() == size
if os.fork() > 0:
    os._exit(7)
# write(2) to the memory of an ended process returns 0.
while write() > 0:
    pass
