#include "cgroupfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "clock.h"

/* Directories nest as deep as a build cares to make them; deeper than this is left, and said. */
#define DEPTH 32
#define SWEEP_MILLISECONDS 500

static bool is_cgroup2(int fd)
{
	struct statfs status;
	if (fstatfs(fd, &status) != 0)
		return false;
	errno = ENODEV;
	return status.f_type == CGROUP2_SUPER_MAGIC;
}

/* The mount point in a line of mountinfo whose file system type is cgroup2 and whose root is the hierarchy's; or NULL. */
static char *mount_point_of(char *line)
{
	char *separator = strstr(line, " - cgroup2 ");
	char *field = line;
	if (separator == NULL)
		return NULL;
	*separator = '\0';
	for (int i = 0; i < 3 && field != NULL; i++) {
		field = strchr(field, ' ');
		field = field == NULL ? NULL : field + 1;
	}
	if (field == NULL || strncmp(field, "/ ", 2) != 0)
		return NULL;
	field += 2;
	field[strcspn(field, " ")] = '\0';
	return field;
}

int cgroupfs_open_root(void)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	int root = -1;
	while (root < 0 && mounts != NULL && getline(&line, &size, mounts) > 0) {
		const char *point = mount_point_of(line);
		root = point == NULL ? -1 : cgroupfs_open_directory(AT_FDCWD, point);
	}
	free(line);
	if (mounts != NULL)
		fclose(mounts);
	if (root < 0)
		errno = ENODEV;
	return root;
}

bool cgroupfs_own_path(char *path, size_t size)
{
	FILE *own = fopen("/proc/self/cgroup", "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;
	while (!found && own != NULL && getline(&line, &room, own) > 0) {
		if (strncmp(line, "0::/", 4) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		/* "/.." means above the root of our cgroup namespace: not to be reached from here. */
		found = strncmp(line, "0::/..", 6) != 0 && (size_t)snprintf(path, size, "%s", line + 4) < size;
	}
	free(line);
	if (own != NULL)
		fclose(own);
	return found;
}

int cgroupfs_open_directory(int directory, const char *path)
{
	int fd = openat(directory, *path == '\0' ? "." : path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || is_cgroup2(fd))
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

long cgroupfs_read(int directory, const char *name, char *text, size_t size)
{
	int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t length = read(fd, text, size - 1);
	int saved = errno;
	close(fd);
	errno = saved;
	text[length > 0 ? length : 0] = '\0';
	return length;
}

bool cgroupfs_write(int directory, const char *name, const char *text)
{
	int fd = openat(directory, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	int saved = errno;
	close(fd);
	errno = saved;
	return written;
}

long long cgroupfs_value(int directory, const char *name, const char *key)
{
	char text[4096];
	size_t length = strlen(key);
	if (cgroupfs_read(directory, name, text, sizeof text) < 0)
		return -1;
	for (char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return atoll(line + length + 1);
	}
	return -1;
}

static void add_own_pids(int directory, struct pids *pids)
{
	int fd = openat(directory, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	FILE *procs = fd < 0 ? NULL : fdopen(fd, "r");
	pid_t pid;
	/* 0 stands for a process that our PID namespace doesn't see. */
	while (procs != NULL && fscanf(procs, "%d", &pid) == 1)
		if (pid > 0)
			pids_add(pids, pid);
	if (procs != NULL)
		fclose(procs);
}

/* Calls see(directory, name, data) for each directory in directory. */
static void each_below(int directory, void (*see)(int directory, const char *name, void *data), void *data)
{
	int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;
	while (listing != NULL && (entry = readdir(listing)) != NULL)
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			see(directory, entry->d_name, data);
	if (listing != NULL)
		closedir(listing);
}

struct walk {
	struct pids *pids;
	int depth;
};

static void see_pids(int directory, const char *name, void *data)
{
	struct walk walk = *(struct walk *)data;
	int below = walk.depth++ < DEPTH ? cgroupfs_open_directory(directory, name) : -1;
	if (below < 0)
		return;
	add_own_pids(below, walk.pids);
	each_below(below, see_pids, &walk);
	close(below);
}

void cgroupfs_add_pids(int directory, struct pids *pids)
{
	add_own_pids(directory, pids);
	each_below(directory, see_pids, &(struct walk){pids, 0});
}

static void see_remove(int directory, const char *name, void *data)
{
	int depth = *(int *)data + 1;
	int below = depth < DEPTH ? cgroupfs_open_directory(directory, name) : -1;
	if (below >= 0) {
		each_below(below, see_remove, &depth);
		close(below);
	}
	unlinkat(directory, name, AT_REMOVEDIR);
}

bool cgroupfs_remove(int parent, const char *name)
{
	int directory = cgroupfs_open_directory(parent, name);
	if (directory < 0)
		return false;
	int depth = 0;
	each_below(directory, see_remove, &depth);
	close(directory);
	return unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

static bool wait_until_empty(int directory)
{
	long long deadline = clock_milliseconds() + SWEEP_MILLISECONDS;
	while (cgroupfs_value(directory, "cgroup.events", "populated") != 0) {
		if (clock_milliseconds() > deadline)
			return false;
		usleep(1000);
	}
	return true;
}

static void see_sweep(int parent, const char *name, void *data)
{
	int *removed = data;
	if (strncmp(name, CGROUPFS_PREFIX, sizeof CGROUPFS_PREFIX - 1) != 0)
		return;
	int directory = cgroupfs_open_directory(parent, name);
	if (directory < 0)
		return;
	/* Whoever looks after it holds its lock until dead. */
	if (flock(directory, LOCK_EX | LOCK_NB) == 0) {
		if (cgroupfs_value(directory, "cgroup.events", "populated") != 0)
			cgroupfs_write(directory, "cgroup.kill", "1");
		if (wait_until_empty(directory) && cgroupfs_remove(parent, name))
			++*removed;
	}
	close(directory);
}

int cgroupfs_sweep(int parent)
{
	int removed = 0;
	/* One that another run is just making has no lock yet: its maker holds the parent's, shared, for that time. */
	int own = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (own >= 0 && flock(own, LOCK_EX | LOCK_NB) == 0)
		each_below(own, see_sweep, &removed);
	if (own >= 0)
		close(own);
	return removed;
}
