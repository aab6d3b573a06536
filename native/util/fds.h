/* Messages that take file descriptors along (unix(7), SCM_RIGHTS). */
#ifndef FDS_H
#define FDS_H

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

/* All file descriptors at once. */

/* Closes every descriptor but those of keep; negative ones there stand for none. */
void close_fds_except(const int *keep, size_t count);

/*
 * Opens /dev/null for each of fds 0 to 2 that the caller closed, so that no file of ours gets its number. The command finds them
 * closed. secure: AT_SECURE of this start, where the C library may have opened them. Returns false where that can't be done.
 */
bool fds_fill_stdio(bool secure);

#endif
