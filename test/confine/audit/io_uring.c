// SPDX-License-Identifier: GPL-2.0-or-later
/* uring COUNT: makes COUNT connection attempts by io_uring, whose operations no seccomp filter sees. Exits with 4 if the kernel has no io_uring. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct io_uring_params p = {0};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(443)};
	inet_pton(AF_INET, "198.51.100.7", &to.sin_addr);
	int ring = (int)syscall(SYS_io_uring_setup, 4, &p), count = argc > 1 ? atoi(argv[1]) : 1;
	if (ring < 0)
		return 4;
	char *sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	char *cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
			IORING_OFF_CQ_RING);
	struct io_uring_sqe *sqe = mmap(NULL, p.sq_entries * sizeof *sqe, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED)
		return 3;
	unsigned *tail = (unsigned *)(sq + p.sq_off.tail), *array = (unsigned *)(sq + p.sq_off.array);
	unsigned *head = (unsigned *)(cq + p.cq_off.head), mask = *(unsigned *)(cq + p.cq_off.ring_mask);
	const struct io_uring_cqe *cqe = (const struct io_uring_cqe *)(cq + p.cq_off.cqes);
	for (int i = 0; i < count; i++) {
		memset(sqe, 0, sizeof *sqe);
		sqe->opcode = IORING_OP_CONNECT;
		sqe->fd = socket(AF_INET, SOCK_STREAM, 0);
		sqe->addr = (unsigned long)&to;
		sqe->off = sizeof to;
		array[*tail & (p.sq_entries - 1)] = 0;
		__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
		if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
			return 3;
		if (cqe[*head & mask].res != -ENETUNREACH)
			return 1;
		__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
		close(sqe->fd);
	}
	return 0;
}
