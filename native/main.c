/* confine: runs a command cut off from the host's network and IPC, tracked, and leaves nothing of it. See confine(8). */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "init/exec_command.h"
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
	"  --net              a network of its own: loopback up, nothing else\n"
	"  --ipc              System V IPC objects and POSIX message queues of its own\n"
	"  --cgroup NAME      tracked; what it leaves running is killed when it exits\n"
	"  --limit FILE=VALUE memory.max=BYTES[KMGT], pids.max=N or cpu.max=N%, with --cgroup\n"
	"  --audit            record what it tries to reach, and which names it looks up\n"
	"  --allow ADDRESS[/BITS]:PORT  let TCP connections to it through (with --net; [IPV6]:PORT)\n"
	"  --resolve HOST=ADDRESS  what the name server inside answers for that host\n"
	"  --families NAME[,NAME]...  sockets of these families too, with --net: alg, vsock, ..., any\n"
	"  --socks PATH       make these connections through the SOCKS5 proxy on this socket\n"
	"  --environ FD       take the command's environment from this open file\n"
	"  --chown-eperm      where ids are mapped, chown to others is EPERM as outside, not EINVAL\n"
	"  --record FILE      append one line of JSON about the run\n"
	"  --notice-file FILE        put that line here too, if a user should hear of it\n"
	"  --label NAME=VALUE goes into the record\n"
	"  --die-with PID        end when that process has died\n"
	"  --die-with-lock FILE        end when nobody holds a POSIX lock on that file any more\n"
	"  --require          run nothing unless all of it can be had (the default)\n"
	"  --best-effort      run with what can be had; the record says what could not\n"
	"  --probe            say what could be had here, and why not\n"
	"  --gc               remove the cgroups that killed runs have left\n"
	"\n"
	"Exit status: the command's; 125 if confine refused, 126 or 127 as env(1).\n";

/* Whether somebody must stay outside: to write, to watch, to kill, or to try again with less. */
static bool needs_supervisor(const struct options *options)
{
	return options->cgroup != NULL || options->record != NULL || options->notice_file != NULL || options->die_with_count > 0 ||
	       options->die_with_lock != NULL || options->audit || options->best_effort;
}

static noreturn void run_alone(const struct options *options, struct identity *identity, const struct inherited *inherited,
			       const struct signals *signals)
{
	struct setup_error setup_error;
	unsigned isolate = (options->net && !inherited->net ? ISOLATE_NET : 0) | (options->ipc && !inherited->ipc ? ISOLATE_IPC : 0);
	enum mode mode = isolate == 0 ? MODE_NONE : identity->mode;
	bool entered = namespaces_enter(identity, mode, isolate, &setup_error);
	if (!privilege_drop(identity))
		refuse("dropping root privileges: %m");
	/* A container's seccomp filter may refuse root what it lets a user namespace have. What was entered half stays behind. */
	if (!entered && (mode == MODE_ROOT || mode == MODE_SETUID) && setup_error.error == EPERM) {
		if (!identity_read(identity))
			refuse("getresuid: %m");
		entered = namespaces_enter(identity, MODE_USERNS, isolate, &setup_error);
	}
	if (!entered)
		refuse("%s: %s", setup_steps[setup_error.step].call, strerror(setup_error.error));
	phase_filter_install(options, -1, true);
	exec_command(options, signals);
}

int main(int argc, char **argv)
{
	static struct options options;
	struct identity identity;
	struct signals signals;
	char problem[256];
	/* First of all: from here on every byte is read, every file opened and every message written as the caller. */
	if (!identity_read(&identity) || !privilege_suspend(&identity))
		_exit(EXIT_REFUSED);
	/* What was given up for good is ours no more. */
	if (identity.mode == MODE_USERNS && !identity_read(&identity))
		_exit(EXIT_REFUSED);
	/* Next, so that no file of ours gets a number that the caller or we write to as stderr. */
	if (!fds_fill_stdio(identity.secure))
		_exit(EXIT_REFUSED);
	if (!signals_save(&signals))
		refuse("sigaction: %m");
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		_exit(write(STDOUT_FILENO, usage, sizeof usage - 1) == sizeof usage - 1 ? 0 : EXIT_REFUSED);
	if (!options_parse(&options, argc, argv, problem, sizeof problem))
		refuse("%s", problem);
	/* Before anything of ours is open. What was inherited through exec can't be close-on-exec. */
	if (options.environ_fd >= 0 && fcntl(options.environ_fd, F_GETFD) != 0)
		refuse("--environ %d: no file of that number is open", options.environ_fd);
	if (options.probe)
		return probe(&identity);
	if (options.gc)
		return gc(&identity);
	struct inherited inherited = inherited_from_portage(options.net || options.audit, options.ipc, options.cgroup != NULL);
	/* In Portage's network nobody else may have port 53, and a userpriv phase not even its own: names are answered in one of ours. */
	if (options.allow.name_count > 0)
		inherited.net = false;
	if (needs_supervisor(&options))
		supervise(&options, &identity, &inherited, &signals);
	run_alone(&options, &identity, &inherited, &signals);
}
