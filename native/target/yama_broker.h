/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads memory and duplicates descriptors of the phase for the watcher, where Yama forbids this to the watcher. */
#pragma once

#include "util/base.h"

/* With kernel.yama.ptrace_scope=1 only an ancestor may read the memory and duplicate the descriptors of a process (Documentation/admin-guide/LSM/Yama.rst). So the Yama broker, threads of the supervisor, accesses the phase for the watcher. */

/* Returns true if ptrace_scope is 1, and false otherwise. With 0 the watcher itself has access. With 2 or 3 the broker would not help, because an ancestor has no more access than the watcher. */
bool yama_broker_is_needed(void);

/* For the watcher: make the Yama broker call process_read_memory() or process_duplicate_descriptor(). broker: socket to the broker; -1: there is none, so both functions fail. On failure, the first returns false, the second -1 with errno. */
bool yama_broker_read_memory(int broker, pid_t tid, uint64_t address, void *data, size_t size);
int yama_broker_duplicate_descriptor(int broker, int pidfd, int fd);

/* For the supervisor: starts the threads of the Yama broker, which answer the watcher's requests at this socket until it is shut down. */
void yama_broker_start(int socket);
