// SPDX-License-Identifier: GPL-2.0-or-later
#include "watcher/ipc_objects.h"

#include <mqueue.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "util/fds.h"

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15 /* defined in the headers of Linux 4.17 and later */
#endif

/* A segment whose creation time is later than the call by at most this number of seconds counts as created by the call. The kernel does not reuse a process ID so soon. */
#define CREATION_SECONDS 2

struct ipc_objects *ipc_objects_new(void)
{
	void *memory = mmap(NULL, sizeof(struct ipc_objects), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

static bool is_creation_of(const struct ipc_object *object, const struct shmid_ds *segment)
{
	return object->call == CALL_SHMGET && object->id < 0 && object->creator == segment->shm_cpid && object->key == (int)segment->shm_perm.__key &&
	       segment->shm_perm.cuid == geteuid() && segment->shm_ctime >= object->time - 1 && segment->shm_ctime <= object->time + CREATION_SECONDS;
}

/* Finds the shared memory segments that the calls in the table have created, and stores their ids in the table. A segment has the ID of its creator and the time of its creation, until IPC_SET changes the time. */
static void find_segments(struct ipc_objects *objects)
{
	struct shmid_ds segment;
	int last = shmctl(0, SHM_INFO, &segment);
	for (int index = 0; index <= last; index++) {
		int id = shmctl(index, SHM_STAT_ANY, &segment);
		/* Skip a segment that is already removed (IPC_RMID): it exists only until the last process detaches it. */
		bool found = id < 0 || (segment.shm_perm.mode & SHM_DEST) != 0;
		for (size_t i = 0; i < objects->count && !found; i++) {
			found = is_creation_of(&objects->objects[i], &segment);
			if (found)
				objects->objects[i].id = id;
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

/* Controls a System V object: IPC_STAT reads its owner and key, IPC_RMID removes it. Returns -1 and sets errno on failure. */
static int control(const struct ipc_object *object, int command, struct ipc_perm *permissions)
{
	/* The first member of each structure is a struct ipc_perm. */
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

/* Removes the object. Returns true if it existed. */
static bool remove_object(const struct ipc_object *object)
{
	struct ipc_perm unused;
	if (!exists(object))
		return false;
	return (object->call == CALL_MQ_OPEN ? syscall(SYS_mq_unlink, object->name) : control(object, IPC_RMID, &unused)) == 0;
}

/* Returns true if the kernel may still have to create the segment of a shmget(2): the call is recent, and its thread has made no later call in the table, which would show that the first call has ended. */
static bool is_pending(const struct ipc_objects *objects, size_t at)
{
	const struct ipc_object *object = &objects->objects[at];
	bool pending = object->call == CALL_SHMGET && object->id < 0 && object->time >= time(NULL) - CREATION_SECONDS;
	for (size_t i = at + 1; i < objects->count && pending; i++)
		pending = objects->objects[i].thread != object->thread;
	return pending;
}

/* Forgets the objects that no longer exist, except segments that may still be created. */
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

void ipc_objects_remove_last(struct ipc_objects *objects)
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

int ipc_objects_create(struct ipc_objects *objects, const struct ipc_request *request)
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
