#include "watcher/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "watcher/yama_broker.h"
#include "util/clock.h"
#include "watcher/target_access.h"
#include "watcher/target_state.h"
#include "watcher/watchdog.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* Linux 6.9 (include/uapi/linux/pidfd.h) */
#endif

/* How long a name is believed as long as the command line stays the same. */
#define BELIEVED_MICROSECONDS 5000
/* How long the command line is: in less no process can exec and call again. */
#define UNCHANGED_MICROSECONDS 100

struct known {
	bool opened; /* cmdline and pidfd are ours, or -1 */
	pid_t tid;
	int cmdline; /* /proc/TID/cmdline: what it says now; reading it fails once the thread is dead, whoever has its number then */
	int pidfd;   /* of the thread; before Linux 6.9 of its process, whose first thread may have other descriptors */
	bool of_process;
	long long since, looked;
	struct program program;
};

/* Numbers are given out in a row, so those of one build rarely meet. */
static struct known cache[128];

static struct {
	int listener;
	uint64_t id;
} notification;

void target_notification(int listener, uint64_t id)
{
	notification.listener = listener;
	notification.id = id;
}

bool target_is_there(void)
{
	uint64_t id = notification.id;
	return ioctl(notification.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0 || errno != ENOENT;
}

/* Into text of the thread's own. */
static ssize_t read_file(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	watchdog_begin();
	ssize_t length = fd < 0 ? -1 : read(fd, text, size);
	watchdog_end();
	if (fd >= 0)
		close(fd);
	return length;
}

static void set_comm(char *comm, const char *text, ssize_t length)
{
	size_t used = length > 0 ? (size_t)length : 0;
	if (used > 0 && text[used - 1] == '\n')
		used--;
	if (used > PROGRAM_COMM - 1)
		used = PROGRAM_COMM - 1;
	memset(comm, 0, PROGRAM_COMM);
	memcpy(comm, text, used);
}

/*
 * Interpreters by the start of their name (a version may follow), and the options of theirs whose value is the next
 * argument.
 */
static const struct {
	const char *name;
	const char *valued;
	char module; /* the option whose value is what is run */
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

static int interpreter(const char *path)
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

const char *target_script(const char *argv, size_t length)
{
	const char *end = argv + length;
	int which = length > 0 ? interpreter(argv) : -1;
	if (which < 0)
		return NULL;
	for (const char *at = next_argument(argv, end); at != NULL; at = next_argument(at, end)) {
		if (at[0] != '-' || at[1] == '\0')
			return *at == '-' || *at == '\0' ? NULL : at;
		if (at[1] == '-')
			continue;
		char last = at[strlen(at) - 1];
		/* -c and -e carry the program itself. */
		if (last == 'c' || last == 'e')
			return NULL;
		if (interpreters[which].module != 0 && last == interpreters[which].module)
			return next_argument(at, end);
		if (at[2] == '\0' && strchr(interpreters[which].valued, last) != NULL)
			at = next_argument(at, end);
		if (at == NULL)
			return NULL;
	}
	return NULL;
}

/* Into argv of the thread's own. */
static size_t read_argv(int cmdline, char *argv)
{
	watchdog_begin();
	ssize_t got = cmdline < 0 ? -1 : pread(cmdline, argv, PROGRAM_ARGV - 1, 0);
	watchdog_end();
	size_t length = got > 0 ? (size_t)got : 0;
	/* Whoever changed its own title, or whose line was cut, has no NUL at the end. */
	if (length > 0 && argv[length - 1] != '\0')
		argv[length++] = '\0';
	return length;
}

static void find_out(struct program *program, pid_t process, int cmdline)
{
	*program = (struct program){0};
	char comm[PROGRAM_COMM + 1] = {0};
	set_comm(program->comm, comm, read_file(process, "comm", comm, sizeof comm));
	program->argv_length = read_argv(cmdline, program->argv);
	const char *script = target_script(program->argv, program->argv_length);
	if (script != NULL)
		snprintf(program->script, sizeof program->script, "%s", script);
	struct {
		char comm[PROGRAM_COMM];
		char script[PROGRAM_SCRIPT];
	} name = {{0}, {0}};
	memcpy(name.comm, program->comm, sizeof name.comm);
	memcpy(name.script, program->script, sizeof name.script);
	program->name = audit_hash(&name, sizeof name);
	program->command = program->name ^ audit_hash(program->argv, program->argv_length);
}

static bool still_is(struct known *known, pid_t tid, long long now)
{
	char argv[PROGRAM_ARGV];
	if (known->tid != tid || known->cmdline < 0 || now - known->since > BELIEVED_MICROSECONDS)
		return false;
	if (now - known->looked < UNCHANGED_MICROSECONDS)
		return true;
	known->looked = now;
	size_t length = read_argv(known->cmdline, argv);
	return length > 0 && length == known->program.argv_length && memcmp(argv, known->program.argv, length) == 0;
}

static void forget(struct known *known)
{
	if (known->opened && known->cmdline >= 0)
		close(known->cmdline);
	if (known->opened && known->pidfd >= 0)
		close(known->pidfd);
	known->opened = false;
	known->tid = 0;
}

/* Of the limit that the caller gave us, the cache takes what leaves room for everything else. */
static size_t places(void)
{
	static size_t known;
	struct rlimit limit;
	size_t most = sizeof cache / sizeof *cache;
	if (known == 0) {
		bool enough = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= 3 * most;
		known = enough ? most : 1;
	}
	return known;
}

const struct program *target_program(pid_t tid)
{
	struct known *known = &cache[(unsigned)tid % places()];
	long long now = clock_microseconds();
	if (still_is(known, tid, now))
		return &known->program;
	char path[64];
	struct program program;
	forget(known);
	snprintf(path, sizeof path, "/proc/%d/cmdline", tid);
	known->since = known->looked = now;
	known->cmdline = open(path, O_RDONLY | O_CLOEXEC);
	pid_t process = target_process(tid);
	known->pidfd = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD);
	known->of_process = known->pidfd < 0 && errno == EINVAL;
	if (known->of_process)
		known->pidfd = (int)syscall(SYS_pidfd_open, process, 0);
	known->opened = true;
	known->program = (struct program){0};
	if (!target_is_there())
		return &known->program;
	find_out(&program, process, known->cmdline);
	if (!target_is_there())
		return &known->program;
	known->tid = tid;
	known->program = program;
	return &known->program;
}

/* Adds one command line, its arguments parted by spaces. */
static void add_parent(struct parents *parents, pid_t pid)
{
	char line[96];
	ssize_t length = read_file(pid, "cmdline", line, sizeof line);
	while (length > 0 && line[length - 1] == '\0')
		length--;
	size_t used = length > 0 ? (size_t)length : 0;
	if (used == 0 || parents->length + used + 1 > sizeof parents->text)
		return;
	for (size_t i = 0; i < used; i++)
		parents->text[parents->length++] = line[i] == '\0' ? ' ' : line[i];
	parents->text[parents->length++] = '\0';
}

void target_parents(pid_t tid, struct parents *parents)
{
	/* The supervisor is our parent; its other child is init, whose children are the phase's first. */
	pid_t supervisor = getppid(), pid = target_parent(tid);
	parents->length = 0;
	for (int level = 0; level < 8 && pid > 1; level++) {
		pid_t parent = target_parent(pid);
		if (parent == supervisor || pid == supervisor)
			break;
		add_parent(parents, pid);
		pid = parent;
	}
	if (!target_is_there())
		parents->length = 0;
}

bool target_read(pid_t tid, uint64_t address, void *data, size_t size)
{
	/* What is larger than an address is read by a process of its own (emulate.c). */
	char own[sizeof(struct sockaddr_storage)] = {0};
	void *to = size <= sizeof own ? own : data;
	watchdog_begin();
	bool opened, whole = target_access_memory(tid, address, to, size, &opened) || yama_broker_memory(tid, address, to, size);
	watchdog_end();
	if (!whole || (opened && !target_is_there()))
		return false;
	if (to == own)
		memcpy(data, own, size);
	return true;
}

/* Whether that is what the thread itself has under that number. */
static bool is_its_own(pid_t tid, int fd, int copy)
{
	char path[64];
	struct stat its, ours;
	snprintf(path, sizeof path, "/proc/%d/fd/%d", tid, fd);
	watchdog_begin();
	bool same = stat(path, &its) == 0 && fstat(copy, &ours) == 0 && its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
	watchdog_end();
	return same && target_is_there();
}

int target_socket(pid_t tid, int fd)
{
	const struct known *known = &cache[(unsigned)tid % places()];
	errno = EAGAIN;
	if (known->tid != tid || known->pidfd < 0)
		return -1;
	watchdog_begin();
	int copy = target_access_descriptor(known->pidfd, fd);
	if (copy < 0 && errno == EPERM)
		copy = yama_broker_descriptor(known->pidfd, fd);
	watchdog_end();
	if (copy < 0 || !known->of_process || is_its_own(tid, fd, copy))
		return copy;
	target_close(copy);
	errno = EPERM;
	return -1;
}

void target_close(int copy)
{
	watchdog_begin();
	close(copy);
	watchdog_end();
}
