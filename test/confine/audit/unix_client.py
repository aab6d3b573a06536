# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends requests to UNIX sockets with a path.

unix_client.py host FOLDER   sends one request to the sockets in FOLDER (stream, datagram) by each form of a path
unix_client.py own           binds sockets in the working directory and sends requests to them
unix_client.py connect FILE  connects to the socket FILE
unix_client.py late FILE     creates FILE.started, waits for the socket FILE, and connects to it
unix_client.py forge FILE    changes the mode of the socket FILE, binds a socket in /dev/shm with its inode number, and connects to FILE

Prints one line for each request: FORM RESULT, where RESULT is ok or the name of an errno.
"""

import ctypes
import errno
import os
import socket
import subprocess
import sys
import time


def report(form, request):
    try:
        request()
        print(form, "ok", flush=True)
    except OSError as error:
        print(form, errno.errorcode[error.errno], flush=True)


def connect(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)


def send(path, by_message=False):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        if by_message:
            client.sendmsg([b"x"], [], 0, path)
        else:
            client.sendto(b"x", path)


def send_messages(path):
    """Sends two messages to one path by sendmmsg(2)."""

    class Message(ctypes.Structure):
        _fields_ = [("name", ctypes.c_void_p), ("name_length", ctypes.c_uint), ("parts", ctypes.c_void_p)]
        _fields_ += [("part_count", ctypes.c_size_t), ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t)]
        _fields_ += [("flags", ctypes.c_size_t), ("sent", ctypes.c_size_t)]

    libc = ctypes.CDLL(None, use_errno=True)
    address = ctypes.create_string_buffer(socket.AF_UNIX.to_bytes(2, sys.byteorder) + os.fsencode(path))
    data = ctypes.create_string_buffer(b"x")
    part = (ctypes.c_size_t * 2)(ctypes.addressof(data), 1)
    messages = (Message * 2)()
    for message in messages:
        message.name, message.name_length = ctypes.addressof(address), len(address)
        message.parts, message.part_count = ctypes.addressof(part), 1
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        if libc.sendmmsg(client.fileno(), messages, 2, 0) != 2:
            raise OSError(ctypes.get_errno(), "sendmmsg")


def in_chroot(root, path):
    """Connects in another root directory, in a user namespace unless the caller is root. The path is relative, and a link in it is absolute."""
    child = os.fork()
    if child == 0:
        if os.geteuid() != 0:
            ctypes.CDLL(None).unshare(0x10000000)  # CLONE_NEWUSER
        try:
            os.chroot(root)
            os.chdir("/")
            connect(path)
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != 0:
        raise OSError(status, "chroot")


def host(folder):
    stream, datagram = folder + "/stream", folder + "/datagram"
    files = [os.open(folder, os.O_PATH), os.open(stream, os.O_PATH)]
    report("absolute", lambda: connect(stream))
    report("link", lambda: connect(folder + "/link"))
    report("proc-root", lambda: connect("/proc/self/root" + stream))
    report("proc-pid-root", lambda: connect(f"/proc/{os.getpid()}/root" + stream))
    report("proc-folder", lambda: connect(f"/proc/self/fd/{files[0]}/stream"))
    report("proc-file", lambda: connect(f"/proc/self/fd/{files[1]}"))
    report("proc-thread", lambda: connect(f"/proc/thread-self/fd/{files[0]}/link"))
    report("parent", lambda: connect("/.." * 4 + folder + "/../" + os.path.basename(folder) + "/stream"))
    report("chroot", lambda: in_chroot(folder, "absolute-link"))
    os.chdir(folder)
    report("relative", lambda: connect("stream"))
    report("relative-link", lambda: connect("./link"))
    report("relative-parent", lambda: connect("../" + os.path.basename(folder) + "/stream"))
    report("short", lambda: connect("s"))
    report("proc-cwd", lambda: connect("/proc/self/cwd/stream"))
    report("sendto", lambda: send(datagram))
    report("short-sendto", lambda: send("d"))
    report("sendmsg", lambda: send(datagram, True))
    report("sendmmsg", lambda: send_messages(datagram))


def own():
    listener, datagram = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind("a")
    listener.listen(64)
    datagram.bind("datagram")
    os.symlink("a", "link")
    report("listener", lambda: connect("a"))
    report("datagram", lambda: send("datagram"))
    os.rename("a", "renamed")
    report("renamed", lambda: connect("renamed"))
    os.chmod("renamed", 0o600)
    os.link("renamed", "hard")
    report("hard-link", lambda: connect("hard"))
    os.rename("renamed", "a")
    report("link", lambda: connect("link"))
    # As root, the server has another user, as PostgreSQL has.
    server = subprocess.Popen([sys.executable, "-c", OTHER], stdout=subprocess.PIPE, user=12321 if os.geteuid() == 0 else None)
    server.stdout.readline()
    report("other-user", lambda: connect("other"))
    server.kill()
    server.wait()
    other = subprocess.run(
        ["unshare", "--user", "--net", sys.executable, "-c", NESTED, sys.argv[0]], stdout=subprocess.PIPE, text=True, check=True
    )
    print(other.stdout, end="")
    os.unlink("a")
    report("unlinked", lambda: connect("link"))


OTHER = """
import signal, socket
listener = socket.socket(socket.AF_UNIX)
listener.bind("other")
listener.listen()
print(flush=True)
signal.pause()
"""

NESTED = """
import runpy, socket, sys
client = runpy.run_path(sys.argv[1], run_name="client")
listener = socket.socket(socket.AF_UNIX)
listener.bind("nested")
listener.listen()
client["report"]("nested-network", lambda: client["connect"]("nested"))
"""


def late(path):
    with open(path + ".started", "w", encoding="ascii"):
        pass
    end = time.monotonic() + 30
    while not os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.01)
    report("late", lambda: connect(path))


def forge(path):
    os.chmod(path, 0o700)
    wanted, inode = os.stat(path).st_ino, 0
    while inode < wanted:
        own = socket.socket(socket.AF_UNIX)
        own.bind(f"/dev/shm/{inode}")
        inode = os.stat(own.getsockname()).st_ino
    assert inode == wanted, f"{inode} is not {wanted}"
    report("forge", lambda: connect(path))


if __name__ == "__main__":
    modes = {"connect": lambda path: report("connect", lambda: connect(path)), "host": host, "own": own, "late": late, "forge": forge}
    modes[sys.argv[1]](*sys.argv[2:])
