// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzes request_read(), which reads the arguments of a system call and the memory to which they point. The input consists of a struct
 * seccomp_data and the content of the memory at address BASE. The fuzzer makes all other memory unreadable.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "watcher/request.h"

enum { BASE = 0x1000 };

static const uint8_t *memory;
static size_t memory_size;

bool target_read(const struct target *target, uint64_t address, void *data, size_t size)
{
	assert(target->tid == 42);
	if (address < BASE || address - BASE > memory_size || size > memory_size - (address - BASE)) {
		errno = EFAULT;
		return false;
	}
	memcpy(data, memory + (address - BASE), size);
	return true;
}

static void check_destination(const struct destination *to)
{
	assert(to->family == AF_INET || to->family == AF_INET6);
	assert(to->protocol[0] == '\0');
	static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};
	if (to->family == AF_INET6)
		assert(memcmp(to->address, mapped, sizeof mapped) != 0);
	else
		for (size_t i = 4; i < sizeof to->address; i++)
			assert(to->address[i] == 0);
	destination_is_loopback(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct target target = {.notification = 1, .tid = 42};
	struct seccomp_data call;
	/* Allocate the request on the heap, so that AddressSanitizer detects an access beyond it. */
	struct request *request = malloc(sizeof *request);
	if (size < sizeof call || request == NULL) {
		free(request);
		return 0;
	}
	memset(request, 0xA5, sizeof *request);
	memcpy(&call, data, sizeof call);
	memory = data + sizeof call;
	memory_size = size - sizeof call;
	if (request_read(request, &target, &call)) {
		assert(request->call != CALL_SOCKETCALL && request->count <= REQUEST_ADDRESSES);
		assert(request->call == CALL_SENDMMSG || request->count <= 1);
		for (size_t i = 0; i < request->count; i++)
			check_destination(&request->to[i]);
		/* If memory is unreadable, the request must have no addresses. The exception is sendmmsg, which keeps those of the messages before the unreadable one. */
		assert(!request->unreadable || request->call == CALL_SENDMMSG || request->count == 0);
		/* The watcher passes request->name to connect(2), so the length and the family in it must be valid. */
		if (request->call == CALL_CONNECT && request->count == 1 && !request->is_socketcall)
			assert(request->name_length <= sizeof request->name && request->name.any.sa_family != AF_UNSPEC);
		const struct ipc_request *ipc = &request->ipc;
		assert(request->call != CALL_IPC);
		/* init passes the name of a message queue to mq_open(2), so a NUL must end it. */
		assert(!request->creates_ipc || ipc->object.call != CALL_MQ_OPEN || memchr(ipc->object.name, '\0', sizeof ipc->object.name) != NULL);
		assert(request->path_count <= REQUEST_ADDRESSES && (request->call == CALL_SENDMMSG || request->path_count <= 1));
		for (size_t i = 0; i < request->path_count; i++)
			assert(request->paths[i][0] != '\0' && strnlen(request->paths[i], SOCKET_PATH) < SOCKET_PATH);
		assert(request->abstract_count <= REQUEST_ADDRESSES && (request->call == CALL_SENDMMSG || request->abstract_count <= 1));
		for (size_t i = 0; i < request->abstract_count; i++)
			assert(request->abstracts[i].bytes[0] == '\0' && request->abstracts[i].length > 0 && request->abstracts[i].length < SOCKET_PATH);
	}
	free(request);
	return 0;
}
