/* What /proc/TID/fdinfo/FD says (proc(5)). */
#ifndef FDINFO_H
#define FDINFO_H

#include <stdbool.h>
#include <sys/epoll.h>

/* O_CLOEXEC or 0, as the descriptor has it; -1 where the text is about another file than the one of that inode. */
int fdinfo_close_on_exec(const char *text, unsigned long long inode);

/* Whether a line says that an epoll instance watches the descriptor fd of that inode, and how. */
bool fdinfo_is_watch(const char *line, int fd, unsigned long long inode, struct epoll_event *event);

#endif
