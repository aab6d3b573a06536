/* The caller's signal set-up: put aside while we work, given back to the command untouched. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>

struct signals {
	sigset_t mask;
	struct sigaction child;
};

/* Remembers the caller's mask and SIGCHLD action; from here on SIGCHLD is waited for, whatever the caller ignored. */
bool signals_save(struct signals *signals);

/* Gives both back. To be called last before exec. */
bool signals_restore(const struct signals *signals);

/*
 * Blocks what a supervisor forwards, and SIGCHLD, and opens a close-on-exec signalfd for them. Returns it or -1. The
 * terminal's stop signals stay as they are: they stop the supervisor with the rest of the foreground group.
 */
int signals_open(void);

/*
 * Whether a signal is to be handed on: one that a process sent. What the terminal sends (si_code SI_KERNEL) went to the whole
 * foreground group, the command included; but that a terminal was closed it says to the leader of the session alone
 * (tty_signal_session_leader() in drivers/tty/tty_jobctrl.c).
 */
bool signals_is_forwarded(const struct signalfd_siginfo *info);

#endif
