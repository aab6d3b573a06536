# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends DNS queries to the name server of /etc/resolv.conf: dns_client.py udp|tcp ACTION... Prints the response codes."""
import re
import socket
import struct
import sys

SERVER = re.search(r"^nameserver (\S+)", open("/etc/resolv.conf").read(), re.M).group(1)
TYPES = {"A": 1, "PTR": 12, "TXT": 16, "AAAA": 28, "SRV": 33, "ODD": 65280}


def query(name, kind="A", header=(0x1234, 0x0100, 1, 0, 0, 0), rest=b""):
    labels = b"".join(bytes([len(one)]) + one for one in name.encode().split(b".") if one)
    return struct.pack(">HHHHHH", *header) + labels + b"\0" + struct.pack(">HH", TYPES[kind], 1) + rest


OPT = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0)
MALFORMED = {
    "empty": b"",
    "short": query("short.example")[:11],
    "truncated": query("truncated.example")[:20],
    "loop": struct.pack(">HHHHHH", 7, 256, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1",
    "label": struct.pack(">HHHHHH", 7, 256, 1, 0, 0, 0) + b"\x7f" + b"x" * 127 + b"\0\0\1\0\1",
    "long": struct.pack(">HHHHHH", 7, 256, 1, 0, 0, 0) + (b"\x3f" + b"a" * 63) * 5 + b"\0\0\1\0\1",
    "response": query("response.example", header=(7, 0x8180, 1, 0, 0, 0)),
    "update": query("update.example", header=(7, 0x2800, 1, 0, 0, 0)),
    "questions": query("first.example", header=(7, 256, 65535, 0, 0, 0)),
    "oversized": query("oversized.example", rest=b"\0" * 60000),
}


def by_udp(message):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.settimeout(0.3)
    server.connect((SERVER, 53))
    server.send(message)
    try:
        return server.recv(4096)
    except TimeoutError:
        return b""


def by_tcp(message):
    server = socket.create_connection((SERVER, 53), timeout=2)
    server.sendall(struct.pack(">H", len(message)) + message)
    return server.recv(4096)[2:]


def code(answer):
    return answer[3] & 15 if len(answer) > 3 else "none"


ask = by_tcp if sys.argv[1] == "tcp" else by_udp
if sys.argv[2] == "malformed":
    print(*(f"{name}={code(ask(message))}" for name, message in MALFORMED.items()))
elif sys.argv[2] == "repeat":
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.connect((SERVER, 53))
    for i in range(int(sys.argv[3])):
        server.send(query(f"n{i}.example"))
        server.recv(4096)
elif sys.argv[2] == "edns":
    print(code(ask(query(sys.argv[3], "A", (7, 0x0120, 1, 0, 0, 1), OPT))))
elif sys.argv[2] == "idle":
    # Open more connections than the server keeps, and send no query on them. The server should close the oldest one.
    idle = [socket.create_connection((SERVER, 53), timeout=2) for _ in range(40)]
    print(code(by_tcp(query("behind.example"))), idle[0].recv(1) == b"")
else:
    print(code(ask(query(sys.argv[3], sys.argv[2]))))
