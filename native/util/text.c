// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/text.h"

#include <limits.h>

/* Returns the start of the space-separated field number index (from 0), or NULL if the line has fewer fields. */
static const char *field(const char *line, int index)
{
	for (; index > 0 && line != NULL; index--) {
		line = strchr(line, ' ');
		line = line == NULL ? NULL : line + 1;
	}
	return line;
}

/* Returns true if text starts with this word, followed by a space, a newline or the end of the text. */
static bool is_word(const char *text, const char *word)
{
	if (text == NULL)
		return false;
	size_t length = strcspn(text, " \n");
	return length == strlen(word) && strncmp(text, word, length) == 0;
}

/* Indexes of fields in a line of /proc/PID/mountinfo, for field(). Later fields have no fixed index. */
enum { MOUNT_ROOT = 3,
       MOUNT_POINT = 4,
       MOUNT_OPTIONS = 5 };

char *text_cgroup2_mount(char *line)
{
	const char *separator = strstr(line, " - ");
	const char *root = field(line, MOUNT_ROOT);
	const char *point = field(line, MOUNT_POINT);
	if (separator == NULL || root == NULL || point == NULL || point > separator || !is_word(separator + 3, "cgroup2") ||
	    !is_word(root, "/"))
		return NULL;
	char *found = line + (point - line);
	found[strcspn(found, " ")] = '\0';
	return found;
}

/* Returns true if options, the super block options of a mounted proc file system, hide no files. The options hidepid and gid are accepted: they hide only processes (proc(5)). */
static bool shows_files(const char *options)
{
	size_t length = strcspn(options, " \n");
	if (strncmp(options, "rw", 2) != 0)
		return false;
	for (size_t at = 2; at < length; at += 1 + strcspn(options + at + 1, ", \n"))
		if (strncmp(options + at, ",hidepid=", 9) != 0 && strncmp(options + at, ",gid=", 5) != 0)
			return false;
	return true;
}

bool text_hides_proc(const char *line)
{
	static const char proc[] = "/proc", empty[] = "/proc/sys/fs/binfmt_misc";
	const char *point = field(line, MOUNT_POINT);
	if (point == NULL || strncmp(point, proc, sizeof proc - 1) != 0)
		return false;
	if (point[sizeof proc - 1] == '/')
		return !is_word(point, empty);
	if (point[sizeof proc - 1] != ' ')
		return false;
	const char *separator = strstr(point, " - ");
	const char *options = field(line, MOUNT_OPTIONS);
	const char *type = separator == NULL ? NULL : separator + 3;
	const char *super = type == NULL ? NULL : field(type, 2);
	return super == NULL || options == NULL || !is_word(field(line, MOUNT_ROOT), "/") || !is_word(type, "proc") ||
	       strncmp(options, "rw", 2) != 0 || !shows_files(super);
}

char *text_own_cgroup(char *line)
{
	line[strcspn(line, "\n")] = '\0';
	/* Refuse a path that starts with "/..": that cgroup is outside of this cgroup namespace, where confine cannot open it. */
	if (strncmp(line, "0::/", 4) != 0 || strncmp(line + 3, "/..", 3) == 0)
		return NULL;
	return line + 4;
}

long long text_value(const char *text, const char *key)
{
	size_t length = strlen(key);
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return strtoll(line + length + 1, NULL, 10);
	}
	return -1;
}

bool text_stat(const char *text, struct text_stat *stat)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	if (open == NULL || close == NULL || close < open)
		return false;
	stat->comm = open + 1;
	stat->comm_length = (size_t)(close - open - 1);
	char state;
	/* %ld reads field 20, the number of threads; %llu reads field 22, the start of the process (proc_pid_stat(5)). */
	if (sscanf(close, ") %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %llu", &state, &stat->parent,
		   &stat->threads, &stat->started) != 4)
		return false;
	stat->alive = (state != 'Z' && state != 'X') || stat->threads > 1;
	return true;
}

bool text_is_portages_init(const char *cmdline, size_t length)
{
	static const char name[] = "/pid-ns-init";
	for (size_t i = 0; i < length; i += strlen(cmdline + i) + 1) {
		size_t size = strlen(cmdline + i);
		if (size >= sizeof name - 1 && strcmp(cmdline + i + size - (sizeof name - 1), name) == 0)
			return true;
	}
	return false;
}

int text_fdinfo_flags(const char *text, unsigned long long inode)
{
	const char *flags = strstr(text, "flags:"), *inode_field = strstr(text, "ino:");
	if (flags == NULL || inode_field == NULL || strtoull(inode_field + 4, NULL, 10) != inode)
		return -1;
	return (int)(strtoul(flags + 6, NULL, 8) & INT_MAX);
}

bool text_fdinfo_registration(const char *line, int fd, unsigned long long inode, struct epoll_event *event)
{
	int found_fd;
	unsigned events;
	unsigned long long data, found_inode;
	if (sscanf(line, "tfd: %d events: %x data: %llx pos:%*d ino:%llx", &found_fd, &events, &data, &found_inode) != 4)
		return false;
	*event = (struct epoll_event){.events = events, .data.u64 = data};
	return found_fd == fd && found_inode == inode;
}
