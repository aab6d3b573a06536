#include "passage_sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14 (include/uapi/asm-generic/socket.h) */
#endif

/* A filter takes the kernel longer than all the rest: it is put on while nobody waits. */
enum { PREPARED = 4 };

static struct {
	struct sock_filter filter[GUARD_ROOM];
	size_t length;
	bool guarded;	  /* the kernel lets us put filters on TCP sockets */
	uint64_t network; /* ours, as the kernel calls it; 0: not known */
	struct store {
		int family;
		int fds[PREPARED];
		size_t count;
		bool used; /* somebody has asked for this family */
	} stores[2];
} sockets = {.stores = {{.family = AF_INET}, {.family = AF_INET6}}};

static uint64_t network_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof cookie;
	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

bool passage_sockets_open(const struct allow *allow)
{
	int own = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (own < 0)
		return false;
	sockets.length = guard_build(allow, sockets.filter);
	sockets.network = network_of(own);
	sockets.guarded = guard_lock(own, sockets.filter, sockets.length);
	close(own);
	return sockets.guarded;
}

bool passage_sockets_is_ours(int fd)
{
	return sockets.network != 0 && network_of(fd) == sockets.network;
}

static int make(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	if (fd < 0 || !sockets.guarded || guard_lock(fd, sockets.filter, sockets.length))
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

void passage_prepare(void)
{
	for (size_t i = 0; i < 2; i++) {
		struct store *store = &sockets.stores[i];
		while (store->used && store->count < PREPARED) {
			int fd = make(store->family);
			if (fd < 0)
				return;
			store->fds[store->count++] = fd;
		}
	}
}

int passage_sockets_take(int family)
{
	struct store *store = &sockets.stores[family == AF_INET6];
	store->used = true;
	return store->count > 0 ? store->fds[--store->count] : make(family);
}
