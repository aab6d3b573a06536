// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/seccomp.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "watcher/maker.h"
#include "options/allow_list.h"
#include "privileged/privilege.h"
#include "util/fds.h"
#include "util/process.h"

/* A shared memory segment that a process created at most this number of seconds after its shmget(2) counts as created by this call. The kernel does not reuse a process ID so soon. */
#define CREATION_SECONDS 2

/*
 * Time limits for the reply of confine's init to a request. init replies at once, unless a signal has stopped it or the machine is very busy. After the limit for
 * sockets, the call fails with ENOBUFS. The limit for IPC objects is longer: after it, the kernel continues the call, which can fail if init has created the object.
 */
enum { SOCKET_MILLISECONDS = 500,
       IPC_MILLISECONDS = 10000 };

enum requested { REQUEST_SOCKET,
		 REQUEST_IPC_OBJECT,
		 REQUEST_REMOVAL }; /* request to remove the IPC object that confine's init created last */

struct maker_request {
	uint64_t id; /* ID of the seccomp notification, which confine's init copies to the reply; the watcher ignores a reply with the ID of an earlier request, which timed out */
	enum requested requested;
	union {
		struct {
			int family, type, protocol;
		} socket;
		struct ipc_request ipc;
	};
};

struct maker_reply {
	uint64_t id;
	uint64_t network; /* for REQUEST_SOCKET: inode of init's network namespace (/proc/PID/ns/net), which must be the target's; 0: unknown */
	int error;	  /* errno with which the request failed; 0: success */
	int value;	  /* id of the created System V object; not used after a failure, or if the reply has the descriptor of a socket or message queue */
};

/* Returns the inode of a file in /proc/PID/ns, which identifies a namespace, or 0 on failure. */
static uint64_t namespace_at(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 ? status.st_ino : 0;
}

/* Sends a request to confine's init and waits for the reply. Stores the attached descriptor in *fd, or -1 if there is none. Returns true if *reply is set, false if init has ended or does not reply in time. */
static bool ask_init(int maker, const struct maker_request *wanted, int milliseconds, struct maker_reply *reply, int *fd)
{
	struct pollfd init = {.fd = maker, .events = POLLIN};
	if (maker < 0 || send(maker, wanted, sizeof *wanted, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof *wanted)
		return false;
	while (poll(&init, 1, milliseconds) == 1 && fd_passing_receive(maker, reply, sizeof *reply, fd, 1, NULL)) {
		if (reply->id == wanted->id)
			return true;
		close_fd(*fd);
	}
	return false;
}

/* Answers the call with a duplicate of fd, which is close-on-exec if close_on_exec is true. Returns false and sets errno if the target cannot receive it: for example ENOENT if the call has ended, or EMFILE if too many descriptors are open. */
static bool answer_with_fd(const struct target *target, int fd, bool close_on_exec)
{
	struct seccomp_notif_addfd added = {
		.id = target->notification, .srcfd = (uint32_t)fd, .newfd_flags = close_on_exec ? SOCK_CLOEXEC : 0, .flags = SECCOMP_ADDFD_FLAG_SEND};
	if (ioctl(target->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added) >= 0)
		return true;
	/* EINVAL: Linux before 5.14 does not have SECCOMP_ADDFD_FLAG_SEND. Add the descriptor and answer the call by separate ioctls instead. */
	if (errno != EINVAL)
		return false;
	added.flags = 0;
	int number = ioctl(target->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added);
	return number >= 0 && target_respond(target, 0, 0, number);
}

void maker_answer_socket(int maker, uint64_t families, const struct request *request, const struct target *target)
{
	const uint64_t *arguments = request->arguments;
	const struct maker_request wanted = {
		.id = target->notification, .requested = REQUEST_SOCKET, .socket = {(int)arguments[0], (int)arguments[1] & ~SOCK_CLOEXEC, (int)arguments[2]}};
	struct maker_reply reply = {.error = EAFNOSUPPORT};
	AUTO_CLOSE int fd = -1;
	if (!request->unreadable && families_permit(families, arguments[0], arguments[1]) &&
	    !ask_init(maker, &wanted, SOCKET_MILLISECONDS, &reply, &fd))
		reply.error = ENOBUFS;
	if (fd >= 0 && (reply.network == 0 || reply.network != namespace_at(proc_path(target->tid, "ns/net").text)))
		reply.error = EAFNOSUPPORT;
	if (reply.error == 0 && !answer_with_fd(target, fd, ((int)arguments[1] & SOCK_CLOEXEC) != 0))
		reply.error = errno;
	if (reply.error != 0)
		target_respond(target, 0, reply.error, 0);
}

bool maker_answer_ipc(int maker, const struct request *request, const struct target *target)
{
	struct maker_request wanted = {.id = target->notification, .requested = REQUEST_IPC_OBJECT, .ipc = request->ipc};
	struct maker_reply reply;
	struct thread_status caller = thread_status(target->tid);
	int fd = -1;
	uint64_t own = namespace_at("/proc/self/ns/ipc");
	if (own == 0 || own != namespace_at(proc_path(target->tid, "ns/ipc").text) || caller.effective_uid == (uid_t)-1 || !target_is_valid(target))
		return false;
	wanted.ipc.uid = caller.effective_uid;
	wanted.ipc.gid = caller.effective_gid;
	wanted.ipc.umask = caller.umask;
	wanted.ipc.object.creator = caller.process;
	wanted.ipc.object.thread = target->tid;
	memcpy(wanted.ipc.object.comm, target_program(target)->comm, sizeof wanted.ipc.object.comm);
	if (!ask_init(maker, &wanted, IPC_MILLISECONDS, &reply, &fd) || reply.error != 0)
		return false;
	bool is_received = request->call == CALL_MQ_OPEN ? answer_with_fd(target, fd, true) : target_respond(target, 0, 0, reply.value);
	close_fd(fd);
	/* If the target could not receive the object, make confine's init remove the object. The kernel then continues the call, which fails for the same reason, for example with EMFILE. */
	wanted.requested = REQUEST_REMOVAL;
	if (!is_received)
		ask_init(maker, &wanted, IPC_MILLISECONDS, &reply, &fd);
	return is_received;
}

static bool is_creation_of(const struct ipc_object *object, const struct shmid_ds *segment)
{
	return object->call == CALL_SHMGET && object->id < 0 && object->creator == segment->shm_cpid && object->key == (int)segment->shm_perm.__key &&
	       segment->shm_perm.cuid == geteuid() && segment->shm_ctime >= object->time - 1 && segment->shm_ctime <= object->time + CREATION_SECONDS;
}

/* Stores in the table the ids of the shared memory segments that its shmget(2) calls have created. Recognizes a segment by its creator (shm_cpid), its key and the time of its creation (shm_ctime, unless an IPC_SET has changed it). */
static void find_segments(struct ipc_objects *objects)
{
	struct shmid_ds segment;
	int last = shmctl(0, SHM_INFO, &segment);
	for (int index = 0; index <= last; index++) {
		int id = shmctl(index, SHM_STAT_ANY, &segment);
		/* Skip a segment that is already removed (IPC_RMID): it exists only until the last process detaches it. */
		bool found = id < 0 || (segment.shm_perm.mode & SHM_DEST) != 0;
		for (size_t i = 0; i < objects->count && !found; i++) {
			struct ipc_object *object = &objects->objects[i];
			/* Several calls in the table can have returned this segment. Store its id only with the first of these calls. */
			found = (object->call == CALL_SHMGET && object->id == id) || is_creation_of(object, &segment);
			if (found)
				object->id = id;
		}
	}
}

/* Returns true if the queue with this name is the one that the phase has created, and not a later one that another process has created with the same name. */
static bool is_same_queue(const struct ipc_object *object)
{
	struct stat status;
	AUTO_CLOSE int queue = (int)syscall(SYS_mq_open, object->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, NULL);
	if (queue < 0)
		queue = (int)syscall(SYS_mq_open, object->name, O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0, NULL);
	return queue >= 0 && fstat(queue, &status) == 0 && status.st_ino == object->inode;
}

static int control(const struct ipc_object *object, int command, struct ipc_perm *permissions)
{
	/* Each of these structures begins with a struct ipc_perm, so data.permissions is valid after each of the calls below. */
	union {
		struct ipc_perm permissions;
		struct shmid_ds segment;
		struct semid_ds set;
		struct msqid_ds queue;
	} data = {0};
	union {
		struct semid_ds *set;
	} argument = {&data.set};
	int result = -1;
	errno = EINVAL;
	if (object->call == CALL_SHMGET && object->id >= 0)
		result = shmctl(object->id, command, &data.segment);
	else if (object->call == CALL_SEMGET)
		result = semctl(object->id, 0, command, argument);
	else if (object->call == CALL_MSGGET)
		result = msgctl(object->id, command, &data.queue);
	*permissions = data.permissions;
	return result;
}

/* Returns true if the object exists. Compares the creator and the key too, because after millions of new objects the kernel reuses an id. */
static bool exists(const struct ipc_object *object)
{
	struct ipc_perm permissions;
	if (object->call == CALL_MQ_OPEN)
		return is_same_queue(object);
	/* EACCES means that the object exists and its mode does not permit IPC_STAT. */
	if (control(object, IPC_STAT, &permissions) != 0)
		return errno == EACCES;
	return permissions.cuid == geteuid() && (int)permissions.__key == object->key;
}

static bool remove_object(const struct ipc_object *object)
{
	struct ipc_perm unused;
	if (!exists(object))
		return false;
	return (object->call == CALL_MQ_OPEN ? syscall(SYS_mq_unlink, object->name) : control(object, IPC_RMID, &unused)) == 0;
}

/* Returns true if the kernel may still have to create the segment of a shmget(2): the call is recent, and its thread has made no later call in the table, so the call may not have ended. */
static bool is_pending(const struct ipc_objects *objects, size_t at)
{
	const struct ipc_object *object = &objects->objects[at];
	bool pending = object->call == CALL_SHMGET && object->id < 0 && object->time >= time(NULL) - CREATION_SECONDS;
	for (size_t i = at + 1; i < objects->count && pending; i++)
		pending = objects->objects[i].thread != object->thread;
	return pending;
}

/* Deletes from the table the objects that do not exist any more. Keeps shared memory segments that the kernel may still have to create. */
static void forget_removed(struct ipc_objects *objects)
{
	size_t kept = 0;
	find_segments(objects);
	for (size_t i = 0; i < objects->count; i++)
		if (exists(&objects->objects[i]) || is_pending(objects, i))
			objects->objects[kept++] = objects->objects[i];
	objects->count = kept;
}

void ipc_objects_remove(struct ipc_objects *objects)
{
	size_t kept = 0;
	if (objects == NULL)
		return;
	/* Do not trust the number of entries in the table: confine's init, which runs with the ids of the phase, wrote the table, and the build may control init. */
	if (objects->count > IPC_OBJECTS)
		objects->count = IPC_OBJECTS;
	find_segments(objects);
	for (size_t i = 0; i < objects->count; i++)
		if (remove_object(&objects->objects[i]))
			objects->objects[kept++] = objects->objects[i];
	objects->count = kept;
}

void ipc_objects_unmap(struct ipc_objects *objects)
{
	if (objects != NULL)
		munmap(objects, sizeof *objects);
}

/* Removes the object that create_ipc_object() created last. Used if the thread that requested the object could not receive it. */
static void remove_last(struct ipc_objects *objects)
{
	if (objects->count > 0 && remove_object(&objects->objects[objects->count - 1]))
		objects->count--;
}

static int create_queue(const struct ipc_request *request, uint64_t *inode)
{
	struct mq_attr attributes = {0};
	struct stat status;
	attributes.mq_flags = (long)request->attributes[0];
	attributes.mq_maxmsg = (long)request->attributes[1];
	attributes.mq_msgsize = (long)request->attributes[2];
	mode_t own = umask(request->umask);
	int queue = (int)syscall(SYS_mq_open, request->object.name, request->flags | O_EXCL, request->mode, request->has_attributes ? &attributes : NULL);
	int error = errno;
	umask(own);
	*inode = queue >= 0 && fstat(queue, &status) == 0 ? status.st_ino : 0;
	errno = error;
	return queue;
}

/* Creates the requested object and adds it to the table. Returns its id or, for a message queue, a descriptor. Returns -1 if the kernel must continue the call: for example if the object exists, and for shared memory, which is only added to the table. */
static int create_ipc_object(struct ipc_objects *objects, const struct ipc_request *request)
{
	const int exclusive = request->flags | IPC_CREAT | IPC_EXCL;
	int result = -1;
	if (objects->count == IPC_OBJECTS)
		forget_removed(objects);
	errno = EPERM;
	if (objects->count == IPC_OBJECTS || request->uid != geteuid() || request->gid != getegid())
		return -1;
	struct ipc_object *object = &objects->objects[objects->count];
	*object = request->object;
	object->name[sizeof object->name - 1] = object->comm[sizeof object->comm - 1] = '\0';
	object->time = time(NULL);
	switch (object->call) {
	case CALL_SHMGET:
		object->id = -1;
		objects->count++;
		return -1;
	case CALL_SEMGET:
		result = object->id = semget(object->key, (int)request->size, exclusive);
		break;
	case CALL_MSGGET:
		result = object->id = msgget(object->key, exclusive);
		break;
	case CALL_MQ_OPEN:
		result = create_queue(request, &object->inode);
		break;
	default:
		break;
	}
	objects->count += result >= 0;
	return result;
}

/* Creates the requested socket or IPC object with all capabilities turned off, because the target may have fewer than confine's init. Returns a descriptor or the id of a System V object. If none was created, returns -1 and sets errno. */
static int create(const struct maker_request *wanted, struct ipc_objects *ipc_objects)
{
	struct identity saved;
	if (!identity_read_credentials(&saved) || !capabilities_set(0, saved.permitted, true))
		return -1;
	int value = wanted->requested == REQUEST_SOCKET
			    ? socket(wanted->socket.family, wanted->socket.type | SOCK_CLOEXEC, wanted->socket.protocol)
			    : create_ipc_object(ipc_objects, &wanted->ipc);
	int error = errno;
	capabilities_set(saved.effective, saved.permitted, true);
	errno = error;
	return value;
}

bool maker_serve(int watcher, struct ipc_objects *ipc_objects)
{
	struct maker_request wanted;
	ssize_t got = recv(watcher, &wanted, sizeof wanted, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got != (ssize_t)sizeof wanted)
		return false;
	bool is_socket = wanted.requested == REQUEST_SOCKET;
	int value = -1;
	if (wanted.requested == REQUEST_REMOVAL)
		remove_last(ipc_objects);
	else
		value = create(&wanted, ipc_objects);
	struct maker_reply reply = {wanted.id, is_socket ? namespace_at("/proc/self/ns/net") : 0, value < 0 ? errno : 0, value};
	bool is_fd = value >= 0 && (is_socket || wanted.ipc.object.call == CALL_MQ_OPEN);
	if (!fd_passing_send(watcher, &reply, sizeof reply, (const int[PASSED_FDS]){is_fd ? value : -1, -1}) && is_fd) {
		/* If the descriptor cannot be sent, reply with the errno. The kernel limits how many descriptors of a user are in flight (ETOOMANYREFS in unix(7)). */
		reply.error = errno;
		if (!is_socket)
			remove_last(ipc_objects);
		fd_passing_send(watcher, &reply, sizeof reply, (const int[PASSED_FDS]){-1, -1});
	}
	if (is_fd)
		close(value);
	return true;
}
