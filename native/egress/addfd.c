#include "egress/addfd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "watcher/target.h"
#include "egress/fdinfo.h"
#include "egress/epoll.h"

/* A thread's descriptors; the folder is good for that thread alone, whoever has its number later (proc(5), fdinfo). */
static int open_fdinfo(pid_t tid, int fd)
{
	static pid_t last;
	static int folder = -1;
	char path[64], name[16];
	snprintf(name, sizeof name, "%d", fd);
	int file = last == tid ? openat(folder, name, O_RDONLY | O_CLOEXEC) : -1;
	if (file >= 0)
		return file;
	if (folder >= 0)
		close(folder);
	snprintf(path, sizeof path, "/proc/%d/fdinfo", tid);
	folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	last = tid;
	if (folder >= 0 && !target_is_there()) {
		close(folder);
		folder = -1;
	}
	return folder < 0 ? -1 : openat(folder, name, O_RDONLY | O_CLOEXEC);
}

/* Whether exec closes the caller's descriptor: O_CLOEXEC or 0, -1 where it is not that socket any more. */
static int close_on_exec(const struct egress_call *call)
{
	char text[128];
	int fd = open_fdinfo(call->tid, call->fd);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[length > 0 ? length : 0] = '\0';
	return fdinfo_close_on_exec(text, call->inode);
}

bool egress_addfd(const struct egress_call *call, int fd)
{
	int kept = close_on_exec(call);
	struct seccomp_notif_addfd place = {
		.id = call->id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (unsigned)fd,
		.newfd = (unsigned)call->fd,
		.newfd_flags = (unsigned)kept,
	};
	struct epoll_watch watches[EPOLL_FOLLOWED];
	errno = EBADF;
	if (kept < 0)
		return false;
	/* Who waits in connect(2) waits in no other way. */
	size_t watched = (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0 ? 0 : epoll_watches_find(call, watches);
	int put;
	while ((put = ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &place)) < 0 && errno == EINTR)
		;
	int error = errno;
	if (put >= 0)
		epoll_watches_move(call, fd, watches, watched);
	errno = error;
	return put >= 0;
}
