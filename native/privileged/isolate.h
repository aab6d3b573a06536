/* The system calls that take a process apart from the host. */
#ifndef ISOLATE_H
#define ISOLATE_H

#include <stdbool.h>

#include "../namespace.h"

/* Leaves the namespaces that plan (bits of enum isolation) names; in its new network lo is up. False with setback. */
bool isolate(unsigned plan, struct setback *setback);

/* Mounts /proc for the PID namespace that this process is in. False with setback. */
bool isolate_mount_proc(struct setback *setback);

#endif
