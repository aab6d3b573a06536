// SPDX-License-Identifier: GPL-2.0-or-later
#include "supervisor/supervisor.h"

#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "privileged/isolate.h"

/* Time limit for the set-up of a phase, after which it has failed (ETIMEDOUT). The set-up normally takes milliseconds, but seconds while the kernel removes many network namespaces. */
#define SETUP_MILLISECONDS 30000
/* Time limit for the exit of a set-up process, after which confine kills it. The exit flushes files, which a FUSE server can delay (fuse_flush()). */
#define EXIT_MILLISECONDS 1000

static noreturn void fail(const struct supervisor *s, const struct setup_error *setup_error)
{
	channel_send(s->channel, &(struct message){.type = MESSAGE_SETUP_ERROR, .setup_error = *setup_error});
	_exit(EXIT_REFUSED);
}

static noreturn void fail_at(const struct supervisor *s, enum step step)
{
	fail(s, &(struct setup_error){step, errno});
}

static void mount_proc(const struct supervisor *s)
{
	struct setup_error setup_error = {STEP_PROC, EPERM};
	/* A new /proc would show the files that a container hides in its /proc. The kernel refuses such a mount to the user who starts confine (mount_too_revealing()), so a set-user-ID confine must not make it either. */
	bool reveals = s->identity.mode == MODE_SETUID && proc_is_masked();
	if (reveals || !isolate_mount_proc(&s->identity, &setup_error))
		fail(s, &setup_error);
}

/* Performs the last set-up steps that need privileges, drops all privileges and becomes the init process of the phase. refused: failed step that is not required, or STEP_NONE. */
static noreturn void become_init(const struct supervisor *s, const struct setup_error *refused)
{
	const struct plan *plan = &s->plan;
	if ((plan->isolate & ISOLATE_PROC) != 0)
		mount_proc(s);
	if (!privilege_drop(&s->identity))
		fail_at(s, STEP_DROP);
	/* With TRACK_NOTHING init is a subreaper too: if the supervisor or the watcher dies, init must find and kill all of its descendants. */
	bool reaps = plan->tracking == TRACK_SUBREAPER || plan->tracking == TRACK_NOTHING;
	if (reaps && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 && plan->tracking == TRACK_SUBREAPER)
		fail_at(s, STEP_SUBREAPER);
	init_run(&(struct init){
		.channel = s->channel,
		.refused = *refused,
		.tracking = plan->tracking,
		.cgroup_kill = s->result.has_cgroup ? s->cgroup.kill : -1,
		.network = phase_network(s),
		.watcher = &s->watcher,
		.options = s->options,
		.signals = s->signals,
	});
}

/*
 * Enters the namespaces and becomes init. With a PID namespace, the next child of this process becomes init instead, because
 * unshare(CLONE_NEWPID) concerns only children. CLONE_PARENT makes the supervisor the parent of that child.
 */
static noreturn void enter_namespaces(const struct supervisor *s)
{
	struct setup_error setup_error = {STEP_MKNOD, EPERM};
	if (s->options->mknod && s->plan.mode == MODE_USERNS && identity_has_capability(&s->identity, CAP_MKNOD))
		fail(s, &setup_error);
	if (!namespaces_enter(&s->identity, s->plan.mode, s->plan.isolate, &setup_error))
		fail(s, &setup_error);
	if ((s->plan.isolate & ISOLATE_PID) == 0)
		become_init(s, &setup_error);
	long init = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
	if (init < 0)
		fail_at(s, errno == EAGAIN ? STEP_FORK : STEP_CLONE);
	if (init == 0)
		become_init(s, &setup_error);
	_exit(0);
}

static bool receive_before(int channel, struct message *message, long long deadline)
{
	struct pollfd source = {.fd = channel, .events = POLLIN};
	int ready;
	do {
		long long left = deadline - clock_milliseconds();
		ready = poll(&source, 1, left > 0 ? (int)left : 0);
	} while (ready < 0 && errno == EINTR);
	return ready > 0 && fd_passing_receive(channel, message, sizeof *message, message->counters, PASSED_FDS, &message->sender);
}

/* Receives messages until init is ready, the set-up has failed, or the time limit is over. Returns true if init is ready. first: the process that launch_init() has forked; unless it has become init, it is reaped, and killed if it does not exit in time. */
static bool wait_until_ready(struct supervisor *s, pid_t first, struct setup_error *setup_error)
{
	bool ready = false;
	struct message message;
	long long deadline = clock_milliseconds() + SETUP_MILLISECONDS;
	*setup_error = (struct setup_error){STEP_INIT, ETIMEDOUT};
	while (!ready && receive_before(s->channel, &message, deadline)) {
		if (message.type == MESSAGE_READY) {
			ready = true;
			/* Use the process ID that the kernel has added to the message. init could not send it: in a PID namespace, getpid(2) returns 1. */
			s->init = message.sender;
			snmp_open(&s->snmp, message.counters);
		}
		if (message.setup_error.step < STEPS)
			*setup_error = message.setup_error;
		if (!ready)
			deadline = clock_milliseconds() + EXIT_MILLISECONDS;
	}
	if (!ready || s->init != first)
		reap_within(first, EXIT_MILLISECONDS);
	return ready;
}

bool launch_init(struct supervisor *s, struct setup_error *setup_error)
{
	int ends[2];
	if (!channel_open(ends)) {
		*setup_error = (struct setup_error){STEP_INIT, errno};
		return false;
	}
	bool joined, has_cgroup = s->result.has_cgroup;
	pid_t first = cgroup_fork(has_cgroup ? &s->cgroup : NULL, &joined);
	if (first == 0) {
		s->channel = ends[1];
		close(ends[0]);
		if (!joined)
			fail_at(s, STEP_CGROUP);
		enter_namespaces(s);
	}
	*setup_error = (struct setup_error){has_cgroup ? STEP_CGROUP : STEP_FORK, errno};
	close(ends[1]);
	s->channel = ends[0];
	bool ready = first > 0 && wait_until_ready(s, first, setup_error);
	if (!ready)
		close(ends[0]);
	return ready;
}
