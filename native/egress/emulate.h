/*
 * Calls that the watcher makes in their caller's stead, on the very socket that it has looked at. Where the kernel goes on
 * with a call, it looks up the descriptor once more, and by then another thread may have put a socket of the host's network
 * there; what socketcall(2) takes from memory, anybody may have changed.
 */
#ifndef STAND_IN_H
#define STAND_IN_H

#include <stdbool.h>

#include "egress/egress.h"

/* To be called once. root: the phase is root's, which is not held by a list anyway. */
void emulate_open(bool root);

/* Somebody shares its descriptors with a process of its own (CLONE_FILES without CLONE_THREAD): from now on anybody may. */
void emulate_note_sharing(void);

bool emulate_is_needed(const struct egress_call *call, const struct request *request);

/*
 * Makes the call and answers it, at once or from pending_serve(), as the kernel would have; SO_PEERCRED at the other end of a
 * UNIX socket tells of us. Returns false where there is no call any more.
 */
bool emulate(const struct egress_call *call, const struct request *request);

#endif
