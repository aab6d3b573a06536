/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confine's init creates some objects in place of a process of the phase, because init has the ids and the namespaces of the phase:
 *
 * - Sockets that are requested by socketcall(2), if only some socket families are permitted. Another thread could change the arguments of
 *   socketcall(2) in memory after the check. So the watcher reads them once, and init creates the socket without any capability.
 * - System V objects and POSIX message queues, if the phase has no IPC namespace. confine removes them after the phase. The kernel does not
 *   store which process created a semaphore set or message queue. So init creates these, remembers them, and the watcher returns the result to
 *   the caller. Shared memory stores the ID of the process that created it (shm_cpid). So the caller creates it, and init only remembers the call.
 */
#pragma once

#include "target/request.h"

enum { IPC_OBJECTS = 1024 };

/* The IPC objects that the phase has created. If IPC_OBJECTS of them exist, further ones are not remembered, so confine does not remove them. */
struct ipc_objects {
	size_t count;
	struct ipc_object objects[IPC_OBJECTS];
};

/* The parameter maker of maker_answer_*() is the watcher's end of the socket pair with init; -1: the watcher has closed it because confine's init has ended. */

/* For the watcher: lets confine's init create the socket that a call requests, and answers the call with a descriptor of the socket or with an errno, such as EAFNOSUPPORT if the thread is in another network namespace than init. families: set with one bit for each socket family that the phase may use (allow_list.h). */
void maker_answer_socket(int maker, uint64_t families, const struct request *request, const struct target *target);

/* For the watcher: lets confine's init create the IPC object that a call requests, and answers the call. Returns false, without an answer, if the kernel must continue the call: for example because the object exists or is shared memory, or because the thread's ids or IPC namespace differ from those of init. */
bool maker_answer_ipc(int maker, const struct request *request, const struct target *target);

/* For confine's init: receives one request of the watcher and sends the result. Returns true to be called again, also if there is no request yet. Returns false after the watcher has ended. */
bool maker_serve(int socket, struct ipc_objects *ipc_objects);

/* Removes the IPC objects in the table that still exist. Call it after all processes of the phase have ended. Afterwards, the table contains only the objects that the function has removed. Does nothing if objects is NULL. */
void ipc_objects_remove(struct ipc_objects *objects);

/* For the watcher and the DNS server: unmaps the table from the calling process. If the build takes control of this process, it then still cannot change which objects the supervisor removes. */
void ipc_objects_unmap(struct ipc_objects *objects);
