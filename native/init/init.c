// SPDX-License-Identifier: GPL-2.0-or-later
#include "init/init.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "watcher/seccomp_install.h"

/* Time limit for killing processes. Portage sends SIGTERM 10 s after the command has reported its end; the record must be written by then. */
#define KILL_MILLISECONDS 6000

bool channel_open(int ends[2])
{
	static const int on = 1;
	/* Time limit for sending a message to init. A stopped init does not read, and a full socket buffer must not block the supervisor. */
	static const struct timeval timeout = {.tv_usec = 10000};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	if (setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 &&
	    setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0)
		return true;
	close_fd(ends[0]);
	close_fd(ends[1]);
	return false;
}

void channel_send(int end, const struct message *message)
{
	static const int none[PASSED_FDS] = {-1, -1};
	fd_passing_send(end, message, sizeof *message, message->type == MESSAGE_READY ? message->counters : none);
}

bool channel_receive(int end, struct message *message)
{
	return fd_passing_receive(end, message, sizeof *message, NULL, 0, NULL);
}

static noreturn void kill_and_exit(const struct init *init, bool supervisor_exited)
{
	/* In an untracked phase, kill only if the supervisor has died (no record lists the processes) or has shut the channel down (the watcher has died). */
	bool emptied = (init->tracking == TRACK_SUBREAPER || supervisor_exited) && pids_kill_descendants(clock_milliseconds() + KILL_MILLISECONDS);
	if (supervisor_exited && emptied)
		ipc_objects_remove(init->watcher->ipc_objects);
	/* Kill all processes of the PID namespace now: when process 1 exits, the kernel kills them only after closing its files (do_exit()), which a FUSE server can delay. */
	if (getpid() == 1)
		kill(-1, SIGKILL);
	_exit(0);
}

/*
 * Kills the processes of the phase and exits. Called if the supervisor has exited or shut the channel down, or if poll(2) fails. cgroup.kill can miss processes (see
 * cgroupfs_kill_frozen()), and init cannot kill them afterwards, because cgroup.kill kills init too. So init kills its descendants one by one first.
 */
static noreturn void exit_without_supervisor(const struct init *init)
{
	if (init->cgroup_kill >= 0 && init->tracking == TRACK_SUBREAPER && pids_kill_descendants(clock_milliseconds()))
		ipc_objects_remove(init->watcher->ipc_objects);
	if (init->cgroup_kill >= 0 && write(init->cgroup_kill, "1", 1) != 1)
		print_error("cannot kill the remaining processes by cgroup.kill: %m");
	kill_and_exit(init, true);
}

/* Returns the number of processes and threads that the phase has started in this PID namespace: the newest process ID minus 1, because init has ID 1. Returns 0 if the number is unknown. */
static long count_started(void)
{
	long last = 0;
	AUTO_FCLOSE FILE *load = fopen("/proc/loadavg", "re");
	bool known = load != NULL && fscanf(load, "%*s %*s %*s %*s %ld", &last) == 1;
	return known && last > 1 ? last - 1 : 0;
}

/* Reaps all exited children. Returns the status of the command if it is among them, otherwise -1. Sets *no_children to true if no child remains, otherwise to false. */
static int reap_children(pid_t command, bool *no_children)
{
	int status, command_status = -1;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == command)
			command_status = status;
	*no_children = pid < 0 && errno == ECHILD;
	return command_status;
}

/* Discards signals that init receives: signals to the process group reach the command too, and the supervisor forwards others to the command. */
static void discard_signals(int signal_fd)
{
	struct signalfd_siginfo info;
	while (read(signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		;
}

static void send_ready(const struct init *init)
{
	struct message message = {.type = MESSAGE_READY, .setup_error = init->refused, .counters = {-1, -1}};
	if (init->network == NETWORK_ISOLATED)
		snmp_files(message.counters);
	channel_send(init->channel, &message);
	close_fd(message.counters[0]);
	close_fd(message.counters[1]);
}

/* Starts the command and returns its process ID. With a watcher, opens setup_pipe, by which init gets the descriptor number of the seccomp listener from the command (seccomp_listener_forward()). */
static pid_t start_command(const struct init *init, int setup_pipe[2])
{
	bool is_watched = init->watcher->setup_socket >= 0;
	if (is_watched && pipe2(setup_pipe, O_CLOEXEC) != 0)
		refuse("pipe: %m");
	/* A watched command shares the descriptors of init until its exec, so that init can send the command's listener to the watcher. */
	/* On an architecture that confine does not know (OWN_ARCHITECTURE is 0), there is no listener and clone(2) may take other arguments. qemu-user refuses CLONE_FILES (EINVAL) and has no listener. So fork there. */
	pid_t command = is_watched && OWN_ARCHITECTURE != 0 ? (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL) : fork();
	if (command < 0 && errno == EINVAL)
		command = fork();
	if (command < 0)
		refuse("fork: %m");
	if (command == 0) {
		phase_seccomp_install(init->options, setup_pipe[1], init->network, init->watcher->ipc_objects != NULL, init->watcher->log);
		exec_command(init->options, init->signals);
	}
	return command;
}

noreturn void init_run(const struct init *init)
{
	struct message message;
	/* Make init not dumpable, so that a process of the build with the same user ID cannot attach to init with ptrace(2). */
	if (prctl(PR_SET_DUMPABLE, 0) != 0 && !init->options->best_effort)
		refuse("prctl(PR_SET_DUMPABLE): %m");
	if (init->tracking == TRACK_PID_NAMESPACE && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 && !init->options->best_effort)
		refuse("prctl(PR_SET_PDEATHSIG): %m");
	send_ready(init);
	if (!channel_receive(init->channel, &message) || message.type != MESSAGE_START)
		_exit(EXIT_REFUSED);
	int signal_fd = signals_open();
	if (signal_fd < 0)
		refuse("signalfd: %m");
	int setup_pipe[2] = {-1, -1};
	pid_t command = start_command(init, setup_pipe);
	bool command_exited = false, no_children_sent = false;
	int watcher_socket = init->watcher->setup_socket;
	for (;;) {
		struct pollfd sources[] = {{.fd = init->channel, .events = POLLIN},
					   {.fd = signal_fd, .events = POLLIN},
					   {.fd = watcher_socket, .events = POLLIN},
					   {.fd = setup_pipe[0], .events = POLLIN}};
		if (poll(sources, 4, -1) < 0 && errno != EINTR)
			exit_without_supervisor(init);
		if (sources[1].revents != 0)
			discard_signals(signal_fd);
		if (sources[2].revents != 0 && !maker_serve(watcher_socket, init->watcher->ipc_objects)) {
			close(watcher_socket);
			watcher_socket = -1;
		}
		if (sources[3].revents != 0) {
			seccomp_listener_forward(setup_pipe[0], watcher_socket);
			close(setup_pipe[0]);
			close(setup_pipe[1]);
			setup_pipe[0] = -1;
		}
		bool no_children;
		int status = reap_children(command, &no_children);
		if (status >= 0) {
			command_exited = true;
			struct message exited = {.type = MESSAGE_COMMAND_EXITED, .command_exited = {.status = status}};
			if (init->tracking == TRACK_PID_NAMESPACE)
				exited.command_exited.started = count_started();
			channel_send(init->channel, &exited);
		}
		if (command_exited && no_children && !no_children_sent) {
			no_children_sent = true;
			channel_send(init->channel, &(struct message){.type = MESSAGE_NO_CHILDREN});
		}
		if (sources[0].revents == 0)
			continue;
		if (!channel_receive(init->channel, &message))
			exit_without_supervisor(init);
		if (message.type == MESSAGE_SIGNAL) {
			if (!command_exited)
				kill(command, message.signal);
			channel_send(init->channel, &(struct message){.type = MESSAGE_SIGNAL});
		}
		if (message.type == MESSAGE_TEARDOWN)
			kill_and_exit(init, false);
	}
}
