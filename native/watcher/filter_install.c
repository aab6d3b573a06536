#include "watcher/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watcher/setup_message.h"
#include "util/fail.h"
#include "options/families.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

/* The message that the helper sends, in shared memory. A byte in the pipe starts it. */
struct delivery {
	int pipe[2];
	int socket;
	struct setup_message message;
};

/* Runs in a helper process that shares memory and descriptors with the process to be watched, but not its filter. */
static int deliver(void *data)
{
	struct delivery *delivery = data;
	char byte;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(delivery->pipe[0], &byte, 1) != 1)
		return 1;
	return setup_message_send(delivery->socket, &delivery->message) ? 0 : 1;
}

/* SECCOMP_USER_NOTIF_FLAG_CONTINUE needs Linux 5.5, the listener only 5.0 (seccomp(2)). */
static bool kernel_can_continue(void)
{
	struct utsname names;
	unsigned major, minor;
	return uname(&names) == 0 && sscanf(names.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 5));
}

static int call_seccomp(const struct sock_fprog *program, unsigned long extra)
{
	/* SPEC_ALLOW: without it, Linux before 5.16 slows the whole build down by mitigations that a build does not need. */
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW | extra, program);
}

static int install_filter(const struct sock_fprog *program, bool watched)
{
	if (!watched)
		return call_seccomp(program, 0);
	/* WAIT_KILLABLE_RECV: a received call can be interrupted by a fatal signal only. Otherwise a timer makes it fail with EINTR. */
	int listener = call_seccomp(program, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	return listener < 0 && errno == EINVAL ? call_seccomp(program, SECCOMP_FILTER_FLAG_NEW_LISTENER) : listener;
}

static void set_failure(struct setup_message *message, const char *reason)
{
	*message = (struct setup_message){.type = SETUP_NO_LISTENER, .error = errno, .fds = {-1, -1}};
	snprintf(message->reason, sizeof message->reason, "%s", reason);
}

/* Returns the listener (0: none was requested), or -1 and sets errno. Sets *inert if it had to set no_new_privs. */
static int install(const struct filter_rules *rules, bool *inert)
{
	struct sock_filter instructions[FILTER_ROOM];
	size_t length = filter_build(&machine_own, rules, instructions, FILTER_ROOM);
	struct sock_fprog program = {(unsigned short)length, instructions};
	*inert = false;
	errno = ENOTSUP;
	if (machine_own.end == 0 || length == 0)
		return -1;
	bool was_inert = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	int listener = install_filter(&program, rules->watched);
	if (listener < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
		*inert = !was_inert;
		listener = install_filter(&program, rules->watched);
	}
	return listener;
}

static void install_with_listener(struct setup_message *message, const struct filter_rules *rules)
{
	bool inert = false;
	errno = 0;
	if (!kernel_can_continue()) {
		set_failure(message, "recording connections needs Linux 5.5 or later");
		return;
	}
	int listener = install(rules, &inert);
	if (listener < 0 && errno == ENOTSUP) {
		errno = 0;
		set_failure(message, "confine has no seccomp filter for this architecture");
	} else if (listener < 0)
		set_failure(message, errno == EBUSY ? "another program has already installed a seccomp listener" : "installing a seccomp filter");
	else
		*message = (struct setup_message){.type = SETUP_LISTENER, .fds = {listener, -1}};
	message->setuid_inert = inert;
}

const char *filter_probe(void)
{
	static struct setup_message message;
	install_with_listener(&message, &(struct filter_rules){.watched = true, .families = FAMILIES_ANY});
	errno = message.error;
	return message.type == SETUP_LISTENER ? NULL : message.reason;
}

bool filter_install_without_listener(const struct filter_rules *rules)
{
	bool inert;
	return install(rules, &inert) >= 0;
}

bool filter_install(int setup_socket, const struct filter_rules *rules)
{
	static struct delivery delivery;
	static _Alignas(16) char stack[16384];
	delivery.socket = setup_socket;
	/*
	 * The process that sends the listener must not be watched: its sendmsg would wait for a watcher that has no listener yet. It has
	 * no exit signal, so that the command does not get SIGCHLD for a child that it did not start.
	 */
	pid_t helper = -1;
	if (pipe2(delivery.pipe, O_CLOEXEC) == 0)
		helper = clone(deliver, stack + sizeof stack, CLONE_VM | CLONE_FILES, &delivery);
	if (helper < 0) {
		set_failure(&delivery.message, "starting a helper process of confine");
		setup_message_send(setup_socket, &delivery.message);
		close(setup_socket);
		return false;
	}
	install_with_listener(&delivery.message, rules);
	int status;
	bool started = write(delivery.pipe[1], "", 1) == 1;
	while (waitpid(helper, &status, __WALL) < 0)
		if (errno != EINTR)
			refuse("--audit: waiting for a helper process: %m");
	/* Without a listener every watched call of the build would fail with ENOSYS. */
	if (!started || status != 0)
		refuse("--audit: sending the seccomp listener to the watcher process: %m");
	bool installed = delivery.message.fds[0] >= 0;
	if (installed)
		close(delivery.message.fds[0]);
	close(delivery.pipe[0]);
	close(delivery.pipe[1]);
	close(setup_socket);
	return installed;
}
