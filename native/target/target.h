/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inspects the target, the thread whose system call the watcher handles. The build controls its program, ancestors, memory and descriptors, so the watcher must not trust this data. */
#pragma once

#include "util/base.h"

enum {
	PROGRAM_COMM = 16,    /* room for the name of a thread (/proc/TID/comm) and its NUL, in bytes */
	PROGRAM_ARGV = 512,   /* room for a command line, in bytes; a longer one is cut */
	PROGRAM_SCRIPT = 128, /* room for the path or name of a script, in bytes; a longer one is cut */
	PARENTS_TEXT = 384,   /* room for the command lines of all ancestors of a process, in bytes; command lines that do not fit are omitted */
};

/* A thread of the phase whose system call waits for the watcher's answer. If it is killed, another thread may get its TID: call target_is_valid() before using data read by TID (seccomp_unotify(2)). */
struct target {
	struct target_access *access;
	int listener;
	uint64_t notification;
	pid_t tid;
	long long now; /* time at which the watcher began to handle the call, in microseconds of CLOCK_MONOTONIC */
};

/* Creates the state of the functions target_*(), such as a cache of programs, which is never freed. broker: socket to the Yama broker; -1: there is no broker. Returns NULL and sets errno on failure. */
struct target_access *target_access_new(int broker);

struct program {
	uint64_t name_hash;    /* hash of the members comm and script, to recognize the program */
	uint64_t command_hash; /* hash of the members comm, script and argv, to recognize the command line */
	char comm[PROGRAM_COMM];
	char script[PROGRAM_SCRIPT]; /* file or module that the program runs, if it is an interpreter; otherwise "" */
	char argv[PROGRAM_ARGV];     /* command line, with a NUL after each argument */
	size_t argv_length;
	char parents[PARENTS_TEXT]; /* command lines of the ancestor processes, beginning with the parent; each is cut to 96 bytes, has spaces between arguments and ends with a NUL */
	size_t parents_length;	    /* length of the text in parents, in bytes; 0: target_add_parents() was not called or found no ancestor */
};

/* Returns true if the thread still waits for an answer, which means that no other thread has its TID now. Returns false if the call has ended. Call it after opening a file in /proc/TID, before using the content. */
bool target_is_valid(const struct target *target);

/* Answers the system call of the target. The parameters become members of struct seccomp_notif_resp; error is 0 or a positive errno. Returns false if the call has already ended. */
bool target_respond(const struct target *target, unsigned flags, int error, long value);

/* Returns the program that the thread runs, valid until the next call of this function or of target_duplicate(). If the thread has ended, all members may be empty. The result is cached until name or command line change. */
const struct program *target_program(const struct target *target);

/* Reads the command lines of at most eight ancestors of the thread's process into program->parents: from the parent process up to a child of confine's init. Reads none if the thread has ended. */
void target_add_parents(const struct target *target, struct program *program);

/* Reads size bytes at an address of the thread's memory. Returns false and sets errno if it cannot read all of them. */
bool target_read(const struct target *target, uint64_t address, void *data, size_t size);

/* Duplicates a descriptor of the thread (pidfd_getfd(2), Linux 5.6); close it by target_close(). On failure, returns -1 and sets errno: for example EBADF if the thread has no such descriptor, EPERM if the watcher may not inspect the thread. */
int target_duplicate(const struct target *target, int fd);

/* Closes a copy from target_duplicate() or target_open_path(), unless it is -1. The watchdog limits the time of close(2), which may wait for a FUSE server (fuse_flush() in fs/fuse/file.c). */
void target_close(int copy);

/* Opens, with O_PATH, the file that the thread would find at a path: begins at the thread's root or working directory, and opens the thread's directory in /proc for "self". On failure, returns -1 and sets errno, to ESRCH if the thread has ended. */
int target_open_path(const struct target *target, const char *path);

/* Data about a thread in /proc/TID/status (proc(5)). */
struct thread_status {
	pid_t process;		  /* ID of the process to which the thread belongs; if /proc/TID/status cannot be read, the TID of the thread */
	pid_t parent;		  /* ID of the parent of the process to which the thread belongs; 0: /proc/TID/status cannot be read */
	uid_t uid, effective_uid; /* real and effective user id; (uid_t)-1: /proc/TID/status cannot be read */
	gid_t effective_gid;
	mode_t umask;
	uint64_t capabilities;			   /* effective capabilities, bit N for capability N; 1 if unknown, for example if a long list of groups fills the read buffer, because 0 would mean "no capabilities" */
	uint64_t pending, shared_pending, blocked; /* bit N - 1 for signal N: signals that are pending for the thread, signals that are pending for the process, and signals that the thread blocks */
	bool is_zombie;				   /* true: the thread has ended; false: it has not, or /proc/TID/status cannot be read */
};

struct thread_status thread_status(pid_t tid);

/* Returns true if a signal is pending that interrupts a system call of the thread. Returns false if there is no such signal, or if this is unknown. */
bool thread_has_signal(pid_t tid);

bool target_is_single_threaded(const struct target *target);

/* Adds bytes to an FNV-1a hash and returns the new hash. The first hash is HASH_EMPTY. Different texts rarely have the same hash, as long as there are only a few hundred. */
#define HASH_EMPTY 0xCBF29CE484222325ULL
uint64_t hash_add(uint64_t hash, const void *data, size_t length);
