/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the arguments of a watched system call and the socket addresses in them. */
#pragma once

#include <linux/seccomp.h>
#include <limits.h>

#include "seccomp/syscalls.h"
#include "target/target.h"
#include "util/destination.h"

enum {
	REQUEST_ADDRESSES = 1024,					  /* maximum number of addresses in one call; no call has more, because sendmmsg(2) sends at most UIO_MAXIOV messages (net/socket.c) */
	SOCKET_PATH = sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1, /* room for the path of a UNIX socket, in bytes; one more than in an address, which may lack the final NUL (unix(7)) */
};

/* The abstract name of a UNIX socket without a file (unix(7)). The first byte is 0, and no NUL ends the name. */
struct abstract_name {
	char bytes[SOCKET_PATH];
	size_t length;
};

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

struct request {
	enum watched_call call; /* kind of the watched call; for socketcall(2), the kind of the call that its first argument selects */
	uint64_t arguments[6];
	bool is_socketcall;	   /* true if the program made the call by socketcall(2), whose arguments are in memory, where another thread can change them; false: the arguments are in registers */
	int fd;			   /* for a call on a socket, the number of the socket's descriptor in the target; -1: the arguments of a socketcall(2) could not be read */
	union socket_address name; /* the socket address that was read last from the target's memory, unchanged */
	uint32_t name_length;
	struct destination to[REQUEST_ADDRESSES]; /* the internet addresses in the call; request_read() does not set their member protocol */
	size_t count;
	char paths[REQUEST_ADDRESSES][SOCKET_PATH]; /* the paths of UNIX sockets in the call; a path that equals the one before is omitted */
	size_t path_count;
	struct abstract_name abstracts[REQUEST_ADDRESSES];
	size_t abstract_count;
	bool chooses_route;	/* true: ancillary data of a message may make the kernel send the message through an interface other than loopback; false: no message in the call has such data */
	bool creates_ipc;	/* true: the call creates an IPC object, provided that none with its key or name exists; false: the call creates none */
	struct ipc_request ipc; /* the arguments of a call that may create an IPC object; set if creates_ipc is true */
	int unreadable;		/* errno with which reading the target's memory failed; 0: everything was read */
};

/* Reads the arguments and addresses of the target's call. Returns false for a call that needs no handling: one that is not in the table of syscalls.c, or an ipc(2) that creates no object. Otherwise returns true, even if an address could not be read (request->unreadable). */
bool request_read(struct request *request, const struct target *target, const struct seccomp_data *data);
