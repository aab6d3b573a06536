/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File descriptors: passing them over sockets, small files, closing, standard streams. */
#pragma once

#include <dirent.h>

#include "util/base.h"

/* Attributes of a variable: the descriptor, FILE or DIR in the variable is closed at the end of its scope, unless it is -1 or NULL. errno is preserved. */
#define AUTO_CLOSE __attribute__((cleanup(auto_close)))
#define AUTO_FCLOSE __attribute__((cleanup(auto_fclose)))
#define AUTO_CLOSEDIR __attribute__((cleanup(auto_closedir)))
void auto_close(const int *fd);
void auto_fclose(FILE **file);
void auto_closedir(DIR **folder);

/* Maximum number of descriptors in one message, and length of the array fds of fd_passing_send(). */
enum { PASSED_FDS = 2 };

/* Sends one message with the descriptors in fds before the first -1 (unix(7), SCM_RIGHTS). Returns false with errno. */
bool fd_passing_send(int socket, const void *data, size_t size, const int fds[PASSED_FDS]);

/*
 * Receives one message of exactly this size. Stores its first count descriptors in fds, close-on-exec, and discards the others. Elements of
 * fds without a descriptor become -1; after a failure, all of them. Unless sender is NULL, sets *sender to the process ID of the sender; the socket must then have SO_PASSCRED.
 * Returns false with errno, for example ECONNRESET if no process has the other end open, or EPROTO if the message has another size.
 */
bool fd_passing_receive(int socket, void *data, size_t size, int *fds, size_t count, pid_t *sender);

/*
 * Reads the first size - 1 bytes of the file at path, relative to directory (openat(2)), and adds a NUL. Returns the length of the text, or -1
 * with errno. Follows no symbolic link in the last component, like file_write().
 */
long file_read(int directory, const char *path, char *text, size_t size);

/* Writes text to the existing file at path, relative to directory, in a single write. Returns false with errno. */
bool file_write(int directory, const char *path, const char *text);

/* Closes a descriptor, unless it is -1, and preserves errno. */
void close_fd(int fd);

/* Closes every descriptor except those in keep. Negative elements of keep are ignored. */
void close_fds_except(const int *keep, size_t count);

/*
 * Opens /dev/null, close-on-exec, for each standard stream that was closed at the exec of confine, so that no other file gets its number. secure:
 * true if AT_SECURE is set: the C library may then have opened these streams, and the function makes them close-on-exec; false if not. Returns false on failure.
 */
bool fds_fill_stdio(bool secure);
