#include "egress/epoll.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "watcher/target.h"
#include "egress/fdinfo.h"

static bool is_watched(const struct egress_call *call, int info, struct epoll_event *event)
{
	char line[256];
	FILE *lines = fdopen(info, "r");
	bool found = false;
	while (lines != NULL && !found && fgets(line, sizeof line, lines) != NULL)
		found = fdinfo_is_watch(line, call->fd, call->inode, event);
	if (lines != NULL)
		fclose(lines);
	else
		close(info);
	return found;
}

size_t epoll_watches_find(const struct egress_call *call, struct epoll_watch watches[EPOLL_FOLLOWED])
{
	char path[64];
	size_t count = 0;
	/* Not the folder fd, which is closed to everybody but its owner (proc_fd_permission() in fs/proc/fd.c). */
	snprintf(path, sizeof path, "/proc/%d/fdinfo", call->tid);
	DIR *folder = opendir(path);
	struct dirent *entry;
	/* From here on it is that thread's, whoever gets its number. */
	bool there = folder != NULL && target_is_there();
	while (there && count < EPOLL_FOLLOWED && (entry = readdir(folder)) != NULL) {
		int info = entry->d_name[0] == '.' ? -1 : openat(dirfd(folder), entry->d_name, O_RDONLY | O_CLOEXEC);
		if (info < 0 || !is_watched(call, info, &watches[count].event))
			continue;
		watches[count++].epoll = atoi(entry->d_name);
	}
	if (folder != NULL)
		closedir(folder);
	return count;
}

/*
 * A watch is known by file and number (struct epoll_filefd in fs/eventpoll.c): for this moment the number is as the caller's. What
 * we have there ourselves waits elsewhere meanwhile.
 */
static void control(int epoll, int operation, int fd, int number, struct epoll_event event)
{
	int own = fcntl(number, F_DUPFD_CLOEXEC, number + 1);
	int there = fcntl(epoll, F_DUPFD_CLOEXEC, number + 1);
	bool put = there >= 0 && (fd == number || dup3(fd, number, O_CLOEXEC) == number);
	if (put)
		epoll_ctl(there, operation, number, &event);
	if (put && own >= 0)
		dup3(own, number, O_CLOEXEC);
	else if (put)
		close(number);
	if (own >= 0)
		close(own);
	if (there >= 0)
		close(there);
}

void epoll_watches_move(const struct egress_call *call, int fd, const struct epoll_watch *watches, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int epoll = target_socket(call->tid, watches[i].epoll);
		if (epoll < 0)
			continue;
		/* The old one is there as long as we have it, and says that it is not connected. */
		control(epoll, EPOLL_CTL_DEL, call->socket, call->fd, watches[i].event);
		control(epoll, EPOLL_CTL_ADD, fd, call->fd, watches[i].event);
		target_close(epoll);
	}
}
