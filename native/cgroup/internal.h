/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Internal header of cgroup/: access to the files of cgroup v2, and the parent directory of the phase's cgroup. */
#ifndef CGROUP_INTERNAL_H
#define CGROUP_INTERNAL_H

#include "cgroup/cgroup.h"

/* --- cgroupfs.c: files and directories, relative to an open directory --- */

/* Prefix of the names of all cgroups that confine creates for phases. cgroupfs_sweep() removes no other cgroup. */
#define CGROUPFS_PREFIX "portcullis-"

/* Opens the subdirectory path of directory; "" is directory itself. Follows no symbolic links. Fails with ENODEV outside of cgroup v2. */
int cgroupfs_open_directory(int directory, const char *path);

/* Returns the number after key in a file with lines "KEY NUMBER", or -1 if the file or the key does not exist. */
long long cgroupfs_value(int directory, const char *name, const char *key);

/* Makes a cgroup with mode 0711: other users cannot open it and lock it, which would mark it as in use. Returns false with errno. */
bool cgroupfs_make_directory(int parent, const char *name);

/* Removes the cgroup name in parent and all cgroups below it, which must be empty. directory is its descriptor. Returns false with errno. */
bool cgroupfs_remove(int parent, const char *name, int directory);

/* Time limit for cgroup.kill, which needs 30 ms for 1,000 processes. After it, confine kills the remaining processes one by one. */
#define KILL_MILLISECONDS 50

/*
 * Kills the processes of a cgroup one by one, for kernels without cgroup.kill and for processes that it misses: the kernel then signals
 * only the first thread of a process, which may have exited (__cgroup_kill() in kernel/cgroup/cgroup.c calls send_sig()). Freezes the
 * cgroup first, because frozen processes cannot fork: if callers repeat this function, fewer remain each time. SIGKILL ends a frozen
 * process. Waits at most until the deadline for the freezing, because the kernel cannot freeze a process in an uninterruptible sleep.
 */
void cgroupfs_kill_frozen(int directory, long long deadline);

/* Kills and removes the cgroups in parent that killed runs have left: no process has locked them. Returns the number of removed cgroups. */
int cgroupfs_sweep(int parent);

/* --- location.c: where the phase's cgroup is created --- */

struct cgroup_location {
	int root;	     /* descriptor of the mount point of cgroup v2, for the caller to close */
	char own_path[4096]; /* path of this process's cgroup below root; "" for root itself */
};

/* Finds the mount point of cgroup v2 and the cgroup of this process, from /proc. On an error, returns false with *why (static) and errno. */
bool cgroup_location_find(struct cgroup_location *location, const char **why);

/*
 * Opens the parent for the phase's cgroup if confine runs as root. The parent is the cgroup of this process if keep_own is true, or if
 * Portage has created that cgroup for a package and no limits are requested. Otherwise it is the cgroup /portcullis, created if missing. If
 * limited is true (limits are requested), enables the controllers memory, pids and cpu there where possible. Returns a close-on-exec
 * descriptor, or -1 with why (static text) and errno. Another process can remove /portcullis at any time; creating a cgroup in it then fails
 * with ENOENT or ENODEV.
 */
int cgroup_location_open_root(const struct cgroup_location *location, bool keep_own, bool limited, const char **why);

/* Opens the parent for the phase's cgroup if confine does not run as root: the cgroup of this process, which must be delegated to the caller. */
int cgroup_location_open_delegated(struct cgroup_location *location, bool limited, const char **why);

/* Removes the cgroup /portcullis if parent is a descriptor of it and it contains no cgroups. Does not close parent. */
void cgroup_location_remove_if_empty(int parent);

#endif
