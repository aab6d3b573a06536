# SPDX-License-Identifier: GPL-2.0-or-later
"""
Stops the DNS server process of confine, and the supervisor, which would continue it at once. Then one thread connects a UDP socket to the name
server, and a second thread makes a TCP connection: stop_dns.py continue|wait. Prints the two in the order in which they return. `continue`
continues both processes after the TCP connection, `wait` after both have returned.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import threading

SERVER = re.search(r"^nameserver (\S+)", open("/etc/resolv.conf").read(), re.M).group(1)
CONNECT = {"x86_64": "42 ", "aarch64": "203 "}[os.uname().machine]


def connect(kind, address):
    with socket.socket(socket.AF_INET, kind) as client:
        client.connect_ex(address)
    print(kind.name)


# This lookup makes confine start the DNS server process.
subprocess.run(["getent", "hosts", "first.example"])
supervisor = re.search(r"^PPid:\s*(\d+)$", open(f"/proc/{os.getppid()}/status").read(), re.M).group(1)
stopped = [int(supervisor), int(subprocess.check_output(["pgrep", "-x", "-P", supervisor, "confine-dns"]))]
query = threading.Thread(target=connect, args=(socket.SOCK_DGRAM, (SERVER, 53)))
for pid in stopped:
    os.kill(pid, signal.SIGSTOP)
try:
    query.start()
    while not open(f"/proc/self/task/{query.native_id}/syscall").read().startswith(CONNECT):
        pass
    connect(socket.SOCK_STREAM, ("198.51.100.7", 443))
    if sys.argv[1] == "wait":
        query.join()
finally:
    # Continue the supervisor last, because it reaps a DNS server process that exits.
    for pid in reversed(stopped):
        os.kill(pid, signal.SIGCONT)
    query.join()
