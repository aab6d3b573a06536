/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Internal header of cgroup/: access to the files and directories of cgroup v2, relative to an open directory. */
#pragma once

#include "cgroup/cgroup.h"

/* Prefix of the names of all cgroups that confine creates for phases. cgroupfs_sweep() removes no other cgroup. */
#define CGROUPFS_PREFIX "portcullis-"

/* Opens the subdirectory path of directory; "" is directory itself. Follows no symbolic link in the last component. Returns a descriptor, or -1 with errno (ENODEV outside of cgroup v2). */
int cgroupfs_open_directory(int directory, const char *path);

/* Returns the number after key in a file with lines "KEY NUMBER" or, if key is NULL, the number at the start of the file. Returns -1 if there is no such file, key or number. */
long long cgroupfs_value(int directory, const char *name, const char *key);

/* Makes a cgroup with mode 0711: other users cannot open it and lock it, which would mark it as in use. Returns false with errno. */
bool cgroupfs_make_directory(int parent, const char *name);

/* Removes the cgroup name in parent and all cgroups below it, which must be empty. directory is a descriptor of the cgroup name. Returns false with errno. */
bool cgroupfs_remove(int parent, const char *name, int directory);

/* Time limit for cgroup.kill, which needs 30 ms for 1,000 processes. After it, confine kills the remaining processes one by one. */
#define KILL_MILLISECONDS 50

/*
 * Kills the processes of a cgroup one by one, for kernels without cgroup.kill and for processes whose first thread has exited: cgroup.kill
 * misses them, because it signals only the first thread (__cgroup_kill() in kernel/cgroup/cgroup.c calls send_sig()). Freezes the
 * cgroup first, because frozen processes cannot fork: if callers repeat this function, fewer processes remain each time. SIGKILL ends a frozen
 * process. Waits at most until the deadline for the freezing, because the kernel cannot freeze a process in an uninterruptible sleep.
 */
void cgroupfs_kill_frozen(int directory, long long deadline);

/* Kills the processes in cgroups of parent that killed runs of confine have left (no process holds a lock on them), and removes these cgroups. Returns the number of removed cgroups. */
int cgroupfs_sweep(int parent);
