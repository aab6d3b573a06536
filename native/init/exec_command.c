// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "init/exec_command.h"
#include "options/families.h"
#include "util/fail.h"
#include "watcher/filter.h"

void phase_filter_install(const struct options *options, int watcher_socket, bool isolated_net)
{
	struct filter_rules rules = {
		.watched = watcher_socket >= 0,
		.allow_list = watcher_socket >= 0 && options->allow.count > 0,
		.families = options->net && isolated_net ? options->families : FAMILIES_ANY,
	};
	if (rules.watched && filter_install(watcher_socket, &rules))
		return;
	rules.watched = rules.allow_list = false;
	/* ENOTSUP: confine has no table of system calls for this architecture, so it cannot restrict families (docs/audit.md). */
	if (rules.families == FAMILIES_ANY || filter_install_without_listener(&rules) || errno == ENOTSUP)
		return;
	if (!options->best_effort)
		refuse("--net: restricting socket families: seccomp: %m");
	print_error("--net: socket families are not restricted: seccomp: %m");
}

extern char **environ;

static char **read_environment(int fd)
{
	char **environment = environment_read(fd);
	if (environment == NULL)
		refuse("--environ %d: read: %m", fd);
	/* The command must not inherit the descriptor of --environ, unless it is a standard stream. */
	if (fd > STDERR_FILENO && close(fd) != 0)
		refuse("--environ %d: close: %m", fd);
	return environment;
}

noreturn void exec_command(const struct options *options, const struct signals *signals)
{
	char **environment = environ;
	if (options->environ_fd >= 0)
		environment = read_environment(options->environ_fd);
	else
		environment_restore(environment);
	id_filter_install();
	if (!signals_restore(signals))
		refuse("restoring the signal mask and handlers of the caller: %m");
	/* execvp() searches the directories in PATH of environ, which must be the PATH of the command. */
	environ = environment;
	execvp(options->command[0], options->command);
	int error = errno;
	print_error("%s: %m", options->command[0]);
	_exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}
