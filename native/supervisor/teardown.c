#include "supervisor/supervisor.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/clock.h"

/* How long what is ending by itself anyway (the tee behind a pipe) may take before it counts as left behind. */
#define GRACE_MILLISECONDS 25
/* How long it is tried to name what is there. */
#define NAME_MILLISECONDS 250
/* Portage sends SIGTERM 10 s after the command has reported: killing and telling must have ended by then. */
#define KILL_MILLISECONDS 7000

/* Who lives and is none of ours; to be freed. */
static struct pids list(const struct supervisor *s)
{
	struct pids pids = {0}, ours = {0};
	if (s->has_cgroup)
		cgroup_add_pids(&s->cgroup, &pids);
	else
		pids_add_descendants(&pids, getpid());
	watcher_add_pids(&s->watcher, &ours);
	pids_add(&ours, s->launched.init);
	pids_remove(&pids, &ours);
	pids_free(&ours);
	return pids;
}

static void find_orphans(struct supervisor *s, void (*add)(struct orphans *orphans, const struct pids *pids))
{
	struct pids pids = list(s);
	add(&s->result.orphans, &pids);
	pids_free(&pids);
}

/* Gives what ends by itself its time, and names what is left then. */
static void name_orphans(struct supervisor *s)
{
	long long now = clock_milliseconds(), grace = now + GRACE_MILLISECONDS;
	/* If there is nobody, init's word for it is on its way. */
	supervisor_wait(s, GRACE_MILLISECONDS / 2);
	if (s->no_children || s->init_exited)
		return;
	/* A crowd takes long to list: meanwhile, so that it is killed the sooner. Of a crowd nobody misses who comes last. */
	struct pids crowd = list(s);
	while (!s->no_children && !s->init_exited && (now = clock_milliseconds()) < grace)
		supervisor_wait(s, (int)(grace - now));
	if (!s->no_children && crowd.count > ORPHANS_DESCRIBED)
		orphans_add(&s->result.orphans, &crowd);
	pids_free(&crowd);
	/* A chain that re-forks may be between two of its links whenever it is looked at. Once it is, however late we are. */
	long long patience = clock_milliseconds() + NAME_MILLISECONDS;
	while (!s->no_children && !s->init_exited && s->result.orphans.count == 0) {
		find_orphans(s, orphans_add);
		supervisor_wait(s, 0);
		if (clock_milliseconds() >= patience)
			break;
	}
}

void teardown(struct supervisor *s)
{
	long long deadline = clock_milliseconds() + KILL_MILLISECONDS;
	bool tracked = s->plan.tracking != TRACK_NOTHING;
	if (tracked && !s->result.abandoned)
		name_orphans(s);
	if (s->result.abandoned)
		supervisor_send(s, &(struct message){.type = MESSAGE_SIGNAL, .signal = SIGKILL});
	if (s->has_cgroup && !s->no_children)
		cgroup_kill(&s->cgroup, deadline);
	supervisor_send(s, &(struct message){.type = MESSAGE_TEARDOWN});
	/* For init that is our own end: with it goes all that has nobody to answer its calls. */
	if (s->result.watcher_died && s->launched.channel >= 0)
		shutdown(s->launched.channel, SHUT_RDWR);
	while (!s->init_exited && clock_milliseconds() < deadline) {
		supervisor_wait(s, 100);
		if (tracked && s->launched.channel < 0 && !s->init_exited)
			kill(s->launched.init, SIGKILL);
	}
	/* An init that has not ended by then is stuck, or was stopped. */
	if (!s->init_exited) {
		kill(s->launched.init, SIGKILL);
		supervisor_wait(s, GRACE_MILLISECONDS);
	}
	/* What a root phase moved in from elsewhere is no child of init's. */
	bool emptied = !s->has_cgroup || cgroup_kill(&s->cgroup, deadline);
	if (s->plan.tracking == TRACK_SUBREAPER)
		emptied = pids_kill_descendants(deadline) && emptied;
	s->result.stuck = tracked && (!emptied || !s->init_exited);
	if (s->result.stuck)
		find_orphans(s, orphans_mark_stuck);
}
