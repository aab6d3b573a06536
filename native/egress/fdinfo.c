#include "egress/internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fdinfo_close_on_exec(const char *text, unsigned long long inode)
{
	const char *flags = strstr(text, "flags:"), *inode_field = strstr(text, "ino:");
	if (flags == NULL || inode_field == NULL || strtoull(inode_field + 4, NULL, 10) != inode)
		return -1;
	return (int)(strtoul(flags + 6, NULL, 8) & O_CLOEXEC);
}

bool fdinfo_has_registration(const char *line, int fd, unsigned long long inode, struct epoll_event *event)
{
	int found_fd;
	unsigned events;
	unsigned long long data, found_inode;
	if (sscanf(line, "tfd: %d events: %x data: %llx pos:%*d ino:%llx", &found_fd, &events, &data, &found_inode) != 4)
		return false;
	*event = (struct epoll_event){.events = events, .data.u64 = data};
	return found_fd == fd && found_inode == inode;
}
