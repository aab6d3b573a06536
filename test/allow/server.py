"""The other host: server.py FOLDER PORT...

Port 0 is one that is free; FOLDER/ready has the ports as soon as they are served. Answers HTTP, and anything else with what it got. FOLDER/count-PORT is how many connections came to that port.
"""

import asyncio
import pathlib
import resource
import sys

folder = pathlib.Path(sys.argv[1])
counts = {}
unwritten = set()


def count(port):
    counts[port] = counts.get(port, 0) + 1
    # The first one at once, for those that must never come; the rest of a crowd a hundredth of a second later.
    if port not in unwritten:
        unwritten.add(port)
        write(port)
        asyncio.get_running_loop().call_later(0.01, settle, port, counts[port])


def settle(port, written):
    unwritten.discard(port)
    if counts[port] != written:
        write(port)


def write(port):
    new = folder / f".count-{port}"
    new.write_text(f"{counts[port]}\n")
    new.rename(folder / f"count-{port}")


async def serve(reader, writer):
    count(writer.get_extra_info("sockname")[1])
    try:
        data = await reader.read(65536)
        while data:
            if data[:4] in (b"GET ", b"HEAD"):
                body = b"there\n"
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
    servers = [await asyncio.start_server(serve, None if port != "0" else "127.0.0.1", int(port), backlog=4096) for port in sys.argv[2:]]
    ports = sorted({socket.getsockname()[1] for server in servers for socket in server.sockets})
    ready = folder / ".ready"
    ready.write_text("".join(f"{port}\n" for port in ports))
    ready.rename(folder / "ready")
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
