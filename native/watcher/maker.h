/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lets init create what a call of the phase requests, with the ids and in the namespaces of the phase:
 *
 * - Sockets that socketcall(2) requests while socket families are restricted. The arguments of socketcall(2) are in memory, where another
 *   thread could change them after the check. So the watcher reads them once, and init creates the socket without any capability.
 * - IPC objects, if the phase has no IPC namespace (ipc_objects.h).
 */
#ifndef MAKER_H
#define MAKER_H

#include "watcher/request.h"
#include "watcher/target.h"

struct maker {
	int socket;	   /* socket of the watcher that leads to init; -1: init has ended */
	uint64_t families; /* socket families that the phase may use (families.h) */
};

/* For the watcher: answers the call with a socket or an errno. A thread in another network namespace than init gets EAFNOSUPPORT. */
void maker_answer_socket(const struct maker *maker, const struct request *request, const struct target *target);

/*
 * For the watcher: answers a call that creates an IPC object. Returns false if the kernel must continue the call: the object exists, the caller
 * has other ids or another namespace than init, or init cannot create the object.
 */
bool maker_answer_ipc(const struct maker *maker, const struct request *request, const struct target *target);

/* For init: receives one request, and sends the result to the watcher. Returns false after the watcher has ended. */
bool maker_serve(int socket, struct ipc_objects *ipc_objects);

#endif
