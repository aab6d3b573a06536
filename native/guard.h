/* What keeps a socket of the host's network, in the hands of a build, to the places that it may connect to. */
#ifndef GUARD_H
#define GUARD_H

#include <linux/filter.h>
#include <stdbool.h>

#include "allow.h"

enum { GUARD_ROOM = ALLOW_ENTRIES * 15 + 32 };

/*
 * Writes a filter for what a TCP socket receives: it takes segments that come from a place on the list, and no others.
 * Returns its length in instructions, of which filter has GUARD_ROOM.
 */
size_t guard_build(const struct allow *allow, struct sock_filter *filter);

/*
 * Puts that filter on a socket and locks it there (SO_LOCK_FILTER). The build may end the connection that it was handed
 * (AF_UNSPEC), and connect anew, unseen through io_uring say: nobody whose answer it doesn't hear is connected to.
 */
bool guard_lock(int socket, const struct sock_filter *filter, size_t length);

#endif
