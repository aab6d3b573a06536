// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/request.h"

#include <sys/ipc.h>

#include "privileged/isolate.h"

/* Adds the path or the abstract name of a UNIX socket to the request. Ignores an address longer than struct sockaddr_un, because the kernel refuses it (unix_validate_addr() in net/unix/af_unix.c). */
static void add_path(struct request *request, const union socket_address *name, size_t length)
{
	char path[SOCKET_PATH] = "";
	if (length <= offsetof(struct sockaddr_un, sun_path) || length > sizeof name->un)
		return;
	memcpy(path, name->un.sun_path, length - offsetof(struct sockaddr_un, sun_path));
	if (*path == '\0') {
		struct abstract_name *abstract = &request->abstracts[request->abstract_count++];
		memcpy(abstract->bytes, path, sizeof path);
		abstract->length = length - offsetof(struct sockaddr_un, sun_path);
		return;
	}
	if (request->path_count > 0 && strcmp(request->paths[request->path_count - 1], path) == 0)
		return;
	memcpy(request->paths[request->path_count++], path, sizeof path);
}

static void add_name(struct request *request, const union socket_address *name, size_t length)
{
	if (name->any.sa_family == AF_UNIX && request->call != CALL_BIND)
		add_path(request, name, length);
	bool sending = request->call != CALL_CONNECT && request->call != CALL_BIND;
	if (destination_read(&request->to[request->count], name, length, sending))
		request->count++;
}

/* Reads a socket address from the target's memory into request->name and adds it to the request. Unless the call is a connect, skips an address that is too short for a destination, a path or an abstract name. */
static void read_name(struct request *request, const struct target *target, uint64_t address, uint32_t length)
{
	bool connects = request->call == CALL_CONNECT;
	size_t size = length < sizeof request->name ? length : sizeof request->name;
	request->name = (union socket_address){0};
	request->name_length = length;
	/* For a connect, skip only an address longer than struct sockaddr_storage, because the kernel refuses it (move_addr_to_kernel() in net/socket.c). */
	if (connects ? length > size : address == 0 || length < SHORTEST_PATH_ADDRESS || request->count == REQUEST_ADDRESSES)
		return;
	if (size == 0 || target_read(target, address, &request->name, size))
		add_name(request, &request->name, length);
	else
		request->unreadable = errno;
}

/* Returns true if this ancillary data of a message selects an interface other than loopback, or is another option of IPv4 or IPv6 than the harmless ones that this function lists. */
static bool selects_interface(int level, int type, const unsigned char *data, size_t size)
{
	int index = 0;
	if (level == IPPROTO_IP && type == IP_PKTINFO && size >= sizeof(struct in_pktinfo))
		memcpy(&index, data + offsetof(struct in_pktinfo, ipi_ifindex), sizeof index);
	else if (level == IPPROTO_IPV6 && type == IPV6_PKTINFO && size >= sizeof(struct in6_pktinfo))
		memcpy(&index, data + offsetof(struct in6_pktinfo, ipi6_ifindex), sizeof index);
	else if (level == IPPROTO_IP)
		return type != IP_TOS && type != IP_TTL;
	else if (level == IPPROTO_IPV6)
		return type != IPV6_HOPLIMIT && type != IPV6_TCLASS && type != IPV6_DONTFRAG;
	return index != 0 && index != LOOPBACK_INDEX;
}

/* Returns true if selects_interface() is true for ancillary data of a message (cmsg(3)), or if this data has more than 4096 bytes or cannot be read. word: size of a pointer in struct cmsghdr. */
static bool control_selects_interface(const struct target *target, uint64_t address, uint64_t length, unsigned char word)
{
	unsigned char data[4096];
	const size_t head = word + 2 * sizeof(int32_t);
	if (length == 0)
		return false;
	if (length > sizeof data || !target_read(target, address, data, (size_t)length))
		return true;
	for (uint64_t at = 0; at + head <= length;) {
		uint64_t size = 0;
		int32_t level, type;
		memcpy(&size, data + at, word);
		memcpy(&level, data + at + word, sizeof level);
		memcpy(&type, data + at + word + sizeof level, sizeof type);
		/* Return false for an entry with an invalid length, because the kernel refuses such a message (CMSG_OK in include/linux/socket.h). */
		if (size < head || size > length - at)
			return false;
		if (selects_interface(level, type, data + at + head, (size_t)(size - head)))
			return true;
		at += (size + word - 1) / word * word;
	}
	return false;
}

/* Reads a struct msghdr up to the member msg_controllen, then the socket address and the ancillary data to which it points. */
static void read_message(struct request *request, const struct target *target, uint64_t address, unsigned char word)
{
	/* The first six members, each of the size of a pointer: msg_name, msg_namelen with padding, msg_iov, msg_iovlen, msg_control, msg_controllen. */
	unsigned char bytes[48];
	uint64_t name = 0, control = 0, control_length = 0;
	uint32_t length;
	if (!target_read(target, address, bytes, 6 * word)) {
		request->unreadable = errno;
		return;
	}
	memcpy(&name, bytes, word);
	memcpy(&length, bytes + word, sizeof length);
	memcpy(&control, bytes + 4 * word, word);
	memcpy(&control_length, bytes + 5 * word, word);
	request->chooses_route = request->chooses_route || control_selects_interface(target, control, control_length, word);
	read_name(request, target, name, length);
}

static void read_messages(struct request *request, const struct target *target, uint64_t address, uint64_t count, unsigned char word)
{
	/* Size of a struct mmsghdr in bytes: a struct msghdr (56 bytes, or 28 with 32-bit pointers), msg_len and padding. */
	uint64_t size = word == 8 ? 64 : 32;
	for (uint64_t i = 0; i < count && i < REQUEST_ADDRESSES && request->unreadable == 0; i++)
		read_message(request, target, address + i * size, word);
}

/* Sets *call to the call that a socketcall(2) requests, and reads the arguments of this call from memory. Returns false if the call is not watched, or if the memory is unreadable. */
static bool read_socketcall(const struct seccomp_data *data, const struct target *target, enum watched_call *call, uint64_t arguments[6])
{
	uint32_t words[6] = {0};
	for (size_t i = 0; i < watched_syscalls_count; i++) {
		const struct watched_syscall *row = &watched_syscalls[i];
		if (row->socketcall == 0 || row->socketcall != (uint32_t)data->args[0])
			continue;
		*call = row->call;
		if (!target_read(target, (uint32_t)data->args[1], words, row->words * sizeof *words))
			return false;
		for (size_t w = 0; w < 6; w++)
			arguments[w] = words[w];
		return true;
	}
	return false;
}

/* Reads a NUL-terminated text of at most size bytes, page by page, because the page after the text may be unreadable. Returns false if the text has no NUL or is unreadable. */
static bool read_text(const struct target *target, uint64_t address, char *text, size_t size)
{
	size_t to_page = 4096 - address % 4096, first = size < to_page ? size : to_page;
	memset(text, 0, size);
	if (!target_read(target, address, text, first))
		return false;
	return memchr(text, '\0', first) != NULL ||
	       (first < size && target_read(target, address + first, text + first, size - first) && memchr(text, '\0', size) != NULL);
}

/* Reads the name of the queue that an mq_open(3) opens and, if the call has them, the attributes. Returns false if the name is too long or the memory is unreadable. */
static bool read_queue(struct ipc_request *ipc, const struct target *target, const uint64_t *arguments, unsigned char word)
{
	/* Read to the stack of this thread: after the watchdog has replaced this thread, a delayed read may still write to the buffer (target_read()). */
	char name[sizeof ipc->object.name];
	unsigned char bytes[sizeof ipc->attributes];
	ipc->has_attributes = arguments[3] != 0;
	if (!read_text(target, arguments[0], name, sizeof name) || (ipc->has_attributes && !target_read(target, arguments[3], bytes, 4U * word)))
		return false;
	memcpy(ipc->object.name, name, sizeof name);
	for (size_t i = 0; i < 4 && ipc->has_attributes; i++) {
		int32_t value;
		memcpy(&value, bytes + i * word, sizeof value);
		ipc->attributes[i] = value;
		if (word == sizeof *ipc->attributes)
			memcpy(&ipc->attributes[i], bytes + i * word, word);
	}
	return true;
}

/* Sets *call to the call that an ipc(2) requests, and moves the arguments of this call to the start of the array. Returns false if the call cannot create an object. */
static bool read_ipc_call(enum watched_call *call, uint64_t arguments[6])
{
	uint64_t number = arguments[0] & IPC_NUMBER;
	*call = number == IPC_SHMGET ? CALL_SHMGET : number == IPC_SEMGET ? CALL_SEMGET
									  : CALL_MSGGET;
	memmove(arguments, arguments + 1, 5 * sizeof *arguments);
	return number == IPC_SHMGET || number == IPC_SEMGET || number == IPC_MSGGET;
}

static void read_ipc(struct request *request, const struct target *target, unsigned char word)
{
	const uint64_t *arguments = request->arguments;
	struct ipc_request *ipc = &request->ipc;
	bool is_queue = request->call == CALL_MQ_OPEN;
	*ipc = (struct ipc_request){
		.object = {.call = request->call, .key = (int)arguments[0]},
		.size = (uint32_t)arguments[1],
		.flags = (int)arguments[is_queue || request->call == CALL_MSGGET ? 1 : 2],
		.mode = (uint32_t)arguments[2],
	};
	if (is_queue)
		request->creates_ipc = (ipc->flags & O_CREAT) != 0 && read_queue(ipc, target, arguments, word);
	else
		request->creates_ipc = ipc->object.key == IPC_PRIVATE || (ipc->flags & IPC_CREAT) != 0;
}

bool request_read(struct request *request, const struct target *target, const struct seccomp_data *data)
{
	uint64_t *arguments = request->arguments;
	unsigned char word;
	request->count = request->path_count = request->abstract_count = 0;
	request->chooses_route = false;
	request->unreadable = 0;
	request->fd = -1;
	request->creates_ipc = false;
	if (!syscall_find(data->arch, (uint32_t)data->nr, &request->call, &word))
		return false;
	memcpy(arguments, data->args, sizeof request->arguments);
	request->is_socketcall = request->call == CALL_SOCKETCALL;
	if (request->is_socketcall && !read_socketcall(data, target, &request->call, arguments)) {
		request->unreadable = errno;
		if (request->call != CALL_SOCKET)
			request->call = CALL_CONNECT;
		return true;
	}
	if (request->call == CALL_IPC && !read_ipc_call(&request->call, arguments))
		return false;
	request->fd = (int)arguments[0];
	switch (request->call) {
	case CALL_CONNECT:
	case CALL_BIND:
		read_name(request, target, arguments[1], (uint32_t)arguments[2]);
		break;
	case CALL_SENDTO:
		read_name(request, target, arguments[4], (uint32_t)arguments[5]);
		break;
	case CALL_SENDMSG:
		read_message(request, target, arguments[1], word);
		break;
	case CALL_SENDMMSG:
		read_messages(request, target, arguments[1], (uint32_t)arguments[2], word);
		break;
	case CALL_SHMGET:
	case CALL_SEMGET:
	case CALL_MSGGET:
	case CALL_MQ_OPEN:
		read_ipc(request, target, word);
		break;
	default:
		break;
	}
	return true;
}
