#include "probe/probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watcher/filter.h"
#include "cgroup/cgroup.h"
#include "util/fail.h"
#include "namespace/inherited.h"
#include "namespace/namespace.h"
#include "privileged/isolate.h"

/* Tries isolate in a child. Returns true, or false with setback. */
static bool can(const struct identity *identity, enum mode mode, unsigned isolate, struct setup_error *setup_error)
{
	int ends[2];
	*setup_error = (struct setup_error){STEP_FORK, 0};
	if (pipe(ends) != 0) {
		setup_error->error = errno;
		return false;
	}
	pid_t pid = fork();
	if (pid == 0) {
		if (namespaces_enter(identity, mode, isolate, setup_error) && (isolate & ISOLATE_PID) != 0) {
			pid_t init = fork();
			if (init == 0 && (isolate & ISOLATE_PROC) != 0 && !isolate_mount_proc(identity, setup_error))
				_exit(write(ends[1], setup_error, sizeof *setup_error) == (ssize_t)sizeof *setup_error ? 1 : 2);
			if (init == 0)
				_exit(0);
			int status;
			_exit(init > 0 && waitpid(init, &status, 0) == init && status == 0 ? 0 : 1);
		}
		if (setup_error->error == 0)
			_exit(0);
		_exit(write(ends[1], setup_error, sizeof *setup_error) == (ssize_t)sizeof *setup_error ? 1 : 2);
	}
	setup_error->error = errno;
	close(ends[1]);
	int status = -1;
	if (pid > 0 && read(ends[0], setup_error, sizeof *setup_error) >= 0)
		waitpid(pid, &status, 0);
	close(ends[0]);
	return status == 0;
}

static void print_try(const struct identity *identity, const char *key, unsigned isolate)
{
	struct setup_error setup_error;
	if (can(identity, identity->mode, isolate, &setup_error))
		printf("%s=yes\n", key);
	else
		printf("%s=no: %s: %s\n", key, step_words[setup_error.step].doing, strerror(setup_error.error));
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
		complain("removing the cgroup made to see whether one can be: %m");
}

/* Tried in a child: a filter stays for good. */
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
		waitpid(pid, NULL, 0);
}

int probe(const struct identity *identity)
{
	struct inherited inherited = inherited_from_portage(true, true, true);
	printf("mode=%s\n", mode_names[identity->mode]);
	printf("uid=%u\neuid=%u\n", identity->ruid, identity->euid);
	printf("no_new_privs=%s\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? "yes" : "no");
	printf("portage_made_net=%s\nportage_made_ipc=%s\nportage_made_pid=%s\n", inherited.net ? "yes" : "no", inherited.ipc ? "yes" : "no",
	       inherited.pid ? "yes" : "no");
	fflush(stdout);
	print_try(identity, "net", ISOLATE_NET);
	print_try(identity, "ipc", ISOLATE_IPC);
	print_try(identity, "pid", ISOLATE_PID);
	print_try(identity, "proc", ISOLATE_PID | ISOLATE_PROC);
	print_cgroup(identity);
	print_audit();
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : EXIT_REFUSED;
}
