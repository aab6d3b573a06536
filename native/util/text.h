/* What the kernel's text files say. Every reader of text is here, takes a buffer and opens nothing: see fuzz/. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The mount point in a line of mountinfo (proc_pid_mountinfo(5)) whose file system is cgroup2 and whose root is the
 * hierarchy's; NULL for every other line. Points into line, which is cut up.
 */
char *text_cgroup2_mount(char *line);

/*
 * Whether a line of mountinfo says that /proc is not all there: something is mounted below it, or over a part, or it was mounted
 * with options that hide files. A new /proc would show what was hidden on purpose. binfmt_misc stands on a directory that is empty
 * for ever, as the kernel knows too (fs/namespace.c, mnt_already_visible), and hides nothing.
 */
bool text_hides_proc(const char *line);

/* Where "0::/PATH" of /proc/PID/cgroup says that the process is, below the root; NULL for other lines, and above our root. */
char *text_own_cgroup(char *line);

/* The number behind KEY in a file of "KEY NUMBER" lines; -1 where there is none. */
long long text_value(const char *text, const char *key);

struct text_stat {
	const char *comm; /* not terminated */
	size_t comm_length;
	pid_t parent;
	long threads;
	unsigned long long started; /* clock ticks after boot */
	bool alive;		    /* its first thread, a zombie until the others have ended, or one of these */
};

/* Reads /proc/PID/stat. The name may hold any character, so the last ')' ends it. */
bool text_stat(const char *text, struct text_stat *stat);

/* Whether an argument in a cmdline (NUL-separated, length bytes and one more NUL) is the path of Portage's pid-ns-init. */
bool text_is_portages_init(const char *cmdline, size_t length);

#endif
