// SPDX-License-Identifier: GPL-2.0-or-later
#include "supervisor/supervisor.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "options/allow_list.h"

/* Interval for checking what poll(2) does not report: whether the lock of --die-with-lock is released, the file of --die-with-file is deleted, or signal_time is over. */
#define LOCK_MILLISECONDS 200
/* Maximum time between two calls of watcher_is_killed(), because no event reports a watcher that has got SIGKILL but cannot be reaped. */
#define WATCHER_MILLISECONDS 1000

/* Exits with the command's exit status or, if a signal has killed the command, dies of the same signal. status is from wait(2). */
static noreturn void exit_like_child(int status)
{
	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	/* Write no core file: if the signal causes one, the command has already written its own. */
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	sigset_t all;
	sigfillset(&all);
	signal(WTERMSIG(status), SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	kill(getpid(), WTERMSIG(status));
	_exit(128 + WTERMSIG(status));
}

static void drop_root(struct supervisor *s)
{
	s->result.setuid_inert = s->result.setuid_inert || s->identity.mode == MODE_SETUID;
	if (!privilege_drop(&s->identity))
		refuse("cannot drop root privileges: %m");
}

/*
 * Returns true if the seccomp filter for --net makes confine set no_new_privs, so that set-user-ID programs of the phase run without privileges: seccomp(2) requires
 * no_new_privs in a process without CAP_SYS_ADMIN, for example if user portage runs confine in a network namespace that Portage has made.
 */
static bool seccomp_needs_no_new_privs(const struct supervisor *s)
{
	bool has_filter = phase_network(s) == NETWORK_FILTERED || ((s->result.inherited & s->options->isolate & ISOLATE_NET) != 0 && s->options->families != FAMILIES_ANY);
	return has_filter && s->plan.mode == MODE_NONE &&
	       !identity_has_capability(&s->identity, CAP_SYS_ADMIN) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

static void remove_cgroup(struct supervisor *s)
{
	if (s->result.has_cgroup)
		cgroup_remove(&s->cgroup);
	s->result.has_cgroup = false;
}

static noreturn void refuse_required(struct supervisor *s)
{
	drop_root(s);
	const struct missing *missing = &s->result.missing[0];
	remove_cgroup(s);
	s->result.status = EXIT_REFUSED << 8;
	record_write(s->options, &s->result);
	refuse("%s is not available: %s: %s", missing->what, missing->why, strerror(missing->error));
}

/* If --cgroup is given, creates the phase's cgroup and sets the requested limits that are not in force already. Limits that it cannot set become missing options. */
static void create_cgroup(struct supervisor *s)
{
	const char *why;
	if (s->options->cgroup == NULL)
		return;
	s->result.has_cgroup = cgroup_make(&s->cgroup, s->options, &s->identity, &why);
	for (int i = 0; i < LIMITS; i++)
		if (s->cgroup.limit_problem[i] != NULL)
			result_add_missing(&s->result, limit_files[i], s->cgroup.limit_problem[i], s->cgroup.limit_error[i]);
}

/*
 * Called if confine cannot prepare or launch its init process. call: the failed system call or step, for the message. errno must be its error. Exits with 125 without --best-effort,
 * and always if a limit on processes, memory or descriptors is the cause. Otherwise this process executes the command without isolation.
 */
static noreturn void run_without_init(struct supervisor *s, const char *call)
{
	int error = errno;
	remove_cgroup(s);
	drop_root(s);
	errno = error;
	bool limit = error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
	if (!s->options->best_effort || limit)
		refuse("%s: %m", call);
	print_error("%s: %m; the command runs without isolation and without a record", call);
	exec_command(s->options, s->signals);
}

/* Adds --own-sockets to the missing options if the watcher did not run, because nothing else refuses requests to UNIX sockets. */
static void add_missing_sockets(struct supervisor *s)
{
	const struct network_log *log = s->result.audit;
	if (s->options->own_sockets && (log == NULL || log->calls.watched == WATCHED_NO))
		result_add_missing(&s->result, "own-sockets", log == NULL ? "preparing the watcher process of confine" : log->calls.reason,
				   log == NULL ? 0 : log->calls.error);
}

/* Prepares the watcher for the network filter, which replaces a network namespace. If that fails, adds --net to the missing options. */
static void prepare_net_filter(struct supervisor *s)
{
	bool is_open = s->watcher.log != NULL || watcher_open(&s->watcher, true);
	s->watcher.net_filter = is_open && s->watcher.setup_socket >= 0;
	if (s->watcher.net_filter)
		return;
	s->result.net_filter.step = STEP_NONE;
	result_add_missing(&s->result, "net", "preparing the watcher process of confine", errno);
}

/* Returns true if confine must remember the IPC objects that the phase creates, to remove them: --ipc is given, but there is no IPC namespace, and the watcher can run. */
static bool must_track_ipc(const struct supervisor *s)
{
	return (s->options->isolate & ~(s->result.inherited | s->plan.isolate) & ISOLATE_IPC) != 0 && s->watcher.setup_socket >= 0;
}

/* Removes the IPC objects that the phase has left on the host, unless a process of the phase may still run and use them. */
static void remove_ipc_objects(struct supervisor *s)
{
	if (is_tracked(s) ? s->result.stuck : !s->no_children)
		return;
	ipc_objects_remove(s->watcher.ipc_objects);
	s->result.ipc_objects = s->watcher.ipc_objects;
}

/* Stores the resource usage of the reaped children and of the cgroup in the result. */
static void add_usage(struct supervisor *s)
{
	struct rusage usage;
	if (getrusage(RUSAGE_CHILDREN, &usage) == 0) {
		s->result.user = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
		s->result.system = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
		s->result.memory_peak = usage.ru_maxrss * 1024LL;
	}
	if (s->options->cgroup != NULL)
		cgroup_usage(&s->cgroup, &s->result.usage);
}

/* Launches init. If the kernel refuses a step, tries again with less isolation. Without --best-effort, exits with 125 if an option cannot be fulfilled. */
static void launch_or_degrade(struct supervisor *s)
{
	struct setup_error setup_error;
	for (;;) {
		if (!s->options->best_effort && s->result.missing_count > 0)
			refuse_required(s);
		if (s->watcher.ipc_objects == NULL && must_track_ipc(s))
			s->watcher.ipc_objects = memory_share(sizeof *s->watcher.ipc_objects);
		if (launch_init(s, &setup_error))
			break;
		if (setup_error.step == STEP_CGROUP && s->result.has_cgroup) {
			remove_cgroup(s);
			result_add_refused(&s->result, &setup_error);
			for (int i = 0; i < LIMITS; i++)
				if (s->options->limit[i] != NULL && !s->cgroup.inherits[i] && s->cgroup.limit_problem[i] == NULL)
					result_add_missing(&s->result, limit_files[i], setup_steps[STEP_CGROUP].call, setup_error.error);
		} else if (!plan_degrade(&s->plan, s->options, &s->identity, &setup_error, &s->result)) {
			errno = setup_error.error;
			run_without_init(s, setup_steps[setup_error.step].call);
		} else if (s->plan.mode == MODE_USERNS && s->identity.mode == MODE_SETUID) {
			/* The next launch uses a user namespace, in which init has all capabilities without root privileges. So drop these privileges first. */
			drop_root(s);
			if (!identity_read(&s->identity))
				refuse("getresuid: %m");
		}
		if (phase_network(s) == NETWORK_FILTERED && !s->watcher.net_filter)
			prepare_net_filter(s);
	}
	result_add_refused(&s->result, &setup_error);
	s->result.mode = s->plan.mode;
	s->result.applied = s->plan.isolate & ~setup_steps[setup_error.step].required_for;
	s->result.has_subreaper = s->plan.tracking == TRACK_SUBREAPER;
}

/*
 * Returns true if the watcher has got SIGKILL but cannot be reaped: a thread that waits for a FUSE server outlives SIGKILL and keeps the
 * watcher's files open, so no event reports the death. The sign of the death is a first thread that is a zombie or has SIGKILL pending.
 */
static bool watcher_is_killed(const struct watcher *watcher)
{
	struct thread_status status = thread_status(watcher->pid);
	/* Test the parent too: if /proc belongs to another PID namespace, it shows another process under this ID, whose parent is not the supervisor. */
	return status.parent == getpid() && (status.is_zombie || ((status.pending | status.shared_pending) >> (SIGKILL - 1) & 1) != 0);
}

/* Returns the route by which the connections that --allow permits leave the phase. */
static enum egress_route allowed_route(const struct supervisor *s)
{
	if ((s->result.inherited & ISOLATE_NET) != 0)
		return s->options->socks != NULL ? ROUTE_SOCKS : ROUTE_NONE;
	return phase_network(s) == NETWORK_OPEN ? ROUTE_UNNEEDED : ROUTE_DIRECT;
}

/* Handles events until the command or init has exited. If confine must kill the phase before that, sets result.abandoned and returns. */
static void run(struct supervisor *s)
{
	long long before = clock_milliseconds();
	while (!s->command_exited && !s->init_exited) {
		bool polls = s->lock >= 0 || s->file >= 0 || s->signal_time != 0;
		bool alive = supervisor_wait(s, polls ? LOCK_MILLISECONDS : s->watcher.pid > 0 ? WATCHER_MILLISECONDS
											       : -1);
		if (alive && !s->command_exited && s->watcher.pid > 0 && watcher_is_killed(&s->watcher)) {
			s->result.watcher_died = true;
			alive = false;
		}
		/* Subtract at most LOCK_MILLISECONDS a round from init's time to confirm a signal: in a longer round, this process was stopped (Ctrl-Z) or frozen. */
		long long now = clock_milliseconds(), round = now - before < LOCK_MILLISECONDS ? now - before : LOCK_MILLISECONDS;
		before = now;
		bool stuck = s->signal_time != 0 && (s->signal_time -= round) <= 0;
		if (alive && !stuck && is_wanted(s))
			continue;
		s->result.abandoned = true;
		return;
	}
}

noreturn void supervise(const struct options *options, const struct identity *identity, unsigned inherited, const struct signals *signals)
{
	static struct supervisor supervisor;
	static struct network_log log;
	struct supervisor *s = &supervisor;
	*s = (struct supervisor){
		.options = options,
		.identity = *identity,
		.signals = signals,
		.cgroup = {.directory = -1},
		.lock = -1,
		.file = -1,
		.plan = plan_first(options, identity, inherited),
		.result = {.inherited = inherited},
	};
	clock_gettime(CLOCK_REALTIME, &s->result.began);
	s->signal_fd = signals_open();
	if (s->signal_fd < 0)
		run_without_init(s, "signalfd");
	create_cgroup(s);
	/* Become a subreaper: if init is killed, its children become children of the supervisor, which kills them. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (!watcher_open(&s->watcher, options->audit) && !options->best_effort)
		run_without_init(s, "cannot prepare the watcher process");
	launch_or_degrade(s);
	s->result.setuid_inert = s->result.setuid_inert || seccomp_needs_no_new_privs(s);
	if (phase_network(s) == NETWORK_ISOLATED)
		watcher_open_dns(&s->watcher);
	if (s->identity.mode == MODE_SETUID)
		watcher_start_dns(&s->watcher, options, &s->identity, s->channel, s->cgroup.directory);
	drop_root(s);
	watcher_start(&s->watcher, options, allowed_route(s));
	if (!liveness_open(s))
		s->result.abandoned = true;
	s->result.began_monotonic = clock_microseconds();
	if (!s->result.abandoned) {
		channel_send(s->channel, &(struct message){.type = MESSAGE_START});
		run(s);
	}
	s->result.wall = (double)(clock_microseconds() - s->result.began_monotonic) / 1e6;
	teardown(s);
	remove_ipc_objects(s);
	add_usage(s);
	s->result.unroutable = snmp_unroutable(&s->snmp);
	watcher_end(&s->watcher, !is_tracked(s));
	if (options->audit && s->watcher.log != NULL) {
		network_log_copy(&log, s->watcher.log);
		s->result.audit = &log;
	}
	if (s->result.has_cgroup && !cgroup_remove(&s->cgroup))
		s->result.stuck = true;
	add_missing_sockets(s);
	if (!s->command_exited)
		s->result.status = s->init_refused ? EXIT_REFUSED << 8 : SIGKILL;
	record_write(options, &s->result);
	exit_like_child(s->result.status);
}
