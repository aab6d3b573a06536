// SPDX-License-Identifier: GPL-2.0-or-later
#include "hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct attack {
	const char *name;
	bool (*succeeds)(pid_t pid);
};

static bool attack_by_attach(pid_t pid)
{
	return ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0;
}

static bool attack_by_file(pid_t pid, const char *name, int flags)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	int fd = open(path, flags | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool attack_by_mem(pid_t pid)
{
	return attack_by_file(pid, "mem", O_RDWR);
}

static bool attack_by_fds(pid_t pid)
{
	return attack_by_file(pid, "fd", O_RDONLY | O_DIRECTORY);
}

static bool attack_by_environ(pid_t pid)
{
	return attack_by_file(pid, "environ", O_RDONLY);
}

static bool attack_by_pidfd(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int stolen = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, 3, 0);
	bool in = pidfd >= 0 && (stolen >= 0 || errno == EBADF);
	if (pidfd >= 0)
		close(pidfd);
	if (stolen >= 0)
		close(stolen);
	return in;
}

static bool attack_by_reading(pid_t pid)
{
	char byte;
	struct iovec local = {&byte, 1}, remote = {(void *)&byte, 1};
	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == 1;
}

static bool attack_by_limit(pid_t pid)
{
	struct {
		unsigned long long current, most;
	} limit = {1, 1};
	/* Try to set the limit 7, RLIMIT_NOFILE. A caller could control the descriptor numbers of confine by it. */
	return syscall(SYS_prlimit64, pid, 7, &limit, NULL) == 0;
}

static const struct attack attacks[] = {
	{"ptrace", attack_by_attach},
	{"/proc/PID/mem", attack_by_mem},
	{"/proc/PID/fd", attack_by_fds},
	{"/proc/PID/environ", attack_by_environ},
	{"pidfd_getfd", attack_by_pidfd},
	{"process_vm_readv", attack_by_reading},
	{"prlimit", attack_by_limit},
};
#define ATTACKS (sizeof attacks / sizeof *attacks)

/* Returns true if the name of the process is "confine". The command that confine starts has another name. */
static bool is_confine(pid_t pid)
{
	char path[64], name[32] = "";
	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	FILE *comm = fopen(path, "re");
	if (comm == NULL || fgets(name, sizeof name, comm) == NULL)
		name[0] = '\0';
	if (comm != NULL)
		fclose(comm);
	return strcmp(name, "confine\n") == 0;
}

struct ids {
	unsigned real, effective, saved;
};

static struct ids ids_of(pid_t pid)
{
	char path[64], line[256];
	struct ids ids = {1, 1, 1};
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	FILE *status = fopen(path, "re");
	while (status != NULL && fgets(line, sizeof line, status) != NULL)
		if (sscanf(line, "Uid: %u %u %u", &ids.real, &ids.effective, &ids.saved) == 3)
			break;
	if (status != NULL)
		fclose(status);
	return ids;
}

/* Returns true if the real, effective and saved user ids of the process are all 0. */
static bool is_root(pid_t pid)
{
	struct ids ids = ids_of(pid);
	return ids.real == 0 && ids.effective == 0 && ids.saved == 0;
}

/* Returns true if the process of confine cannot become root again. Its user may then set its limits (prlimit(2)), which is harmless. */
static bool has_dropped_root(pid_t pid)
{
	return ids_of(pid).saved != 0;
}

/* Appends the process and all its descendants to the array all, which has room for `most` processes. Returns the new number of processes in it. */
static size_t add_family(pid_t pid, pid_t *all, size_t count, size_t most)
{
	char path[64];
	pid_t child;
	if (count == most)
		return count;
	all[count++] = pid;
	snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
	FILE *children = fopen(path, "re");
	while (children != NULL && fscanf(children, "%d", &child) == 1)
		count = add_family(child, all, count, most);
	if (children != NULL)
		fclose(children);
	return count;
}

static void try_all(pid_t started, size_t *tried)
{
	pid_t family[32];
	size_t count = add_family(getpid(), family, 0, 32);
	for (size_t i = 1; i < count; i++) {
		if (!is_confine(family[i]))
			continue;
		for (size_t w = 0; w < ATTACKS; w++) {
			bool in = attacks[w].succeeds(family[i]);
			/* Test is_confine() again, because the process may have executed the command in the meantime, and attacks on the command may succeed. */
			if (in && is_confine(family[i]) && !(attacks[w].succeeds == attack_by_limit && has_dropped_root(family[i])))
				fail("%s succeeded on process %d of %d", attacks[w].name, family[i], started);
			if (in)
				ptrace(PTRACE_DETACH, family[i], NULL, NULL);
			++*tried;
		}
		if (is_root(family[i]))
			fail("process %d is root", family[i]);
	}
}

/* Arguments: CONFINE CGROUP-NAME RUNS. Starts confine RUNS times. Tries every attack on every process of confine, during and after its start. */
int attack_ptrace(char **arguments)
{
	const char *const command[] = {arguments[0], "--net", "--ipc", "--cgroup", arguments[1], "--", "/bin/sleep", "1000", NULL};
	int runs = atoi(arguments[2]);
	size_t tried = 0;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < runs; i++) {
		long long began = now();
		pid_t pid = fork();
		if (pid < 0)
			fail("fork: %s", strerror(errno));
		if (pid == 0) {
			execv(command[0], (char **)command);
			_exit(99);
		}
		/* Wait until confine is executed, which changes the name of the process. From then on no attack may succeed. */
		while (!is_confine(pid))
			if (now() > began + 5000000)
				fail("confine does not start");
		long long stop = now() + rand() % 12000;
		while (now() < stop)
			try_all(pid, &tried);
		kill(pid, SIGTERM);
		if (!wait_for_children())
			fail("run %d hangs", i);
	}
	printf("%zu tries\n", tried);
	return tried > 0 ? 0 : 1;
}
