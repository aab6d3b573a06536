#include "supervisor/exit_like_child.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

noreturn void exit_like_child(int status)
{
	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	/* The command's core is enough. */
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	sigset_t all;
	sigfillset(&all);
	signal(WTERMSIG(status), SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	kill(getpid(), WTERMSIG(status));
	_exit(128 + WTERMSIG(status));
}
