#include "watcher/yama_broker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/fds.h"
#include "watcher/target_access.h"

/* What goes through a socket pair at once, whatever net.core.wmem_default is. */
enum { PIECE = 2048 };

/* One that has to wait for a process' memory, or closes what it found there, keeps no other from answering. */
enum { ANSWERING = 8 };

struct question {
	pid_t tid; /* whose memory; 0: a descriptor of the process whose pidfd goes along */
	int fd;
	uint64_t address;
	size_t size;
};

static int supervisor = -1;

bool yama_broker_is_needed(void)
{
	char scope = '0';
	int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	bool wanted = fd >= 0 && read(fd, &scope, 1) == 1 && scope == '1';
	if (fd >= 0)
		close(fd);
	return wanted;
}

void yama_broker_connect(int socket)
{
	supervisor = socket;
}

/* Where the answer comes to this thread of this process, which may have to wait longer than others. */
static int *own_ends(void)
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

/* Returns errno, or 0 with size bytes at data and the descriptor in *found. */
static int ask(const struct question *question, int pidfd, void *data, int *found)
{
	if (supervisor < 0)
		return EPERM;
	int error = ESRCH, *ends = own_ends(), fds[PASSED_FDS] = {ends[1], pidfd};
	struct iovec asked = {(void *)question, sizeof *question};
	struct iovec answer[] = {{&error, sizeof error}, {data, question->size}};
	if (ends[0] < 0 || !fd_passing_send(supervisor, &asked, 1, fds) || fd_passing_receive(ends[0], answer, 2, fds, NULL) <= 0)
		return EPERM;
	*found = fds[0];
	return error;
}

bool yama_broker_memory(pid_t tid, uint64_t address, void *data, size_t size)
{
	int none;
	for (size_t done = 0; done < size; done += PIECE) {
		size_t piece = size - done < PIECE ? size - done : PIECE;
		if (ask(&(struct question){.tid = tid, .address = address + done, .size = piece}, -1, (char *)data + done, &none) != 0)
			return false;
	}
	return true;
}

int yama_broker_descriptor(int pidfd, int fd)
{
	int found = -1;
	errno = ask(&(struct question){.fd = fd}, pidfd, NULL, &found);
	return found;
}

/* Answers one question. Returns false where nobody asks any more. */
static bool answer_one(int socket)
{
	char bytes[PIECE];
	struct question question;
	int asked[PASSED_FDS], found[PASSED_FDS] = {-1, -1}, error = 0;
	bool opened;
	struct iovec part = {&question, sizeof question};
	ssize_t got = fd_passing_receive(socket, &part, 1, asked, NULL);
	if (got <= 0)
		return false;
	if (got != (ssize_t)sizeof question || question.size > sizeof bytes)
		error = EPROTO;
	else if (question.tid == 0) {
		found[0] = target_access_descriptor(asked[1], question.fd);
		error = found[0] < 0 ? errno : 0;
	} else if (!target_access_memory(question.tid, question.address, bytes, question.size, &opened))
		error = EPERM;
	struct iovec answer[] = {{&error, sizeof error}, {bytes, error == 0 ? question.size : 0}};
	if (asked[0] >= 0)
		fd_passing_send(asked[0], answer, 2, found);
	for (size_t i = 0; i < PASSED_FDS; i++)
		if (asked[i] >= 0)
			close(asked[i]);
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

void yama_broker_serve(int socket)
{
	pthread_t thread;
	for (int i = 0; i < ANSWERING; i++)
		if (pthread_create(&thread, NULL, answer_all, (void *)(intptr_t)socket) == 0)
			pthread_detach(thread);
}

void yama_broker_end(int socket)
{
	shutdown(socket, SHUT_RDWR);
}
