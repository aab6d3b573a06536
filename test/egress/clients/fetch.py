# SPDX-License-Identifier: GPL-2.0-or-later
"""Fetches a page: fetch.py blocking|timeout|asyncio HOST PORT"""

import asyncio
import socket
import sys

how, host, port = sys.argv[1:]
request = b"GET / HTTP/1.0\r\n\r\n"


async def fetch():
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    return await reader.read()


if how == "asyncio":
    print(asyncio.run(fetch()).decode())
else:
    connection = socket.create_connection((host, int(port)), timeout=5 if how == "timeout" else None)
    connection.sendall(request)
    print(connection.makefile().read())
