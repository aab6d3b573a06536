/* TCP sockets of the network that the watcher stands in, made before they are asked for. */
#ifndef PASSAGE_SOCKETS_H
#define PASSAGE_SOCKETS_H

#include <stdbool.h>

#include "allow.h"

/* To be called first. Returns whether the kernel holds each of them to the list (guard.h). */
bool passage_sockets_open(const struct allow *allow);

/* A new one, close-on-exec and non-blocking; -1 with errno. */
int passage_sockets_take(int family);

/* Whether that socket is of this network, and not of the phase's. */
bool passage_sockets_is_ours(int fd);

/* Makes some for the calls to come: to be called while nobody waits. */
void passage_prepare(void);

#endif
