# SPDX-License-Identifier: GPL-2.0-or-later
"""Serves the UNIX sockets FILE (stream) and, with a second argument, FILE (datagram), until a signal ends it.

unix_server.py STREAM [DATAGRAM]   creates STREAM.ready after it listens; accepts connections and discards datagrams
"""

import os
import select
import socket
import sys

os.umask(0)
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(64)
sources = [listener]
if len(sys.argv) > 2:
    datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagram.bind(sys.argv[2])
    sources.append(datagram)
with open(sys.argv[1] + ".ready", "w", encoding="ascii"):
    pass
while True:
    ready = select.select(sources, [], [])[0]
    if listener in ready:
        listener.accept()[0].close()
    if len(sys.argv) > 2 and datagram in ready:
        datagram.recv(16)
