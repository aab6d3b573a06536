/* What a hostile caller of a set-user-id program can do that a shell can't. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdbool.h>
#include <stdnoreturn.h>
#include <sys/types.h>

noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Microseconds of CLOCK_MONOTONIC. */
long long now(void);
void spin_until(long long time);

/* Collects all children, adopted ones too; false where some still live after 20 s. */
bool all_end(void);

int attack_signals(char **arguments);
int attack_ptrace(char **arguments);

#endif
