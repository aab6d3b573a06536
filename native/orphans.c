#include "orphans.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

static ssize_t read_file(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t length = read(fd, text, size - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	return length;
}

/* Fills orphan from /proc; false where the process is dead. */
static bool describe(struct orphan *orphan, pid_t pid)
{
	char text[1024];
	struct text_stat stat;
	if (read_file(pid, "stat", text, sizeof text) <= 0 || !text_stat(text, &stat) || stat.state == 'Z' || stat.state == 'X')
		return false;
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	orphan->pid = pid;
	orphan->age = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)stat.started / (double)sysconf(_SC_CLK_TCK);
	if (orphan->age < 0)
		orphan->age = 0;
	snprintf(orphan->comm, sizeof orphan->comm, "%.*s", (int)stat.comm_length, stat.comm);
	ssize_t length = read_file(pid, "cmdline", orphan->argv, sizeof orphan->argv);
	orphan->argv_length = length > 0 ? (size_t)length : 0;
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
