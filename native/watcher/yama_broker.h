/*
 * Under kernel.yama.ptrace_scope=1 only an ancestor may look into a process (Documentation/admin-guide/LSM/Yama.rst). The supervisor
 * is one of all that a phase starts, the watcher of none: what its own right does not show it, it asks the supervisor for.
 */
#ifndef ANCESTOR_H
#define ANCESTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whether that is so here. Nowhere else may it be asked: the phase could trace who answers. */
bool yama_broker_is_needed(void);

/* For the watcher: the socket to ask over, or -1. */
void yama_broker_connect(int socket);

/* As target_access_memory() and target_access_descriptor(), seen by the supervisor. They fail where it is not asked. */
bool yama_broker_memory(pid_t tid, uint64_t address, void *data, size_t size);
int yama_broker_descriptor(int pidfd, int fd);

/*
 * For the supervisor: has threads of its own answer whatever is asked over that socket, since each of them may have to wait for the
 * process that is looked into.
 */
void yama_broker_serve(int socket);

/* They answer nothing any more. */
void yama_broker_end(int socket);

#endif
