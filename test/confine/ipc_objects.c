// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipc_objects make OBJECT...     creates the objects, fails if one of them exists
 * ipc_objects open OBJECT...     creates the objects that do not exist
 * ipc_objects remove OBJECT...   removes the objects
 * ipc_objects list OBJECT...     prints the objects that exist
 * ipc_objects id OBJECT          prints the id of a System V object
 * ipc_objects reuse OBJECT ID    creates a System V object with this id
 * ipc_objects churn N            creates and removes N objects of each kind
 * ipc_objects results KEY        prints the results of calls that create objects with the keys KEY, KEY + 1...
 *
 * An OBJECT is shm:KEY, sem:KEY, msg:KEY or mqueue:NAME. With KEY 0, make creates a private object and prints it as KIND:#ID. remove and list
 * accept this form too. If compiled with -m32, the program makes the calls of System V IPC by ipc(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __i386__
#define get_segment(key, size, flags) (int)syscall(SYS_ipc, 23, key, size, flags, 0, 0)
#define get_semaphores(key, count, flags) (int)syscall(SYS_ipc, 2, key, count, flags, 0, 0)
#define get_queue(key, flags) (int)syscall(SYS_ipc, 13, key, flags, 0, 0, 0)
#else
#define get_segment shmget
#define get_semaphores semget
#define get_queue msgget
#endif

static int get(const char *object, int flags)
{
	const char *value = strchr(object, ':') + 1;
	if (*value == '#')
		return atoi(value + 1);
	int key = (int)strtol(value, NULL, 0);
	if (strncmp(object, "shm:", 4) == 0)
		return get_segment(key, flags == 0 ? 0 : 4096, flags);
	if (strncmp(object, "sem:", 4) == 0)
		return get_semaphores(key, flags == 0 ? 0 : 2, flags);
	if (strncmp(object, "msg:", 4) == 0)
		return get_queue(key, flags);
	return mq_open(value, O_RDWR | ((flags & IPC_CREAT) != 0 ? O_CREAT : 0) | ((flags & IPC_EXCL) != 0 ? O_EXCL : 0), 0600, NULL);
}

static int control_set(int id, int command, struct semid_ds *set)
{
	union {
		struct semid_ds *set;
	} argument = {set};
	return semctl(id, 0, command, argument);
}

static int control(const char *object, int command)
{
	struct shmid_ds segment;
	struct semid_ds set;
	struct msqid_ds queue;
	int id = get(object, 0);
	if (id < 0)
		return id;
	if (strncmp(object, "shm:", 4) == 0)
		return shmctl(id, command, &segment);
	if (strncmp(object, "sem:", 4) == 0)
		return control_set(id, command, &set);
	if (strncmp(object, "msg:", 4) == 0)
		return msgctl(id, command, &queue);
	return command == IPC_RMID ? mq_unlink(strchr(object, ':') + 1) : 0;
}

static int make(const char *object)
{
	int id = get(object, IPC_CREAT | IPC_EXCL | 0600);
	const char *colon = strchr(object, ':');
	if (strcmp(colon, ":0") == 0)
		printf("%.*s:#%d\n", (int)(colon - object), object, id);
	return id;
}

/* Creates a System V object with an id that the kernel chooses if it is written to sem_next_id or msg_next_id (CONFIG_CHECKPOINT_RESTORE). */
static bool reuse(const char *object, const char *id)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/sys/kernel/%.3s_next_id", object);
	FILE *next = fopen(path, "w");
	return next != NULL && fputs(id, next) >= 0 && fclose(next) == 0 && make(object) == atoi(id);
}

/* Creates and removes private System V objects and POSIX message queues, count of each kind. Returns false if a call fails. */
static bool churn(int count)
{
	bool done = true;
	char name[32];
	for (int i = 0; i < count && done; i++) {
		snprintf(name, sizeof name, "/pc-churn-%d", i % 8);
		int queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, NULL);
		done = semctl(get_semaphores(IPC_PRIVATE, 1, 0600), 0, IPC_RMID) == 0 && msgctl(get_queue(IPC_PRIVATE, 0600), IPC_RMID, NULL) == 0 &&
		       shmctl(get_segment(IPC_PRIVATE, 4096, 0600), IPC_RMID, NULL) == 0 && queue >= 0 && close(queue) == 0 && mq_unlink(name) == 0;
	}
	return done;
}

/* Prints the name of a call and its result: "ok", or the error. Returns the result. */
static int print(const char *call, int result)
{
	printf("%s: %s\n", call, result < 0 ? strerrorname_np(errno) : "ok");
	return result;
}

static void print_owner(const char *kind, const struct ipc_perm *perm, key_t key)
{
	bool is_own = perm->cuid == geteuid() && perm->uid == geteuid() && perm->cgid == getegid() && perm->gid == getegid();
	printf("%s: %s, mode %o, %s key\n", kind, is_own ? "own" : "of others", perm->mode, perm->__key == key ? "its" : "another");
}

static void print_results(key_t key)
{
	struct shmid_ds segment;
	struct semid_ds set;
	struct msqid_ds queue;
	char name[32];
	struct stat status;
	umask(027);
	print("semget of no object", get_semaphores(key, 1, 0600));
	int first = print("semget", get_semaphores(key, 3, IPC_CREAT | 0646));
	printf("semget again: %s\n", get_semaphores(key, 3, IPC_CREAT | 0600) == first ? "the same id" : "another id");
	print("semget with IPC_EXCL", get_semaphores(key, 3, IPC_CREAT | IPC_EXCL | 0600));
	print("semget of more semaphores", get_semaphores(key, 4, IPC_CREAT | 0600));
	print("semget of -1 semaphores", get_semaphores(key + 1, -1, IPC_CREAT | 0600));
	print("semget of too many semaphores", get_semaphores(IPC_PRIVATE, 1 << 30, 0600));
	print("semctl", control_set(first, IPC_STAT, &set));
	print_owner("semaphores", &set.sem_perm, key);
	printf("%lu semaphores\n", (unsigned long)set.sem_nsems);
	printf("private semaphores: %s\n", get_semaphores(IPC_PRIVATE, 1, 0) == get_semaphores(IPC_PRIVATE, 1, 0) ? "the same id" : "another id");
	first = print("msgget", get_queue(key, IPC_CREAT | IPC_EXCL | 0604));
	print("msgget with IPC_EXCL", get_queue(key, IPC_CREAT | IPC_EXCL | 0604));
	print("msgctl", msgctl(first, IPC_STAT, &queue));
	print_owner("queue", &queue.msg_perm, key);
	first = print("shmget", get_segment(key, 5000, IPC_CREAT | IPC_EXCL | 0640));
	print("shmget with IPC_EXCL", get_segment(key, 5000, IPC_CREAT | IPC_EXCL | 0640));
	print("shmget of a larger segment", get_segment(key, 10000, IPC_CREAT | 0640));
	print("shmctl", shmctl(first, IPC_STAT, &segment));
	print_owner("segment", &segment.shm_perm, key);
	printf("segment: %lu bytes, made by %s\n", (unsigned long)segment.shm_segsz, segment.shm_cpid == getpid() ? "this process" : "another process");
	snprintf(name, sizeof name, "/pc-%x", (unsigned)key);
	struct mq_attr attributes = {.mq_maxmsg = 3, .mq_msgsize = 77}, found = {0};
	int descriptor = print("mq_open", mq_open(name, O_CREAT | O_RDWR | O_NONBLOCK, 0666, &attributes));
	print("mq_open with O_EXCL", mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0666, &attributes));
	print("mq_open of an existing queue", mq_open(name, O_CREAT | O_WRONLY, 0666, NULL));
	print("mq_open without a name", mq_open("/", O_CREAT | O_RDWR, 0666, NULL));
	print("mq_open with a slash in the name", mq_open("/a/b", O_CREAT | O_RDWR, 0666, NULL));
	attributes.mq_maxmsg = -1;
	print("mq_open with invalid attributes", mq_open("/pc-invalid", O_CREAT | O_RDWR, 0666, &attributes));
	print("mq_open at an invalid address", (int)syscall(SYS_mq_open, 8, O_CREAT | O_RDWR, 0666, NULL));
	struct rlimit limit, lowered;
	getrlimit(RLIMIT_NOFILE, &limit);
	lowered = limit;
	lowered.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &lowered);
	print("mq_open with too many open files", mq_open("/pc-files", O_CREAT | O_RDWR, 0666, NULL));
	setrlimit(RLIMIT_NOFILE, &limit);
	print("mq_unlink after that", mq_unlink("/pc-files"));
	print("mq_getattr", mq_getattr(descriptor, &found));
	printf("mq_open: flags %lo, %ld messages of %ld bytes\n", found.mq_flags, found.mq_maxmsg, found.mq_msgsize);
	print("fstat", fstat(descriptor, &status));
	printf("mq_open: mode %o, %s, descriptor flags %d\n", (unsigned)status.st_mode, status.st_uid == geteuid() && status.st_gid == getegid() ? "own" : "of others", fcntl(descriptor, F_GETFD));
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "results") == 0)
		print_results((key_t)strtol(argv[2], NULL, 0));
	if (strcmp(argv[1], "churn") == 0)
		return churn(atoi(argv[2])) ? 0 : 1;
	if (strcmp(argv[1], "id") == 0)
		printf("%d\n", get(argv[2], 0));
	if (strcmp(argv[1], "reuse") == 0)
		return argc == 4 && reuse(argv[2], argv[3]) ? 0 : 1;
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[1], "open") == 0 && get(argv[i], IPC_CREAT | 0600) < 0)
			return 1;
		if (strcmp(argv[1], "make") == 0 && make(argv[i]) < 0)
			return 1;
		if (strcmp(argv[1], "remove") == 0 && control(argv[i], IPC_RMID) != 0)
			return 1;
		if (strcmp(argv[1], "list") == 0 && control(argv[i], IPC_STAT) == 0)
			puts(argv[i]);
	}
	return 0;
}
