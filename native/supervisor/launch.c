#include "supervisor/launch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watcher/setup_message.h"
#include "init/channel.h"
#include "util/fail.h"
#include "privileged/isolate.h"
#include "privileged/privilege.h"
#include "privileged/resolver_set_up.h"

struct attempt {
	const struct plan *plan;
	const struct identity *identity;
	const struct options *options;
	const struct signals *signals;
	const struct cgroup *cgroup; /* NULL: none */
	int news;		     /* to the watcher, -1: none */
	int channel;
};

static noreturn void give_up(const struct attempt *attempt, const struct setback *setback)
{
	channel_say(attempt->channel, &(struct message){.saying = SAY_SETBACK, .setback = *setback});
	_exit(EXIT_REFUSED);
}

static noreturn void give_up_at(const struct attempt *attempt, enum step step)
{
	give_up(attempt, &(struct setback){step, errno});
}

/* Sends the watcher the sockets of the phase's name server, or why there are none. */
static void set_up_resolver(const struct attempt *attempt)
{
	struct audit_news news = {.news = NEWS_RESOLVER, .fds = {-1, -1}};
	bool private = (attempt->plan->isolate & ISOLATE_PROC) != 0;
	const char *failed = resolver_set_up(attempt->identity, private, news.fds);
	if (failed != NULL) {
		news = (struct audit_news){.news = NEWS_NO_RESOLVER, .error = errno, .fds = {-1, -1}};
		snprintf(news.why, sizeof news.why, "%s", failed);
	}
	audit_news_send(attempt->news, &news);
	for (size_t i = 0; i < 2; i++)
		if (news.fds[i] >= 0)
			close(news.fds[i]);
}

/* The last steps that need privilege, by the process that becomes init; then it is the caller for good. */
static noreturn void become_init(const struct attempt *attempt)
{
	struct setback setback;
	if ((attempt->plan->isolate & ISOLATE_PROC) != 0 && !isolate_mount_proc(attempt->identity, &setback))
		give_up(attempt, &setback);
	if ((attempt->plan->isolate & ISOLATE_NAMES) != 0)
		set_up_resolver(attempt);
	if (!privilege_drop(attempt->identity))
		give_up_at(attempt, STEP_DROP);
	init_run(&(struct init){
		.channel = attempt->channel,
		.keeping = attempt->plan->keeping,
		.cgroup_kill = attempt->cgroup == NULL ? -1 : attempt->cgroup->kill,
		.counted = (attempt->plan->isolate & ISOLATE_NET) != 0 || attempt->plan->made_net,
		.news = attempt->news,
		.options = attempt->options,
		.signals = attempt->signals,
	});
}

static noreturn void prepare(const struct attempt *attempt)
{
	struct setback setback;
	if (!namespaces_enter(attempt->identity, attempt->plan->mode, attempt->plan->isolate, &setback))
		give_up(attempt, &setback);
	if ((attempt->plan->isolate & ISOLATE_PID) == 0)
		become_init(attempt);
	/* Only a child is in the new PID namespace. */
	pid_t init = fork();
	if (init < 0)
		give_up(attempt, &(struct setback){errno == ENOMEM ? STEP_PID : STEP_FORK, errno});
	if (init == 0)
		become_init(attempt);
	_exit(0);
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Follows the try to its end. */
static bool follow(const struct plan *plan, pid_t first, struct started *started, struct setback *setback)
{
	bool nested = (plan->isolate & ISOLATE_PID) != 0;
	bool ready = false;
	struct message message;
	*setback = (struct setback){STEP_FORK, ECHILD};
	while (!ready && channel_hear(started->channel, &message) == 1) {
		if (message.saying == SAY_READY) {
			ready = true;
			/* The kernel's word for it: who forked it may be killed before it can say. */
			started->init = message.sender;
			memcpy(started->counters, message.counters, sizeof started->counters);
		}
		if (message.saying == SAY_SETBACK && message.setback.step < STEPS)
			*setback = message.setback;
	}
	/* init asks the kernel to be killed when its parent dies, so its first parent must be gone before SAY_GO. */
	if (nested || !ready)
		reap(first);
	return ready;
}

bool start_init(const struct plan *plan, const struct identity *identity, const struct options *options,
		const struct signals *signals, const struct cgroup *cgroup, int news, struct started *started,
		struct setback *setback)
{
	int ends[2];
	*setback = (struct setback){STEP_FORK, 0};
	if (!channel_open(ends)) {
		setback->error = errno;
		return false;
	}
	bool joined;
	pid_t first = cgroup_fork(cgroup, &joined);
	if (first == 0) {
		struct attempt attempt = {plan, identity, options, signals, cgroup, news, ends[1]};
		close(ends[0]);
		if (!joined)
			give_up_at(&attempt, STEP_CGROUP);
		prepare(&attempt);
	}
	if (first < 0 && cgroup != NULL)
		setback->step = STEP_CGROUP;
	setback->error = errno;
	close(ends[1]);
	started->channel = ends[0];
	bool ready = first > 0 && follow(plan, first, started, setback);
	if (!ready)
		close(ends[0]);
	return ready;
}
