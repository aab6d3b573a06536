// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/signals.h"

/* The signals that the supervisor forwards to the command. */
static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGPIPE, SIGCONT};

bool signals_save(struct signals *signals)
{
	struct sigaction by_default = {.sa_handler = SIG_DFL};
	return sigprocmask(SIG_SETMASK, NULL, &signals->mask) == 0 && sigaction(SIGCHLD, &by_default, &signals->child) == 0;
}

bool signals_restore(const struct signals *signals)
{
	return sigaction(SIGCHLD, &signals->child, NULL) == 0 && sigprocmask(SIG_SETMASK, &signals->mask, NULL) == 0;
}

int signals_open(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
		sigaddset(&set, forwarded[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool signals_is_forwarded(const struct signalfd_siginfo *info)
{
	if (info->ssi_code <= 0)
		return true;
	return info->ssi_signo == SIGHUP && getsid(0) == getpid();
}
