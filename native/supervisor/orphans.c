// SPDX-License-Identifier: GPL-2.0-or-later
#include "supervisor/supervisor.h"

#include <signal.h>

#include "util/text.h"

/* Time limit for reading the command lines of all orphans. The record omits command lines that confine has not read in time. */
#define READ_MILLISECONDS 500

/* Describes the process pid: sets all members of orphan except its command line. Returns false if the process is dead. */
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

/*
 * Reads the command lines of the orphans. Called in a child process with a time limit, because a read can block, as in ps(1): a command line
 * is in the memory of its process, which nobody can read while a thread of the process sleeps in the kernel and holds the mmap_lock.
 */
static void read_command_lines(void *data)
{
	struct orphans *orphans = data;
	for (size_t i = 0; i < orphans->described_count; i++)
		if (orphans->described[i].argv_length == 0)
			orphans->described[i].argv_length = proc_read(orphans->described[i].pid, "cmdline", orphans->described[i].argv, ORPHAN_ARGV);
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
		call_in_child(read_command_lines, orphans, sizeof *orphans, READ_MILLISECONDS);
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
	AUTO_PIDS struct pids others = {0};
	for (size_t i = 0; i < pids->count; i++) {
		struct orphan *orphan = find_described(orphans, pids->pid[i]);
		if (orphan != NULL)
			orphan->stuck = true;
		else if (known < ORPHANS_DESCRIBED) /* if described was full, orphans_add() may have counted this process already */
			pids_add(&others, pids->pid[i]);
	}
	orphans_add(orphans, &others);
	for (size_t i = known; i < orphans->described_count; i++)
		orphans->described[i].stuck = true;
}
