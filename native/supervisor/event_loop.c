// SPDX-License-Identifier: GPL-2.0-or-later
#include "supervisor/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Time limit for confine's init process to confirm a forwarded signal. If it does not confirm in time, it cannot run (its cgroup may be frozen), so confine kills the phase. */
#define SIGNAL_MILLISECONDS 5000

/* Returns true if no process holds a lock on the file fd; false if one does, or if fd is -1. Tests POSIX locks and locks of flock(2), which Portage uses where POSIX locks do not work (_get_lock_fn() in portage/locks.py). */
static bool lock_is_free(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	return fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK && flock(fd, LOCK_SH | LOCK_NB) == 0;
}

static bool is_deleted(int fd)
{
	struct stat file;
	return fd >= 0 && fstat(fd, &file) == 0 && file.st_nlink == 0;
}

bool is_wanted(const struct supervisor *s)
{
	return !is_deleted(s->file) && !lock_is_free(s->lock);
}

bool liveness_open(struct supervisor *s)
{
	for (size_t i = 0; i < s->options->die_with_count; i++) {
		int fd = (int)syscall(SYS_pidfd_open, s->options->die_with[i], 0);
		if (fd < 0 && errno == ESRCH)
			return false;
		/* Before Linux 5.3 there is no pidfd_open(2), so --die-with has no effect. Only --die-with-lock and --die-with-file work there. */
		if (fd >= 0)
			s->pidfds[s->pidfd_count++] = fd;
	}
	if (s->options->die_with_lock != NULL)
		s->lock = open(s->options->die_with_lock, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (s->options->die_with_file != NULL)
		s->file = open(s->options->die_with_file, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	/* Ignore a file that has 0 links from the start, because a FUSE server may report 0 links for every file. */
	if (is_deleted(s->file)) {
		close(s->file);
		s->file = -1;
	}
	/* emerge holds the lock during all src_* phases. So if the lock is free, emerge was killed before this phase started confine. */
	return is_wanted(s);
}

static void receive_message(struct supervisor *s)
{
	struct message message;
	if (!channel_receive(s->channel, &message)) {
		close(s->channel);
		s->channel = -1;
		return;
	}
	if (message.type == MESSAGE_COMMAND_EXITED) {
		s->command_exited = true;
		s->result.status = message.command_exited.status;
		s->result.started = message.command_exited.started;
	}
	if (message.type == MESSAGE_NO_CHILDREN)
		s->no_children = true;
	if (message.type == MESSAGE_SIGNAL)
		s->signal_time = 0;
}

static void reap(struct supervisor *s)
{
	pid_t pid;
	int status;
	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		/* Continue a child (init, the watcher or the DNS server) after a SIGSTOP, for example from a process of the build. After Ctrl-Z the children stay stopped until the supervisor continues, which Ctrl-Z stops too. */
		if (WIFSTOPPED(status))
			kill(pid, SIGCONT);
		else if (pid == s->watcher.pid)
			s->result.watcher_died = true;
		else if (pid == s->watcher.dns_pid)
			s->watcher.dns_pid = 0;
		else if (pid == s->init) {
			s->init_exited = true;
			s->init_refused = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_REFUSED;
		}
	}
}

static void forward_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;
	while (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD && signals_is_forwarded(&info)) {
			channel_send(s->channel, &(struct message){.type = MESSAGE_SIGNAL, .signal = (int)info.ssi_signo});
			if (s->signal_time == 0)
				s->signal_time = SIGNAL_MILLISECONDS;
		}
}

bool supervisor_wait(struct supervisor *s, int timeout)
{
	enum { OTHERS = 4 };
	struct pollfd sources[OTHERS + OPTIONS_DIE_WITH] = {
		{.fd = s->channel, .events = POLLIN},
		{.fd = s->signal_fd, .events = POLLIN},
		{.fd = s->watcher.control},
		{.fd = s->watcher.dns_server, .events = POLLIN},
	};
	for (size_t i = 0; i < s->pidfd_count; i++)
		sources[OTHERS + i] = (struct pollfd){.fd = s->pidfds[i], .events = POLLIN};
	if (poll(sources, OTHERS + s->pidfd_count, timeout) < 0) {
		if (errno == EINTR)
			return true;
		/* Without poll(2) the supervisor gets no events, so end the phase. One cause: another process has lowered RLIMIT_NOFILE (EINVAL). */
		reap(s);
		return false;
	}
	if (sources[0].revents != 0)
		receive_message(s);
	if (sources[1].revents != 0)
		forward_signals(s);
	/* An event of this socket shows that the watcher has closed its end, so it is exiting. waitpid(2) reports the exit later, when all threads of the watcher have ended. */
	if (sources[2].revents != 0)
		s->result.watcher_died = true;
	if ((sources[3].revents & POLLIN) != 0)
		watcher_start_dns(&s->watcher, s->options, &s->identity, s->channel, s->cgroup.directory);
	reap(s);
	for (size_t i = 0; i < s->pidfd_count; i++)
		if (sources[OTHERS + i].revents != 0)
			return false;
	return !s->result.watcher_died;
}
