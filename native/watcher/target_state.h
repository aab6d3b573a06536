/* What the kernel says of a thread that is stopped in a watched call. */
#ifndef TARGET_STATE_H
#define TARGET_STATE_H

#include <stdbool.h>
#include <sys/types.h>

/* The process that a thread belongs to. */
pid_t target_process(pid_t tid);

pid_t target_parent(pid_t pid);

/* Whether it may take a port below 1024 (CAP_NET_BIND_SERVICE). */
bool target_may_bind(pid_t tid);

/* Whether it is the only thread of its process. */
bool target_is_alone(pid_t tid);

/* Whether a signal waits for this thread, so that what it waits in would be interrupted by it. */
bool target_is_interrupted(pid_t tid);

#endif
