#include "init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/clock.h"
#include "init/exec_command.h"
#include "util/fail.h"
#include "util/fds.h"
#include "util/process.h"
#include "namespace/snmp.h"
#include "watcher/socket_maker.h"

/* Portage sends SIGTERM 10 s after the command has reported; telling needs some of that. */
#define KILL_MILLISECONDS 6000

static noreturn void end(const struct init *init, bool orphaned)
{
	/* What is watched can't do without its watcher, who ends with the supervisor. */
	if (init->tracking == TRACK_SUBREAPER || (orphaned && init->watcher_socket >= 0))
		pids_kill_descendants(clock_milliseconds() + KILL_MILLISECONDS);
	_exit(0);
}

/* With nobody outside to empty the cgroup, it is ours to do, and takes us along: whom it misses (see cgroup_kill()) goes first. */
static noreturn void end_orphaned(const struct init *init)
{
	if (init->cgroup_kill >= 0 && init->tracking == TRACK_SUBREAPER)
		pids_kill_descendants(clock_milliseconds());
	if (init->cgroup_kill >= 0 && write(init->cgroup_kill, "1", 1) != 1)
		complain("cgroup.kill: %m");
	end(init, true);
}

/* The last number given out in our PID namespace, which process 1 opened: that many were started, less ourselves. */
static long count_started(void)
{
	long last = 0;
	FILE *load = fopen("/proc/loadavg", "re");
	if (load == NULL)
		return 0;
	if (fscanf(load, "%*s %*s %*s %*s %ld", &last) != 1)
		last = 0;
	fclose(load);
	return last > 1 ? last - 1 : 0;
}

/* Collects whoever ended. Returns the command's status once it is among them, else -1; alone tells that nobody is left. */
static int collect(pid_t command, bool *alone)
{
	int status, ended = -1;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == command)
			ended = status;
	*alone = pid < 0 && errno == ECHILD;
	return ended;
}

/* Signals that reach us reached the whole group: the supervisor alone hands on, or the command would get each twice. */
static void swallow(int signals)
{
	struct signalfd_siginfo info;
	while (read(signals, &info, sizeof info) == (ssize_t)sizeof info)
		;
}

noreturn void init_run(const struct init *init)
{
	/* The build may hold the same ids: it must not attach to us. What ends us must be the supervisor's end, or its word. */
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		refuse("prctl(PR_SET_DUMPABLE): %m");
	bool reaps = init->tracking == TRACK_SUBREAPER || (init->tracking == TRACK_NOTHING && init->watcher_socket >= 0);
	if (reaps && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		refuse("prctl(PR_SET_CHILD_SUBREAPER): %m");
	struct message message = {.type = MESSAGE_READY, .counters = {-1, -1}};
	if (init->isolated_net)
		snmp_files(message.counters);
	channel_send(init->channel, &message);
	for (int i = 0; i < 2; i++)
		if (message.counters[i] >= 0)
			close(message.counters[i]);
	if (channel_receive(init->channel, &message) != 1 || message.type != MESSAGE_START)
		_exit(EXIT_REFUSED);
	if (init->tracking == TRACK_PID_NAMESPACE && message.parent_exited && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		refuse("prctl(PR_SET_PDEATHSIG): %m");
	int signals = signals_open();
	if (signals < 0)
		refuse("signalfd: %m");
	pid_t command = fork();
	if (command < 0)
		refuse("fork: %m");
	if (command == 0) {
		phase_filter_install(init->options, init->watcher_socket, init->isolated_net);
		exec_command(init->options, init->signals);
	}
	/* The caller's files: nothing shall wait for an end-of-file that we alone hold back. */
	close_fds_except((const int[]){init->channel, init->cgroup_kill, signals, init->watcher_socket}, 4);

	bool ended = false, said_alone = false;
	int watcher_socket = init->watcher_socket;
	for (;;) {
		struct pollfd sources[] = {
			{.fd = init->channel, .events = POLLIN}, {.fd = signals, .events = POLLIN}, {.fd = watcher_socket, .events = POLLIN}};
		if (poll(sources, 3, -1) < 0 && errno != EINTR)
			end_orphaned(init);
		if (sources[1].revents != 0)
			swallow(signals);
		if (sources[2].revents != 0 && !socket_maker_serve(watcher_socket)) {
			close(watcher_socket);
			watcher_socket = -1;
		}
		bool alone;
		int status = collect(command, &alone);
		if (status >= 0) {
			ended = true;
			struct message last = {.type = MESSAGE_COMMAND_EXITED, .ended = {.status = status}};
			if (init->tracking == TRACK_PID_NAMESPACE)
				last.ended.started = count_started() - (init->watcher_socket >= 0);
			channel_send(init->channel, &last);
		}
		if (ended && alone && !said_alone) {
			said_alone = true;
			channel_send(init->channel, &(struct message){.type = MESSAGE_NO_CHILDREN});
		}
		if (sources[0].revents == 0)
			continue;
		if (channel_receive(init->channel, &message) != 1)
			end_orphaned(init);
		if (message.type == MESSAGE_SIGNAL && !ended)
			kill(command, message.signal);
		if (message.type == MESSAGE_TEARDOWN)
			end(init, false);
	}
}
