// SPDX-License-Identifier: GPL-2.0-or-later
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "util/process.h"
#include "util/text.h"

/* Time limit for reading the command lines of all orphans. The record omits those that are not read in time. */
#define READ_MILLISECONDS 500

/* Sets all members of orphan but the command line, from /proc. Returns false if the process is dead. */
static bool describe(struct orphan *orphan, pid_t pid)
{
	char text[1024];
	struct text_stat stat;
	if (proc_read(pid, "stat", text, sizeof text) == 0) {
		*orphan = (struct orphan){.pid = pid, .comm = "(hidden)"};
		return proc_hides(pid);
	}
	if (!text_stat(text, &stat) || !stat.alive)
		return false;
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	*orphan = (struct orphan){.pid = pid};
	orphan->age = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)stat.started / (double)sysconf(_SC_CLK_TCK);
	if (orphan->age < 0)
		orphan->age = 0;
	snprintf(orphan->comm, sizeof orphan->comm, "%.*s", (int)stat.comm_length, stat.comm);
	return true;
}

static void read_command_lines(struct orphan *orphans, size_t count)
{
	for (size_t i = 0; i < count; i++)
		orphans[i].argv_length = proc_read(orphans[i].pid, "cmdline", orphans[i].argv, sizeof orphans[i].argv);
}

/*
 * Reads the command lines, in a child with a time limit. A command line is in the memory of its process: if that process sleeps in the
 * kernel while it holds its mmap_lock, it blocks every reader; ps(1) hangs in the same way.
 */
static void add_command_lines(struct orphan *orphans, size_t count)
{
	size_t size = count * sizeof *orphans;
	struct orphan *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ends[2];
	if (shared == MAP_FAILED)
		return;
	memcpy(shared, orphans, size);
	if (pipe2(ends, O_CLOEXEC) == 0) {
		pid_t parent = getpid(), reader = fork();
		if (reader == 0) {
			if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
				read_command_lines(shared, count);
			_exit(0);
		}
		close(ends[1]);
		struct pollfd reader_exit = {.fd = ends[0], .events = POLLIN};
		if (reader > 0) {
			poll(&reader_exit, 1, READ_MILLISECONDS);
			reap_within(reader, 0);
			memcpy(orphans, shared, size);
		}
		close(ends[0]);
	}
	munmap(shared, size);
}

void orphans_add(struct orphans *orphans, const struct pids *pids)
{
	size_t known = orphans->described_count;
	for (size_t i = 0; i < pids->count; i++) {
		bool room = orphans->described_count < ORPHANS_DESCRIBED;
		if (room ? !describe(&orphans->described[orphans->described_count], pids->pid[i])
			 : kill(pids->pid[i], 0) != 0 && errno == ESRCH)
			continue;
		orphans->count++;
		orphans->described_count += room;
	}
	if (orphans->described_count > known)
		add_command_lines(orphans->described + known, orphans->described_count - known);
}

static struct orphan *find_described(struct orphans *orphans, pid_t pid)
{
	for (size_t i = 0; i < orphans->described_count; i++)
		if (orphans->described[i].pid == pid)
			return &orphans->described[i];
	return NULL;
}

void orphans_mark_stuck(struct orphans *orphans, const struct pids *pids)
{
	size_t known = orphans->described_count;
	struct pids others = {0};
	for (size_t i = 0; i < pids->count; i++) {
		struct orphan *orphan = find_described(orphans, pids->pid[i]);
		if (orphan != NULL)
			orphan->stuck = true;
		else if (known < ORPHANS_DESCRIBED) /* otherwise orphans_add() may have counted this process already */
			pids_add(&others, pids->pid[i]);
	}
	orphans_add(orphans, &others);
	for (size_t i = known; i < orphans->described_count; i++)
		orphans->described[i].stuck = true;
	pids_free(&others);
}
