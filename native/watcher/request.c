#include "watcher/request.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "watcher/target.h"

static bool normalize(struct destination *to, const union socket_address *address, size_t length, bool sending)
{
	static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};
	*to = (struct destination){0};
	/*
	 * A datagram to AF_UNSPEC goes where AF_INET would (udp_sendmsg() in net/ipv4/udp.c); a connect to it ends a
	 * connection.
	 */
	bool inet = address->any.sa_family == AF_INET || (sending && address->any.sa_family == AF_UNSPEC);
	if (inet && length >= sizeof address->in) {
		to->family = AF_INET;
		memcpy(to->address, &address->in.sin_addr, 4);
		to->port = ntohs(address->in.sin_port);
		return true;
	}
	/* 24 bytes without the scope are enough for the kernel (SIN6_LEN_RFC2133). */
	if (address->any.sa_family != AF_INET6 || length < 24)
		return false;
	const unsigned char *bytes = address->in6.sin6_addr.s6_addr;
	bool v4 = memcmp(bytes, mapped, sizeof mapped) == 0;
	to->family = v4 ? AF_INET : AF_INET6;
	memcpy(to->address, v4 ? bytes + sizeof mapped : bytes, v4 ? 4 : 16);
	to->port = ntohs(address->in6.sin6_port);
	return true;
}

static void add_name(struct request *request, const union socket_address *name, size_t length)
{
	bool sending = request->call != CALL_CONNECT && request->call != CALL_BIND;
	if (normalize(&request->to[request->count], name, length, sending))
		request->count++;
}

/* Adds what is at one address of the process' memory. */
static void add(struct request *request, pid_t tid, uint64_t at, uint32_t length)
{
	union socket_address name = {0};
	/* Only as much as an internet address takes. */
	size_t size = length < sizeof name.in6 ? length : sizeof name.in6;
	if (at == 0 || length < SHORTEST_ADDRESS || request->count == REQUEST_ADDRESSES)
		return;
	if (target_read(tid, at, &name, size))
		add_name(request, &name, size);
	else
		request->unreadable = true;
}

/* The same for a connect, whose address is kept. */
static void add_whole(struct request *request, pid_t tid, uint64_t at, uint32_t length)
{
	request->name = (union socket_address){0};
	request->name_length = length;
	/* One that is too long the kernel refuses (move_addr_to_kernel() in net/socket.c). */
	if (length > sizeof request->name)
		return;
	if (length == 0 || target_read(tid, at, &request->name, length))
		add_name(request, &request->name, length);
	else
		request->unreadable = true;
}

/* A pointer of the process', and a number behind it, as they lie in struct msghdr: msg_name and msg_namelen. */
struct header {
	uint64_t name;
	uint32_t length;
};

static struct header header_of(const unsigned char *bytes, unsigned char word)
{
	struct header header = {0};
	memcpy(&header.name, bytes, word);
	memcpy(&header.length, bytes + word, sizeof header.length);
	return header;
}

static void add_message(struct request *request, pid_t tid, uint64_t at, unsigned char word)
{
	unsigned char bytes[12];
	if (!target_read(tid, at, bytes, word + 4U)) {
		request->unreadable = true;
		return;
	}
	struct header header = header_of(bytes, word);
	add(request, tid, header.name, header.length);
}

static void add_messages(struct request *request, pid_t tid, uint64_t at, uint64_t count, unsigned char word)
{
	/* struct mmsghdr: a msghdr of 56 or 28 bytes, msg_len, and what aligns it. */
	uint64_t size = word == 8 ? 64 : 32;
	for (uint64_t i = 0; i < count && i < REQUEST_ADDRESSES && !request->unreadable; i++)
		add_message(request, tid, at + i * size, word);
}

/* The six words behind socketcall's second argument become the arguments of the call that is meant. */
static bool unpack(const struct seccomp_data *data, pid_t tid, enum watched_call *call, uint64_t arguments[6])
{
	static const struct {
		uint64_t number;
		enum watched_call call;
		size_t count;
	} calls[] = {
		{SOCKETCALL_SOCKET, CALL_SOCKET, 3},
		{SOCKETCALL_BIND, CALL_BIND, 3},
		{SOCKETCALL_CONNECT, CALL_CONNECT, 3},
		{SOCKETCALL_LISTEN, CALL_LISTEN, 2},
		{SOCKETCALL_SENDTO, CALL_SENDTO, 6},
		{SOCKETCALL_SETSOCKOPT, CALL_SETSOCKOPT, 5},
		{SOCKETCALL_SENDMSG, CALL_SENDMSG, 3},
		{SOCKETCALL_SENDMMSG, CALL_SENDMMSG, 4},
	};
	uint32_t words[6] = {0};
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		if ((uint32_t)data->args[0] != calls[i].number)
			continue;
		*call = calls[i].call;
		if (!target_read(tid, (uint32_t)data->args[1], words, calls[i].count * sizeof *words))
			return false;
		for (size_t w = 0; w < 6; w++)
			arguments[w] = words[w];
		return true;
	}
	return false;
}

bool request_read(struct request *request, const struct seccomp_notif *notification)
{
	const struct seccomp_data *data = &notification->data;
	pid_t tid = (pid_t)notification->pid;
	const struct watched_syscall *row = syscall_find(data->arch, (uint32_t)data->nr);
	uint64_t *arguments = request->arguments;
	request->count = 0;
	request->unreadable = false;
	request->fd = -1;
	if (row == NULL)
		return false;
	memcpy(arguments, data->args, sizeof request->arguments);
	request->call = row->call;
	request->indirect = row->call == CALL_SOCKETCALL;
	if (request->indirect && !unpack(data, tid, &request->call, arguments)) {
		request->unreadable = true;
		if (request->call != CALL_SOCKET)
			request->call = CALL_CONNECT;
		return true;
	}
	request->fd = (int)arguments[0];
	switch (request->call) {
	case CALL_CONNECT:
		add_whole(request, tid, arguments[1], (uint32_t)arguments[2]);
		break;
	case CALL_BIND:
		add(request, tid, arguments[1], (uint32_t)arguments[2]);
		break;
	case CALL_SENDTO:
		add(request, tid, arguments[4], (uint32_t)arguments[5]);
		break;
	case CALL_SENDMSG:
		add_message(request, tid, arguments[1], row->word);
		break;
	case CALL_SENDMMSG:
		add_messages(request, tid, arguments[1], (uint32_t)arguments[2], row->word);
		break;
	default:
		break;
	}
	return true;
}

bool request_makes_socket(const struct seccomp_notif *notification)
{
	const struct watched_syscall *row = syscall_find(notification->data.arch, (uint32_t)notification->data.nr);
	return row != NULL && row->call == CALL_SOCKETCALL && (uint32_t)notification->data.args[0] == SOCKETCALL_SOCKET;
}

bool request_is_to_host_resolver(const struct request *request)
{
	static const char *const paths[] = {"/run/nscd/socket", "/var/run/nscd/socket",
					    "/run/systemd/resolve/io.systemd.Resolve"};
	if (request->call != CALL_CONNECT || request->name_length > sizeof request->name || request->name.any.sa_family != AF_UNIX)
		return false;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (strncmp(request->name.un.sun_path, paths[i], sizeof request->name.un.sun_path) == 0)
			return access(paths[i], F_OK) == 0;
	return false;
}

bool destination_is_loopback(const struct destination *to)
{
	static const unsigned char none[16], own[16] = {[15] = 1};
	if (to->family == AF_INET)
		return to->address[0] == 127 || memcmp(to->address, none, 4) == 0;
	return memcmp(to->address, own, 16) == 0 || memcmp(to->address, none, 16) == 0;
}
