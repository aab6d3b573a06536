/* From one TCP socket to another: what was set on the first. */
#ifndef SOCKET_OPTIONS_H
#define SOCKET_OPTIONS_H

#include <stdbool.h>

/*
 * Sets on the socket to what from has and no new socket has. What the kernel refuses (more than a limit of this network
 * allows, say) stays as it is in a new one. Both are of that family.
 */
void socket_options_copy(int from, int to, int family);

#endif
