/* What the kernel lets this process see of another by its own right (ptrace(2), access mode checking). */
#ifndef LOOK_H
#define LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads exactly size bytes at an address of the thread's memory. Sets opened where it had to open /proc/TID/mem for that. */
bool target_access_memory(pid_t tid, uint64_t address, void *data, size_t size, bool *opened);

/* A duplicate of a descriptor of the process or thread behind pidfd. -1 with errno; it takes Linux 5.6. */
int target_access_descriptor(int pidfd, int fd);

#endif
