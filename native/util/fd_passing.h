/* Messages that take file descriptors along (unix(7), SCM_RIGHTS). */
#ifndef FD_PASS_H
#define FD_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { PASSED_FDS = 2 };

/* Sends one message, and those of fds that come before a -1: its receiver's then too. Returns false with errno. */
bool fd_passing_send(int socket, struct iovec *parts, size_t count, const int fds[PASSED_FDS]);

/*
 * Receives one, fds close-on-exec and -1 behind the last; sender, which may be NULL, is filled where the socket has SO_PASSCRED. Returns
 * its length, 0 where nobody is left to send, -1 with errno.
 */
ssize_t fd_passing_receive(int socket, struct iovec *parts, size_t count, int fds[PASSED_FDS], pid_t *sender);

#endif
