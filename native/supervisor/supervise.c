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

static void drop_root(struct supervisor *s)
{
	s->result.setuid_inert = s->result.setuid_inert || s->identity.mode == MODE_SETUID;
	if (!privilege_drop(&s->identity))
		refuse("giving up root: %m");
}

/* The filter that restricts families does, where no capability is held: in a network of Portage's, as the portage user. */
static bool filter_needs_no_new_privs(const struct supervisor *s)
{
	return s->plan.inherited_net && s->plan.mode == MODE_NONE && s->options->net && s->options->families != FAMILIES_ANY &&
	       !identity_has_capability(&s->identity, CAP_SYS_ADMIN) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

static noreturn void refuse_required(struct supervisor *s)
{
	drop_root(s);
	const struct missing *missing = &s->result.missing[0];
	if (s->has_cgroup)
		cgroup_remove(&s->cgroup);
	s->result.status = EXIT_REFUSED << 8;
	record_write(s->options, &s->result);
	refuse("%s can't be had: %s: %s", missing->what, missing->why, strerror(missing->error));
}

static void create_cgroup(struct supervisor *s)
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
	result_add_missing_limits(&s->result, &wanted, s->has_cgroup ? &s->cgroup : NULL, why);
}

static void remove_cgroup(struct supervisor *s)
{
	cgroup_remove(&s->cgroup);
	s->has_cgroup = false;
}

/* Root was refused what an ordinary user may get: so as one, for good and from the beginning. */
static void fall_back_to_userns(struct supervisor *s)
{
	if (s->has_cgroup)
		remove_cgroup(s);
	drop_root(s);
	if (!identity_read(&s->identity))
		refuse("getresuid: %m");
	s->result.missing_count = 0;
	create_cgroup(s);
}

/* Tries plan after plan, each smaller than the last, until one stands. */
static void start(struct supervisor *s)
{
	struct setup_error setup_error;
	for (;;) {
		const struct cgroup *cgroup = s->has_cgroup ? &s->cgroup : NULL;
		if (!s->options->best_effort && s->result.missing_count > 0)
			refuse_required(s);
		if (launch_init(&s->plan, &s->identity, s->options, s->signals, cgroup, s->watcher.news, &s->launched, &setup_error))
			break;
		if (setup_error.step == STEP_CGROUP && s->has_cgroup)
			remove_cgroup(s);
		else if (!plan_degrade(&s->plan, s->options, &setup_error, &s->result)) {
			if (s->has_cgroup)
				cgroup_remove(&s->cgroup);
			errno = setup_error.error;
			refuse("%s: %m", setup_steps[setup_error.step].call);
		} else if (s->plan.mode == MODE_USERNS && s->identity.mode == MODE_SETUID)
			fall_back_to_userns(s);
	}
	s->result.mode = s->plan.mode;
	s->result.applied = s->plan.isolate;
	s->result.has_cgroup = s->has_cgroup;
	s->result.has_subreaper = s->plan.tracking == TRACK_SUBREAPER;
}

void supervisor_send(const struct supervisor *s, const struct message *message)
{
	channel_send(s->launched.channel, message);
}

static void receive_message(struct supervisor *s)
{
	struct message message;
	if (channel_receive(s->launched.channel, &message) != 1) {
		close(s->launched.channel);
		s->launched.channel = -1;
		return;
	}
	if (message.type == MESSAGE_COMMAND_EXITED) {
		s->command_exited = true;
		s->result.status = message.ended.status;
		s->result.started = message.ended.started;
	}
	if (message.type == MESSAGE_NO_CHILDREN)
		s->no_children = true;
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
			s->result.watcher_died = true;
		else if (pid == s->launched.init) {
			s->init_exited = true;
			s->init_refused = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_REFUSED;
		}
	}
}

static void forward_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;
	while (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD && signals_is_forwarded(&info))
			supervisor_send(s, &(struct message){.type = MESSAGE_SIGNAL, .signal = (int)info.ssi_signo});
}

bool supervisor_wait(struct supervisor *s, int timeout)
{
	struct pollfd sources[3 + OPTIONS_DIE_WITH] = {
		{.fd = s->launched.channel, .events = POLLIN},
		{.fd = s->signal_fd, .events = POLLIN},
		{.fd = s->watcher.control},
	};
	for (size_t i = 0; i < s->liveness.count; i++)
		sources[3 + i] = (struct pollfd){.fd = s->liveness.pidfd[i], .events = POLLIN};
	if (poll(sources, 3 + s->liveness.count, timeout) < 0) {
		if (errno == EINTR)
			return true;
		/* Somebody lowered our RLIMIT_NOFILE (prlimit(2)), and poll(2) now says EINVAL. Deaf, we can only end it. */
		reap(s);
		return false;
	}
	if (sources[0].revents != 0)
		receive_message(s);
	if (sources[1].revents != 0)
		forward_signals(s);
	/* Its end: it may have to wait for threads before it can be collected. */
	if (sources[2].revents != 0)
		s->result.watcher_died = true;
	reap(s);
	for (size_t i = 0; i < s->liveness.count; i++)
		if (sources[3 + i].revents != 0)
			return false;
	return !s->result.watcher_died;
}

static void run(struct supervisor *s)
{
	while (!s->command_exited && !s->init_exited) {
		bool watched = supervisor_wait(s, s->liveness.lock >= 0 ? LOCK_MILLISECONDS : -1);
		if (watched && !liveness_lock_is_free(&s->liveness))
			continue;
		s->result.abandoned = true;
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
		.result = {.inherited = *inherited},
	};
	clock_gettime(CLOCK_REALTIME, &s->result.began);
	s->signal_fd = signals_open();
	if (s->signal_fd < 0)
		refuse("signalfd: %m");
	create_cgroup(s);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		refuse("prctl(PR_SET_CHILD_SUBREAPER): %m");
	s->result.audit = watcher_open(&s->watcher, options->audit);
	start(s);
	s->result.setuid_inert = filter_needs_no_new_privs(s);
	drop_root(s);
	if (s->plan.tracking == TRACK_NOTHING && prctl(PR_SET_CHILD_SUBREAPER, 0) != 0)
		refuse("prctl(PR_SET_CHILD_SUBREAPER): %m");
	watcher_start(&s->watcher, options, plan_route(&s->plan, options, &s->result.inherited));
	snmp_open(&s->snmp, s->launched.counters);
	if (!liveness_open(&s->liveness, options))
		s->result.abandoned = true;
	s->began = s->result.began_monotonic = clock_microseconds();
	if (!s->result.abandoned) {
		supervisor_send(s, &(struct message){.type = MESSAGE_START, .parent_exited = s->launched.parent_exited});
		run(s);
	}
	s->result.wall = (double)(clock_microseconds() - s->began) / 1e6;
	teardown(s);
	result_add_usage(&s->result, s->has_cgroup ? &s->cgroup : NULL);
	cgroup_inherited_usage(&s->inherited, &s->result.usage);
	s->result.unroutable = snmp_unroutable(&s->snmp);
	watcher_end(&s->watcher, s->plan.tracking == TRACK_NOTHING);
	if (s->has_cgroup && !cgroup_remove(&s->cgroup))
		s->result.stuck = true;
	if (!s->command_exited)
		s->result.status = s->init_refused ? EXIT_REFUSED << 8 : SIGKILL;
	record_write(options, &s->result);
	exit_like_child(s->result.status);
}
