/* The system calls that take a process apart from the host. */
#ifndef ISOLATE_H
#define ISOLATE_H

#include <stdbool.h>

#include "namespace/namespace.h"

/* With the privilege: leaves the namespaces that plan (bits of enum isolation) names; in its new network lo is up. False with setback. */
bool isolate(const struct identity *identity, unsigned plan, struct setup_error *setup_error);

/* With the privilege: mounts /proc for the PID namespace that this process is in. For its process 1. False with setback. */
bool isolate_mount_proc(const struct identity *identity, struct setup_error *setup_error);

#endif
