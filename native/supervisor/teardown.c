// SPDX-License-Identifier: GPL-2.0-or-later
#include "supervisor/supervisor.h"

#include <signal.h>
#include <sys/socket.h>

#include "util/clock.h"

/* Time after the command's exit in which its processes, such as tee at the end of a pipe, may end by themselves. Later they count as orphans. */
#define GRACE_MILLISECONDS 25
/* Time limit for describing the orphans in the record. After it, confine kills them, even if they are not described. */
#define DESCRIBE_MILLISECONDS 250
/* Time limit for the teardown. Portage sends SIGTERM 10 s after the command has reported its end; the record must be written by then. */
#define KILL_MILLISECONDS 7000

/* Returns the living processes of the phase, without init, the watcher and its helpers. The caller frees the list. */
static struct pids list_phase_processes(const struct supervisor *s)
{
	struct pids pids = {0};
	AUTO_PIDS struct pids own = {0};
	if (s->result.has_cgroup)
		cgroup_add_pids(s->cgroup.directory, &pids);
	else
		pids_add_descendants(&pids, getpid());
	watcher_add_pids(&s->watcher, &own);
	pids_add(&own, s->launched.init);
	pids_remove(&pids, &own);
	return pids;
}

static void describe_orphans(struct supervisor *s)
{
	long long now = clock_milliseconds(), grace_end = now + GRACE_MILLISECONDS;
	/* Wait for MESSAGE_NO_CHILDREN, which init sends at once if the command has left no process. */
	supervisor_wait(s, GRACE_MILLISECONDS / 2);
	if (s->no_children || s->init_exited)
		return;
	/* Listing many processes takes time. Listing them during the grace period avoids a delay before they are killed. */
	AUTO_PIDS struct pids early = list_phase_processes(s);
	while (!s->no_children && !s->init_exited && (now = clock_milliseconds()) < grace_end)
		supervisor_wait(s, (int)(grace_end - now));
	/* If there are more orphans than the record describes, use the early list. A new list takes long, and adds only orphans to count. */
	if (!s->no_children && early.count > ORPHANS_DESCRIBED)
		orphans_add(&s->result.orphans, &early);
	/* A list can miss a process that forks and exits in a loop. Repeat until a list has a living process, or until the deadline. */
	long long deadline = clock_milliseconds() + DESCRIBE_MILLISECONDS;
	while (!s->no_children && !s->init_exited && s->result.orphans.count == 0) {
		AUTO_PIDS struct pids pids = list_phase_processes(s);
		orphans_add(&s->result.orphans, &pids);
		supervisor_wait(s, 0);
		if (clock_milliseconds() >= deadline)
			break;
	}
}

void teardown(struct supervisor *s)
{
	long long deadline = clock_milliseconds() + KILL_MILLISECONDS;
	bool tracked = is_tracked(s);
	if (tracked && !s->result.abandoned)
		describe_orphans(s);
	if (s->result.abandoned)
		channel_send(s->launched.channel, &(struct message){.type = MESSAGE_SIGNAL, .signal = SIGKILL});
	if (s->result.has_cgroup && !s->no_children)
		cgroup_kill(&s->cgroup, deadline);
	/* Without the watcher, every watched system call fails. So close the channel: then init kills all processes, even if the phase is not tracked. */
	if (tracked || !s->result.watcher_died)
		channel_send(s->launched.channel, &(struct message){.type = MESSAGE_TEARDOWN});
	if (s->result.watcher_died && s->launched.channel >= 0)
		shutdown(s->launched.channel, SHUT_RDWR);
	while (!s->init_exited && clock_milliseconds() < deadline) {
		supervisor_wait(s, 100);
		if (tracked && s->launched.channel < 0 && !s->init_exited)
			kill(s->launched.init, SIGKILL);
	}
	/* If init has not exited by the deadline, it is stopped or stuck in the kernel. SIGKILL ends a stopped process. */
	if (!s->init_exited) {
		kill(s->launched.init, SIGKILL);
		supervisor_wait(s, GRACE_MILLISECONDS);
	}
	/* A phase that runs as root can have moved processes into its cgroup that are not descendants of init, so kill the whole cgroup. */
	bool emptied = !s->result.has_cgroup || cgroup_kill(&s->cgroup, deadline);
	/* If init was killed while the command ran, nobody waits for the command, so kill the phase even if it is not tracked. */
	if (s->plan.tracking == TRACK_SUBREAPER || (s->init_exited && !s->command_exited))
		emptied = pids_kill_descendants(deadline) && emptied;
	s->result.stuck = tracked && (!emptied || !s->init_exited);
	if (s->result.stuck) {
		AUTO_PIDS struct pids pids = list_phase_processes(s);
		orphans_mark_stuck(&s->result.orphans, &pids);
	}
}
