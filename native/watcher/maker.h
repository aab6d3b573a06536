/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * init creates some objects in place of a process of the phase, because init has the ids and the namespaces of the phase:
 *
 * - Sockets that are requested by socketcall(2), if only some socket families are permitted. Another thread could change the arguments of
 *   socketcall(2) in memory after the check. So the watcher reads them once, and init creates the socket without any capability.
 * - System V objects and POSIX message queues, if the phase has no IPC namespace. confine removes them after the phase. The kernel does not
 *   store which process created a semaphore set or message queue. So init creates these, remembers them, and the watcher returns the result to
 *   the caller. Shared memory stores the ID of the process that created it (shm_cpid). So the caller creates it, and init only remembers the call.
 */
#ifndef MAKER_H
#define MAKER_H

#include <limits.h>

#include "seccomp/syscalls.h"
#include "target/target.h"

struct ipc_object {
	enum watched_call call;	 /* the call that creates the object: CALL_SHMGET, CALL_SEMGET, CALL_MSGGET or CALL_MQ_OPEN */
	int key;		 /* key of a System V object (semget(2)) */
	int id;			 /* id of a System V object; the kernel does not soon reuse an id for another object; -1: shared memory whose segment has not been found yet */
	pid_t creator;		 /* ID of the process that made the call, in the PID namespace of the supervisor */
	pid_t thread;		 /* ID of the thread that made the call */
	long long time;		 /* time at which the call was made, in seconds since 1970 */
	uint64_t inode;		 /* inode of a POSIX message queue, which distinguishes it from a later queue with the same name */
	char name[NAME_MAX + 1]; /* name of a POSIX message queue, without the slash at its start */
	char comm[16];		 /* name of the program that made the call (/proc/PID/comm) */
};

/* A call of the phase that creates an IPC object if no object with the requested key or name exists. */
struct ipc_request {
	struct ipc_object object;
	uint32_t size; /* for semget(2), number of semaphores in the set */
	int flags;     /* flags argument of the call, such as IPC_CREAT or O_CREAT */
	uint32_t mode;
	bool has_attributes;
	int64_t attributes[4]; /* first four members of the struct mq_attr that mq_open(3) got; set if has_attributes is true */
	uid_t uid;	       /* effective user id of the calling thread */
	gid_t gid;	       /* effective group id of the calling thread */
	mode_t umask;	       /* umask of the calling thread */
};

enum { IPC_OBJECTS = 1024 };

/* The IPC objects that the phase has created. If IPC_OBJECTS of them exist, further ones are not remembered, so confine does not remove them. */
struct ipc_objects {
	size_t count;
	struct ipc_object objects[IPC_OBJECTS];
};

struct maker {
	int socket;	   /* the watcher's end of the socket pair with init; -1: init has ended */
	uint64_t families; /* socket families that the phase may use (allow_list.h) */
};

struct request;

/* For the watcher: lets init create the socket that a call requests, and answers the call. The call returns a new descriptor or fails, for example with EAFNOSUPPORT if the calling thread is in another network namespace than init. */
void maker_answer_socket(const struct maker *maker, const struct request *request, const struct target *target);

/* For the watcher: lets init create an IPC object, and answers the call. Returns false if the kernel must continue the call: init created no object, it is shared memory, or the caller has other ids or another IPC namespace than init. */
bool maker_answer_ipc(const struct maker *maker, const struct request *request, const struct target *target);

/* For init: receives one request of the watcher and sends the result. Returns false after the watcher has ended. */
bool maker_serve(int socket, struct ipc_objects *ipc_objects);

/* Creates an empty table in memory that the supervisor shares with its later child processes. Returns NULL and sets errno on failure. */
struct ipc_objects *ipc_objects_new(void);

/* Removes the IPC objects in the table that still exist. Call it after all processes of the phase have ended. The table then contains only the removed objects. Does nothing if objects is NULL. */
void ipc_objects_remove(struct ipc_objects *objects);

/* For the watcher and the DNS server: unmaps the table from the calling process. A manipulated process can then not change which objects the supervisor removes. */
void ipc_objects_unmap(struct ipc_objects *objects);

#endif
