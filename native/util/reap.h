/* Waiting for a child that may never end: one that sleeps uninterruptibly in the kernel outlasts even SIGKILL. */
#ifndef REAP_H
#define REAP_H

#include <stdbool.h>
#include <sys/types.h>

/* Collects a child, with SIGKILL once milliseconds have passed. Returns false where even that did not end it at once. */
bool reap_within(pid_t child, int milliseconds);

#endif
