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

/* Which letter the helper is to send, told over a pipe: the letter itself is in memory that both see. */
struct letter {
	int pipe[2];
	int socket;
	struct setup_message message;
};

/* Runs in a process that shares memory and descriptors with the one to be watched, but not its filter. */
static int deliver(void *data)
{
	struct letter *letter = data;
	char byte;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || read(letter->pipe[0], &byte, 1) != 1)
		return 1;
	return setup_message_send(letter->socket, &letter->message) ? 0 : 1;
}

/* The answer that lets a call go on is younger than the listener itself (Linux 5.5, seccomp(2)). */
static bool kernel_can_continue(void)
{
	struct utsname names;
	unsigned major, minor;
	return uname(&names) == 0 && sscanf(names.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 5));
}

static int try_filter(const struct sock_fprog *program, unsigned long extra)
{
	/*
	 * SPEC_ALLOW: without it a kernel before 5.16 slows the whole build down against attacks that a build is no target
	 * of.
	 */
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW | extra, program);
}

static int add_filter(const struct sock_fprog *program, bool watched)
{
	if (!watched)
		return try_filter(program, 0);
	/* Once a call has been received, only a fatal signal takes it away: a timer would make it fail with EINTR. */
	int listener = try_filter(program, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	return listener < 0 && errno == EINVAL ? try_filter(program, SECCOMP_FILTER_FLAG_NEW_LISTENER) : listener;
}

static void say_why(struct setup_message *message, const char *why)
{
	*message = (struct setup_message){.type = SETUP_NO_LISTENER, .error = errno, .fds = {-1, -1}};
	snprintf(message->reason, sizeof message->reason, "%s", why);
}

/* Returns the listener, or 0 where none is asked for, or -1 with errno; *inert tells that no_new_privs had to be set for it. */
static int install(const struct filter_rules *rules, bool *inert)
{
	struct sock_filter instructions[FILTER_ROOM];
	size_t rows;
	const struct watched_syscall *table = syscall_native_table(&rows);
	size_t length = filter_build(table, rows, rules, instructions, FILTER_ROOM);
	struct sock_fprog program = {(unsigned short)length, instructions};
	*inert = false;
	errno = ENOTSUP;
	if (rows == 0 || length == 0)
		return -1;
	bool was_inert = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	int listener = add_filter(&program, rules->watched);
	if (listener < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
		*inert = !was_inert;
		listener = add_filter(&program, rules->watched);
	}
	return listener;
}

static void filter(struct setup_message *message, const struct filter_rules *rules)
{
	bool inert = false;
	errno = 0;
	if (!kernel_can_continue()) {
		say_why(message, "Linux before 5.5 can't let a call go on");
		return;
	}
	int listener = install(rules, &inert);
	if (listener < 0 && errno == ENOTSUP) {
		errno = 0;
		say_why(message, "this architecture has no filter");
	} else if (listener < 0)
		say_why(message, errno == EBUSY ? "somebody watches already" : "seccomp");
	else
		*message = (struct setup_message){.type = SETUP_LISTENER, .fds = {listener, -1}};
	message->setuid_inert = inert;
}

const char *filter_probe(void)
{
	static struct setup_message message;
	filter(&message, &(struct filter_rules){.watched = true, .families = FAMILIES_ANY});
	errno = message.error;
	return message.type == SETUP_LISTENER ? NULL : message.reason;
}

bool filter_install_without_listener(const struct filter_rules *rules)
{
	bool inert;
	return install(rules, &inert) >= 0;
}

bool filter_install(int socket, const struct filter_rules *rules)
{
	static struct letter letter;
	static _Alignas(16) char stack[16384];
	letter.socket = socket;
	/*
	 * Whoever sends the listener must not be watched: its sendmsg would wait for a watcher that has no listener yet. No
	 * exit signal, as the command's parent alone may see a child of it end.
	 */
	pid_t helper = -1;
	if (pipe2(letter.pipe, O_CLOEXEC) == 0)
		helper = clone(deliver, stack + sizeof stack, CLONE_VM | CLONE_FILES, &letter);
	if (helper < 0) {
		say_why(&letter.message, "starting a helper");
		setup_message_send(socket, &letter.message);
		close(socket);
		return false;
	}
	filter(&letter.message, rules);
	int status;
	bool told = write(letter.pipe[1], "", 1) == 1;
	while (waitpid(helper, &status, __WALL) < 0)
		if (errno != EINTR)
			refuse("waiting for the helper: %m");
	/* A filter whose listener nobody has would fail every watched call of the build with ENOSYS. */
	if (!told || status != 0)
		refuse("handing over the listener: %m");
	bool installed = letter.message.fds[0] >= 0;
	if (installed)
		close(letter.message.fds[0]);
	close(letter.pipe[0]);
	close(letter.pipe[1]);
	close(socket);
	return installed;
}
