#include "egress/emulate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "watcher/target.h"
#include "egress/pending.h"
#include "egress/emulate_option.h"
#include "egress/emulate_send.h"
#include "watcher/target_state.h"

static bool shared, roots;

void emulate_open(bool root)
{
	roots = root;
}

void emulate_note_sharing(void)
{
	shared = true;
}

static int ask(int fd, int option)
{
	int value;
	socklen_t size = sizeof value;
	return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

bool emulate_is_needed(const struct egress_call *call, const struct request *request)
{
	/*
	 * Paths are for root what they are for us only with all of its rights, and we have none of them. Root is not held by a
	 * list anyway.
	 */
	if (roots && ask(call->socket, SO_DOMAIN) == AF_UNIX)
		return false;
	return request->indirect || shared || !target_is_alone(call->tid);
}

/* The caller's path, from its folder and its root. */
static int open_path(pid_t tid, const char *path)
{
	char from[64];
	bool absolute = *path == '/';
	snprintf(from, sizeof from, "/proc/%d/%s", tid, absolute ? "root" : "cwd");
	int folder = open(from, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* From here on it is that thread's, whoever gets its number. */
	if (folder >= 0 && !target_is_there()) {
		close(folder);
		errno = ESRCH;
		return -1;
	}
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = absolute ? RESOLVE_IN_ROOT : 0};
	return folder < 0 ? -1 : (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

static bool is_path(const struct request *request)
{
	return request->name.any.sa_family == AF_UNIX && request->name_length > offsetof(struct sockaddr_un, sun_path) &&
	       request->name.un.sun_path[0] != '\0';
}

static int connect_it(const struct egress_call *call, const struct request *request)
{
	if (!is_path(request))
		return connect(call->socket, &request->name.any, request->name_length) == 0 ? 0 : errno;
	char path[sizeof request->name + 1] = "";
	struct sockaddr_un via = {.sun_family = AF_UNIX};
	memcpy(path, request->name.un.sun_path, request->name_length - offsetof(struct sockaddr_un, sun_path));
	int file = open_path(call->tid, path);
	if (file < 0)
		return errno;
	snprintf(via.sun_path, sizeof via.sun_path, "/proc/self/fd/%d", file);
	return connect(call->socket, (struct sockaddr *)&via, sizeof via) == 0 ? 0 : errno;
}

static bool end_helper(const struct egress_call *call, int pidfd, enum held_end end)
{
	if (end != HELD_READY)
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	/* Where it has answered already, this comes too late and does nothing. */
	if (end == HELD_SIGNAL)
		egress_answer(call, call->interrupted);
	return false;
}

static noreturn void help(const struct egress_call *call, const struct request *request, pid_t watcher)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != watcher)
		_exit(1);
	if (request->call == CALL_CONNECT)
		egress_answer(call, connect_it(call, request));
	else
		emulate_send(call, request);
	_exit(0);
}

/* Has a process of its own wait for what may take its time. */
static bool have_helped(const struct egress_call *call, const struct request *request)
{
	struct egress_call held = *call;
	held.interrupted = pending_interrupted(call->socket);
	/* Nobody waits for it; it is gone when it is done. */
	signal(SIGCHLD, SIG_IGN);
	pid_t watcher = getpid(), helper = fork();
	if (helper == 0)
		help(call, request, watcher);
	int pidfd = helper < 0 ? -1 : (int)syscall(SYS_pidfd_open, helper, 0);
	if (pidfd >= 0 && pending_add(&held, pidfd, POLLIN, 0, end_helper))
		return true;
	if (helper > 0)
		kill(helper, SIGKILL);
	if (pidfd >= 0)
		close(pidfd);
	return egress_answer(call, EAGAIN);
}

bool emulate(const struct egress_call *call, const struct request *request)
{
	int type = ask(call->socket, SO_TYPE);
	if (request->call == CALL_LISTEN)
		return egress_answer(call, listen(call->socket, (int)request->arguments[1]) == 0 ? 0 : errno);
	if (request->unreadable)
		return egress_answer(call, EFAULT);
	if (request->call == CALL_SETSOCKOPT)
		return egress_answer(call, emulate_set_option(call, request));
	bool waits = (type == SOCK_STREAM || type == SOCK_SEQPACKET) && (fcntl(call->socket, F_GETFL) & O_NONBLOCK) == 0;
	if (waits || is_path(request) || request->call != CALL_CONNECT)
		return have_helped(call, request);
	return egress_answer(call, connect_it(call, request));
}
