// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens the files that a target would find at a path, with the root and the working directory of the target. */
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "util/fds.h"
#include "util/process.h"
#include "target/target.h"
#include "target/watchdog.h"

enum { MOST_LINKS = 40 }; /* maximum number of symbolic links that are followed in a path; with more the result is ELOOP, as in the kernel (MAXSYMLINKS in include/linux/namei.h) */

static bool is_same_file(int one, int other)
{
	struct stat first, second;
	return fstat(one, &first) == 0 && fstat(other, &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static int open_in_proc(pid_t tid, const char *name)
{
	return open(proc_path(tid, "%s", name).text, O_PATH | O_CLOEXEC);
}

/*
 * Opens the file to which a symbolic link in /proc leads the target. The kernel must follow the link, because links such as "root" and "fd/3"
 * lead to a file directly and not by their text (nd_jump_link() in fs/namei.c). But "self" would lead the watcher to the directory of the watcher
 * in /proc, so the function opens the directory of the target instead.
 */
static int open_proc_link(const struct target *target, int directory, const char *name)
{
	bool is_own = strcmp(name, "self") == 0 || strcmp(name, "thread-self") == 0;
	return is_own ? open_in_proc(target->tid, "") : openat(directory, name, O_PATH | O_CLOEXEC);
}

/* Opens one component of a path and returns its descriptor. For a symbolic link outside /proc, writes its text to link, and returns the directory from which the text must be resolved. Otherwise sets link to "". Returns -1 and sets errno on failure. */
static int open_component(const struct target *target, int root, int directory, const char *name, char link[PATH_MAX])
{
	struct stat status;
	struct statfs system;
	*link = '\0';
	if (strcmp(name, "..") == 0 && is_same_file(directory, root))
		return dup(directory);
	int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISLNK(status.st_mode))
		return fd;
	bool is_proc = fstatfs(fd, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
	ssize_t length = is_proc ? 0 : readlinkat(fd, "", link, PATH_MAX - 1);
	close(fd);
	if (is_proc)
		return open_proc_link(target, directory, name);
	link[length < 0 ? 0 : length] = '\0';
	return dup(*link == '/' ? root : directory);
}

/* Opens a path component by component. root: root directory of the target. directory: where a relative path starts. Returns the descriptor of the file, or -1 and sets errno. */
static int walk(const struct target *target, int root, int directory, const char *path)
{
	char rest[PATH_MAX], link[PATH_MAX], name[NAME_MAX + 1];
	int links = 0, here = dup(*path == '/' ? root : directory);
	snprintf(rest, sizeof rest, "%s", path);
	for (;;) {
		const char *start = rest + strspn(rest, "/");
		size_t length = strcspn(start, "/");
		if (here < 0 || length == 0)
			return here;
		errno = ENAMETOOLONG;
		int next = -1;
		if (length < sizeof name) {
			memcpy(name, start, length);
			name[length] = '\0';
			next = open_component(target, root, here, name, link);
		}
		memmove(rest, start + length, strlen(start + length) + 1);
		close_fd(here);
		here = next;
		if (here < 0 || *link == '\0')
			continue;
		size_t room = sizeof link - strlen(link);
		bool fits = (size_t)snprintf(link + strlen(link), room, "/%s", rest) < room;
		if (links++ == MOST_LINKS || !fits) {
			close(here);
			errno = ELOOP;
			return -1;
		}
		memcpy(rest, link, sizeof rest);
	}
}

static int open_path(const struct target *target, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = *path == '/' ? RESOLVE_IN_ROOT : RESOLVE_BENEATH};
	AUTO_CLOSE int root = open_in_proc(target->tid, "root"), directory = *path == '/' ? dup(root) : open_in_proc(target->tid, "cwd");
	if (root < 0 || directory < 0)
		return -1;
	/* Check this after opening root and directory: if the thread still waits, both belong to it and not to a later thread with the same TID. */
	if (!target_is_valid(target)) {
		errno = ESRCH;
		return -1;
	}
	int fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
	/* openat2(2) fails for some links in /proc and for a relative path that leaves the working directory, although the target could use them. Then walk() opens the path. */
	return fd < 0 ? walk(target, root, directory, path) : fd;
}

int target_open_path(const struct target *target, const char *path)
{
	watchdog_begin();
	int fd = open_path(target, path);
	watchdog_end();
	return fd;
}
