// SPDX-License-Identifier: GPL-2.0-or-later
#include <pthread.h>
#include <sys/socket.h>

#include "util/fds.h"
#include "target/yama_broker.h"
#include "util/process.h"

/* Maximum number of data bytes in one message; a longer read takes several messages. A socket pair accepts a message of this size with any net.core.wmem_default. */
enum { CHUNK = 2048 };

/* Number of threads of the broker, each of which handles one request at a time. One thread is not enough, because a request may wait for a FUSE server. */
enum { THREADS = 8 };

struct broker_request {
	pid_t tid; /* thread whose memory the broker must read; 0: the request is to duplicate the descriptor fd of the process whose pidfd is attached */
	int fd;
	uint64_t address;
	size_t size;
};

struct broker_reply {
	int error; /* errno with which the request failed; 0: success */
	char bytes[CHUNK];
};

bool yama_broker_is_needed(void)
{
	char scope = '0';
	AUTO_CLOSE int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, &scope, 1) == 1 && scope == '1';
}

/* Sends a request to the broker and waits for the reply, which comes through a new socket pair, because other threads may wait for replies too. Returns the descriptor in the reply, or -1 if it has none. Sets reply->error to EPERM if there is no reply. */
static int send_request(int broker, const struct broker_request *request, int pidfd, struct broker_reply *reply)
{
	int ends[2], found = -1;
	reply->error = EPERM;
	if (broker < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	bool sent = fd_passing_send(broker, request, sizeof *request, (const int[PASSED_FDS]){ends[1], pidfd});
	close(ends[1]);
	if (!sent || !fd_passing_receive(ends[0], reply, sizeof *reply, &found, 1, NULL))
		reply->error = EPERM;
	close(ends[0]);
	return found;
}

bool yama_broker_read_memory(int broker, pid_t tid, uint64_t address, void *data, size_t size)
{
	for (size_t done = 0; done < size; done += CHUNK) {
		struct broker_reply reply;
		size_t chunk = size - done < CHUNK ? size - done : CHUNK;
		send_request(broker, &(struct broker_request){.tid = tid, .address = address + done, .size = chunk}, -1, &reply);
		if (reply.error != 0)
			return false;
		memcpy((char *)data + done, reply.bytes, chunk);
	}
	return true;
}

int yama_broker_duplicate_descriptor(int broker, int pidfd, int fd)
{
	struct broker_reply reply;
	int found = send_request(broker, &(struct broker_request){.fd = fd}, pidfd, &reply);
	errno = reply.error;
	return found;
}

/* Answers one request, or ignores a message of the wrong size (EPROTO), and returns true. Returns false at the end of file or after another error of receiving: the thread of the broker then ends. */
static bool answer_one(int socket)
{
	struct broker_reply reply = {0};
	struct broker_request request;
	int received[PASSED_FDS], found[PASSED_FDS] = {-1, -1};
	bool opened;
	if (!fd_passing_receive(socket, &request, sizeof request, received, PASSED_FDS, NULL))
		return errno == EPROTO;
	if (request.tid == 0) {
		found[0] = process_duplicate_descriptor(received[1], request.fd);
		reply.error = found[0] < 0 ? errno : 0;
	} else if (request.size > CHUNK || !process_read_memory(request.tid, request.address, reply.bytes, request.size, &opened))
		reply.error = EPERM;
	if (received[0] >= 0)
		fd_passing_send(received[0], &reply, sizeof reply, found);
	for (size_t i = 0; i < PASSED_FDS; i++) {
		close_fd(received[i]);
		close_fd(found[i]);
	}
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
