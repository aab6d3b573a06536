#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/init.h"
#include "options/families.h"
#include "privileged/privilege.h"
#include "supervisor/supervisor.h"
#include "util/clock.h"
#include "util/fail.h"
#include "watcher/watcher.h"

noreturn void exit_like_child(int status)
{
	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	/* The command's core is enough. */
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	sigset_t all;
	sigfillset(&all);
	signal(WTERMSIG(status), SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	kill(getpid(), WTERMSIG(status));
	_exit(128 + WTERMSIG(status));
}

/* How often the lock is looked at; its holder's death shows in no other way. */
#define LOCK_MILLISECONDS 200

static void give_up_root(struct supervisor *s)
{
	s->outcome.setuid_inert = s->outcome.setuid_inert || s->identity.mode == MODE_SETUID;
	if (!privilege_drop(&s->identity))
		refuse("giving up root: %m");
}

/* The filter that restricts families does, where no capability is held: in a network of Portage's, as the portage user. */
static bool filter_needs_no_new_privs(const struct supervisor *s)
{
	return s->plan.inherited_net && s->plan.mode == MODE_NONE && s->options->net && s->options->families != FAMILIES_ANY &&
	       !identity_can(&s->identity, CAP_SYS_ADMIN) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

static noreturn void refuse_required(struct supervisor *s)
{
	give_up_root(s);
	const struct missing *missing = &s->outcome.missing[0];
	if (s->has_cgroup)
		cgroup_remove(&s->cgroup);
	s->outcome.status = EXIT_REFUSED << 8;
	record_write(s->options, &s->outcome);
	refuse("%s can't be had: %s: %s", missing->what, missing->why, strerror(missing->error));
}

static void make_cgroup(struct supervisor *s)
{
	const char *why;
	if (s->options->cgroup == NULL)
		return;
	cgroup_inherited_look(&s->inherited, s->options, &s->identity);
	struct options wanted = *s->options;
	for (int i = 0; i < LIMITS; i++)
		if (s->inherited.limit[i])
			wanted.limit[i] = NULL;
	s->has_cgroup = cgroup_make(&s->cgroup, &wanted, &s->identity, s->inherited.directory >= 0, &why);
	outcome_miss_limits(&s->outcome, &wanted, s->has_cgroup ? &s->cgroup : NULL, why);
}

static void drop_cgroup(struct supervisor *s)
{
	cgroup_remove(&s->cgroup);
	s->has_cgroup = false;
}

/* Root was refused what an ordinary user may get: so as one, for good and from the beginning. */
static void fall_back_to_userns(struct supervisor *s)
{
	if (s->has_cgroup)
		drop_cgroup(s);
	give_up_root(s);
	if (!identity_read(&s->identity))
		refuse("getresuid: %m");
	s->outcome.missing_count = 0;
	make_cgroup(s);
}

/* Tries plan after plan, each smaller than the last, until one stands. */
static void start(struct supervisor *s)
{
	struct setup_error setup_error;
	for (;;) {
		const struct cgroup *cgroup = s->has_cgroup ? &s->cgroup : NULL;
		if (!s->options->best_effort && s->outcome.missing_count > 0)
			refuse_required(s);
		if (launch_init(&s->plan, &s->identity, s->options, s->signals, cgroup, s->watcher.news, &s->started, &setup_error))
			break;
		if (setup_error.step == STEP_CGROUP && s->has_cgroup)
			drop_cgroup(s);
		else if (!plan_degrade(&s->plan, s->options, &setup_error, &s->outcome)) {
			if (s->has_cgroup)
				cgroup_remove(&s->cgroup);
			errno = setup_error.error;
			refuse("%s: %m", step_words[setup_error.step].doing);
		} else if (s->plan.mode == MODE_USERNS && s->identity.mode == MODE_SETUID)
			fall_back_to_userns(s);
	}
	s->outcome.mode = s->plan.mode;
	s->outcome.applied = s->plan.isolate;
	s->outcome.has_cgroup = s->has_cgroup;
	s->outcome.has_subreaper = s->plan.tracking == TRACK_SUBREAPER;
}

void supervisor_send(const struct supervisor *s, const struct message *message)
{
	channel_send(s->started.channel, message);
}

static void hear(struct supervisor *s)
{
	struct message message;
	if (channel_receive(s->started.channel, &message) != 1) {
		close(s->started.channel);
		s->started.channel = -1;
		return;
	}
	if (message.type == MESSAGE_ENDED) {
		s->ended = true;
		s->outcome.status = message.ended.status;
		s->outcome.started = message.ended.started;
	}
	if (message.type == MESSAGE_ALONE)
		s->alone = true;
}

static void reap(struct supervisor *s)
{
	pid_t pid;
	int status;
	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		/* The build has stopped it, where it may: had Ctrl-Z, we would not be running. */
		if (WIFSTOPPED(status))
			kill(pid, SIGCONT);
		else if (pid == s->watcher.pid)
			s->outcome.watcher_died = true;
		else if (pid == s->started.init) {
			s->gone = true;
			s->refused = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_REFUSED;
		}
	}
}

static void hear_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;
	while (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD && signals_is_ours_to_hand_on(&info))
			supervisor_send(s, &(struct message){.type = MESSAGE_SIGNAL, .signal = (int)info.ssi_signo});
}

bool supervisor_step(struct supervisor *s, int timeout)
{
	struct pollfd sources[3 + OPTIONS_WATCHED] = {
		{.fd = s->started.channel, .events = POLLIN},
		{.fd = s->signal_fd, .events = POLLIN},
		{.fd = s->watcher.control},
	};
	for (size_t i = 0; i < s->watch.count; i++)
		sources[3 + i] = (struct pollfd){.fd = s->watch.pidfd[i], .events = POLLIN};
	if (poll(sources, 3 + s->watch.count, timeout) < 0) {
		if (errno == EINTR)
			return true;
		/* Somebody lowered our RLIMIT_NOFILE (prlimit(2)), and poll(2) now says EINVAL. Deaf, we can only end it. */
		reap(s);
		return false;
	}
	if (sources[0].revents != 0)
		hear(s);
	if (sources[1].revents != 0)
		hear_signals(s);
	/* Its end: it may have to wait for threads before it can be collected. */
	if (sources[2].revents != 0)
		s->outcome.watcher_died = true;
	reap(s);
	for (size_t i = 0; i < s->watch.count; i++)
		if (sources[3 + i].revents != 0)
			return false;
	return !s->outcome.watcher_died;
}

static void run(struct supervisor *s)
{
	while (!s->ended && !s->gone) {
		bool watched = supervisor_step(s, s->watch.lock >= 0 ? LOCK_MILLISECONDS : -1);
		if (watched && !liveness_lock_is_free(&s->watch))
			continue;
		s->outcome.abandoned = true;
		return;
	}
}

noreturn void supervise(const struct options *options, const struct identity *identity, const struct inherited *inherited,
			const struct signals *signals)
{
	static struct supervisor supervisor;
	struct supervisor *s = &supervisor;
	*s = (struct supervisor){
		.options = options,
		.identity = *identity,
		.signals = signals,
		.plan = plan_first(options, identity, inherited),
		.outcome = {.inherited = *inherited},
	};
	clock_gettime(CLOCK_REALTIME, &s->outcome.began);
	s->signal_fd = signals_open();
	if (s->signal_fd < 0)
		refuse("signalfd: %m");
	make_cgroup(s);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		refuse("prctl(PR_SET_CHILD_SUBREAPER): %m");
	s->outcome.audit = watcher_open(&s->watcher, options->audit);
	start(s);
	s->outcome.setuid_inert = filter_needs_no_new_privs(s);
	give_up_root(s);
	if (s->plan.tracking == TRACK_NOTHING && prctl(PR_SET_CHILD_SUBREAPER, 0) != 0)
		refuse("prctl(PR_SET_CHILD_SUBREAPER): %m");
	watcher_start(&s->watcher, options, plan_route(&s->plan, options, &s->outcome.inherited));
	snmp_open(&s->snmp, s->started.counters);
	if (!liveness_open(&s->watch, options))
		s->outcome.abandoned = true;
	s->began = s->outcome.began_monotonic = clock_microseconds();
	if (!s->outcome.abandoned) {
		supervisor_send(s, &(struct message){.type = MESSAGE_START, .parent_exited = s->started.parent_exited});
		run(s);
	}
	s->outcome.wall = (double)(clock_microseconds() - s->began) / 1e6;
	teardown(s);
	outcome_account(&s->outcome, s->has_cgroup ? &s->cgroup : NULL);
	cgroup_inherited_usage(&s->inherited, &s->outcome.usage);
	s->outcome.unroutable = snmp_unroutable(&s->snmp);
	watcher_end(&s->watcher, s->plan.tracking == TRACK_NOTHING);
	if (s->has_cgroup && !cgroup_remove(&s->cgroup))
		s->outcome.stuck = true;
	if (!s->ended)
		s->outcome.status = s->refused ? EXIT_REFUSED << 8 : SIGKILL;
	record_write(options, &s->outcome);
	exit_like_child(s->outcome.status);
}
