/* All file descriptors at once. */
#ifndef FDS_H
#define FDS_H

#include <stdbool.h>
#include <stddef.h>

/* Closes every descriptor but those of keep; negative ones there stand for none. */
void close_fds_except(const int *keep, size_t count);

/*
 * Opens /dev/null for each of fds 0 to 2 that the caller closed, so that no file of ours gets its number. The command finds them
 * closed. secure: AT_SECURE of this start, where the C library may have opened them. Returns false where that can't be done.
 */
bool fds_fill_stdio(bool secure);

#endif
