/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * init creates some objects in place of a process of the phase, because init has the ids and the namespaces of the phase:
 *
 * - Sockets that are requested by socketcall(2), if only some socket families are permitted. Another thread could change the arguments of
 *   socketcall(2) in memory after the check. So the watcher reads them once, and init creates the socket without any capability.
 * - IPC objects, if the phase has no IPC namespace (ipc_objects.h).
 */
#ifndef MAKER_H
#define MAKER_H

#include "watcher/request.h"
#include "watcher/target.h"

struct maker {
	int socket;	   /* the watcher's end of the socket pair with init; -1: init has ended */
	uint64_t families; /* socket families that the phase may use (allow_list.h) */
};

/* For the watcher: answers a call that creates a socket, with a descriptor or an errno: EAFNOSUPPORT if the calling thread is in another network namespace than init. */
void maker_answer_socket(const struct maker *maker, const struct request *request, const struct target *target);

/*
 * For the watcher: answers a call that creates an IPC object. Returns false if the kernel must continue the call: it requests shared memory,
 * the object exists, the caller has other ids or another IPC namespace than init, or init fails to create the object.
 */
bool maker_answer_ipc(const struct maker *maker, const struct request *request, const struct target *target);

/* For init: receives one request of the watcher and sends the result. Returns false after the watcher has ended. */
bool maker_serve(int socket, struct ipc_objects *ipc_objects);

#endif
