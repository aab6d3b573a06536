/*
 * The thread whose system call is stopped in the watcher: its program, its parents, its memory and its descriptors.
 * The build controls all of them, so no content is trusted.
 */
#ifndef TARGET_H
#define TARGET_H

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

/*
 * A stopped thread. The kernel may reuse its number after it was killed. Data that was read by that number is valid only while
 * the notification is (seccomp_unotify(2)).
 */
struct target {
	struct target_access *access;
	int listener;
	uint64_t notification;
	pid_t tid;
};

/*
 * What the functions below keep between calls: a cache of programs, and the socket to the supervisor's Yama broker (-1: none). Never
 * freed. Returns NULL and sets errno on failure.
 */
struct target_access *target_access_new(int broker);

/* The parents of a process, nearest first. Each is one command line, cut to 96 bytes, with spaces between arguments and a NUL at its end. */
struct parents {
	char text[PARENTS_TEXT];
	size_t length;
};

struct program {
	uint64_t name_hash;    /* of comm and script */
	uint64_t command_hash; /* of comm, script and argv */
	char comm[PROGRAM_COMM];
	char script[PROGRAM_SCRIPT]; /* the file or module that an interpreter runs, or "" */
	char argv[PROGRAM_ARGV];     /* NUL after each argument; cut if longer */
	size_t argv_length;
};

/* Whether the notification is still valid. Call it after opening a file in /proc/TID, before using the content. */
bool target_is_valid(const struct target *target);

/* Answers the stopped call: flags of struct seccomp_notif_resp, an errno, or a value. Returns false if the call has ended. */
bool target_respond(const struct target *target, unsigned flags, int error, long value);

/*
 * The program of the thread. Results are cached for a few milliseconds while /proc shows the same command line. All fields are
 * empty if the thread has ended. Never NULL. The result is valid until the next call.
 */
const struct program *target_program(const struct target *target);

/* The parents of the thread's process, up to init, the child of the supervisor. */
void target_parents(const struct target *target, struct parents *parents);

/* Reads exactly size bytes at an address of the thread's memory. */
bool target_read(const struct target *target, uint64_t address, void *data, size_t size);

/*
 * Duplicates a descriptor of the thread (pidfd_getfd(2), Linux 5.6). Returns -1 and sets errno: EBADF if the thread has no such
 * descriptor, EPERM if ptrace access is denied. Close the copy with target_close().
 */
int target_duplicate(const struct target *target, int fd);

/* Closes a copy of a descriptor. This may wait for a file system (fuse_flush() in fs/fuse/file.c), so the watchdog covers it. */
void target_close(int copy);

/* Whether the thread may bind a port below 1024 (CAP_NET_BIND_SERVICE). */
bool target_may_bind_low_ports(const struct target *target);

bool target_is_single_threaded(const struct target *target);

/* Whether a signal is pending that would interrupt the thread's system call. */
bool target_has_signal(const struct target *target);

/*
 * Direct access by the rights of the calling process, without the Yama broker (ptrace(2), access mode checking). The first reads
 * exactly size bytes of a thread's memory; it sets opened if it had to open /proc/TID/mem. The second returns -1 and sets errno.
 */
bool process_read_memory(pid_t tid, uint64_t address, void *data, size_t size, bool *opened);
int process_duplicate_descriptor(int pidfd, int fd);

/* FNV-1a: it needs no set-up, and a few hundred short texts rarely collide. Start with HASH_EMPTY. */
#define HASH_EMPTY 0xCBF29CE484222325ULL
uint64_t hash_add(uint64_t hash, const void *data, size_t length);

#endif
