/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inspects the target, the thread whose system call the watcher handles: its program, its parents, its memory and its descriptors.
 * The build controls all of them, so the watcher trusts none of this data.
 */
#ifndef TARGET_H
#define TARGET_H

#include "util/base.h"

enum {
	PROGRAM_COMM = 16,    /* room for the name of a thread in /proc/TID/comm, in bytes */
	PROGRAM_ARGV = 512,   /* room for a command line, in bytes; a longer one is cut */
	PROGRAM_SCRIPT = 128, /* room for the path or name of a script, in bytes; a longer one is cut */
	PARENTS_TEXT = 384,   /* room for the command lines of all parents, in bytes; those that do not fit are omitted */
};

/*
 * A stopped thread. After it was killed, the kernel may give its TID to another thread. So check target_is_valid() after reading any
 * data by TID and before using that data (seccomp_unotify(2)).
 */
struct target {
	struct target_access *access;
	int listener;
	uint64_t notification;
	pid_t tid;
	long long now; /* time at which handling the call began, in microseconds of CLOCK_MONOTONIC */
};

/*
 * Creates the state that the functions below keep between calls: a cache of programs, and broker, the socket to the Yama broker (-1: none).
 * The state is never freed. Returns NULL and sets errno on failure.
 */
struct target_access *target_access_new(int broker);

struct program {
	uint64_t name_hash;    /* hash of the members comm and script */
	uint64_t command_hash; /* hash of the members comm, script and argv */
	char comm[PROGRAM_COMM];
	char script[PROGRAM_SCRIPT]; /* file or module that an interpreter runs; "" for other programs */
	char argv[PROGRAM_ARGV];     /* command line, with a NUL after each argument */
	size_t argv_length;
	char parents[PARENTS_TEXT]; /* command lines of its parents, nearest first, each cut to 96 bytes, with spaces between arguments and a NUL at its end */
	size_t parents_length;	    /* 0: target_add_parents() was not called */
};

/* Returns true if the thread still waits for an answer. Call it after opening a file in /proc/TID, before using the content. */
bool target_is_valid(const struct target *target);

/* Answers the stopped call with the members of struct seccomp_notif_resp: flags, error (a positive errno) and value. Returns false if the call has ended. */
bool target_respond(const struct target *target, unsigned flags, int error, long value);

/*
 * Returns the program of the thread, never NULL. All its fields are empty if the thread has ended. Results are cached for a few milliseconds
 * while /proc shows the same command line. The result is valid until the next call of this function.
 */
const struct program *target_program(const struct target *target);

/* Reads the command lines of the parent of the thread's process, its parent and so on, below init: at most eight, and none if the thread has ended. */
void target_add_parents(const struct target *target, struct program *program);

/* Reads size bytes at an address of the thread's memory. Returns false and sets errno if not all bytes could be read. */
bool target_read(const struct target *target, uint64_t address, void *data, size_t size);

/*
 * Duplicates a descriptor of the thread (pidfd_getfd(2), Linux 5.6). Returns -1 and sets errno: EBADF if the thread has no such
 * descriptor, EPERM if ptrace access is denied. Close the copy with target_close().
 */
int target_duplicate(const struct target *target, int fd);

/* Closes a copy of a descriptor, unless it is -1. This may wait for a file system (fuse_flush() in fs/fuse/file.c), so the watchdog covers it. */
void target_close(int copy);

/*
 * Opens a path with O_PATH, as the thread would: relative to its working directory and inside its root. Follows symbolic links, also those of
 * /proc. Returns -1 and sets errno on failure, to ESRCH if the thread has ended.
 */
int target_open_path(const struct target *target, const char *path);

/* Returns true if the thread may bind a port below 1024 (CAP_NET_BIND_SERVICE). */
bool target_may_bind_low_ports(const struct target *target);

/* Returns the real uid of the thread. */
uid_t target_uid(const struct target *target);

/* Returns true if the kernel refuses the target each file that it refuses this process: both have the same user, and the target has no capability. */
bool target_has_same_rights(const struct target *target);

/* The effective ids and the umask of a thread, and the ID of its process. */
struct credentials {
	uid_t uid;
	gid_t gid;
	mode_t umask;
	pid_t process;
};

/* Returns false if the thread has ended, or if its credentials cannot be read. */
bool target_credentials(const struct target *target, struct credentials *credentials);

bool target_is_single_threaded(const struct target *target);

/* Returns true if a signal is pending that would interrupt the thread's system call. */
bool target_has_signal(const struct target *target);

/*
 * Functions that access another process with the rights of the calling process, without the Yama broker (ptrace(2), access mode checking).
 * process_read_memory() reads exactly size bytes, or returns false and sets errno. It sets *opened to true if it used /proc/TID/mem.
 * process_duplicate_descriptor() returns the duplicate, or -1 and sets errno.
 */
bool process_read_memory(pid_t tid, uint64_t address, void *data, size_t size, bool *opened);
int process_duplicate_descriptor(int pidfd, int fd);

/* Adds bytes to an FNV-1a hash. It needs no set-up, and among a few hundred short texts equal hashes are rare. Start with HASH_EMPTY. */
#define HASH_EMPTY 0xCBF29CE484222325ULL
uint64_t hash_add(uint64_t hash, const void *data, size_t length);

#endif
