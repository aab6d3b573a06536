/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saves the caller's signal settings, and restores them for the command. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <sys/signalfd.h>

#include "util/base.h"

struct signals {
	sigset_t mask;
	struct sigaction child;
};

/*
 * Saves the signal mask and the SIGCHLD action that the caller of confine has set. Sets SIGCHLD to its default action: while SIGCHLD is
 * ignored, wait(2) cannot report the exit status of a child.
 */
bool signals_save(struct signals *signals);

/* Restores the saved signal mask and SIGCHLD action. Called directly before exec. */
bool signals_restore(const struct signals *signals);

/*
 * Blocks SIGCHLD and the signals that the supervisor forwards. Returns a close-on-exec signalfd for them, or -1. Does not block the stop
 * signals of the terminal, which stop the supervisor together with the foreground process group.
 */
int signals_open(void);

/*
 * Returns true if the supervisor forwards this signal to the command. The supervisor forwards signals that a process has sent. Signals of the
 * terminal (si_code SI_KERNEL) go to the whole foreground process group, including the command, so the supervisor does not forward them. The
 * exception is SIGHUP of a closed terminal, which only the session leader gets (tty_signal_session_leader() in drivers/tty/tty_jobctrl.c).
 */
bool signals_is_forwarded(const struct signalfd_siginfo *info);

#endif
