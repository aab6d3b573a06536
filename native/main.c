// SPDX-License-Identifier: GPL-2.0-or-later
/* confine: runs a command without access to the host's network and IPC, and kills the processes that the command leaves running. See confine(8). */

#include "init/init.h"
#include "util/fds.h"
#include "probe/probe.h"
#include "privileged/privilege.h"
#include "namespace/namespace.h"
#include "options/options.h"
#include "util/process.h"
#include "supervisor/supervisor.h"

/* Returns true if an option needs a supervisor process. Otherwise confine sets up the isolation and replaces itself by the command (exec). */
static bool needs_supervisor(const struct options *options)
{
	return options->cgroup != NULL || options->record != NULL || options->notice_file != NULL || options->die_with_count > 0 ||
	       options->die_with_lock != NULL || options->die_with_file != NULL || options->audit || options->best_effort || options->mknod || (options->isolate & ISOLATE_PID) != 0;
}

static noreturn void run_without_supervisor(const struct options *options, struct identity *identity, unsigned inherited,
					    const struct signals *signals)
{
	struct setup_error setup_error;
	struct plan plan = plan_first(options, identity, inherited);
	bool entered = namespaces_enter(identity, plan.mode, plan.isolate, &setup_error);
	if (!privilege_drop(identity))
		refuse("cannot drop root privileges: %m");
	/* If namespaces_enter() failed, a supervisor tries again and degrades the plan (to a user namespace or the network filter). Not if STEP_MAP failed: this process may be in a user namespace without id maps. */
	if (!entered && setup_error.step != STEP_MAP && identity_read(identity))
		supervise(options, identity, inherited, signals);
	if (!entered)
		refuse("%s: %s", setup_steps[setup_error.step].call, strerror(setup_error.error));
	phase_seccomp_install(options, -1, NETWORK_ISOLATED, false, NULL);
	exec_command(options, signals);
}

int main(int argc, char **argv)
{
	static struct options options;
	struct identity identity;
	struct signals signals;
	char problem[256];
	/* Suspend the privileges first, so that confine opens all files and writes all messages with the user ID of the user who starts confine and without capabilities. */
	if (!identity_read(&identity) || !privilege_suspend(&identity))
		_exit(EXIT_REFUSED);
	/* In mode userns privilege_suspend() may have dropped privileges permanently, so read the ids and capabilities again. */
	if (identity.mode == MODE_USERNS && !identity_read(&identity))
		_exit(EXIT_REFUSED);
	/* Fill standard streams before the first open(): if confine was started with such a stream closed, a file of confine must not get its number. */
	if (!fds_fill_stdio(identity.secure))
		_exit(EXIT_REFUSED);
	if (!signals_save(&signals))
		refuse("sigaction: %m");
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		_exit(options_print_help() ? 0 : EXIT_REFUSED);
	if (!options_parse(&options, argc, argv, problem, sizeof problem))
		refuse("%s", problem);
	/* Refuse a descriptor that confine did not get at its start. The descriptors from the start have survived exec, so a close-on-exec descriptor belongs to a file that confine has opened. */
	if (options.environ_fd >= 0 && fcntl(options.environ_fd, F_GETFD) != 0)
		refuse("--environ %d: this file descriptor is not open", options.environ_fd);
	if (options.probe)
		return probe(&identity);
	if (options.gc)
		return gc(&identity);
	unsigned inherited = inherited_from_portage(options.isolate | (options.audit ? ISOLATE_NET : 0) | (options.cgroup != NULL ? ISOLATE_PID : 0));
	if (needs_supervisor(&options))
		supervise(&options, &identity, inherited, &signals);
	run_without_supervisor(&options, &identity, inherited, &signals);
}
