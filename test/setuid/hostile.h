/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks on a set-user-id program by a hostile caller, for which a shell script does not suffice. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdbool.h>
#include <stdnoreturn.h>
#include <sys/types.h>

noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Returns the time of CLOCK_MONOTONIC in microseconds. */
long long now(void);
void spin_until(long long time);

/* Waits for all children, also adopted ones. Returns false if a child still lives after 20 s. */
bool wait_for_children(void);

int attack_signals(char **arguments);
int attack_ptrace(char **arguments);

#endif
