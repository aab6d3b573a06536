/* Internal header of cgroup/: access to the files of cgroup v2, and the parent directory of the phase's cgroup. */
#ifndef CGROUP_INTERNAL_H
#define CGROUP_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "cgroup/cgroup.h"
#include "util/process.h"

/* --- cgroupfs.c: all functions start from an open directory --- */

/* Prefix of the directories that confine creates. It removes no other directory. */
#define CGROUPFS_PREFIX "portcullis-"

/* Maximum depth for listing and removing. A build can nest directories deeper; their cgroup remains, and the record reports that. */
#define CGROUPFS_DEPTH 32

/* Opens a subdirectory; "" is the directory itself. Does not follow symbolic links. Fails with ENODEV outside of cgroup v2. */
int cgroupfs_open_directory(int directory, const char *path);

/* Reads a small file as NUL-terminated text. Returns its length, -1 with errno. */
long cgroupfs_read(int directory, const char *name, char *text, size_t size);

bool cgroupfs_write(int directory, const char *name, const char *text);

/* Returns the number after key in a file with lines "KEY NUMBER", -1 if there is none. */
long long cgroupfs_value(int directory, const char *name, const char *key);

/* Calls visit() for each subdirectory. */
typedef void cgroupfs_visitor(int directory, const char *name, void *data);
void cgroupfs_each(int directory, cgroupfs_visitor *visit, void *data);

/* Makes a directory that other users cannot open: its flock(2) marks the cgroup as in use. Ignores the umask. Returns false with errno. */
bool cgroupfs_make_directory(int parent, const char *name);

/* Removes the cgroup name in parent, which is open as directory, and all cgroups below it. They must be empty. Returns false with errno. */
bool cgroupfs_remove(int parent, const char *name, int directory);

/* cgroup.kill takes 30 ms for 1,000 processes. If some remain after this time, they are killed one by one. */
#define KILL_MILLISECONDS 50

/* Adds the processes of a cgroup and of the cgroups below it. */
void cgroupfs_add_pids(int directory, struct pids *pids);

/*
 * Kills the processes one by one, for kernels without cgroup.kill and for processes that it misses: it signals only the first thread of a
 * process, which may have exited (__cgroup_kill() in kernel/cgroup/cgroup.c calls send_sig()). Frozen processes cannot fork, so that each
 * round leaves fewer. SIGKILL ends a frozen process.
 */
void cgroupfs_kill_frozen(int directory);

/* Kills the processes of unlocked cgroups of confine in parent and removes them. Returns the number of removed cgroups. */
int cgroupfs_sweep(int parent);

/* --- location.c: where the phase's cgroup is created --- */

struct cgroup_location {
	int root;	     /* mount point of cgroup v2 */
	char own_path[4096]; /* path of this process's cgroup below root; "" for root itself */
};

/* Reads both from /proc. Returns false with why (static text) and errno. */
bool cgroup_location_find(struct cgroup_location *location, const char **why);

void cgroup_location_close(struct cgroup_location *location);

/*
 * Opens the parent directory for the phase's cgroup, for root. It is the cgroup of this process with keep_own, and if it is a leaf of
 * Portage and the phase has no limits. Otherwise it is /portcullis, which is created. With limited, enables the controllers memory, pids
 * and cpu where possible. Returns a close-on-exec descriptor, or -1 with why (static text) and errno. Another process can remove
 * /portcullis at any time; creating a cgroup in it then fails with ENOENT or ENODEV.
 */
int cgroup_location_open_root(const struct cgroup_location *location, bool keep_own, bool limited, const char **why);

/* The same for other users: the cgroup of this process, if it is delegated to the caller. */
int cgroup_location_open_delegated(struct cgroup_location *location, bool limited, const char **why);

/* Removes /portcullis if parent is this directory and it is empty. parent stays open. */
void cgroup_location_remove_if_empty(int parent);

#endif
