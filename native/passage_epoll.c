#include "passage_epoll.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit_target.h"

/* Whether that line of a fdinfo file (proc(5)) is about the caller's socket. */
static bool read_watch(const char *line, const struct passage_call *call, struct epoll_watch *watch)
{
	int fd;
	unsigned events;
	unsigned long long data, inode;
	if (sscanf(line, "tfd: %d events: %x data: %llx pos:%*d ino:%llx", &fd, &events, &data, &inode) != 4)
		return false;
	watch->event = (struct epoll_event){.events = events, .data.u64 = data};
	return fd == call->fd && inode == call->inode;
}

static bool is_watched(const struct passage_call *call, int epoll, struct epoll_watch *watch)
{
	char path[64], line[256];
	snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", call->tid, epoll);
	FILE *info = fopen(path, "re");
	bool found = false;
	while (info != NULL && !found && fgets(line, sizeof line, info) != NULL)
		found = read_watch(line, call, watch);
	if (info != NULL)
		fclose(info);
	watch->epoll = epoll;
	return found;
}

size_t passage_epoll_find(const struct passage_call *call, struct epoll_watch watches[EPOLL_FOLLOWED])
{
	static const char kind[] = "anon_inode:[eventpoll]";
	char path[64], target[sizeof kind];
	size_t count = 0;
	snprintf(path, sizeof path, "/proc/%d/fd", call->tid);
	DIR *folder = opendir(path);
	struct dirent *entry;
	while (folder != NULL && count < EPOLL_FOLLOWED && (entry = readdir(folder)) != NULL) {
		ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target);
		if (length == sizeof kind - 1 && memcmp(target, kind, sizeof kind - 1) == 0 &&
		    is_watched(call, atoi(entry->d_name), &watches[count]))
			count++;
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

void passage_epoll_follow(const struct passage_call *call, int fd, const struct epoll_watch *watches, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int epoll = target_socket(call->tid, watches[i].epoll);
		if (epoll < 0)
			continue;
		/* The old one is there as long as we have it, and says that it is not connected. */
		control(epoll, EPOLL_CTL_DEL, call->socket, call->fd, watches[i].event);
		control(epoll, EPOLL_CTL_ADD, fd, call->fd, watches[i].event);
		close(epoll);
	}
}
