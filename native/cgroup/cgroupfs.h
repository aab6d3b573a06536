/* The cgroup v2 tree as files: read, written, walked and swept, always from an open directory on. */
#ifndef CGROUPFS_H
#define CGROUPFS_H

#include <stdbool.h>
#include <stddef.h>

/* Directory names of ours start with it; nothing else in the tree is ever touched. */
#define CGROUPFS_PREFIX "portcullis-"

/* Directories nest as deep as a build cares to make them; deeper than this is left, and said. */
#define CGROUPFS_DEPTH 32

/* Opens a directory below another; "" is that directory itself. Follows no symbolic link, leaves cgroup v2 nowhere. */
int cgroupfs_open_directory(int directory, const char *path);

/* Reads a small file whole as text. Returns its length, -1 with errno. */
long cgroupfs_read(int directory, const char *name, char *text, size_t size);

bool cgroupfs_write(int directory, const char *name, const char *text);

/* The number behind key in a file of "key number" lines; -1 where there is none. */
long long cgroupfs_value(int directory, const char *name, const char *key);

/* Calls see(directory, name, data) for each directory in directory. */
typedef void cgroupfs_seer(int directory, const char *name, void *data);
void cgroupfs_each(int directory, cgroupfs_seer *see, void *data);

/* Removes name in parent, which is open as directory, and all below it: empty of processes. Returns false with errno. */
bool cgroupfs_remove(int parent, const char *name, int directory);

/* Kills and removes the directories of ours in parent that nobody looks after any more. Returns how many it removed. */
int cgroupfs_sweep(int parent);

#endif
