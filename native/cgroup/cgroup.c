#include "cgroup/cgroup.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/create.h"
#include "cgroup/delegated.h"
#include "cgroup/pids.h"
#include "cgroup/place.h"
#include "cgroup/tree.h"
#include "cgroup/cgroupfs.h"
#include "util/clock.h"

#define PLACES_TRIED 64
/* How long cgroup.kill is believed to reach everybody; it takes 30 ms for 1,000. */
#define KILL_MILLISECONDS 50

static void close_all(struct cgroup *cgroup)
{
	int *const fds[] = {&cgroup->parent, &cgroup->directory, &cgroup->kill, &cgroup->events};
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/* Makes it in the place that this mode has. */
static bool make_in(struct cgroup *cgroup, struct cgroup_tree *tree, const struct options *options,
		    const struct identity *identity, bool stay, const char **why)
{
	bool limited = false;
	for (int i = 0; i < LIMITS; i++)
		limited = limited || options->limit[i] != NULL;
	cgroup->parent = identity->mode == MODE_ROOT ? cgroup_place_open(tree, stay, limited, why) : cgroup_delegated_open(tree, limited, why);
	if (cgroup->parent < 0)
		return false;
	*why = "making the cgroup";
	return cgroup_create(cgroup, options);
}

bool cgroup_make(struct cgroup *cgroup, const struct options *options, const struct identity *identity, bool stay, const char **why)
{
	*cgroup = (struct cgroup){.parent = -1, .directory = -1, .kill = -1, .events = -1};
	struct cgroup_tree tree;
	if (!cgroup_tree_find(&tree, why))
		return false;
	bool made = false;
	for (int i = 0; i < PLACES_TRIED && !made; i++) {
		made = make_in(cgroup, &tree, options, identity, stay, why);
		if (made)
			break;
		bool in_place = cgroup->parent >= 0;
		close_all(cgroup);
		/* Another run has removed the directory, or its sweep has locked ours before we did. */
		if (!in_place || (errno != ENOENT && errno != ENODEV && errno != EWOULDBLOCK))
			break;
	}
	int saved = errno;
	cgroup_tree_close(&tree);
	errno = saved;
	return made;
}

pid_t cgroup_fork(const struct cgroup *cgroup, bool *joined)
{
	*joined = true;
	return cgroup == NULL ? fork() : cgroup_create_child(cgroup, joined);
}

void cgroup_add_pids(const struct cgroup *cgroup, struct pids *pids)
{
	cgroup_pids_add(cgroup->directory, pids);
}

static bool is_empty(const struct cgroup *cgroup)
{
	char text[256];
	ssize_t length = pread(cgroup->events, text, sizeof text - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	return strstr(text, "populated 0") != NULL;
}

/*
 * Before cgroup.kill, and where that is not enough: what is frozen can't fork, so that each round of signals leaves fewer. SIGKILL
 * wakes the frozen, and nobody else is to be woken.
 */
static void kill_frozen(const struct cgroup *cgroup)
{
	struct pids pids = {0};
	cgroupfs_write(cgroup->directory, "cgroup.freeze", "1");
	cgroup_pids_add(cgroup->directory, &pids);
	for (size_t i = 0; i < pids.count; i++)
		kill(pids.pid[i], SIGKILL);
	pids_free(&pids);
}

bool cgroup_kill(const struct cgroup *cgroup, long long deadline)
{
	long long began = clock_milliseconds();
	while (!is_empty(cgroup)) {
		long long now = clock_milliseconds();
		if (now >= deadline)
			return false;
		bool killed = cgroup->kill >= 0 && pwrite(cgroup->kill, "1", 1, 0) == 1;
		/*
		 * cgroup.kill misses a process whose first thread has ended: its signal is for that thread alone (__cgroup_kill() in
		 * kernel/cgroup/cgroup.c calls send_sig()), and no other one takes it.
		 */
		if (!killed || now >= began + KILL_MILLISECONDS)
			kill_frozen(cgroup);
		/* The kernel holds its notices back for 10 ms (kernel/cgroup/cgroup.c, CGROUP_FILE_NOTIFY_MIN_INTV). */
		struct pollfd change = {.fd = cgroup->events, .events = POLLPRI};
		if (!is_empty(cgroup))
			poll(&change, 1, 1);
	}
	return true;
}

void cgroup_usage(const struct cgroup *cgroup, struct cgroup_usage *usage)
{
	int directory = cgroup->directory;
	char text[64];
	long long user = cgroupfs_value(directory, "cpu.stat", "user_usec");
	long long system = cgroupfs_value(directory, "cpu.stat", "system_usec");
	*usage = (struct cgroup_usage){0};
	usage->has_cpu = user >= 0 && system >= 0;
	usage->user = (double)user / 1e6;
	usage->system = (double)system / 1e6;
	if (cgroupfs_read(directory, "memory.peak", text, sizeof text) > 0 && isdigit((unsigned char)text[0])) {
		usage->has_memory = true;
		usage->memory_peak = atoll(text);
	}
	if (cgroupfs_read(directory, "pids.peak", text, sizeof text) > 0 && isdigit((unsigned char)text[0]))
		usage->processes_peak = atol(text);
	usage->killed_by_memory = cgroupfs_value(directory, "memory.events", "oom_kill") > 0;
	usage->refused_by_pids = cgroupfs_value(directory, "pids.events", "max") > 0;
}

bool cgroup_remove(struct cgroup *cgroup)
{
	bool removed = cgroupfs_remove(cgroup->parent, cgroup->name, cgroup->directory);
	int saved = errno;
	cgroup_place_tidy(cgroup->parent);
	close_all(cgroup);
	errno = saved;
	return removed;
}
