// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/prctl.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "cgroup/cgroup.h"
#include "namespace/namespace.h"
#include "privileged/isolate.h"
#include "probe/probe.h"
#include "util/process.h"
#include "watcher/watcher.h"

/* Time limit for trying one kind of isolation in a child process. The attempt normally takes milliseconds. */
#define PROBE_MILLISECONDS 30000

struct attempt {
	const struct identity *identity;
	unsigned isolate;
	struct setup_error setup_error; /* failed step and its errno; on success, the errno is 0 */
};

static void try_isolation(void *data)
{
	struct attempt *attempt = data;
	struct setup_error *setup_error = &attempt->setup_error;
	bool entered = namespaces_enter(attempt->identity, attempt->identity->mode, attempt->isolate, setup_error);
	pid_t init = entered && (attempt->isolate & ISOLATE_PID) != 0 ? fork() : 0;
	if (init > 0)
		_exit(0);
	if (init < 0)
		*setup_error = (struct setup_error){STEP_FORK, errno};
	else if (entered && (setup_steps[setup_error->step].required_for & attempt->isolate) == 0 &&
		 ((attempt->isolate & ISOLATE_PROC) == 0 || isolate_mount_proc(attempt->identity, setup_error)))
		*setup_error = (struct setup_error){STEP_NONE, 0};
}

static void print_result(const struct identity *identity, const char *key, unsigned isolate)
{
	struct attempt attempt = {.identity = identity, .isolate = isolate};
	if (!call_in_child(try_isolation, &attempt, sizeof attempt, PROBE_MILLISECONDS))
		attempt.setup_error = (struct setup_error){STEP_FORK, errno};
	if (attempt.setup_error.error == 0) {
		printf("%s=yes\n", key);
		return;
	}
	const char *result = isolate == ISOLATE_NET && watcher_probe(identity, true) == NULL ? "filter" : "no";
	printf("%s=%s: %s: %s\n", key, result, setup_steps[attempt.setup_error.step].call, strerror(attempt.setup_error.error));
}

static void print_cgroup(const struct identity *identity)
{
	const char *why;
	struct options options = {.cgroup = "probe"};
	struct cgroup cgroup;
	if (!cgroup_make(&cgroup, &options, identity, &why)) {
		printf("cgroup=no: %s: %s\n", why, strerror(errno));
		return;
	}
	printf("cgroup=yes\ncgroup_kill=%s\n", cgroup.kill >= 0 ? "yes" : "no");
	if (!cgroup_remove(&cgroup))
		print_error("cannot remove the cgroup of the probe: %m");
}

static void print_audit(const struct identity *identity)
{
	const char *why = watcher_probe(identity, false);
	if (why == NULL)
		printf("audit=yes\n");
	else
		printf("audit=no: %s%s%s\n", why, errno == 0 ? "" : ": ", errno == 0 ? "" : strerror(errno));
}

int probe(const struct identity *identity)
{
	unsigned inherited = inherited_from_portage(ISOLATE_NET | ISOLATE_IPC | ISOLATE_PID);
	printf("mode=%s\n", mode_names[identity->mode]);
	printf("uid=%u\neuid=%u\n", identity->ruid, identity->euid);
	printf("no_new_privs=%s\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? "yes" : "no");
	for (size_t i = 0; i < ISOLATIONS; i++)
		if (isolation_names[i].bit != ISOLATE_MOUNT)
			printf("portage_made_%s=%s\n", isolation_names[i].name, (inherited & isolation_names[i].bit) != 0 ? "yes" : "no");
#ifdef __GLIBC__
	/* Print the version of confine's glibc. portcullis doctor compares it with the system's, because a glibc that is linked statically into confine is not updated with the system. */
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
	print_audit(identity);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : EXIT_REFUSED;
}

int gc(const struct identity *identity)
{
	struct identity own = *identity;
	/* Drop privileges: confine needs none for removing the cgroups of the user who starts it. */
	if (!privilege_drop(&own) || !identity_read(&own))
		refuse("cannot drop root privileges: %m");
	int removed = cgroup_gc(&own);
	printf("%d cgroup%s removed\n", removed, removed == 1 ? "" : "s");
	return fflush(stdout) == 0 ? 0 : EXIT_REFUSED;
}
