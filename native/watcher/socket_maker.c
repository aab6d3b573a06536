#include "watcher/socket_maker.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "options/families.h"
#include "util/fds.h"

/* init is idle, unless it is stopped. */
#define PATIENCE_MILLISECONDS 500

struct wanted {
	uint64_t id; /* an answer that comes too late belongs to another call */
	int family, type, protocol;
};

struct made {
	uint64_t id;
	uint64_t network; /* init's, as an inode */
	int error;	  /* errno, or 0: a descriptor goes along */
};

static uint64_t network_of(const char *process)
{
	char path[64];
	struct stat status;
	snprintf(path, sizeof path, "/proc/%s/ns/net", process);
	return stat(path, &status) == 0 ? status.st_ino : 0;
}

/* Returns the socket, or -1 with *error. */
static int ask(int news, const struct wanted *wanted, uint64_t network, int *error)
{
	struct pollfd answer = {.fd = news, .events = POLLIN};
	*error = ENOBUFS;
	if (news < 0 || send(news, wanted, sizeof *wanted, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof *wanted)
		return -1;
	while (poll(&answer, 1, PATIENCE_MILLISECONDS) == 1) {
		struct made made = {0};
		int fds[PASSED_FDS];
		struct iovec part = {&made, sizeof made};
		if (fd_passing_receive(news, &part, 1, fds, NULL) != (ssize_t)sizeof made)
			return -1;
		if (made.id == wanted->id && (made.error != 0 || (made.network != 0 && made.network == network))) {
			*error = made.error;
			return fds[0];
		}
		if (fds[0] >= 0)
			close(fds[0]);
		if (made.id == wanted->id) {
			*error = EAFNOSUPPORT;
			return -1;
		}
	}
	return -1;
}

static void answer_with(int listener, uint64_t id, int fd, bool closes_on_exec)
{
	struct seccomp_notif_addfd added = {
		.id = id, .srcfd = (uint32_t)fd, .newfd_flags = closes_on_exec ? SOCK_CLOEXEC : 0, .flags = SECCOMP_ADDFD_FLAG_SEND};
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added) >= 0 || errno == ENOENT)
		return;
	/* Linux before 5.14 has no such flag. Whatever else fails, a table that is full say, is the answer. */
	added.flags = 0;
	int number = errno == EINVAL ? ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added) : -1;
	struct seccomp_notif_resp response = {.id = id, .val = number < 0 ? 0 : number, .error = number < 0 ? -errno : 0};
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

void socket_maker_answer(struct socket_maker *maker, const struct request *request, int listener, uint64_t id, pid_t tid)
{
	const uint64_t *arguments = request->arguments;
	struct wanted wanted = {id, (int)arguments[0], (int)arguments[1] & ~SOCK_CLOEXEC, (int)arguments[2]};
	int error = EAFNOSUPPORT, fd = -1;
	char thread[16];
	snprintf(thread, sizeof thread, "%d", tid);
	if (!request->unreadable && families_permit(maker->families, arguments[0], arguments[1]))
		fd = ask(maker->news, &wanted, network_of(thread), &error);
	struct seccomp_notif_resp response = {.id = id, .error = -error};
	if (fd >= 0)
		answer_with(listener, id, fd, ((int)arguments[1] & SOCK_CLOEXEC) != 0);
	else
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	if (fd >= 0)
		close(fd);
}

/* init may hold capabilities that whoever asks has given up. */
static int make(const struct wanted *wanted)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3], none[_LINUX_CAPABILITY_U32S_3];
	if (syscall(SYS_capget, &header, held) != 0)
		return -1;
	memcpy(none, held, sizeof none);
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		none[i].effective = 0;
	if (syscall(SYS_capset, &header, none) != 0)
		return -1;
	int fd = socket(wanted->family, wanted->type | SOCK_CLOEXEC, wanted->protocol), error = errno;
	syscall(SYS_capset, &header, held);
	errno = error;
	return fd;
}

bool socket_maker_serve(int news)
{
	struct wanted wanted;
	ssize_t got = recv(news, &wanted, sizeof wanted, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got != (ssize_t)sizeof wanted)
		return false;
	int fd = make(&wanted);
	struct made made = {wanted.id, network_of("self"), fd < 0 ? errno : 0};
	struct iovec part = {&made, sizeof made};
	fd_passing_send(news, &part, 1, (const int[PASSED_FDS]){fd, -1});
	if (fd >= 0)
		close(fd);
	return true;
}
