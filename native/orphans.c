#include "orphans.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "proc.h"
#include "text.h"

/* Fills orphan from /proc; false where the process is dead. */
static bool describe(struct orphan *orphan, pid_t pid)
{
	char text[1024];
	struct text_stat stat;
	if (proc_read(pid, "stat", text, sizeof text) == 0 || !text_stat(text, &stat) || !stat.alive)
		return false;
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	orphan->pid = pid;
	orphan->age = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)stat.started / (double)sysconf(_SC_CLK_TCK);
	if (orphan->age < 0)
		orphan->age = 0;
	snprintf(orphan->comm, sizeof orphan->comm, "%.*s", (int)stat.comm_length, stat.comm);
	orphan->argv_length = proc_read(pid, "cmdline", orphan->argv, sizeof orphan->argv);
	return true;
}

void orphans_add(struct orphans *orphans, const struct pids *pids)
{
	for (size_t i = 0; i < pids->count; i++) {
		bool room = orphans->described_count < ORPHANS_DESCRIBED;
		if (room && !describe(&orphans->described[orphans->described_count], pids->pid[i]))
			continue;
		orphans->count++;
		orphans->described_count += room;
	}
}
