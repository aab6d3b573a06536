/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watchdog limits how long the watcher's own system calls may take. Reading a target's memory or closing a copy of its descriptor may
 * wait for a FUSE server, which may be the build itself, and such a wait can outlast SIGKILL (request_wait_answer() in fs/fuse/dev.c).
 * The watcher makes such calls between watchdog_begin() and watchdog_end(). If one takes too long, a new thread replaces the calling thread in the
 * main loop. Between the two functions, a thread may write only to its own stack: once the stuck call returns, it runs beside the new thread.
 */
#pragma once

#include "util/base.h"

/* The functions of the main loop that the watchdog calls. */
struct watched_loop {
	void *owner;				   /* argument that the watchdog passes to serve() and fail() */
	void (*serve)(void *owner, bool replaces); /* runs the main loop in the calling thread and never returns; replaces: true: the thread replaces a stuck one and must first answer the call that the stuck thread handled; false: there is no such call */
	void (*fail)(void *owner);		   /* called by the watchdog's thread if it cannot replace a stuck thread: too many are stuck (MOST_STUCK_THREADS), or no thread can be started; must end the process, because nothing answers calls of the phase any more */
};

/* Calls loop->serve(). Returns only after a new thread has replaced the calling thread and the stuck call has returned. */
void watchdog_run(const struct watched_loop *loop);

/* Starts a thread that serves the main loop beside the thread in watchdog_run(). The new thread calls loop->serve(owner, false), because it replaces no stuck thread. Returns true if the thread has been started, false on failure. */
bool watchdog_start_thread(void);

/* Starts the time limit of a system call that may get stuck. In a process that has not called watchdog_run(), such as a child process of the watcher, there is no time limit. */
void watchdog_begin(void);

/* Ends the time limit after the system call has returned. Keeps errno. Does not return if a new thread has replaced the calling one: the calling thread then ends or, if it called watchdog_run(), returns from there. */
void watchdog_end(void);
