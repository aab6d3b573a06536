# SPDX-License-Identifier: GPL-2.0-or-later
"""The server of remote_host.bash: remote_server.py FOLDER PORT...

Port 0 selects a free port. With PORT!, the server sends "hello" to each client first. When the server listens, it writes its ports
to FOLDER/ready. The server answers HTTP requests from FOLDER/www. It answers COUNT with the number of earlier connections to the
port, without connections that sent COUNT. After ROUTE ADDRESS, the packets of the server have an IPv6 routing header through that
address. The server echoes everything else.
"""

import asyncio
import pathlib
import resource
import socket
import sys

folder = pathlib.Path(sys.argv[1])
counts = {}


def set_route(connection, address):
    # Segment routing header (RFC 8754): header length, type 4, segments left, last entry, final segment (set by the kernel), first segment
    header = bytes([0, 4, 4, 1, 1, 0, 0, 0]) + bytes(16) + socket.inet_pton(socket.AF_INET6, address)
    connection.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RTHDR, header)


async def greet(reader, writer):
    writer.write(b"hello\n")
    await serve(reader, writer)


async def serve(reader, writer):
    port = writer.get_extra_info("sockname")[1]
    # Count the connection before the first await, so that a later COUNT request includes it.
    counts[port] = counts.get(port, 0) + 1
    try:
        data = await reader.read(65536)
        while data:
            if data == b"COUNT\n":
                counts[port] -= 1
                writer.write(b"%d\n" % counts[port])
                await writer.drain()
                break
            if data[:4] in (b"GET ", b"HEAD"):
                body = b"remote_page\n"
                name = data.split(b" ")[1].decode().split("?")[0].lstrip("/")
                file = folder / "www" / name
                status = b"200 OK"
                if name and file.is_file():
                    body = file.read_bytes()
                elif name:
                    status, body = b"404 Not Found", b""
                head = b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(body))
                writer.write(head + (b"" if data[:4] == b"HEAD" else body))
                await writer.drain()
                break
            if data.startswith(b"ROUTE "):
                set_route(writer.get_extra_info("socket"), data.split()[1].decode())
                data = b"routed"
            writer.write(data)
            await writer.drain()
            data = await reader.read(65536)
    except OSError:
        pass
    finally:
        writer.close()


async def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    servers = []
    for port in sys.argv[2:]:
        meet = greet if port.endswith("!") else serve
        servers.append(await asyncio.start_server(meet, None if port != "0" else "127.0.0.1", int(port.rstrip("!")), backlog=4096))
    ports = sorted({listener.getsockname()[1] for server in servers for listener in server.sockets})
    ready = folder / ".ready"
    ready.write_text("".join(f"{port}\n" for port in ports))
    ready.rename(folder / "ready")
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
