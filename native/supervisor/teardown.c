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
	pids_add(&ours, s->started.init);
	pids_remove(&pids, &ours);
	pids_free(&ours);
	return pids;
}

static void find_orphans(struct supervisor *s, void (*add)(struct orphans *orphans, const struct pids *pids))
{
	struct pids pids = list(s);
	add(&s->outcome.orphans, &pids);
	pids_free(&pids);
}

/* Gives what ends by itself its time, and names what is left then. */
static void name_orphans(struct supervisor *s)
{
	long long now = clock_milliseconds(), grace = now + GRACE_MILLISECONDS;
	/* If there is nobody, init's word for it is on its way. */
	supervisor_step(s, GRACE_MILLISECONDS / 2);
	if (s->alone || s->gone)
		return;
	/* A crowd takes long to list: meanwhile, so that it is killed the sooner. Of a crowd nobody misses who comes last. */
	struct pids crowd = list(s);
	while (!s->alone && !s->gone && (now = clock_milliseconds()) < grace)
		supervisor_step(s, (int)(grace - now));
	if (!s->alone && crowd.count > ORPHANS_DESCRIBED)
		orphans_add(&s->outcome.orphans, &crowd);
	pids_free(&crowd);
	/* A chain that re-forks may be between two of its links whenever it is looked at. Once it is, however late we are. */
	long long patience = clock_milliseconds() + NAME_MILLISECONDS;
	while (!s->alone && !s->gone && s->outcome.orphans.count == 0) {
		find_orphans(s, orphans_add);
		supervisor_step(s, 0);
		if (clock_milliseconds() >= patience)
			break;
	}
}

void teardown(struct supervisor *s)
{
	long long deadline = clock_milliseconds() + KILL_MILLISECONDS;
	bool tracked = s->plan.tracking != TRACK_NOTHING;
	if (tracked && !s->outcome.abandoned)
		name_orphans(s);
	if (s->outcome.abandoned)
		supervisor_send(s, &(struct message){.type = MESSAGE_SIGNAL, .signal = SIGKILL});
	if (s->has_cgroup && !s->alone)
		cgroup_kill(&s->cgroup, deadline);
	supervisor_send(s, &(struct message){.type = MESSAGE_TEARDOWN});
	/* For init that is our own end: with it goes all that has nobody to answer its calls. */
	if (s->outcome.watcher_died && s->started.channel >= 0)
		shutdown(s->started.channel, SHUT_RDWR);
	while (!s->gone && clock_milliseconds() < deadline) {
		supervisor_step(s, 100);
		if (tracked && s->started.channel < 0 && !s->gone)
			kill(s->started.init, SIGKILL);
	}
	/* An init that has not ended by then is stuck, or was stopped. */
	if (!s->gone) {
		kill(s->started.init, SIGKILL);
		supervisor_step(s, GRACE_MILLISECONDS);
	}
	/* What a root phase moved in from elsewhere is no child of init's. */
	bool emptied = !s->has_cgroup || cgroup_kill(&s->cgroup, deadline);
	if (s->plan.tracking == TRACK_SUBREAPER)
		emptied = pids_kill_descendants(deadline) && emptied;
	s->outcome.stuck = tracked && (!emptied || !s->gone);
	if (s->outcome.stuck)
		find_orphans(s, orphans_are_stuck);
}
