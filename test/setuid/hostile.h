/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks on confine as a set-user-ID program by a hostile caller. A shell script cannot make these attacks. */
#pragma once

#include <stdbool.h>
#include <stdnoreturn.h>
#include <sys/types.h>

noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Returns the current time of CLOCK_MONOTONIC in microseconds. */
long long now(void);
void spin_until(long long time);

/* Waits until all children of this process have ended, also children that it has adopted as a subreaper. Returns false if one still lives after 20 s. */
bool wait_for_children(void);

int attack_signals(char **arguments);
int attack_ptrace(char **arguments);
