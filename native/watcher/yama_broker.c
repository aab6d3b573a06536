#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/fds.h"
#include "watcher/internal.h"
#include "watcher/target.h"

/* Bytes in one message: a socket pair accepts this many with any net.core.wmem_default. */
enum { CHUNK = 2048 };

/* Threads, because one may wait for the memory or the file of a process. */
enum { THREADS = 8 };

struct broker_request {
	pid_t tid; /* read its memory; 0: duplicate fd of the process whose pidfd is attached */
	int fd;
	uint64_t address;
	size_t size;
};

static int broker_socket = -1;

bool yama_broker_is_needed(void)
{
	char scope = '0';
	int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	bool needed = fd >= 0 && read(fd, &scope, 1) == 1 && scope == '1';
	if (fd >= 0)
		close(fd);
	return needed;
}

void yama_broker_connect(int socket)
{
	broker_socket = socket;
}

/* The socket pair for replies to this thread of this process: each thread waits for its own reply. */
static int *reply_sockets(void)
{
	static _Thread_local int ends[2] = {-1, -1};
	static _Thread_local pid_t owner;
	pid_t self = getpid();
	if (owner == self)
		return ends;
	for (int i = 0; i < 2 && ends[i] >= 0; i++)
		close(ends[i]);
	owner = self;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		ends[0] = ends[1] = -1;
	return ends;
}

/* Sends a request and waits for the reply. Returns errno, or 0 and fills in size bytes at data and *found, a descriptor. */
static int send_request(const struct broker_request *request, int pidfd, void *data, int *found)
{
	if (broker_socket < 0)
		return EPERM;
	int error = ESRCH, *ends = reply_sockets(), fds[PASSED_FDS] = {ends[1], pidfd};
	struct iovec part = {(void *)request, sizeof *request};
	struct iovec answer[] = {{&error, sizeof error}, {data, request->size}};
	if (ends[0] < 0 || !fd_passing_send(broker_socket, &part, 1, fds) || fd_passing_receive(ends[0], answer, 2, fds, NULL) <= 0)
		return EPERM;
	*found = fds[0];
	return error;
}

bool yama_broker_read_memory(pid_t tid, uint64_t address, void *data, size_t size)
{
	int no_descriptor;
	for (size_t done = 0; done < size; done += CHUNK) {
		size_t chunk = size - done < CHUNK ? size - done : CHUNK;
		if (send_request(&(struct broker_request){.tid = tid, .address = address + done, .size = chunk}, -1, (char *)data + done, &no_descriptor) != 0)
			return false;
	}
	return true;
}

int yama_broker_duplicate_descriptor(int pidfd, int fd)
{
	int found = -1;
	errno = send_request(&(struct broker_request){.fd = fd}, pidfd, NULL, &found);
	return found;
}

/* Answers one request. Returns false at the end of file. */
static bool answer_one(int socket)
{
	char bytes[CHUNK];
	struct broker_request request;
	int received[PASSED_FDS], found[PASSED_FDS] = {-1, -1}, error = 0;
	bool opened;
	struct iovec part = {&request, sizeof request};
	ssize_t got = fd_passing_receive(socket, &part, 1, received, NULL);
	if (got <= 0)
		return false;
	if (got != (ssize_t)sizeof request || request.size > sizeof bytes)
		error = EPROTO;
	else if (request.tid == 0) {
		found[0] = process_duplicate_descriptor(received[1], request.fd);
		error = found[0] < 0 ? errno : 0;
	} else if (!process_read_memory(request.tid, request.address, bytes, request.size, &opened))
		error = EPERM;
	struct iovec answer[] = {{&error, sizeof error}, {bytes, error == 0 ? request.size : 0}};
	if (received[0] >= 0)
		fd_passing_send(received[0], answer, 2, found);
	for (size_t i = 0; i < PASSED_FDS; i++)
		if (received[i] >= 0)
			close(received[i]);
	if (found[0] >= 0)
		close(found[0]);
	return true;
}

static void *answer_all(void *socket)
{
	while (answer_one((int)(intptr_t)socket))
		;
	return NULL;
}

void yama_broker_start(int socket)
{
	pthread_t thread;
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, answer_all, (void *)(intptr_t)socket) == 0)
			pthread_detach(thread);
}

void yama_broker_stop(int socket)
{
	shutdown(socket, SHUT_RDWR);
}
