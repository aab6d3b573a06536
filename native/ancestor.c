#include "ancestor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fd_pass.h"
#include "look.h"

/* What goes through a socket pair at once, whatever net.core.wmem_default is. */
enum { PIECE = 2048 };

struct question {
	pid_t tid; /* whose memory; 0: a descriptor of the process whose pidfd goes along */
	int fd;
	uint64_t address;
	size_t size;
};

static int supervisor = -1;

bool ancestor_is_wanted(void)
{
	char scope = '0';
	int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	bool wanted = fd >= 0 && read(fd, &scope, 1) == 1 && scope == '1';
	if (fd >= 0)
		close(fd);
	return wanted;
}

void ancestor_open(int socket)
{
	supervisor = socket;
}

/* Returns errno, or 0 with size bytes at data and the descriptor in *found. */
static int ask(const struct question *question, int pidfd, void *data, int *found)
{
	int error = ESRCH, fds[PASSED_FDS] = {pidfd, -1};
	struct iovec asked = {(void *)question, sizeof *question};
	struct iovec answer[] = {{&error, sizeof error}, {data, question->size}};
	if (supervisor < 0 || !fd_pass_send(supervisor, &asked, 1, fds) || fd_pass_receive(supervisor, answer, 2, fds, NULL) <= 0)
		return EPERM;
	*found = fds[0];
	return error;
}

bool ancestor_memory(pid_t tid, uint64_t address, void *data, size_t size)
{
	int none;
	for (size_t done = 0; done < size; done += PIECE) {
		size_t piece = size - done < PIECE ? size - done : PIECE;
		if (ask(&(struct question){.tid = tid, .address = address + done, .size = piece}, -1, (char *)data + done, &none) != 0)
			return false;
	}
	return true;
}

int ancestor_descriptor(int pidfd, int fd)
{
	int found = -1;
	errno = ask(&(struct question){.fd = fd}, pidfd, NULL, &found);
	return found;
}

bool ancestor_answer(int socket)
{
	char bytes[PIECE];
	struct question question;
	int asked[PASSED_FDS], found[PASSED_FDS] = {-1, -1}, error = 0;
	struct iovec part = {&question, sizeof question};
	ssize_t got = fd_pass_receive(socket, &part, 1, asked, NULL);
	if (got <= 0)
		return false;
	if (got != (ssize_t)sizeof question || question.size > sizeof bytes)
		error = EPROTO;
	else if (question.tid == 0) {
		found[0] = look_descriptor(asked[0], question.fd);
		error = found[0] < 0 ? errno : 0;
	} else if (!look_memory(question.tid, question.address, bytes, question.size))
		error = EPERM;
	struct iovec answer[] = {{&error, sizeof error}, {bytes, error == 0 ? question.size : 0}};
	bool answered = fd_pass_send(socket, answer, 2, found);
	if (asked[0] >= 0)
		close(asked[0]);
	if (found[0] >= 0)
		close(found[0]);
	return answered;
}
