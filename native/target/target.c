// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/target.h"

#include <linux/kcmp.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "util/fds.h"
#include "util/process.h"
#include "target/watchdog.h"
#include "target/yama_broker.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* defined in the headers of Linux 6.9 and later (include/uapi/linux/pidfd.h) */
#endif

/* After a check, name and command line of a program are not checked for changes again for this time, because no process can execute another program and connect so fast. */
#define UNCHANGED_MICROSECONDS 100

struct cached_target {
	pid_t tid;	      /* TID of the thread to which the entry belongs; 0: the member program has no valid data */
	int cmdline;	      /* descriptor of /proc/TID/cmdline; after the thread has ended, reading fails even if the TID is reused; -1: none */
	int comm;	      /* descriptor of /proc/PID/comm, where PID is the ID of the process; -1: none */
	int pidfd;	      /* pidfd of the thread; before Linux 6.9, pidfd of the process, so that pidfd_getfd(2) uses the descriptor table of its first thread; -1: none */
	pid_t other_thread;   /* TID of the first thread of the process, if pidfd refers to it and not to the thread tid; 0: pidfd refers to the thread tid */
	long long checked_at; /* time at which program was read or last compared with cmdline and comm, in microseconds of CLOCK_MONOTONIC; 0: the entry was never used */
	struct program program;
};

struct target_access {
	int broker;
	size_t cache_size;
	struct cached_target cache[128];
};

struct target_access *target_access_new(int broker)
{
	/* Use mmap(2), because its memory is zeroed and takes no pages for entries that are never used. */
	struct target_access *access = mmap(NULL, sizeof *access, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (access == MAP_FAILED)
		return NULL;
	struct rlimit limit;
	size_t most = sizeof access->cache / sizeof *access->cache;
	/* Each cache entry uses three descriptors. If RLIMIT_NOFILE is too low for all entries, the cache has only one entry. */
	access->cache_size = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= 4 * most ? most : 1;
	access->broker = broker;
	return access;
}

bool target_is_valid(const struct target *target)
{
	uint64_t id = target->notification;
	return ioctl(target->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0 || errno != ENOENT;
}

bool target_respond(const struct target *target, unsigned flags, int error, long value)
{
	struct seccomp_notif_resp response = {.id = target->notification, .val = value, .error = -error, .flags = flags};
	return ioctl(target->listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
}

static unsigned long long status_field(const char *text, const char *name, int base, unsigned long long fallback)
{
	const char *line = strstr(text, name);
	return line == NULL ? fallback : strtoull(line + strlen(name), NULL, base);
}

struct thread_status thread_status(pid_t tid)
{
	char text[8192]; /* room for all fields that this function reads; some of them follow the list of groups, which can be long */
	proc_read(tid, "status", text, sizeof text);
	struct thread_status status = {
		.process = (pid_t)status_field(text, "\nTgid:", 10, (unsigned long long)tid),
		.parent = (pid_t)status_field(text, "\nPPid:", 10, 0),
		.uid = (uid_t)-1,
		.effective_uid = (uid_t)-1,
		.umask = (mode_t)status_field(text, "\nUmask:", 8, 0),
		.capabilities = status_field(text, "\nCapEff:", 16, 1),
		.is_zombie = strstr(text, "\nState:\tZ") != NULL,
		.pending = status_field(text, "\nSigPnd:", 16, 0),
		.shared_pending = status_field(text, "\nShdPnd:", 16, 0),
		.blocked = status_field(text, "\nSigBlk:", 16, ~0ULL),
	};
	const char *ids = strstr(text, "\nUid:");
	if (ids != NULL)
		sscanf(ids, " Uid: %u %u %*u %*u Gid: %*u %u", &status.uid, &status.effective_uid, &status.effective_gid);
	return status;
}

bool thread_has_signal(pid_t tid)
{
	struct thread_status status = thread_status(tid);
	uint64_t shared = status.shared_pending & ~status.blocked;
	if (shared == 0 || status.process == tid || (status.pending & ~status.blocked) != 0)
		return ((status.pending | status.shared_pending) & ~status.blocked) != 0;
	/* The kernel delivers a signal for the whole process to the first thread or, if this thread blocks the signal, to any thread that does not (complete_signal() in kernel/signal.c). So tid is sure to get it only if all other threads block it. */
	AUTO_CLOSEDIR DIR *threads = opendir(proc_path(status.process, "task").text);
	struct dirent *entry;
	while (threads != NULL && shared != 0 && (entry = readdir(threads)) != NULL)
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != tid)
			shared &= thread_status((pid_t)atoi(entry->d_name)).blocked;
	/* Read the pending signals again: another thread may block a signal only because it has received this signal and runs the handler. */
	return threads != NULL && (shared & thread_status(tid).shared_pending) != 0;
}

bool target_is_single_threaded(const struct target *target)
{
	struct stat folder;
	/* The link count of /proc/TID/task is 2 plus the number of threads, so 3 means one thread (proc_task_getattr() in fs/proc/base.c). */
	return stat(proc_path(target->tid, "task").text, &folder) == 0 && folder.st_nlink == 3;
}

static const struct {
	const char *name;		/* start of the interpreter's file name; only a version may follow it */
	const char *options_with_value; /* letters of the interpreter's options that take the next argument as value */
	char module;			/* letter of the option whose value is the module or file to run; 0: there is no such option */
} interpreters[] = {
	{"python", "WXQ", 'm'},
	{"pypy", "WXQ", 'm'},
	{"perl", "I", 0},
	{"ruby", "ICEr", 0},
	{"node", "r", 0},
	{"bash", "oO", 0},
	{"dash", "o", 0},
	{"sh", "o", 0},
	{"php", "dcz", 'f'},
	{"lua", "l", 0},
	{"tclsh", "", 0},
	{"Rscript", "", 0},
	{"guile", "Ll", 's'},
};

static int find_interpreter(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	for (size_t i = 0; i < sizeof interpreters / sizeof *interpreters; i++) {
		size_t length = strlen(interpreters[i].name);
		if (strncmp(name, interpreters[i].name, length) == 0 &&
		    name[length + strspn(name + length, "0123456789.-")] == '\0')
			return (int)i;
	}
	return -1;
}

static const char *next_argument(const char *argument, const char *end)
{
	const char *next = argument + strlen(argument) + 1;
	return next < end ? next : NULL;
}

/* Returns the script that an interpreter runs: the first argument that is not an option, or the value of the option for a module or file. Returns NULL if the program is no interpreter or runs no script. The result points into argv. */
static const char *find_script(const char *argv, size_t length)
{
	const char *end = argv + length;
	int index = length > 0 ? find_interpreter(argv) : -1;
	if (index < 0)
		return NULL;
	for (const char *argument = next_argument(argv, end); argument != NULL; argument = next_argument(argument, end)) {
		if (argument[0] != '-' || argument[1] == '\0')
			return *argument == '-' || *argument == '\0' ? NULL : argument;
		if (argument[1] == '-')
			continue;
		char last = argument[strlen(argument) - 1];
		/* The value of the option -c or -e is program text, so the interpreter runs no script. */
		if (last == 'c' || last == 'e')
			return NULL;
		if (interpreters[index].module != 0 && last == interpreters[index].module)
			return next_argument(argument, end);
		if (argument[2] == '\0' && strchr(interpreters[index].options_with_value, last) != NULL)
			argument = next_argument(argument, end);
		if (argument == NULL)
			return NULL;
	}
	return NULL;
}

uint64_t hash_add(uint64_t hash, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * 0x100000001B3ULL;
	return hash;
}

/* Reads name and command line of the program. program must be on the stack of the calling thread: after the watchdog has replaced this thread, a delayed read may still write to program. */
static void read_program(struct program *program, const struct cached_target *cached)
{
	*program = (struct program){0};
	watchdog_begin();
	ssize_t comm = pread(cached->comm, program->comm, sizeof program->comm, 0);
	ssize_t argv = pread(cached->cmdline, program->argv, sizeof program->argv - 1, 0);
	watchdog_end();
	if (comm > 0)
		program->comm[comm - 1] = '\0';
	program->argv_length = argv > 0 ? (size_t)argv : 0;
	/* Add a final NUL if it is missing: the command line is longer than the buffer, or the process has changed it. */
	if (argv > 0 && program->argv[argv - 1] != '\0')
		program->argv_length++;
}

static void add_hashes(struct program *program)
{
	const char *script = find_script(program->argv, program->argv_length);
	if (script != NULL)
		snprintf(program->script, sizeof program->script, "%s", script);
	program->name_hash = hash_add(hash_add(HASH_EMPTY, program->comm, sizeof program->comm), program->script, strlen(program->script));
	program->command_hash = program->name_hash ^ hash_add(HASH_EMPTY, program->argv, program->argv_length);
}

static bool is_current(struct cached_target *cached, pid_t tid, long long now)
{
	struct program program;
	if (cached->tid != tid || cached->cmdline < 0)
		return false;
	if (now - cached->checked_at < UNCHANGED_MICROSECONDS)
		return true;
	cached->checked_at = now;
	read_program(&program, cached);
	return program.argv_length > 0 && program.argv_length == cached->program.argv_length &&
	       memcmp(program.argv, cached->program.argv, program.argv_length) == 0 && strcmp(program.comm, cached->program.comm) == 0;
}

/* Finds or updates the cache entry of the target. In the result, the member tid is 0 if the target is no longer valid. */
static struct cached_target *find_cached(const struct target *target)
{
	pid_t tid = target->tid;
	/* The kernel assigns TIDs in sequence, so threads that run at the same time rarely share an entry. */
	struct cached_target *cached = &target->access->cache[(unsigned)tid % target->access->cache_size];
	if (is_current(cached, tid, target->now))
		return cached;
	struct program program;
	if (cached->checked_at != 0) {
		close_fd(cached->cmdline);
		close_fd(cached->comm);
		close_fd(cached->pidfd);
	}
	cached->tid = 0;
	cached->program = (struct program){0};
	cached->checked_at = target->now;
	/* Without PIDFD_THREAD, pidfd_open(2) accepts only the first thread of a process. If the call succeeds, tid is therefore also the ID of the process. */
	cached->pidfd = (int)syscall(SYS_pidfd_open, tid, 0);
	pid_t process = cached->pidfd >= 0 ? tid : thread_status(tid).process;
	if (cached->pidfd < 0)
		cached->pidfd = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD);
	bool lacks_thread_pidfd = cached->pidfd < 0 && errno == EINVAL;
	if (lacks_thread_pidfd)
		cached->pidfd = (int)syscall(SYS_pidfd_open, process, 0);
	cached->other_thread = lacks_thread_pidfd && process != tid ? process : 0;
	cached->cmdline = open(proc_path(tid, "cmdline").text, O_RDONLY | O_CLOEXEC);
	cached->comm = open(proc_path(process, "comm").text, O_RDONLY | O_CLOEXEC);
	if (!target_is_valid(target))
		return cached;
	read_program(&program, cached);
	add_hashes(&program);
	cached->tid = tid;
	cached->program = program;
	return cached;
}

const struct program *target_program(const struct target *target)
{
	return &find_cached(target)->program;
}

static void add_parent(struct program *program, pid_t pid)
{
	char line[96 + 1];
	watchdog_begin();
	size_t length = proc_read(pid, "cmdline", line, sizeof line);
	watchdog_end();
	while (length > 0 && line[length - 1] == '\0')
		length--;
	if (length == 0 || program->parents_length + length + 1 > sizeof program->parents)
		return;
	for (size_t i = 0; i < length; i++)
		program->parents[program->parents_length++] = line[i] == '\0' ? ' ' : line[i];
	program->parents[program->parents_length++] = '\0';
}

void target_add_parents(const struct target *target, struct program *program)
{
	/* Stop at confine's init, from which all processes of the phase descend. The supervisor is the parent of this init and of the watcher. */
	pid_t supervisor = getppid(), pid = thread_status(target->tid).parent;
	program->parents_length = 0;
	for (int level = 0; level < 8 && pid > 1; level++) {
		pid_t parent = thread_status(pid).parent;
		if (parent == supervisor || pid == supervisor)
			break;
		add_parent(program, pid);
		pid = parent;
	}
	if (!target_is_valid(target))
		program->parents_length = 0;
}

bool target_read(const struct target *target, uint64_t address, void *data, size_t size)
{
	/* Read to the stack of this thread: after the watchdog has replaced this thread, a delayed read may still write to the buffer. If own is too small, data must itself be on this stack, unless the process has no watchdog (emulate.c). */
	char own[sizeof(struct sockaddr_storage)] = {0};
	void *buffer = size <= sizeof own ? own : data;
	watchdog_begin();
	bool opened, whole = process_read_memory(target->tid, address, buffer, size, &opened);
	int error = errno;
	whole = whole || yama_broker_read_memory(target->access->broker, target->tid, address, buffer, size);
	watchdog_end();
	if (!whole || (opened && !target_is_valid(target))) {
		errno = whole ? ESRCH : error;
		return false;
	}
	if (buffer == own)
		memcpy(data, own, size);
	return true;
}

/* Returns true if copy, a duplicate of another thread's fd, is the same file as fd of the target. Tries kcmp(2), which a kernel may lack, then /proc/TID/fd, which requires the ids of the target or CAP_DAC_READ_SEARCH. Returns false if the files differ, or if neither can be used. */
static bool is_file_of_target(const struct target *target, pid_t other_thread, int fd, int copy)
{
	struct stat theirs, ours;
	watchdog_begin();
	bool same = syscall(SYS_kcmp, target->tid, other_thread, KCMP_FILES, 0, 0) == 0 ||
		    (stat(proc_path(target->tid, "fd/%d", fd).text, &theirs) == 0 && fstat(copy, &ours) == 0 && theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino);
	watchdog_end();
	return same && target_is_valid(target);
}

int target_duplicate(const struct target *target, int fd)
{
	const struct cached_target *cached = find_cached(target);
	errno = EAGAIN;
	if (cached->tid != target->tid || cached->pidfd < 0)
		return -1;
	watchdog_begin();
	int copy = process_duplicate_descriptor(cached->pidfd, fd);
	if (copy < 0 && errno == EPERM)
		copy = yama_broker_duplicate_descriptor(target->access->broker, cached->pidfd, fd);
	watchdog_end();
	if (copy < 0 || cached->other_thread == 0 || is_file_of_target(target, cached->other_thread, fd, copy))
		return copy;
	target_close(copy);
	errno = EPERM;
	return -1;
}

void target_close(int copy)
{
	if (copy < 0)
		return;
	watchdog_begin();
	close(copy);
	watchdog_end();
}
