/* File descriptors: passing them over sockets, closing them, standard streams. */
#ifndef FDS_H
#define FDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { PASSED_FDS = 2 };

/* Sends one message with the descriptors in fds before the first -1 (unix(7), SCM_RIGHTS). Returns false with errno. */
bool fd_passing_send(int socket, struct iovec *parts, size_t count, const int fds[PASSED_FDS]);

/*
 * Receives one message. The descriptors in fds are close-on-exec; unused elements are -1. If sender is not NULL and the socket has
 * SO_PASSCRED, sets it to the process ID of the sender. Returns the length, 0 if all senders have exited, -1 with errno.
 */
ssize_t fd_passing_receive(int socket, struct iovec *parts, size_t count, int fds[PASSED_FDS], pid_t *sender);

/* Closes a descriptor and preserves errno. */
void close_keeping_errno(int fd);

/* Closes every descriptor except those in keep. Negative elements of keep are ignored. */
void close_fds_except(const int *keep, size_t count);

/*
 * Opens /dev/null, close-on-exec, for each standard stream that the caller has closed, so that no other file gets its number.
 * secure: AT_SECURE of this process; the C library may have opened the standard streams. Returns false on failure.
 */
bool fds_fill_stdio(bool secure);

#endif
