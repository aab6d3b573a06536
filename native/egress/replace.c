// SPDX-License-Identifier: GPL-2.0-or-later
/* Replaces the socket of a target, the thread whose system call the watcher handles, with another socket. */
#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include "egress/internal.h"
#include "util/fds.h"
#include "util/process.h"
#include "util/text.h"

enum { REGISTRATIONS = 8 }; /* maximum number of epoll registrations that are moved to the new socket; further ones are lost; most programs have one */

/* A registration of the target's socket in an epoll instance of the target. */
struct registration {
	int epoll; /* descriptor of the epoll instance in the target */
	struct epoll_event event;
};

int descriptor_flags(const struct egress_call *call)
{
	char name[32], text[128];
	snprintf(name, sizeof name, "fdinfo/%d", call->fd);
	proc_read(call->target.tid, name, text, sizeof text);
	return target_is_valid(&call->target) ? text_fdinfo_flags(text, call->inode) : -1;
}

static bool read_registration(const struct egress_call *call, const char *number, struct epoll_event *event)
{
	char line[256];
	AUTO_FCLOSE FILE *lines = fopen(proc_path(call->target.tid, "fdinfo/%.16s", number).text, "re");
	bool found = false;
	while (lines != NULL && !found && fgets(line, sizeof line, lines) != NULL)
		found = text_fdinfo_registration(line, call->fd, call->inode, event);
	return found;
}

/* Finds the registrations of the target's socket in epoll instances of the target. Returns the number of registrations found. */
static size_t find_registrations(const struct egress_call *call, struct registration registrations[REGISTRATIONS])
{
	size_t count = 0;
	/* Read fdinfo, because the watcher may be unable to read /proc/TID/fd if it has other ids than the target (proc_fd_permission() in fs/proc/fd.c). */
	AUTO_CLOSEDIR DIR *folder = opendir(proc_path(call->target.tid, "fdinfo").text);
	struct dirent *entry;
	while (folder != NULL && count < REGISTRATIONS && (entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.' && read_registration(call, entry->d_name, &registrations[count].event))
			registrations[count++].epoll = atoi(entry->d_name);
	return target_is_valid(&call->target) ? count : 0;
}

/*
 * Calls epoll_ctl(2) for the socket fd as if its descriptor were number, the descriptor of the socket in the target: the kernel identifies a
 * registration by file and descriptor number (struct epoll_filefd in fs/eventpoll.c). So the function temporarily duplicates fd to number, and
 * moves the watcher's own descriptor with this number to another one meanwhile.
 */
static void control(int epoll, int operation, int fd, int number, struct epoll_event event)
{
	AUTO_CLOSE int saved = fcntl(number, F_DUPFD_CLOEXEC, number + 1);
	AUTO_CLOSE int instance = fcntl(epoll, F_DUPFD_CLOEXEC, number + 1);
	bool moved = instance >= 0 && (fd == number || dup3(fd, number, O_CLOEXEC) == number);
	if (moved)
		epoll_ctl(instance, operation, number, &event);
	if (moved && saved >= 0)
		dup3(saved, number, O_CLOEXEC);
	else if (moved)
		close(number);
}

/* Registers the new socket fd in the target's epoll instances instead of the old one. */
static void move_registrations(const struct egress_call *call, int fd, const struct registration *registrations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int epoll = target_duplicate(&call->target, registrations[i].epoll);
		if (epoll < 0)
			continue;
		/* Remove the old socket. It stays open as call->socket, so it would otherwise stay registered and report that it is not connected. */
		control(epoll, EPOLL_CTL_DEL, call->socket, call->fd, registrations[i].event);
		control(epoll, EPOLL_CTL_ADD, fd, call->fd, registrations[i].event);
		target_close(epoll);
	}
}

bool replace_socket(const struct egress_call *call, int fd)
{
	int flags = descriptor_flags(call);
	struct seccomp_notif_addfd replacement = {
		.id = call->target.notification,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (unsigned)fd,
		.newfd = (unsigned)call->fd,
		.newfd_flags = (unsigned)flags & O_CLOEXEC,
	};
	struct registration registrations[REGISTRATIONS];
	errno = EBADF;
	if (flags < 0)
		return false;
	/* Move the registrations of a nonblocking socket only. A program with a blocking socket waits for the connection in connect(2), so it needs no registration before. */
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
