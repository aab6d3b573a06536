/* All file descriptors at once. */
#ifndef FDS_H
#define FDS_H

#include <stddef.h>

/* Closes every descriptor but those of keep; negative ones there stand for none. */
void fds_close_all_but(const int *keep, size_t count);

#endif
