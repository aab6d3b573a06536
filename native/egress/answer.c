/* Answers a stopped call: with a result, or by replacing the socket that it was made on. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "egress/internal.h"

enum { REGISTRATIONS = 8 }; /* epoll instances that are followed; most programs use one */

/* A registration of the target's socket in one of its epoll instances. */
struct registration {
	int epoll; /* the target's descriptor */
	struct epoll_event event;
};

bool egress_answer(const struct egress_call *call, int error)
{
	struct seccomp_notif_resp response = {.id = call->target.notification, .error = -error};
	return ioctl(call->target.listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
}

void answer_with_count(const struct egress_call *call, long count)
{
	struct seccomp_notif_resp response = {.id = call->target.notification, .val = count};
	ioctl(call->target.listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* An open /proc/TID/fdinfo belongs to one thread, even if its number is reused. So it is kept for the next call. */
static int open_fdinfo(const struct target *target, int fd)
{
	static pid_t last_tid;
	static int folder = -1;
	char path[64], name[16];
	snprintf(name, sizeof name, "%d", fd);
	int file = last_tid == target->tid ? openat(folder, name, O_RDONLY | O_CLOEXEC) : -1;
	if (file >= 0)
		return file;
	if (folder >= 0)
		close(folder);
	snprintf(path, sizeof path, "/proc/%d/fdinfo", target->tid);
	folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	last_tid = target->tid;
	if (folder >= 0 && !target_is_valid(target)) {
		close(folder);
		folder = -1;
	}
	return folder < 0 ? -1 : openat(folder, name, O_RDONLY | O_CLOEXEC);
}

/* O_CLOEXEC or 0; -1 if the target's descriptor is no longer the same socket. */
static int close_on_exec(const struct egress_call *call)
{
	char text[128];
	int fd = open_fdinfo(&call->target, call->fd);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[length > 0 ? length : 0] = '\0';
	return fdinfo_close_on_exec(text, call->inode);
}

static bool read_registration(const struct egress_call *call, int info, struct epoll_event *event)
{
	char line[256];
	FILE *lines = fdopen(info, "r");
	bool found = false;
	while (lines != NULL && !found && fgets(line, sizeof line, lines) != NULL)
		found = fdinfo_has_registration(line, call->fd, call->inode, event);
	if (lines != NULL)
		fclose(lines);
	else
		close(info);
	return found;
}

/* Finds the target's epoll instances that wait for its socket. Returns their number. */
static size_t find_registrations(const struct egress_call *call, struct registration registrations[REGISTRATIONS])
{
	char path[64];
	size_t count = 0;
	/* Not /proc/TID/fd, which only its owner may read (proc_fd_permission() in fs/proc/fd.c). */
	snprintf(path, sizeof path, "/proc/%d/fdinfo", call->target.tid);
	DIR *folder = opendir(path);
	struct dirent *entry;
	/* An open folder belongs to one thread, even if its number is reused. */
	bool valid = folder != NULL && target_is_valid(&call->target);
	while (valid && count < REGISTRATIONS && (entry = readdir(folder)) != NULL) {
		int info = entry->d_name[0] == '.' ? -1 : openat(dirfd(folder), entry->d_name, O_RDONLY | O_CLOEXEC);
		if (info < 0 || !read_registration(call, info, &registrations[count].event))
			continue;
		registrations[count++].epoll = atoi(entry->d_name);
	}
	if (folder != NULL)
		closedir(folder);
	return count;
}

/*
 * The kernel identifies a registration by file and descriptor number (struct epoll_filefd in fs/eventpoll.c). So fd gets the target's
 * number for the time of the call, and a descriptor of the watcher with that number is moved meanwhile.
 */
static void control(int epoll, int operation, int fd, int number, struct epoll_event event)
{
	int saved = fcntl(number, F_DUPFD_CLOEXEC, number + 1);
	int instance = fcntl(epoll, F_DUPFD_CLOEXEC, number + 1);
	bool moved = instance >= 0 && (fd == number || dup3(fd, number, O_CLOEXEC) == number);
	if (moved)
		epoll_ctl(instance, operation, number, &event);
	if (moved && saved >= 0)
		dup3(saved, number, O_CLOEXEC);
	else if (moved)
		close(number);
	if (saved >= 0)
		close(saved);
	if (instance >= 0)
		close(instance);
}

/* Makes the epoll instances wait for the new socket. */
static void move_registrations(const struct egress_call *call, int fd, const struct registration *registrations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int epoll = target_duplicate(&call->target, registrations[i].epoll);
		if (epoll < 0)
			continue;
		/* The old socket stays registered while call->socket is open, and would report that it is not connected. */
		control(epoll, EPOLL_CTL_DEL, call->socket, call->fd, registrations[i].event);
		control(epoll, EPOLL_CTL_ADD, fd, call->fd, registrations[i].event);
		target_close(epoll);
	}
}

bool answer_replace_socket(const struct egress_call *call, int fd)
{
	int flags = close_on_exec(call);
	struct seccomp_notif_addfd replacement = {
		.id = call->target.notification,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (unsigned)fd,
		.newfd = (unsigned)call->fd,
		.newfd_flags = (unsigned)flags,
	};
	struct registration registrations[REGISTRATIONS];
	errno = EBADF;
	if (flags < 0)
		return false;
	/* A target that waits in connect(2) does not wait in epoll. */
	size_t count = socket_is_blocking(fd) ? 0 : find_registrations(call, registrations);
	int result;
	while ((result = ioctl(call->target.listener, SECCOMP_IOCTL_NOTIF_ADDFD, &replacement)) < 0 && errno == EINTR)
		;
	int error = errno;
	if (result >= 0)
		move_registrations(call, fd, registrations, count);
	errno = error;
	return result >= 0;
}
