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
void stand_in_open(bool root);

/* Somebody shares its descriptors with a process of its own (CLONE_FILES without CLONE_THREAD): from now on anybody may. */
void stand_in_note_sharing(void);

bool stand_in_is_needed(const struct passage_call *call, const struct audit_request *request);

/*
 * Makes the call and answers it, at once or from passage_held_serve(), as the kernel would have; SO_PEERCRED at the other end of a
 * UNIX socket tells of us. Returns false where there is no call any more.
 */
bool stand_in(const struct passage_call *call, const struct audit_request *request);

#endif
