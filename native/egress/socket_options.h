/* From one TCP socket to another: what was set on the first. */
#ifndef SOCKET_OPTIONS_H
#define SOCKET_OPTIONS_H

#include <stdbool.h>

/*
 * Sets on the socket to what from has. What the kernel refuses (more than a limit of this network allows, say) stays as it is.
 * family is theirs, or 0 where they have not the same; fresh: nothing has been set on to yet.
 */
void socket_options_copy(int from, int to, int family, bool fresh);

#endif
