// SPDX-License-Identifier: GPL-2.0-or-later

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "namespace/namespace.h"
#include "privileged/isolate.h"
#include "watcher/watcher_internal.h"
#include "util/fds.h"
#include "util/process.h"
#include "target/yama_broker.h"

/* Time limit for each wait at the end of the phase: for the end of the watcher or its answer that it stays, and for the end of the DNS server process. */
#define END_MILLISECONDS 1000
/* Time limit of an attempt to close the files inherited from the process that started confine, and maximum number of attempts. Each attempt closes at least one file, unless its thread gets no processor in time. */
#define CLOSE_MILLISECONDS 250
#define CLOSE_ATTEMPTS 16

bool watcher_open(struct watcher *watcher, bool wanted)
{
	int ends[2];
	*watcher = (struct watcher){.setup_socket = -1, .setup_socket_watcher = -1, .control = -1, .broker = -1, .dns_client = -1, .dns_server = -1};
	if (!wanted)
		return true;
	watcher->log = memory_share(sizeof *watcher->log);
	if (watcher->log == NULL)
		return false;
	/* Test now whether these descriptors can be created: if the watcher process failed to create them later, it would exit, and the supervisor would kill the phase. */
	AUTO_CLOSE int epoll = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	bool prepared = epoll >= 0 && timer >= 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0;
	if (prepared) {
		watcher->setup_socket_watcher = ends[0];
		watcher->setup_socket = ends[1];
	} else {
		watch_status_set_no(&watcher->log->calls, "preparing the watcher process of confine", errno);
	}
	return prepared;
}

/* Argument of close_other_files(): the descriptors that the thread keeps open while it closes all others. */
struct kept_files {
	int fds[2 * NAME_SERVERS + 1];
	size_t count;
};

static void *close_other_files(void *data)
{
	const struct kept_files *kept = data;
	close_fds_except(kept->fds, kept->count);
	return NULL;
}

/* Lets a new thread close all descriptors except fds, because a FUSE server can delay a close (fuse_flush() in fs/fuse/file.c). Returns true if all are closed. Returns false after a time limit: the descriptor whose close is delayed is then left to the thread, and the function must be called again for the others. */
static bool close_in_thread(const int *fds, size_t count)
{
	pthread_t thread;
	struct timespec limit;
	struct kept_files *kept = malloc(sizeof *kept);
	if (kept == NULL) {
		close_fds_except(fds, count);
		return true;
	}
	memcpy(kept->fds, fds, count * sizeof *fds);
	kept->count = count;
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_nsec += CLOSE_MILLISECONDS * 1000000L;
	limit.tv_sec += limit.tv_nsec / 1000000000L;
	limit.tv_nsec %= 1000000000L;
	if (pthread_create(&thread, NULL, close_other_files, kept) != 0) {
		close_other_files(kept);
	} else if (pthread_timedjoin_np(thread, NULL, &limit) != 0) {
		/* unshare(2) gives this thread a copy of the descriptor table. The stuck thread, which may continue later, keeps the old table and the memory at kept. */
		if (unshare(CLONE_FILES) == 0)
			return false;
		pthread_join(thread, NULL);
	}
	free(kept);
	return true;
}

/* Closes all descriptors except keep, so that a watcher that outlives the command does not hold pipes and terminals of the process that started confine open. Then opens /dev/null as descriptors 0 to 2. Returns false and sets errno on failure. */
static bool close_files_except(const int *keep, size_t count)
{
	for (int attempt = 0; attempt < CLOSE_ATTEMPTS && !close_in_thread(keep, count); attempt++)
		;
	/* Fail with ETIME if descriptor 0 is still open, so that open(2) returns another number. If open(2) or dup3(2) fails, that call sets errno. */
	errno = ETIME;
	return open("/dev/null", O_RDWR | O_CLOEXEC) == STDIN_FILENO && dup3(STDIN_FILENO, STDOUT_FILENO, O_CLOEXEC) >= 0 &&
	       dup3(STDIN_FILENO, STDERR_FILENO, O_CLOEXEC) >= 0;
}

void watcher_open_dns(struct watcher *watcher)
{
	int ends[2];
	if (watcher->setup_socket_watcher < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return;
	watcher->dns_client = ends[0];
	watcher->dns_server = ends[1];
	watcher->log->names.watched = WATCHED_YES;
}

/* Makes a network namespace, and opens there the sockets for each name server of /etc/resolv.conf. Returns NULL if at least one socket was opened. Otherwise sets errno and returns the name of the step that failed. */
static const char *open_listeners(const struct identity *identity, const struct resolv_conf *conf, int listeners[NAME_SERVERS][2])
{
	struct setup_error setup_error;
	bool any = false;
	if (!namespaces_enter(identity, identity->mode, ISOLATE_NET, &setup_error)) {
		errno = setup_error.error;
		return setup_steps[setup_error.step].call;
	}
	for (size_t i = 0; i < conf->server_count; i++)
		any = dns_sockets_open(identity, &conf->servers[i], listeners[i]) || any;
	return any ? NULL : "listening on port 53";
}

static noreturn void run_dns_server(const struct watcher *watcher, const struct options *options, const struct identity *identity, int channel, int cgroup)
{
	static struct resolv_conf conf;
	int listeners[NAME_SERVERS][2];
	sigset_t all;
	sigfillset(&all);
	/* Close these before unshare(2), which can take seconds: if the supervisor is killed in this time, init and the watcher must get the end of file, and the lock of the cgroup must be free. */
	close_fd(channel);
	close_fd(cgroup);
	close_fd(watcher->control);
	ipc_objects_unmap(watcher->ipc_objects);
	resolv_conf_read(&conf);
	for (size_t i = 0; i < NAME_SERVERS; i++)
		listeners[i][0] = listeners[i][1] = -1;
	sigprocmask(SIG_SETMASK, &all, NULL);
	const char *failed = open_listeners(identity, &conf, listeners);
	if (failed == NULL && (!privilege_drop(identity) || !watcher_rights_reduce(false, NULL)))
		failed = "dropping the privileges of the DNS server process";
	/* Close the other files only now, after unshare(2) and setuid(3), because the thread that closes them can get stuck. Beside such a thread, unshare(2) would fail, and setuid(3) would wait for the thread. */
	int keep[1 + 2 * NAME_SERVERS] = {watcher->dns_server};
	memcpy(keep + 1, listeners, sizeof listeners);
	if (failed == NULL && !close_files_except(keep, 1 + 2 * NAME_SERVERS))
		failed = "preparing the DNS server process of confine";
	if (failed != NULL) {
		watch_status_set_no(&watcher->log->names, failed, errno);
		_exit(1);
	}
	prctl(PR_SET_NAME, "confine-dns");
	watcher_rights_limit_calls();
	dns_server_run(watcher->dns_server, listeners, &conf, &options->allow, watcher->log);
}

void watcher_start_dns(struct watcher *watcher, const struct options *options, const struct identity *identity, int channel, int cgroup)
{
	if (watcher->dns_server < 0)
		return;
	watcher->dns_pid = fork();
	if (watcher->dns_pid == 0)
		run_dns_server(watcher, options, identity, channel, cgroup);
	if (watcher->dns_pid < 0)
		watch_status_set_no(&watcher->log->names, "starting the DNS server process: fork", errno);
	close(watcher->dns_server);
	watcher->dns_server = -1;
}

static noreturn void run_watcher(const struct watcher *watcher, const struct options *options, enum egress_route route)
{
	int keep[] = {watcher->setup_socket_watcher, watcher->control, watcher->broker, watcher->dns_client};
	sigset_t all;
	sigfillset(&all);
	bool phase_is_root = geteuid() == 0;
	ipc_objects_unmap(watcher->ipc_objects);
	if (!watcher_rights_reduce(true, route == ROUTE_SOCKS ? options->socks : NULL) && !options->best_effort)
		refuse("cannot drop the privileges of the watcher process: %m");
	if (sigprocmask(SIG_SETMASK, &all, NULL) != 0 || !close_files_except(keep, 4))
		refuse("cannot prepare the watcher process: %m");
	prctl(PR_SET_NAME, "confine-watcher");
	watcher_rights_limit_calls();
	loop_run(watcher, options, route, phase_is_root);
}

void watcher_start(struct watcher *watcher, const struct options *options, enum egress_route route)
{
	int ends[2], broker[2] = {-1, -1};
	if (watcher->net_filter)
		watcher->log->names.watched = WATCHED_YES;
	if (watcher->setup_socket_watcher < 0)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		refuse("cannot prepare the watcher process: %m");
	/* If the socket pair cannot be created, continue without a Yama broker. The log then counts the calls whose memory the watcher cannot read. */
	if (yama_broker_is_needed() && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, broker) != 0)
		broker[0] = broker[1] = -1;
	/* Clear the dumpable flag before the fork, because the build may have the same ids and could otherwise get the listener from the watcher by ptrace(2). */
	int dumpable = prctl(PR_GET_DUMPABLE);
	if (prctl(PR_SET_DUMPABLE, 0) != 0 && !options->best_effort)
		refuse("prctl(PR_SET_DUMPABLE): %m");
	watcher->pid = fork();
	if (watcher->pid == 0) {
		watcher->control = ends[1];
		watcher->broker = broker[1];
		run_watcher(watcher, options, route);
	}
	if (watcher->pid < 0)
		refuse("cannot start the watcher process: fork: %m");
	if (dumpable == 1)
		prctl(PR_SET_DUMPABLE, 1);
	close(ends[1]);
	close(watcher->setup_socket);
	close(watcher->setup_socket_watcher);
	close_fd(watcher->dns_client);
	watcher->setup_socket = watcher->dns_client = watcher->setup_socket_watcher = -1;
	watcher->control = ends[0];
	watcher->broker = broker[0];
	close_fd(broker[1]);
	if (watcher->broker >= 0)
		yama_broker_start(watcher->broker);
}

static bool asks_to_stay(int control)
{
	char byte = 0;
	struct pollfd reply = {.fd = control, .events = POLLIN};
	return send(control, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 && poll(&reply, 1, END_MILLISECONDS) == 1 &&
	       recv(control, &byte, 1, MSG_DONTWAIT) == 1;
}

void watcher_end(struct watcher *watcher, bool phase_may_live_on)
{
	if (watcher->pid <= 0)
		return;
	if (watcher->broker >= 0)
		shutdown(watcher->broker, SHUT_RDWR);
	bool stays = phase_may_live_on && asks_to_stay(watcher->control);
	close(watcher->control);
	if (!stays)
		reap_within(watcher->pid, END_MILLISECONDS);
	/* If no DNS server process was started, leave the descriptor dns_server open: after a close, a watcher that stays would log that this process has exited. */
	/* Wait for the end of the DNS server process before the record is written, because it exits after it has logged the last queries. */
	if (!stays && watcher->dns_pid > 0)
		reap_within(watcher->dns_pid, END_MILLISECONDS);
	watcher->pid = watcher->dns_pid = 0;
}
