// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/process.h"

#include <poll.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "util/fds.h"
#include "util/text.h"

bool proc_is_masked(void)
{
	AUTO_FCLOSE FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	bool masked = mounts == NULL;
	while (!masked && getline(&line, &size, mounts) > 0)
		masked = text_hides_proc(line);
	free(line);
	return masked || ferror(mounts) != 0;
}

static bool is_dead_child(pid_t pid)
{
	siginfo_t info = {0};
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/* Returns true if /proc belongs to the PID namespace of this process. Otherwise the process IDs in /proc differ from getpid(2). */
static bool proc_is_of_this_namespace(void)
{
	char text[32];
	ssize_t length = readlink("/proc/self", text, sizeof text - 1);
	text[length > 0 ? length : 0] = '\0';
	return atoi(text) == getpid();
}

bool proc_hides(pid_t pid)
{
	return proc_is_of_this_namespace() && access(proc_path(pid, "%s", "").text, F_OK) != 0 && (kill(pid, 0) == 0 || errno == EPERM) &&
	       !is_dead_child(pid);
}

struct proc_path proc_path(pid_t pid, const char *name, ...)
{
	struct proc_path path;
	va_list arguments;
	va_start(arguments, name);
	int length = snprintf(path.text, sizeof path.text, "/proc/%d/", pid);
	vsnprintf(path.text + length, sizeof path.text - (size_t)length, name, arguments);
	va_end(arguments);
	return path;
}

size_t proc_read(pid_t pid, const char *name, char *text, size_t size)
{
	long length = file_read(AT_FDCWD, proc_path(pid, "%s", name).text, text, size);
	return length > 0 ? (size_t)length : 0;
}

/* Time limit for the exit of a process after SIGKILL. A process that is not stuck in the kernel needs less, even on a busy machine. */
#define KILLED_MILLISECONDS 500

/* Time limit for the exit of a child that has nothing more to do. After it, the child is killed. */
#define EXIT_MILLISECONDS 1000

static bool is_reaped(pid_t child)
{
	pid_t pid = waitpid(child, NULL, WNOHANG);
	return pid == child || (pid < 0 && errno == ECHILD);
}

static bool exits_within(pid_t child, int pidfd, int milliseconds)
{
	long long deadline = clock_milliseconds() + milliseconds, left;
	struct pollfd child_exit = {.fd = pidfd, .events = POLLIN};
	while (!is_reaped(child)) {
		if ((left = deadline - clock_milliseconds()) <= 0)
			return false;
		/* Linux before 5.3 has no pidfd_open(2). Check every millisecond there. */
		poll(&child_exit, 1, pidfd < 0 ? 1 : (int)left);
	}
	return true;
}

bool reap_within(pid_t child, int milliseconds)
{
	AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	if (exits_within(child, pidfd, milliseconds))
		return true;
	kill(child, SIGKILL);
	return exits_within(child, pidfd, KILLED_MILLISECONDS);
}

void *memory_share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

bool call_in_child(void (*function)(void *data), void *data, size_t size, int milliseconds)
{
	int ends[2] = {-1, -1}, ready = -1;
	char byte;
	void *shared = memory_share(size);
	if (shared == NULL)
		return false;
	memcpy(shared, data, size);
	pid_t parent = getpid(), child = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
	if (child == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
			function(shared);
		_exit(write(ends[1], "", 1) == 1 ? 0 : 1);
	}
	int error = errno;
	close_fd(ends[1]);
	struct pollfd end = {.fd = ends[0], .events = POLLIN};
	if (child > 0) {
		ready = poll(&end, 1, milliseconds);
		error = ready == 0 ? ETIMEDOUT : ECHILD;
	}
	bool returned = ready == 1 && read(ends[0], &byte, 1) == 1;
	/* Limit the wait for the exit of the child: the exit closes files, and a FUSE server can delay that (fuse_flush() in fs/fuse/file.c). */
	if (child > 0)
		reap_within(child, returned ? EXIT_MILLISECONDS : 0);
	close_fd(ends[0]);
	memcpy(data, shared, size);
	munmap(shared, size);
	errno = error;
	return returned;
}

/* Time limit of pids_add_descendants(). After it, the function searches for children of only the first SEARCH_LEAST processes in its list, among them confine's init. */
#define SEARCH_MILLISECONDS 500
#define SEARCH_LEAST 4
/* Maximum number of descendants at which pids_kill_descendants() reaps zombies only at its end. If there are more, it reaps them in each round, because other processes of the user need process IDs. */
#define ZOMBIES_KEPT 10000

void pids_add(struct pids *pids, pid_t pid)
{
	if (pids->count == pids->capacity) {
		size_t capacity = pids->capacity == 0 ? 64 : 2 * pids->capacity;
		pid_t *larger = realloc(pids->pid, capacity * sizeof *larger);
		if (larger == NULL)
			return;
		pids->pid = larger;
		pids->capacity = capacity;
	}
	pids->pid[pids->count++] = pid;
}

void pids_free(struct pids *pids)
{
	free(pids->pid);
}

static bool read_stat(pid_t pid, struct text_stat *stat)
{
	char text[512];
	return proc_read(pid, "stat", text, sizeof text) > 0 && text_stat(text, stat);
}

static void add_children(struct pids *pids, pid_t pid, pid_t thread)
{
	AUTO_FCLOSE FILE *children = fopen(proc_path(pid, "task/%d/children", thread).text, "re");
	pid_t child;
	while (children != NULL && fscanf(children, "%d", &child) == 1)
		pids_add(pids, child);
}

/* Adds the children of a process to pids. /proc has a separate list of children for each thread of the process. */
static void add_listed_children(struct pids *pids, pid_t pid, long thread_count)
{
	AUTO_CLOSEDIR DIR *threads = thread_count == 1 ? NULL : opendir(proc_path(pid, "task").text);
	struct dirent *entry;
	if (thread_count == 1)
		add_children(pids, pid, pid);
	while (threads != NULL && (entry = readdir(threads)) != NULL)
		if (entry->d_name[0] != '.')
			add_children(pids, pid, (pid_t)atoi(entry->d_name));
}

/* Adds the children of a process to pids on kernels without CONFIG_PROC_CHILDREN: reads the parent of every process from /proc. */
static void add_children_by_parent(struct pids *pids, pid_t parent)
{
	AUTO_CLOSEDIR DIR *proc = opendir("/proc");
	struct dirent *entry;
	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		struct text_stat stat;
		pid_t pid = (pid_t)atoi(entry->d_name);
		if (pid > 0 && read_stat(pid, &stat) && stat.parent == parent)
			pids_add(pids, pid);
	}
}

size_t pids_add_descendants(struct pids *pids, pid_t pid)
{
	AUTO_PIDS struct pids all = {0};
	pids_add(&all, pid);
	bool listed = access("/proc/thread-self/children", F_OK) == 0;
	long long deadline = clock_milliseconds() + SEARCH_MILLISECONDS;
	for (size_t i = 0; i < all.count; i++) {
		struct text_stat stat = {0};
		bool known = read_stat(all.pid[i], &stat);
		/* Skip a zombie or a process that no longer exists: the kernel has given its children a new parent. */
		if (known ? !stat.alive : !proc_hides(all.pid[i]))
			continue;
		if (i > 0)
			pids_add(pids, all.pid[i]);
		if (i >= SEARCH_LEAST && clock_milliseconds() >= deadline)
			continue;
		if (listed && known)
			add_listed_children(&all, all.pid[i], stat.threads);
		else
			add_children_by_parent(&all, all.pid[i]);
	}
	return all.count - 1;
}

/*
 * Returns the first argument of kill(2) for killing a child. For a child in another session, this is the negative ID of its process group, because
 * a fork cannot escape a signal to a group (copy_process() in kernel/fork.c). The group contains only descendants of this process: one of them has
 * created the session, and a process enters an existing session only by being forked in it. For other children, returns the process ID.
 */
static pid_t kill_target(pid_t child, pid_t session)
{
	pid_t child_session = getsid(child);
	pid_t group = child_session > 0 && child_session != session ? getpgid(child) : -1;
	return group > 1 ? -group : child;
}

static int compare(const void *one, const void *other)
{
	pid_t a = *(const pid_t *)one, b = *(const pid_t *)other;
	return (a > b) - (a < b);
}

/* Kills the children of this process and the process groups of children in other sessions. Returns the number of children, including zombies. */
static size_t kill_children(void)
{
	AUTO_PIDS struct pids children = {0};
	pid_t session = getsid(0);
	add_children(&children, getpid(), getpid());
	for (size_t i = 0; i < children.count; i++)
		children.pid[i] = kill_target(children.pid[i], session);
	/* Signal each process group once, even if several children are in it. */
	if (children.count > 0)
		qsort(children.pid, children.count, sizeof *children.pid, compare);
	for (size_t i = 0; i < children.count; i++)
		if (i == 0 || children.pid[i] != children.pid[i - 1])
			kill(children.pid[i], SIGKILL);
	return children.count;
}

/*
 * A fork bomb leaves this process a small share of the CPU. Two measures let this function kill faster than the bomb forks. First, zombies
 * are reaped at the end: until then they count towards RLIMIT_NPROC and pids.max, so that the bomb cannot replace them. Second, killing
 * starts with the children of this process, to which all orphans belong: a single file lists them, without a search of /proc. So this function
 * also kills a process that forks and exits faster than /proc can be listed, because its last child becomes a child of this process.
 */
bool pids_kill_descendants(long long deadline)
{
	for (useconds_t pause = 50;; pause = pause < 5000 ? 2 * pause : pause) {
		size_t seen = 0, children;
		while ((children = kill_children()) > seen)
			seen = children;
		AUTO_PIDS struct pids remaining = {0};
		size_t total = pids_add_descendants(&remaining, getpid());
		for (size_t i = 0; i < remaining.count; i++)
			kill(remaining.pid[i], SIGKILL);
		bool none = remaining.count == 0, timed_out = clock_milliseconds() >= deadline;
		while ((none || timed_out || total > ZOMBIES_KEPT) && waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (none || timed_out)
			return none;
		usleep(pause);
	}
}

/* The signals that the supervisor forwards to the command. */
static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGPIPE, SIGCONT};

bool signals_save(struct signals *signals)
{
	struct sigaction by_default = {.sa_handler = SIG_DFL};
	return sigprocmask(SIG_SETMASK, NULL, &signals->mask) == 0 && sigaction(SIGCHLD, &by_default, &signals->child) == 0;
}

bool signals_restore(const struct signals *signals)
{
	return sigaction(SIGCHLD, &signals->child, NULL) == 0 && sigprocmask(SIG_SETMASK, &signals->mask, NULL) == 0;
}

int signals_open(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
		sigaddset(&set, forwarded[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool signals_is_forwarded(const struct signalfd_siginfo *info)
{
	if (info->ssi_code <= 0)
		return true;
	return info->ssi_signo == SIGHUP && getsid(0) == getpid();
}

/* Reads memory of a thread by /proc/TID/mem. Used where process_vm_readv(2) fails, as in a kernel without CONFIG_CROSS_MEMORY_ATTACH or in a container whose seccomp filter forbids it. */
static bool read_proc_mem(pid_t tid, uint64_t address, void *data, size_t size)
{
	AUTO_CLOSE int fd = open(proc_path(tid, "mem").text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = pread(fd, data, size, (off_t)address);
	errno = EFAULT;
	return got == (ssize_t)size;
}

bool process_read_memory(pid_t tid, uint64_t address, void *data, size_t size, bool *opened)
{
	struct iovec local = {data, size};
	struct iovec remote = {(void *)(uintptr_t)address, size};
	ssize_t got = process_vm_readv(tid, &local, 1, &remote, 1, 0);
	*opened = got < 0 && errno != EFAULT;
	if (*opened)
		return read_proc_mem(tid, address, data, size);
	errno = EFAULT;
	return got == (ssize_t)size;
}

int process_duplicate_descriptor(int pidfd, int fd)
{
	return (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}
