# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends one query to 192.0.2.1 and one to 192.0.2.2 with one sendmmsg(2) on a bound socket. Prints the number of messages sent, whether the
socket has kept its port, and the response code of each server."""
import ctypes
import socket
import struct


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_char_p), ("length", ctypes.c_size_t)]


class Msghdr(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("name_length", ctypes.c_uint32), ("parts", ctypes.POINTER(Iovec)), ("part_count", ctypes.c_size_t),
                ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t), ("flags", ctypes.c_int)]


class Mmsghdr(ctypes.Structure):
    _fields_ = [("header", Msghdr), ("length", ctypes.c_uint)]


def query(number, name):
    return struct.pack(">HHHHHH", number, 256, 1, 0, 0, 0) + b"".join(bytes([len(one)]) + one for one in name.split(b".")) + b"\0\0\1\0\1"


def message(number, name, server):
    text = query(number, name)
    address = struct.pack("=H", socket.AF_INET) + struct.pack(">H", 53) + socket.inet_aton(server) + bytes(8)
    return Mmsghdr(Msghdr(address, 16, ctypes.pointer(Iovec(text, len(text))), 1, None, 0, 0), 0)


client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.bind(("", 0))
client.settimeout(5)
port = client.getsockname()[1]
messages = (Mmsghdr * 2)(message(1, b"one.example", "192.0.2.1"), message(2, b"two.example", "192.0.2.2"))
sent = ctypes.CDLL(None).sendmmsg(client.fileno(), messages, 2, 0)
answers = sorted((server[0], answer[3] & 15) for answer, server in (client.recvfrom(512) for _ in range(2)))
print(sent, client.getsockname()[1] == port, *(f"{server}={code}" for server, code in answers))
