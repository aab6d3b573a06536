#include "cgroup.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_delegated.h"
#include "cgroup_pids.h"
#include "cgroup_tree.h"
#include "clock.h"
#include "privileged/cgroup_create.h"
#include "privileged/cgroup_place.h"
#include "privileged/cgroupfs.h"
#include "privileged/janitor.h"
#include "privileged/privilege.h"

#define PLACES_TRIED 64
/* How long cgroup.kill is believed to reach everybody; it takes 30 ms for 1,000. */
#define KILL_MILLISECONDS 50

static void close_all(struct cgroup *cgroup)
{
	int *const fds[] = {&cgroup->parent, &cgroup->directory, &cgroup->kill, &cgroup->events, &cgroup->janitor};
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/* What was just made, and nobody has joined yet. */
static void unmake(const struct cgroup *cgroup, const struct identity *identity)
{
	if (!privilege_raise(identity, PRIVILEGE_CGROUP))
		return;
	cgroupfs_remove(cgroup->parent, cgroup->name, cgroup->directory);
	cgroup_place_tidy(cgroup->parent);
	privilege_lower(identity);
}

/* Makes it in the place that this mode has. */
static bool make_in(struct cgroup *cgroup, struct cgroup_tree *tree, const struct options *options,
		    const struct identity *identity, const char **why)
{
	bool limited = false;
	for (int i = 0; i < LIMITS; i++)
		limited = limited || options->limit[i] != NULL;
	if (identity->mode == MODE_USERNS)
		cgroup->parent = cgroup_delegated_open(tree, limited, why);
	*why = identity->mode == MODE_USERNS ? *why : "effective uid 0";
	if (!privilege_raise(identity, PRIVILEGE_CGROUP))
		return false;
	if (identity->mode != MODE_USERNS)
		cgroup->parent = cgroup_place_open(tree, identity, limited, why);
	bool created = false;
	if (cgroup->parent >= 0) {
		*why = "making the cgroup";
		created = cgroup_create(cgroup, options);
	}
	privilege_lower(identity);
	return created;
}

bool cgroup_make(struct cgroup *cgroup, const struct options *options, const struct identity *identity, const char **why)
{
	*cgroup = (struct cgroup){.parent = -1, .directory = -1, .kill = -1, .events = -1, .janitor = -1};
	struct cgroup_tree tree;
	if (!cgroup_tree_find(&tree, why))
		return false;
	bool made = false;
	for (int i = 0; i < PLACES_TRIED && !made; i++) {
		made = make_in(cgroup, &tree, options, identity, why);
		if (made)
			break;
		bool in_place = cgroup->parent >= 0;
		close_all(cgroup);
		/* Another run took the directory away that it no longer needed. */
		if (!in_place || (errno != ENOENT && errno != ENODEV))
			break;
	}
	int saved = errno;
	cgroup_tree_close(&tree);
	errno = saved;
	if (made && identity->mode == MODE_SETUID) {
		*why = "starting the janitor";
		cgroup->janitor = janitor_start(cgroup);
		made = cgroup->janitor >= 0;
		saved = errno;
		if (!made) {
			unmake(cgroup, identity);
			close_all(cgroup);
		}
		errno = saved;
	}
	return made;
}

pid_t cgroup_fork(const struct cgroup *cgroup, const struct identity *identity, bool *joined)
{
	*joined = true;
	if (cgroup == NULL)
		return fork();
	if (!privilege_raise(identity, PRIVILEGE_CGROUP))
		return -1;
	pid_t pid = cgroup_create_child(cgroup, joined);
	privilege_lower(identity);
	return pid;
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

bool cgroup_kill(const struct cgroup *cgroup, bool by_number, long long deadline)
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
		if (by_number && (!killed || now >= began + KILL_MILLISECONDS))
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
	bool removed;
	if (cgroup->janitor >= 0) {
		/* What does not die now the janitor goes on waiting for without us. */
		removed = janitor_finish(cgroup->janitor, is_empty(cgroup));
		errno = removed ? 0 : EBUSY;
	} else {
		removed = cgroupfs_remove(cgroup->parent, cgroup->name, cgroup->directory);
		int saved = errno;
		cgroup_place_tidy(cgroup->parent);
		errno = saved;
	}
	int saved = errno;
	close_all(cgroup);
	errno = saved;
	return removed;
}
