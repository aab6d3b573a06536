#include "egress/fdinfo.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fdinfo_close_on_exec(const char *text, unsigned long long inode)
{
	const char *flags = strstr(text, "flags:"), *its = strstr(text, "ino:");
	if (flags == NULL || its == NULL || strtoull(its + 4, NULL, 10) != inode)
		return -1;
	return (int)(strtoul(flags + 6, NULL, 8) & O_CLOEXEC);
}

bool fdinfo_is_watch(const char *line, int fd, unsigned long long inode, struct epoll_event *event)
{
	int its_fd;
	unsigned events;
	unsigned long long data, its_inode;
	if (sscanf(line, "tfd: %d events: %x data: %llx pos:%*d ino:%llx", &its_fd, &events, &data, &its_inode) != 4)
		return false;
	*event = (struct epoll_event){.events = events, .data.u64 = data};
	return its_fd == fd && its_inode == inode;
}
