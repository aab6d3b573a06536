// SPDX-License-Identifier: GPL-2.0-or-later
/* confine: runs a command without access to the host's network and IPC, and kills the processes that it leaves. See confine(8). */

#include "init/init.h"
#include "util/fail.h"
#include "util/fds.h"
#include "probe/probe.h"
#include "privileged/privilege.h"
#include "namespace/namespace.h"
#include "options/options.h"
#include "util/signals.h"
#include "supervisor/supervisor.h"

static const char usage[] =
	"usage: confine [OPTION]... -- COMMAND [ARG]...\n"
	"       confine --probe | --gc\n"
	"\n"
	"  --net                        isolate the network: a new namespace with loopback only\n"
	"  --ipc                        isolate System V IPC, POSIX message queues and /dev/shm\n"
	"  --uses PATH                  with --ipc: share /dev/shm if it contains PATH\n"
	"  --pid                        isolate processes: a new PID namespace with its own /proc\n"
	"  --mount                      isolate mounts: a new mount namespace\n"
	"  --cgroup NAME                track all processes, kill the remaining ones when COMMAND exits\n"
	"  --limit FILE=VALUE           with --cgroup: memory.max=BYTES[KMGT], pids.max=N or cpu.max=N%\n"
	"  --audit                      record connection attempts and DNS lookups\n"
	"  --allow ADDRESS[/BITS]:PORT  with --net: still allow TCP connections to ADDRESS\n"
	"  --resolve HOST=ADDRESS       answer DNS queries for HOST with ADDRESS\n"
	"  --own-sockets                with --net: refuse UNIX sockets with a path that COMMAND has not bound\n"
	"  --allow-socket PATH          permit this UNIX socket of the host\n"
	"  --families NAME[,NAME]...    with --net: allow more socket families: alg, vsock, ..., any\n"
	"  --socks PATH                 make allowed connections through this SOCKS5 proxy\n"
	"  --environ FD                 read the environment of COMMAND from this file descriptor\n"
	"  --record FILE                append one line of JSON about the run to FILE\n"
	"  --notice-file FILE           also write the record to FILE if it reports a problem\n"
	"  --label NAME=VALUE           add a member to the record\n"
	"  --die-with PID               kill COMMAND when the process PID exits\n"
	"  --die-with-lock FILE         kill COMMAND when the POSIX lock on FILE is released\n"
	"  --require                    exit with 125 if an option cannot be fulfilled (default)\n"
	"  --best-effort                run COMMAND anyway; the record lists what is missing\n"
	"  --mknod                      let root create device files: do not use a user namespace\n"
	"  --probe                      print which isolation is available here\n"
	"  --gc                         remove the cgroups that killed runs have left\n"
	"\n"
	"Exit status: that of COMMAND. 125 if confine fails; 126 if COMMAND cannot be executed; 127 if it is not found.\n";

/* Returns whether a supervisor is needed. Without one, confine executes the command itself. */
static bool needs_supervisor(const struct options *options)
{
	return options->cgroup != NULL || options->record != NULL || options->notice_file != NULL || options->die_with_count > 0 ||
	       options->die_with_lock != NULL || options->audit || options->best_effort || options->mknod || options->pid;
}

static noreturn void run_without_supervisor(const struct options *options, struct identity *identity, const struct inherited *inherited,
					    const struct signals *signals)
{
	struct setup_error setup_error;
	struct plan plan = plan_first(options, identity, inherited);
	bool entered = namespaces_enter(identity, plan.mode, plan.isolate, &setup_error);
	if (!privilege_drop(identity))
		refuse("cannot drop root privileges: %m");
	/* Try a user namespace: the seccomp filter of a container can refuse root a namespace that it grants in a user namespace. */
	if (!entered && (plan.mode == MODE_ROOT || plan.mode == MODE_SETUID) && setup_error.error == EPERM) {
		if (!identity_read(identity))
			refuse("getresuid: %m");
		entered = namespaces_enter(identity, MODE_USERNS, plan.isolate, &setup_error);
	}
	/* Only the supervisor can start the watcher, which restricts the network if no namespace can isolate it. */
	if (!entered && options->net && setup_error.step != STEP_MAP && identity_read(identity))
		supervise(options, identity, inherited, signals);
	if (!entered)
		refuse("%s: %s", setup_steps[setup_error.step].call, strerror(setup_error.error));
	phase_seccomp_install(options, -1, NETWORK_ISOLATED, false);
	exec_command(options, signals);
}

int main(int argc, char **argv)
{
	static struct options options;
	struct identity identity;
	struct signals signals;
	char problem[256];
	/* This comes first, so that all files are opened and all messages are written with the rights of the caller. */
	if (!identity_read(&identity) || !privilege_suspend(&identity))
		_exit(EXIT_REFUSED);
	/* In mode userns privilege_suspend() may have dropped privileges permanently, so ids and capabilities are read again. */
	if (identity.mode == MODE_USERNS && !identity_read(&identity))
		_exit(EXIT_REFUSED);
	/* This precedes every open(): a file must not get the number of a standard stream that the caller has closed. */
	if (!fds_fill_stdio(identity.secure))
		_exit(EXIT_REFUSED);
	if (!signals_save(&signals))
		refuse("sigaction: %m");
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		_exit(write(STDOUT_FILENO, usage, sizeof usage - 1) == sizeof usage - 1 ? 0 : EXIT_REFUSED);
	if (!options_parse(&options, argc, argv, problem, sizeof problem))
		refuse("%s", problem);
	/* A descriptor from the caller has survived exec, so it is not close-on-exec. If this one is, confine has opened it. */
	if (options.environ_fd >= 0 && fcntl(options.environ_fd, F_GETFD) != 0)
		refuse("--environ %d: this file descriptor is not open", options.environ_fd);
	if (options.probe)
		return probe(&identity);
	if (options.gc)
		return gc(&identity);
	struct inherited inherited = inherited_from_portage(isolation_requested(&options) | (options.audit ? ISOLATE_NET : 0) |
							    (options.cgroup != NULL ? ISOLATE_PID : 0));
	if (needs_supervisor(&options))
		supervise(&options, &identity, &inherited, &signals);
	run_without_supervisor(&options, &identity, &inherited, &signals);
}
