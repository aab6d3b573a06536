/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IPC objects that a phase without an IPC namespace creates: those of System V, and POSIX message queues. The kernel stores no creator of
 * semaphores and message queues. So init creates these in place of the caller, remembers them, and the watcher passes the result on. The
 * caller creates its shared memory, which must have its process ID (shm_cpid): init only remembers the call.
 */
#ifndef IPC_OBJECTS_H
#define IPC_OBJECTS_H

#include <limits.h>

#include "watcher/syscalls.h"

struct ipc_object {
	enum watched_call call;	 /* the call that creates it: CALL_SHMGET, CALL_SEMGET, CALL_MSGGET or CALL_MQ_OPEN */
	int key;		 /* key of a System V object */
	int id;			 /* id of a System V object, which contains a sequence number against reuse; -1: shared memory that was not found yet */
	pid_t creator;		 /* process that made the call, in the PID namespace of the supervisor */
	pid_t thread;		 /* its thread */
	long long time;		 /* time of the call, in seconds since 1970 */
	uint64_t inode;		 /* inode of a message queue */
	char name[NAME_MAX + 1]; /* name of a message queue, without the slash at its start */
	char comm[16];		 /* name of the calling program */
};

/* A call of the phase that creates an object if there is none with this key or name. */
struct ipc_request {
	struct ipc_object object;
	uint32_t size; /* number of semaphores */
	int flags;     /* argument of the call */
	uint32_t mode;
	bool has_attributes;
	int64_t attributes[4]; /* the first members of struct mq_attr */
	uid_t uid;	       /* effective ids and umask of the caller */
	gid_t gid;
	mode_t umask;
};

enum { IPC_OBJECTS = 1024 };

/* The objects that the phase has created. If the table is full of existing objects, further ones are not remembered. */
struct ipc_objects {
	size_t count;
	struct ipc_object objects[IPC_OBJECTS];
};

/* Creates an empty table that is shared with later child processes. Returns NULL and sets errno on failure. */
struct ipc_objects *ipc_objects_new(void);

/*
 * For init: creates the object and adds it to the table. Returns its id or, for a message queue, a descriptor. Returns -1 and sets errno if
 * the caller must make the call itself, for example because such an object exists.
 */
int ipc_objects_create(struct ipc_objects *objects, const struct ipc_request *request);

/* For init: removes the object that ipc_objects_create() created last, because the caller has not received it. */
void ipc_objects_remove_last(struct ipc_objects *objects);

/* Removes the objects that still exist, after all processes of the phase have ended. The table then contains the removed objects. Accepts NULL. */
void ipc_objects_remove(struct ipc_objects *objects);

#endif
