# SPDX-License-Identifier: GPL-2.0-or-later
"""Sockets of a phase, beside services of the host.

net_filter.py host COMMAND...   opens services of the host, runs the command, and prints what reached the services
net_filter.py phase             prints one line for each case: what a process of the phase can reach
net_filter.py attack            prints one line for each attempt of a hostile process to evade the filter, except for races
net_filter.py interface NAME    tries to send datagrams through this network interface
net_filter.py connect PORT      connects to a TCP port of loopback
net_filter.py names PORT        connects to a TCP port of listed.example, and looks up unlisted.example
net_filter.py lookup            prints the port that answers queries, and after a line of input looks up listed.example
net_filter.py query PORT        sends a query for forged.example to this port
net_filter.py own ADDRESS       connects to servers of the phase, and to one of the host, on this address of the machine
net_filter.py processes COUNT   starts that many processes in sessions of their own, which all connect to all servers
"""
import ctypes
import errno
import multiprocessing
import os
import socket
import struct
import subprocess
import sys
from socket import AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_STREAM

HOST_ABSTRACT = "\0host-stream"
HOST_DATAGRAMS = "\0host-datagram"


def listener(family, address, *options):
    server = socket.socket(family, SOCK_STREAM)
    for option in options:
        server.setsockopt(socket.SOL_SOCKET, option, 1)
    server.bind(address)
    server.listen()
    return server


def exchange(server, family, address):
    """Connects to the server and receives a byte from it."""
    with server, socket.socket(family, SOCK_STREAM) as client:
        client.settimeout(10)
        client.connect(address)
        peer, _ = server.accept()
        with peer:
            peer.sendall(b"x")
        return "connected" if client.recv(1) == b"x" else "closed"


def tcp(family, address, target_family=None, target=None):
    server = listener(family, (address, 0))
    return exchange(server, target_family or family, (target or address, server.getsockname()[1]))


def listen_without_bind():
    """An orphan has the server, and this process connects to its port."""
    server = socket.socket()
    server.listen()
    port = server.getsockname()[1]
    if os.fork() == 0:
        if os.fork() == 0:
            peer, _ = server.accept()
            peer.sendall(b"x")
        os._exit(0)
    server.close()
    with socket.create_connection(("127.0.0.1", port)) as client:
        answer = client.recv(1)
        # The end of the orphan closes the connection. Otherwise a busy machine may leave the orphan to the end of the phase.
        client.recv(1)
    os.wait()
    return "connected" if answer == b"x" else "closed"


def reuse_port():
    port = 0
    servers = []
    for _ in range(4):
        servers.append(listener(AF_INET, ("127.0.0.1", port), socket.SO_REUSEPORT))
        port = servers[0].getsockname()[1]
    for _ in range(20):
        socket.create_connection(("127.0.0.1", port)).close()
    return "connected"


def fast_open():
    server = listener(AF_INET, ("127.0.0.1", 0))
    with server, socket.socket() as client:
        client.sendto(b"x", socket.MSG_FASTOPEN, server.getsockname())
        peer, _ = server.accept()
        return "connected" if peer.recv(1) == b"x" else "closed"


def echo(connected, family=AF_INET, address="127.0.0.1", protocol=0):
    server, client = socket.socket(family, SOCK_DGRAM, protocol), socket.socket(family, SOCK_DGRAM, protocol)
    with server, client:
        server.bind((address, 0))
        client.settimeout(10)
        if connected:
            client.connect(server.getsockname())
            client.send(b"x")
        else:
            client.sendto(b"x", server.getsockname())
        data, source = server.recvfrom(1)
        server.sendto(data + b"!", source)
        return "answered" if client.recv(2) == b"x!" else "closed"


def abstract_datagram():
    with socket.socket(AF_UNIX, SOCK_DGRAM) as server, socket.socket(AF_UNIX, SOCK_DGRAM) as client:
        server.bind("\0d")
        client.sendto(b"x", "\0d")
        client.connect("\0d")
        return "sent" if server.recv(1) == b"x" else "closed"


def reply_to_chosen_name():
    """The kernel chooses abstract names for both sockets: at bind(2), and at the first datagram of a socket with SO_PASSCRED."""
    with socket.socket(AF_UNIX, SOCK_DGRAM) as server, socket.socket(AF_UNIX, SOCK_DGRAM) as client:
        server.bind("")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        client.sendto(b"x", server.getsockname())
        data, source = server.recvfrom(1)
        server.sendto(data + b"!", source)
        return "answered" if client.recv(2) == b"x!" else "closed"


def connect(family, address, kind=SOCK_STREAM):
    with socket.socket(family, kind) as client:
        client.settimeout(10)
        client.connect(address)
        # A UDP socket gets the error of its first datagram when it receives.
        if kind == SOCK_DGRAM and family != AF_UNIX:
            client.send(b"leak")
            client.recv(1)
        return "connected"


def send(family, address, by_message=False):
    with socket.socket(family, SOCK_DGRAM) as client:
        if family == AF_INET:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if by_message:
            client.sendmsg([b"leak"], [], 0, address)
        else:
            client.sendto(b"leak", address)
        # In a network namespace the kernel sends the datagram, which nobody receives.
        if family == AF_INET and address[0].startswith("127."):
            client.connect(address)
            client.send(b"leak")
            client.recv(1)
        return "sent"


def system_call(number, *arguments):
    result = ctypes.CDLL(None, use_errno=True).syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return "succeeded"


def phase():
    tcp_port, udp_port = int(os.environ["HOST_TCP"]), int(os.environ["HOST_UDP"])
    for name, case in {
        "TCP": lambda: tcp(AF_INET, "127.0.0.1"),
        "TCP to another address of loopback": lambda: tcp(AF_INET, "127.0.0.5"),
        "TCP to the unspecified address": lambda: tcp(AF_INET, "0.0.0.0"),
        "TCP over IPv6": lambda: tcp(AF_INET6, "::1"),
        "TCP over IPv4 to ::": lambda: tcp(AF_INET6, "::", AF_INET, "127.0.0.1"),
        "TCP to a mapped address": lambda: tcp(AF_INET6, "::", AF_INET6, "::ffff:127.0.0.1"),
        "listen without bind": listen_without_bind,
        "SO_REUSEPORT": reuse_port,
        "MSG_FASTOPEN": fast_open,
        "UDP echo": lambda: echo(False),
        "UDP echo to a connected client": lambda: echo(True),
        "UDP echo over IPv6": lambda: echo(False, AF_INET6, "::1"),
        "UDP-Lite echo": lambda: echo(False, protocol=socket.IPPROTO_UDPLITE),
        "UDP-Lite echo to a connected client over IPv6": lambda: echo(True, AF_INET6, "::1", socket.IPPROTO_UDPLITE),
        "abstract stream": lambda: exchange(listener(AF_UNIX, "\0phase"), AF_UNIX, "\0phase"),
        "abstract datagram": abstract_datagram,
        "abstract names that the kernel chooses": reply_to_chosen_name,
        "closed TCP port": lambda: connect(AF_INET, ("127.0.0.1", 1)),
        "closed UDP port": lambda: connect(AF_INET, ("127.0.0.1", 1), SOCK_DGRAM),
        "missing path": lambda: connect(AF_UNIX, "/nonexistent"),
        "missing abstract name": lambda: connect(AF_UNIX, "\0missing"),
        "host TCP": lambda: connect(AF_INET, ("127.0.0.1", tcp_port)),
        "host TCP by mapped address": lambda: connect(AF_INET6, ("::ffff:127.0.0.1", tcp_port)),
        "host TCP by unspecified address": lambda: connect(AF_INET, ("0.0.0.0", tcp_port)),
        "host UDP": lambda: connect(AF_INET, ("127.0.0.1", udp_port), SOCK_DGRAM),
        "host UDP by sendto": lambda: send(AF_INET, ("127.0.0.1", udp_port)),
        "host UDP by sendmsg": lambda: send(AF_INET, ("127.0.0.1", udp_port), True),
        "host abstract stream": lambda: connect(AF_UNIX, HOST_ABSTRACT),
        "host abstract datagram": lambda: send(AF_UNIX, HOST_DATAGRAMS),
        "host abstract datagram by sendmsg": lambda: send(AF_UNIX, HOST_DATAGRAMS, True),
        "outside TCP": lambda: connect(AF_INET, ("198.51.100.7", 443)),
        "outside TCP over IPv6": lambda: connect(AF_INET6, ("2001:db8::1", 443)),
        "outside TCP to a mapped address": lambda: connect(AF_INET6, ("::ffff:198.51.100.7", 443)),
        "outside UDP": lambda: send(AF_INET, ("198.51.100.7", 53)),
        "outside UDP by sendmsg": lambda: send(AF_INET, ("198.51.100.7", 53), True),
        "multicast": lambda: send(AF_INET, ("224.0.0.1", 9)),
        "broadcast": lambda: send(AF_INET, ("255.255.255.255", 9)),
        "vsock": lambda: socket.socket(40, SOCK_STREAM) and "made",
        "packet": lambda: socket.socket(17, SOCK_DGRAM) and "made",
        "io_uring": lambda: system_call(425, 1, ctypes.create_string_buffer(120)),
    }.items():
        print(f"{name}: {result_of(case)}", flush=True)


def result_of(case):
    try:
        return case()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))


def abstract_name_of_another_type():
    with socket.socket(AF_UNIX, SOCK_DGRAM) as own:
        own.bind(HOST_ABSTRACT)
        return connect(AF_UNIX, HOST_ABSTRACT)


def send_to_two_names(first, second):
    """Sends a datagram to each name by one sendmmsg(2)."""
    with socket.socket(AF_UNIX, SOCK_DGRAM) as own, socket.socket(AF_UNIX, SOCK_DGRAM) as client:
        own.bind(second)
        data = ctypes.create_string_buffer(b"leak")
        vector = struct.pack("QQ", ctypes.addressof(data), 4)
        names = [ctypes.create_string_buffer(struct.pack("H", AF_UNIX) + name.encode()) for name in (first, second)]
        buffers = [ctypes.create_string_buffer(vector) for _ in names]
        messages = b"".join(struct.pack("QIxxxxQQQQixxxxIxxxx", ctypes.addressof(name), 2 + len(text), ctypes.addressof(buffer), 1, 0, 0, 0, 0)
                            for name, text, buffer in zip(names, (first, second), buffers))
        return system_call(307, client.fileno(), ctypes.create_string_buffer(messages), 2, 0)


def change_type_of_descriptor(port):
    """Connects a UDP socket many times, then a TCP socket with the same number."""
    results = set()
    for count in range(50):
        with socket.socket(AF_INET, SOCK_DGRAM) as datagrams, socket.socket() as stream:
            for _ in range(8 + count):
                datagrams.connect(("127.0.0.1", port))
            os.dup2(stream.fileno(), datagrams.fileno())
            results.add(result_of(lambda: datagrams.connect(("127.0.0.1", port)) or "connected"))
    return " ".join(sorted(results))


def share_port(port):
    with listener(AF_INET, ("127.0.0.1", port), socket.SO_REUSEPORT):
        for _ in range(50):
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
        return "connected"


def unspecified_address(port):
    """Connects to 0.0.0.0, which the kernel replaces by the address of the socket, at a port that the phase has on another address."""
    with socket.socket() as own, socket.socket() as client:
        own.bind(("127.0.0.1", port))
        own.listen()
        client.bind(("127.0.0.9", 0))
        client.connect(("0.0.0.0", port))
        return "connected"


def raw_datagram(port):
    with socket.socket(AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as client:
        client.sendto(struct.pack("!HHHH", 9, port, 12, 0) + b"leak", ("127.0.0.1", 0))
        return "sent"


def attack():
    tcp_port, udp_port = int(os.environ["HOST_TCP"]), int(os.environ["HOST_UDP"])
    for name, case in {
        "own datagram socket with the name of a stream socket of the host": abstract_name_of_another_type,
        "one call to a name of the host and to an own one": lambda: send_to_two_names(HOST_DATAGRAMS, "\0own"),
        "descriptor of another type": lambda: change_type_of_descriptor(tcp_port),
        "port of the host with SO_REUSEPORT": lambda: share_port(int(os.environ["HOST_SHARED"])),
        "unspecified address": lambda: unspecified_address(int(os.environ["HOST_OTHER"])),
        "raw socket": lambda: raw_datagram(udp_port),
        "SCTP": lambda: socket.socket(AF_INET, SOCK_STREAM, 132) and "made",
        "descriptor of a process of the host": lambda: system_call(438, os.pidfd_open(int(os.environ["HOST_PID"])), 3, 0),
    }.items():
        print(f"{name}: {result_of(case)}", flush=True)


def send_by(level, option, value, family=AF_INET, by_message=False):
    with socket.socket(family, SOCK_DGRAM) as client:
        address = "127.0.0.1" if family == AF_INET else "::1"
        if by_message:
            client.sendmsg([b"leak"], [(level, option, value)], 0, (address, 9))
        else:
            client.setsockopt(level, option, value)
            client.sendto(b"leak", (address, 9))
        return "sent"


def send_through(interface):
    index = socket.if_nametoindex(interface)
    segments = bytes([0, 2, 4, 0, 0, 0, 0, 0]) + socket.inet_pton(AF_INET6, "2001:db8::2")
    for name, case in {
        "SO_BINDTODEVICE": (socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode()),
        "IP_UNICAST_IF": (socket.IPPROTO_IP, 50, struct.pack("!I", index)),
        "IPV6_RTHDR": (socket.IPPROTO_IPV6, socket.IPV6_RTHDR, segments, AF_INET6),
        "IP_PKTINFO": (socket.IPPROTO_IP, 8, struct.pack("iII", index, 0, 0), AF_INET, True),
        "IPV6_PKTINFO": (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, bytes(16) + struct.pack("I", index), AF_INET6, True),
        "IP_PKTINFO of loopback": (socket.IPPROTO_IP, 8, struct.pack("iII", 1, 0, 0), AF_INET, True),
    }.items():
        print(f"{name}: {result_of(lambda: send_by(*case))}", flush=True)


def host(command):
    stream, datagram = listener(AF_INET, ("127.0.0.1", 0)), socket.socket(AF_INET, SOCK_DGRAM)
    datagram.bind(("127.0.0.1", 0))
    abstract, abstract_datagrams = listener(AF_UNIX, HOST_ABSTRACT), socket.socket(AF_UNIX, SOCK_DGRAM)
    abstract_datagrams.bind(HOST_DATAGRAMS)
    any_address = listener(AF_INET, ("0.0.0.0", 0))
    shared, other_address = listener(AF_INET, ("127.0.0.1", 0), socket.SO_REUSEPORT), listener(AF_INET, ("127.0.0.9", 0))
    services = {"HOST_TCP": stream, "HOST_UDP": datagram, "HOST_ANY": any_address, "HOST_SHARED": shared, "HOST_OTHER": other_address}
    ports = {name: str(service.getsockname()[1]) for name, service in services.items()}
    ports["HOST_PID"] = str(os.getpid())
    arguments = [ports.get(word, word.replace("@HOST_TCP@", ports["HOST_TCP"])) for word in command]
    # The phase inherits the sockets, and may not connect to them either.
    inherited = [service.fileno() for service in [*services.values(), abstract, abstract_datagrams]]
    status = subprocess.call(arguments, env={**os.environ, **ports}, pass_fds=inherited)
    for name, service in {"TCP": stream, "UDP": datagram, "TCP on all addresses": any_address, "TCP with SO_REUSEPORT": shared,
                          "TCP on another address": other_address, "abstract stream": abstract, "abstract datagram": abstract_datagrams}.items():
        service.setblocking(False)
        try:
            reached = service.recv(9) if service.type == SOCK_DGRAM else service.accept()
            print(f"the phase reached the {name} socket of the host: {reached}")
        except BlockingIOError:
            pass
    return status


def forge_replies(server):
    """Sends to each user of sock_diag(7) a reply with the inode of the server, as if it came from the kernel. Needs CAP_NET_ADMIN."""
    # A struct nlmsghdr, and a struct inet_diag_msg, which ends with the inode.
    reply = struct.pack("=IHHII68xI", 88, 20, 0, 0, 0, os.fstat(server.fileno()).st_ino)
    with open("/proc/net/netlink", encoding="ascii") as table, socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as sender:
        ports = [int(port) for _, protocol, port, *_ in map(str.split, table) if protocol == "4" and port != "0"]
        for port in ports:
            sender.sendto(reply, (port, 0))
    return ports


def own(address):
    print(tcp(AF_INET, "0.0.0.0", AF_INET, address), echo(False, AF_INET, address), end="")
    with listener(AF_INET, ("127.0.0.1", 0)) as server:
        for host_address, forges in (address, False), ("127.0.0.1", True):
            assert not forges or forge_replies(server)
            try:
                result = connect(AF_INET, (host_address, int(os.environ["HOST_ANY"])))
            except OSError as error:
                result = errno.errorcode[error.errno]
            print("", result, end="")


def names(port):
    print(connect(AF_INET, ("listed.example", port)))
    try:
        print(socket.getaddrinfo("unlisted.example", port))
    except socket.gaierror:
        print("not found")


def query(name):
    """Returns a DNS query for the address of a name (RFC 1035, 4.1)."""
    labels = [bytes([len(label)]) + label.encode() for label in name.split(".")]
    return struct.pack("!6H", 1, 0x100, 1, 0, 0, 0) + b"".join(labels) + struct.pack("!xHH", 1, 1)


def lookup():
    with open("/etc/resolv.conf", encoding="utf-8") as lines:
        servers = [line.split()[1] for line in lines if line.startswith("nameserver ")] or ["127.0.0.1"]
    with socket.socket(AF_INET6 if ":" in servers[0] else AF_INET, SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect((servers[0], 53))
        print(client.getpeername()[1], flush=True)
        input()
        client.send(query("listed.example"))
        print(socket.inet_ntoa(client.recv(512)[-4:]))


def one_process(number, ports, barrier):
    os.setsid()
    with listener(AF_INET, ("127.0.0.1", 0)) as server:
        ports[number] = server.getsockname()[1]
        barrier.wait()
        for port in ports:
            socket.create_connection(("127.0.0.1", port), timeout=60).close()
        barrier.wait()


def connect_processes(count):
    ports, barrier = multiprocessing.Array("i", count), multiprocessing.Barrier(count, timeout=120)
    processes = [multiprocessing.Process(target=one_process, args=(number, ports, barrier)) for number in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print(sum(process.exitcode == 0 for process in processes), "of", count)


if __name__ == "__main__":
    if sys.argv[1] == "host":
        sys.exit(host(sys.argv[2:]))
    elif sys.argv[1] == "phase":
        phase()
    elif sys.argv[1] == "names":
        names(int(sys.argv[2]))
    elif sys.argv[1] == "attack":
        attack()
    elif sys.argv[1] == "interface":
        send_through(sys.argv[2])
    elif sys.argv[1] == "lookup":
        lookup()
    elif sys.argv[1] == "query":
        for family, address in (AF_INET, "127.0.0.1"), (AF_INET6, "::1"):
            socket.socket(family, SOCK_DGRAM).sendto(query("forged.example"), (address, int(sys.argv[2])))
    elif sys.argv[1] == "own":
        own(sys.argv[2])
    elif sys.argv[1] == "connect":
        print(connect(AF_INET, ("127.0.0.1", int(sys.argv[2]))))
    else:
        connect_processes(int(sys.argv[2]))
