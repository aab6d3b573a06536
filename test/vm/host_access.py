# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints NAME=RESULT for each check that is named on the command line: what of the host does this phase reach?

host_access.py NAMESPACE SOCKET CHECK...   NAMESPACE is the mount namespace of emerge, SOCKET a socket of the host
"""

import ctypes
import errno
import glob
import os
import signal
import socket
import sys

QUEUE_KEY = 0x706F7274


def processes():
    """Tests whether /proc lists emerge."""
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                if b"/bin/emerge\0" in file.read():
                    return "host"
        except OSError:  # The process has ended.
            pass
    return "own"


def mounts():
    return "host" if os.readlink("/proc/self/ns/mnt") == sys.argv[1] else "own"


def shm():
    return "host" if os.path.exists("/dev/shm/situation") else "own"


def ipc():
    return "own" if ctypes.CDLL(None).msgget(QUEUE_KEY, 0) < 0 else "host"


def sockets():
    code = socket.socket(socket.AF_UNIX).connect_ex(sys.argv[2])
    return errno.errorcode.get(code, "connected")


def limits():
    """Tests whether more than the 200 processes of PORTCULLIS_PIDS_MAX can run at once."""
    children = []
    try:
        while len(children) < 220:
            child = os.fork()
            if child == 0:
                signal.pause()
            children.append(child)
    except BlockingIOError:  # EAGAIN: pids.max
        pass
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return "yes" if len(children) < 200 else "no"


for check in sys.argv[3:]:
    print(check + "=" + globals()[check]())
