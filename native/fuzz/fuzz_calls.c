/*
 * The reader of watched calls, whose arguments and memory are the build's. Input: a struct seccomp_data, then the memory that
 * begins at address BASE; what lies elsewhere can't be read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "watcher/request.h"
#include "watcher/target.h"

enum { BASE = 0x1000 };

static const uint8_t *memory;
static size_t memory_size;

static void check(int condition)
{
	if (!condition)
		abort();
}

bool target_read(pid_t tid, uint64_t address, void *data, size_t size)
{
	check(tid == 42);
	if (address < BASE || address - BASE > memory_size || size > memory_size - (address - BASE))
		return false;
	memcpy(data, memory + (address - BASE), size);
	return true;
}

static void check_destination(const struct destination *to)
{
	check(to->family == AF_INET || to->family == AF_INET6);
	check(to->protocol[0] == '\0');
	static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};
	if (to->family == AF_INET6)
		check(memcmp(to->address, mapped, sizeof mapped) != 0);
	else
		for (size_t i = 4; i < sizeof to->address; i++)
			check(to->address[i] == 0);
	destination_is_loopback(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seccomp_notif notification = {.id = 1, .pid = 42};
	/* Of the exact size, so that the sanitizer sees one byte too many. */
	struct request *request = malloc(sizeof *request);
	if (size < sizeof notification.data || request == NULL) {
		free(request);
		return 0;
	}
	memset(request, 0xA5, sizeof *request);
	memcpy(&notification.data, data, sizeof notification.data);
	memory = data + sizeof notification.data;
	memory_size = size - sizeof notification.data;
	if (request_read(request, &notification)) {
		check(request->call != CALL_SOCKETCALL && request->count <= REQUEST_ADDRESSES);
		check(request->call == CALL_SENDMMSG || request->count <= 1);
		for (size_t i = 0; i < request->count; i++)
			check_destination(&request->to[i]);
		/* What was not read names nothing, but for the first messages of several. */
		check(!request->unreadable || request->call == CALL_SENDMMSG || request->count == 0);
		/* A connect is made with what was read. */
		if (request->call == CALL_CONNECT && request->count == 1 && !request->indirect)
			check(request->name_length <= sizeof request->name && request->name.any.sa_family != AF_UNSPEC);
		request_is_to_host_resolver(request);
	}
	free(request);
	return 0;
}
