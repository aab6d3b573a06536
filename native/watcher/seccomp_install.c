// SPDX-License-Identifier: GPL-2.0-or-later
#include "watcher/seccomp_install.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "util/fds.h"
#include "watcher/watcher_internal.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* defined in the headers of Linux 5.19 and later */
#endif

/* Returns true if the kernel is Linux 5.5 or later, which has SECCOMP_USER_NOTIF_FLAG_CONTINUE. Without this flag, the watcher cannot let the kernel continue a call. */
static bool kernel_can_continue(void)
{
	struct utsname names;
	unsigned major, minor;
	return uname(&names) == 0 && sscanf(names.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 5));
}

static int call_seccomp(const struct sock_fprog *program, unsigned long extra)
{
	/* Set SPEC_ALLOW, because without it Linux before 5.16 turns on mitigations that slow down all processes with the filter. A build does not need them. */
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW | extra, program);
}

static int install_filter(const struct sock_fprog *program, bool watched)
{
	if (!watched)
		return call_seccomp(program, 0);
	/* Request WAIT_KILLABLE_RECV, so that only a fatal signal interrupts a call that the watcher has received. Without this flag, a timer signal makes such a call fail with EINTR. */
	int listener = call_seccomp(program, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	return listener < 0 && errno == EINVAL ? call_seccomp(program, SECCOMP_FILTER_FLAG_NEW_LISTENER) : listener;
}

int seccomp_install(const struct seccomp_rules *rules)
{
	struct sock_filter instructions[SECCOMP_FILTER_ROOM];
	size_t length = seccomp_filter_build(&machine_own, rules, instructions, SECCOMP_FILTER_ROOM);
	struct sock_fprog program = {(unsigned short)length, instructions};
	errno = ENOTSUP;
	if (machine_own.end == 0 || length == 0)
		return -1;
	bool watched = (rules->active & RULE_WATCHED) != 0;
	int listener = install_filter(&program, watched);
	/* Set no_new_privs only for a filter that confine needs, because no_new_privs disables set-user-ID programs. A filter that only changes the errno of set*id(2) and chown(2) is not worth that. */
	bool needed = (rules->active & (RULE_WATCHED | RULE_FAMILIES)) != 0;
	if (listener < 0 && errno == EACCES && needed && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		listener = install_filter(&program, watched);
	return listener;
}

/* Installs a filter with a listener, which it stores in *listener. Returns NULL on success. Otherwise returns the reason why there is no listener, and sets errno to that of the failed system call, or to 0 if none failed. */
static const char *install_with_listener(const struct seccomp_rules *rules, int *listener)
{
	errno = 0;
	if (!kernel_can_continue())
		return "recording connections needs Linux 5.5 or later";
	*listener = seccomp_install(rules);
	if (*listener >= 0)
		return NULL;
	if (errno == EBUSY)
		return "another program has already installed a seccomp listener";
	if (errno != ENOTSUP)
		return "installing a seccomp filter";
	errno = 0;
	return "confine has no seccomp filter for this architecture";
}

const char *seccomp_filter_probe(void)
{
	int listener;
	return install_with_listener(&(struct seccomp_rules){.active = RULE_WATCHED}, &listener);
}

bool seccomp_filter_install(int setup_pipe, const struct seccomp_rules *rules, bool isolated_net, struct network_log *log)
{
	int fds[PASSED_FDS] = {-1, isolated_net ? socket_diag_open() : -1};
	bool was_inert = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	const char *reason = install_with_listener(rules, &fds[0]);
	if (reason != NULL) {
		watch_status_set_no(&log->calls, reason, errno);
		close_fd(fds[1]);
		fds[1] = -1;
	} else {
		log->calls.watched = WATCHED_YES;
	}
	log->setuid_inert = !was_inert && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	if (write(setup_pipe, fds, sizeof fds) != (ssize_t)sizeof fds)
		refuse("cannot send the seccomp listener to init: %m");
	return fds[0] >= 0;
}

void seccomp_listener_forward(int setup_pipe, int watcher)
{
	int fds[PASSED_FDS];
	/* Exit if sending fails, because every watched call of the phase would fail with ENOSYS after the listener is closed. */
	if (read(setup_pipe, fds, sizeof fds) != (ssize_t)sizeof fds || (fds[0] >= 0 && !fd_passing_send(watcher, "", 1, fds)))
		refuse("cannot send the seccomp listener to the watcher process: %m");
	close_fd(fds[0]);
	close_fd(fds[1]);
}
