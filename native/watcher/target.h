/* Who makes a watched call, and what is in its memory: everything that the process itself decides is doubted. */
#ifndef AUDIT_TARGET_H
#define AUDIT_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	PROGRAM_COMM = 16,
	PROGRAM_ARGV = 512,
	PROGRAM_SCRIPT = 128,
	PARENTS_TEXT = 384,
};

/* The parents of a process, nearest first, each command line as one text with a NUL behind it, cut where it is longer. */
struct parents {
	char text[PARENTS_TEXT];
	size_t length;
};

struct program {
	uint64_t name;	  /* hash of comm and script */
	uint64_t command; /* hash of all of it */
	char comm[PROGRAM_COMM];
	char script[PROGRAM_SCRIPT]; /* what an interpreter runs, or "" */
	char argv[PROGRAM_ARGV];     /* NUL after each, cut where it is longer */
	size_t argv_length;
};

/*
 * Sets the notification that the next functions are about. A thread's number may be another one's once its process was killed,
 * so that whatever was read by that number counts only where the notification is still there (seccomp_unotify(2)).
 */
void target_notification(int listener, uint64_t id);

/* Whether that one is there; to be asked after a file in /proc/TID was opened. */
bool target_is_there(void);

/*
 * Who the thread tid is: the name of its process, command line and script. What was found out is believed again for a few
 * milliseconds, as long as /proc still has that very thread under that name. Empty where it is there no
 * more. Never NULL; valid until the next call.
 */
const struct program *target_program(pid_t tid);

/* The parents of the thread's process, up to the child of the supervisor that all of a phase descends from. */
void target_parents(pid_t tid, struct parents *parents);

/* Reads exactly size bytes at an address of the thread's memory. */
bool target_read(pid_t tid, uint64_t address, void *data, size_t size);

/*
 * A duplicate of the descriptor fd of the thread that target_program() was asked for last. -1 with EBADF where it has none,
 * EPERM where that is refused, or another errno: it takes Linux 5.6, and what reading its memory takes.
 */
int target_socket(pid_t tid, int fd);

/* Closes a copy of a descriptor, which may wait for the file system behind it (fuse_flush() in fs/fuse/file.c). */
void target_close(int copy);

/*
 * What an interpreter with this command line (NUL after each argument) runs: the first argument that is no option, or the
 * module, or NULL. Points into argv.
 */
const char *target_script(const char *argv, size_t length);

uint64_t audit_hash(const void *data, size_t length);

#endif
