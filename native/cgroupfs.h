/* The cgroup v2 tree as files: found, read, walked and swept. */
#ifndef CGROUPFS_H
#define CGROUPFS_H

#include <stdbool.h>
#include <stddef.h>

#include "pids.h"

/* Directory names of ours start with it; nothing else in the tree is ever touched. */
#define CGROUPFS_PREFIX "portcullis-"

/* Opens the mount point of a cgroup v2 hierarchy, unified or hybrid. Returns a close-on-exec descriptor, or -1 with errno. */
int cgroupfs_open_root(void);

/* Copies the calling process's path in that hierarchy, without the leading slash ("" for the root). */
bool cgroupfs_own_path(char *path, size_t size);

/* Opens a directory below another; "" is that directory itself. Follows no symbolic link, leaves cgroup v2 nowhere. */
int cgroupfs_open_directory(int directory, const char *path);

/* Reads a small file whole as text. Returns its length, -1 with errno. */
long cgroupfs_read(int directory, const char *name, char *text, size_t size);

bool cgroupfs_write(int directory, const char *name, const char *text);

/* The number behind key in a file of "key number" lines; -1 where there is none. */
long long cgroupfs_value(int directory, const char *name, const char *key);

/* Adds the processes in the directory and in all below it. */
void cgroupfs_add_pids(int directory, struct pids *pids);

/* Removes the directory name in parent and all below it: they must be empty of processes. Returns false with errno. */
bool cgroupfs_remove(int parent, const char *name);

/* Kills and removes the directories of ours in parent that nobody looks after any more. Returns how many it removed. */
int cgroupfs_sweep(int parent);

#endif
