/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsers for text files of the kernel. They take the text as argument and open no file, so that test/fuzz/ can test them. */
#pragma once

#include <sys/epoll.h>

#include "util/base.h"

/*
 * Returns the mount point in a line of mountinfo (proc_pid_mountinfo(5)), if the root of the cgroup2 hierarchy is mounted there. Returns NULL for
 * other lines. The result points into line; the function writes a NUL behind the mount point.
 */
char *text_cgroup2_mount(char *line);

/*
 * Returns true if a line of mountinfo shows that files of /proc are hidden: by a mount below /proc or by mount options. A new /proc would
 * make these files visible. A mount on /proc/sys/fs/binfmt_misc does not count, because that directory is always empty; the
 * kernel makes the same exception (fs/namespace.c, mnt_already_visible).
 */
bool text_hides_proc(const char *line);

/*
 * Returns PATH of a line "0::/PATH" of /proc/PID/cgroup, which names the cgroup v2 of the process. Returns NULL for other lines, and if the
 * cgroup is outside of this cgroup namespace.
 */
char *text_own_cgroup(char *line);

/* Returns the number after key in text with lines "KEY NUMBER", or -1 if there is no such line. */
long long text_value(const char *text, const char *key);

struct text_stat {
	const char *comm; /* name of the process: comm_length bytes, not NUL-terminated */
	size_t comm_length;
	pid_t parent;
	long threads;
	unsigned long long started; /* start time of the process, in clock ticks after boot */
	bool alive;		    /* true: a thread of the process is alive (the first thread can be a zombie until the others exit); false: none is */
};

/* Parses the text of /proc/PID/stat. The name of a process can contain any character; the last ')' in the text ends the name. Returns false if the text has another format. */
bool text_stat(const char *text, struct text_stat *stat);

/* Returns true if one of the arguments in the text of /proc/PID/cmdline is the path of Portage's pid-ns-init. cmdline[length] must be NUL. */
bool text_is_portages_init(const char *cmdline, size_t length);

/* Returns the flags (O_CLOEXEC, O_NONBLOCK and others) in the text of /proc/TID/fdinfo/FD (proc(5)), or -1 if the text is about another inode. */
int text_fdinfo_flags(const char *text, unsigned long long inode);

/* Returns true if this line of an epoll instance's fdinfo shows that descriptor fd with this inode is registered; if so, sets event to the registered events and data. */
bool text_fdinfo_registration(const char *line, int fd, unsigned long long inode, struct epoll_event *event);
