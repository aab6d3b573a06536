/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes socket system calls by every ABI of an x86-64 kernel: by the C library, as x32, as i386 and by socketcall(2) of i386. */
#pragma once

#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/mman.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

enum abi { BY_LIBC,
	   BY_X32,
	   BY_I386,
	   BY_SOCKETCALL,
	   ABIS };

/* Arguments in memory below 4 GiB, because the pointers of i386 system calls have 32 bits. */
struct low {
	union address address;
	uint32_t words[6];
	uint32_t part[2]; /* a struct iovec of i386 */
	uint32_t header[8];
	char text[4];
};

static inline struct low *low(void)
{
	static struct low *memory;
	if (memory == NULL)
		memory = mmap(NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (memory == MAP_FAILED)
		fail("mmap");
	return memory;
}

static inline uint32_t pointer(const void *at)
{
	return (uint32_t)(uintptr_t)at;
}

/* Makes an i386 system call from an x86-64 process, by int 0x80 (arch/x86/entry/entry_64_compat.S). */
static inline long i386(long number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f)
{
	long result;
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpush %%rbp\n\tmov %7, %%ebp\n\tint $0x80\n\tpop %%rbp\n\tlea 128(%%rsp), %%rsp"
			 : "=a"(result)
			 : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "r"(f)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

static inline long socketcall(uint32_t call, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f)
{
	uint32_t words[6] = {a, b, c, d, e, f};
	memcpy(low()->words, words, sizeof words);
	return i386(102, call, pointer(low()->words), 0, 0, 0, 0);
}

enum { X32 = 0x40000000 };

static inline void connect_by(enum abi abi, int fd, const union address *address, socklen_t length)
{
	low()->address = *address;
	uint32_t at = pointer(&low()->address);
	if (abi == BY_LIBC)
		connect(fd, &address->any, length);
	else if (abi == BY_X32)
		syscall(X32 | 42, fd, address, length);
	else if (abi == BY_I386)
		i386(362, (uint32_t)fd, at, length, 0, 0, 0);
	else
		socketcall(3, (uint32_t)fd, at, length, 0, 0, 0);
}

static inline void listen_by(enum abi abi, int fd)
{
	if (abi == BY_LIBC)
		listen(fd, 1);
	else if (abi == BY_X32)
		syscall(X32 | 50, fd, 1);
	else if (abi == BY_I386)
		i386(363, (uint32_t)fd, 1, 0, 0, 0, 0);
	else
		socketcall(4, (uint32_t)fd, 1, 0, 0, 0, 0);
}

/* Tries to connect and send in one call (MSG_FASTOPEN in tcp(7)), by sendto, sendmsg and sendmmsg. */
static inline void fast_open_by(enum abi abi, int fd, const union address *address, socklen_t length)
{
	struct low *memory = low();
	struct iovec part = {"x", 1};
	struct mmsghdr message = {.msg_hdr = {.msg_name = (void *)address, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1}};
	uint32_t header[8] = {pointer(&memory->address), length, pointer(memory->part), 1};
	int flags = MSG_FASTOPEN | MSG_NOSIGNAL;
	memory->address = *address;
	memory->part[0] = pointer(memory->text);
	memory->part[1] = 1;
	memcpy(memory->header, header, sizeof header);
	uint32_t text = pointer(memory->text), name = pointer(&memory->address), at = pointer(memory->header), number = (uint32_t)fd;
	if (abi == BY_LIBC) {
		sendto(fd, "x", 1, flags, &address->any, length);
		sendmsg(fd, &message.msg_hdr, flags);
		sendmmsg(fd, &message, 1, flags);
	} else if (abi == BY_X32) {
		syscall(X32 | 44, fd, "x", 1, flags, address, length);
		syscall(X32 | 518, fd, memory->header, flags);
		syscall(X32 | 538, fd, memory->header, 1, flags);
	} else if (abi == BY_I386) {
		i386(369, number, text, 1, (uint32_t)flags, name, length);
		i386(370, number, at, (uint32_t)flags, 0, 0, 0);
		i386(345, number, at, 1, (uint32_t)flags, 0, 0);
	} else {
		socketcall(11, number, text, 1, (uint32_t)flags, name, length);
		socketcall(16, number, at, (uint32_t)flags, 0, 0, 0);
		socketcall(20, number, at, 1, (uint32_t)flags, 0, 0);
	}
}

static inline bool is_listening(int fd)
{
	int listens = 0;
	socklen_t length = sizeof listens;
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 && listens != 0;
}

static inline uint64_t network_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof cookie;
	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) == 0 ? cookie : 0;
}

/* Returns true if the socket is in another network namespace than a new socket of this process. */
static inline bool is_foreign(int fd)
{
	int own = socket(AF_INET, SOCK_STREAM, 0);
	bool foreign = network_of(own) != network_of(fd);
	close(own);
	return foreign;
}

/* Returns a socket that is in the host's network and not connected: a nonblocking socket whose connect(2) to the closed port has failed. */
static inline int failed_socket(const union address *closed_port)
{
	int fd = make_socket(SOCK_NONBLOCK);
	struct pollfd end = {.fd = fd, .events = POLLOUT};
	expect(connect(fd, &closed_port->any, size) != 0 && errno == EINPROGRESS && poll(&end, 1, 5000) == 1, "a connect that fails");
	connect(fd, &closed_port->any, size);
	expect(is_foreign(fd), "a failed socket is in the host's network");
	return fd;
}
