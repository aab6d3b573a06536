// SPDX-License-Identifier: GPL-2.0-or-later
#include "init/init.h"
#include "options/allow_list.h"
#include "watcher/seccomp_install.h"

/* Reads a uid_map or gid_map. If it maps exactly one id, sets *id to this id inside the user namespace and returns true. Otherwise returns false. */
static bool read_single_id(const char *path, unsigned *id)
{
	char text[64], more;
	unsigned outside, count = 0;
	file_read(AT_FDCWD, path, text, sizeof text);
	return sscanf(text, "%u %u %u %c", id, &outside, &count, &more) == 3 && count == 1;
}

/* Numbers of the Landlock calls on all architectures of seccomp/syscalls.h, for C libraries whose headers lack SYS_landlock_*. */
enum { LANDLOCK_CREATE_RULESET = 444,
       LANDLOCK_RESTRICT_SELF = 446 };

/*
 * Makes the kernel refuse connections to abstract UNIX sockets of processes outside of the phase (landlock(7)). The watcher refuses them
 * too, but a process can change the address after the watcher has read it. Has no effect before Linux 6.12.
 */
static void scope_abstract_sockets(void)
{
	const struct {
		uint64_t handled_access_fs, handled_access_net, scoped;
	} attributes = {.scoped = 1}; /* LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET in include/uapi/linux/landlock.h */
	AUTO_CLOSE int ruleset = (int)syscall(LANDLOCK_CREATE_RULESET, &attributes, sizeof attributes, 0);
	if (ruleset >= 0)
		syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0);
}

void phase_seccomp_install(const struct options *options, int setup_pipe, enum network network, bool ipc_objects, struct network_log *log)
{
	bool has_net_filter = network == NETWORK_FILTERED;
	struct seccomp_rules rules = {.families = options->families};
	if (setup_pipe >= 0)
		rules.active = RULE_WATCHED | (has_net_filter ? RULE_NET_FILTER : options->allow.count > 0 ? RULE_ALLOW_LIST
													   : 0) |
			       (options->own_sockets ? RULE_OWN_SOCKETS : 0) | (ipc_objects ? RULE_IPC_OBJECTS : 0);
	if ((options->isolate & ISOLATE_NET) != 0 && network != NETWORK_OPEN && options->families != FAMILIES_ANY)
		rules.active |= RULE_FAMILIES;
	if (read_single_id("/proc/self/uid_map", &rules.uid) && read_single_id("/proc/self/gid_map", &rules.gid))
		rules.active |= RULE_SINGLE_ID;
	bool is_watched = setup_pipe >= 0 && seccomp_filter_install(setup_pipe, &rules, network == NETWORK_ISOLATED, log);
	if (has_net_filter && !is_watched)
		refuse("--net: cannot install the seccomp filter that replaces a network namespace");
	if (has_net_filter)
		scope_abstract_sockets();
	if (is_watched)
		return;
	if (options->own_sockets && !options->best_effort)
		refuse("--own-sockets: cannot install a seccomp listener");
	rules.active &= RULE_FAMILIES | RULE_SINGLE_ID;
	if (rules.active == 0)
		return;
	/* Ignore ENOTSUP: confine has no table of system calls for this architecture, so the command may use all socket families (docs/audit.md). */
	if (seccomp_install(&rules) >= 0 || rules.active == RULE_SINGLE_ID || errno == ENOTSUP)
		return;
	if (!options->best_effort)
		refuse("--net: cannot restrict socket families: seccomp: %m");
	print_error("--net: socket families are not restricted: seccomp: %m");
}

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
	if (!signals_restore(signals))
		refuse("cannot restore the signal settings that confine had at its start: %m");
	/* execvp() searches the directories in PATH of environ, which must be the PATH of the command. */
	environ = environment;
	execvp(options->command[0], options->command);
	int error = errno;
	print_error("%s: %m", options->command[0]);
	_exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}
