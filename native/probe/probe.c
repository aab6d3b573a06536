// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "cgroup/cgroup.h"
#include "namespace/namespace.h"
#include "privileged/isolate.h"
#include "privileged/privilege.h"
#include "probe/probe.h"
#include "util/fail.h"
#include "util/process.h"
#include "watcher/filter.h"
#include "watcher/watcher.h"

/* Time limits for an attempt, which takes milliseconds, and for the exit of its child, which closing an inherited file can delay. */
#define PROBE_MILLISECONDS 30000
#define EXIT_MILLISECONDS 1000

/* Enters the namespaces and writes a struct setup_error to the pipe. Its error is 0 on success. */
static noreturn void attempt(const struct identity *identity, unsigned isolate, int pipe)
{
	struct setup_error setup_error;
	bool entered = namespaces_enter(identity, identity->mode, isolate, &setup_error);
	pid_t init = entered && (isolate & ISOLATE_PID) != 0 ? fork() : 0;
	if (init > 0)
		_exit(0);
	if (init < 0)
		setup_error = (struct setup_error){STEP_FORK, errno};
	else if (entered && (setup_steps[setup_error.step].required_for & isolate) == 0 &&
		 ((isolate & ISOLATE_PROC) == 0 || isolate_mount_proc(identity, &setup_error)))
		setup_error = (struct setup_error){STEP_NONE, 0};
	_exit(write(pipe, &setup_error, sizeof setup_error) == (ssize_t)sizeof setup_error ? 0 : 1);
}

/* Tries to set up the isolation in a child. Returns true on success, otherwise false with setup_error. */
static bool can(const struct identity *identity, unsigned isolate, struct setup_error *setup_error)
{
	int ends[2] = {-1, -1};
	pid_t pid = pipe(ends) == 0 ? fork() : -1;
	if (pid == 0)
		attempt(identity, isolate, ends[1]);
	*setup_error = (struct setup_error){STEP_FORK, pid < 0 ? errno : ECHILD};
	close(ends[1]);
	struct pollfd result = {.fd = ends[0], .events = POLLIN};
	if (pid > 0) {
		if (poll(&result, 1, PROBE_MILLISECONDS) == 0)
			setup_error->error = ETIMEDOUT;
		else if (read(ends[0], setup_error, sizeof *setup_error) != (ssize_t)sizeof *setup_error)
			*setup_error = (struct setup_error){STEP_FORK, ECHILD};
		reap_within(pid, EXIT_MILLISECONDS);
	}
	close(ends[0]);
	return setup_error->error == 0;
}

static void print_result(const struct identity *identity, const char *key, unsigned isolate)
{
	struct setup_error setup_error;
	if (can(identity, isolate, &setup_error)) {
		printf("%s=yes\n", key);
		return;
	}
	const char *result = isolate == ISOLATE_NET && net_filter_probe(identity) == NULL ? "filter" : "no";
	printf("%s=%s: %s: %s\n", key, result, setup_steps[setup_error.step].call, strerror(setup_error.error));
}

static void print_cgroup(const struct identity *identity)
{
	const char *why;
	struct options options = {.cgroup = "probe"};
	struct cgroup cgroup;
	if (!cgroup_make(&cgroup, &options, identity, false, &why)) {
		printf("cgroup=no: %s: %s\n", why, strerror(errno));
		return;
	}
	printf("cgroup=yes\ncgroup_kill=%s\n", cgroup.kill >= 0 ? "yes" : "no");
	if (!cgroup_remove(&cgroup))
		print_error("cannot remove the cgroup of the probe: %m");
}

/* Installs a filter in a child, because a seccomp filter cannot be removed. */
static void print_audit(void)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		const char *why = filter_probe();
		if (why == NULL)
			printf("audit=yes\n");
		else
			printf("audit=no: %s%s%s\n", why, errno == 0 ? "" : ": ", errno == 0 ? "" : strerror(errno));
		fflush(stdout);
		_exit(0);
	}
	if (pid > 0)
		reap_within(pid, PROBE_MILLISECONDS);
}

int probe(const struct identity *identity)
{
	struct inherited inherited = inherited_from_portage(ISOLATE_NET | ISOLATE_IPC | ISOLATE_PID);
	printf("mode=%s\n", mode_names[identity->mode]);
	printf("uid=%u\neuid=%u\n", identity->ruid, identity->euid);
	printf("no_new_privs=%s\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? "yes" : "no");
	printf("portage_made_net=%s\nportage_made_ipc=%s\nportage_made_pid=%s\n", inherited.net ? "yes" : "no", inherited.ipc ? "yes" : "no",
	       inherited.pid ? "yes" : "no");
#ifdef __GLIBC__
	/* A static C library is not updated with the system, so portcullis doctor compares the two versions. */
	printf("libc=glibc %s\n", gnu_get_libc_version());
#endif
	fflush(stdout);
	print_result(identity, "net", ISOLATE_NET);
	print_result(identity, "ipc", ISOLATE_IPC);
	print_result(identity, "pid", ISOLATE_PID);
	print_result(identity, "proc", ISOLATE_PID | ISOLATE_PROC);
	print_result(identity, "mount", ISOLATE_MOUNT);
	print_result(identity, "shm", ISOLATE_SHM);
	print_cgroup(identity);
	print_audit();
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : EXIT_REFUSED;
}

int gc(const struct identity *identity)
{
	struct identity own = *identity;
	/* Removing the caller's cgroups needs no privilege. */
	if (!privilege_drop(&own) || !identity_read(&own))
		refuse("cannot drop root privileges: %m");
	int removed = cgroup_gc(&own);
	printf("%d cgroup%s removed\n", removed, removed == 1 ? "" : "s");
	return fflush(stdout) == 0 ? 0 : EXIT_REFUSED;
}
