/* The cgroup v2 tree as files: read, written, walked and swept, always from an open directory on. */
#ifndef INTERNAL_H
#define INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "cgroup/cgroup.h"
#include "util/process.h"

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

/* Where the cgroup v2 hierarchy is mounted and where in it we are, as /proc says. */

struct cgroup_tree {
	int root;	/* its mount point, open */
	char own[4096]; /* the calling process's path below it, "" for the root itself */
};

/* Finds both, unified or hybrid. Returns false with why (static text) and errno; nothing is open then. */
bool cgroup_tree_find(struct cgroup_tree *tree, const char **why);

void cgroup_tree_close(struct cgroup_tree *tree);

/* Where in the cgroup v2 tree root makes a phase's cgroup. */

/* The directory right below the hierarchy's root that is ours. */
#define CGROUP_PLACE_ROOT "portcullis"

/*
 * Mode of every directory that we make: others can't open it, and so can't hold its flock(2) against us. They can reach
 * what is in it, which the kernel's own modes guard.
 */
#define CGROUP_PLACE_MODE 0711

/*
 * For root: opens the directory to make the phase's cgroup in, which is the one that this process is in (with stay, or where it
 * is Portage's leaf and limits are not asked for), else the fixed one. With limited it is one whose
 * controllers memory, pids and cpu are enabled for its children, as far as that can be had. Returns a close-on-exec descriptor, or -1
 * with why (static text) and errno. Between two calls the fixed directory may be removed by others: then making anything in
 * it gives ENOENT or ENODEV.
 */
int cgroup_place_open(const struct cgroup_tree *tree, bool stay, bool limited, const char **why);

/* mkdirat(2) with CGROUP_PLACE_MODE, whatever the caller's umask: with 0777 nobody but the caller would have a use for it. */
bool cgroup_place_mkdir(int parent, const char *name);

/* Makes a directory in parent if there is none of that name yet, and opens it. Returns -1 with errno. */
int cgroup_place_make(int parent, const char *name);

/* Enables memory, pids and cpu for the children of directory: each that is to be had. */
void cgroup_place_enable(int directory);

/* Removes the fixed directory if nobody needs it now. To be called with what cgroup_place_open() gave, which stays open. */
void cgroup_place_tidy(int place);

/* A cgroup that the caller was given: files and all. */

/*
 * Opens the caller's own cgroup, where it was delegated to the caller; with limited its controllers are enabled for its
 * children. Returns a close-on-exec descriptor, or -1 with why (static text) and errno.
 */
int cgroup_delegated_open(struct cgroup_tree *tree, bool limited, const char **why);

/* The phase's cgroup: made, limited, and born into. */

/* Sweeps cgroup->parent, makes the directory in it and opens its files. Returns false with errno; nothing is left then. */
bool cgroup_create(struct cgroup *cgroup, const struct options *options);

/* fork(2) into the cgroup; see cgroup_fork(). */
pid_t cgroup_create_child(const struct cgroup *cgroup, bool *joined);

/* Who is in a cgroup. */

/* Adds the processes in the directory and in all below it. */
void cgroup_pids_add(int directory, struct pids *pids);

#endif
