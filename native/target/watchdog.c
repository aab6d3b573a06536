// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/watchdog.h"

#include <dirent.h>
#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "util/fds.h"
#include "util/process.h"

#ifndef SYS_futex /* missing on 32-bit machines whose C library supports only 64-bit times */
#define SYS_futex SYS_futex_time64
#endif

/* A watched call is a system call of the watcher between watchdog_begin() and watchdog_end(). It is stuck if its thread still sleeps after 200 to 250 ms. After 500 ms without a watched call, the watchdog's thread sleeps. */
enum { TICK_MICROSECONDS = 50000,
       STUCK_TICKS = 5,
       IDLE_TICKS = 10,
       MOST_STUCK_THREADS = 32,
       STACK_BYTES = 256 << 10 };

static struct watched_loop watched;

/* Number of beginnings and ends of watched calls so far, so the number is odd during a call. The watchdog counts the end of a stuck call in advance; by this, the stuck thread later detects that it has been replaced (watchdog_end()). */
static atomic_uint turn;

/* own_tid: TID of the calling thread. watched_tid: TID of the thread that began the last watched call. */
static _Thread_local pid_t own_tid;
static atomic_int watched_tid;

/* State of the watchdog's thread. watchdog_begin() starts the thread if the state is NOT_STARTED, and wakes it if the state is ASLEEP (futex(2)). */
enum { WATCHING,
       ASLEEP,
       NOT_STARTED };
static atomic_int state;

/* Number of threads that are stuck: a new thread has replaced them, and their system call has not returned yet. */
static atomic_int stuck_threads;

/* The point to which a replaced thread jumps (longjmp(3)) after its stuck call has returned. The thread then ends. */
static _Thread_local jmp_buf base;

static bool start_thread(void *(*function)(void *), void *argument)
{
	pthread_t thread;
	pthread_attr_t attributes;
	if (pthread_attr_init(&attributes) != 0)
		return false;
	bool started = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
		       pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
		       pthread_create(&thread, &attributes, function, argument) == 0;
	pthread_attr_destroy(&attributes);
	return started;
}

/* Runs the main loop in the calling thread. Returns only if a new thread has replaced this one, after the stuck call has returned. replaces: parameter of serve() (struct watched_loop). */
static void run(bool replaces)
{
	own_tid = (pid_t)syscall(SYS_gettid);
	if (setjmp(base) == 0)
		watched.serve(watched.owner, replaces);
	atomic_fetch_sub(&stuck_threads, 1);
}

/* Main function of the threads other than the first. replaces: NULL: the thread is an additional one; another value: it replaces a stuck thread. */
static void *run_in_thread(void *replaces)
{
	run(replaces != NULL);
	return NULL;
}

/* Returns true if the thread runs or waits for a processor, so that it is not stuck: on a busy machine, it can wait longer than the time limit of a watched call. Returns false if it sleeps. */
static bool is_runnable(pid_t tid)
{
	char text[64];
	return proc_read(tid, "stat", text, sizeof text) > 0 && strstr(text, ") R ") != NULL;
}

/* Returns true if a thread of the Yama broker is runnable: a thread of the watcher that waits for the broker's answer is then not stuck. All threads of the supervisor except its first belong to the broker. */
static bool is_broker_runnable(void)
{
	pid_t supervisor = getppid();
	AUTO_CLOSEDIR DIR *threads = opendir(proc_path(supervisor, "task").text);
	struct dirent *entry;
	while (threads != NULL && (entry = readdir(threads)) != NULL)
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != supervisor && is_runnable(atoi(entry->d_name)))
			return true;
	return false;
}

static void *watch(void *unused)
{
	unsigned last = 0, ticks = 0;
	(void)unused;
	for (;;) {
		usleep(TICK_MICROSECONDS);
		unsigned now = atomic_load(&turn);
		ticks = now == last ? ticks + 1 : 0;
		last = now;
		if (now % 2 == 1 && ticks >= STUCK_TICKS && !is_broker_runnable() && !is_runnable(atomic_load(&watched_tid)) && atomic_compare_exchange_strong(&turn, &now, now + 1) &&
		    (atomic_fetch_add(&stuck_threads, 1) >= MOST_STUCK_THREADS || !start_thread(run_in_thread, &watched)))
			watched.fail(watched.owner);
		if (now % 2 == 1 || ticks < IDLE_TICKS)
			continue;
		atomic_store(&state, ASLEEP);
		if (atomic_load(&turn) == last)
			syscall(SYS_futex, &state, FUTEX_WAIT_PRIVATE, ASLEEP, NULL, NULL, 0);
		atomic_store(&state, WATCHING);
		ticks = 0;
	}
	return NULL;
}

/* Value that turn has during this thread's current watched call. If turn has another value at the end of the call, a new thread has replaced this one. */
static _Thread_local unsigned entered;

void watchdog_begin(void)
{
	atomic_store_explicit(&watched_tid, own_tid, memory_order_relaxed);
	entered = atomic_fetch_add(&turn, 1) + 1;
	int before = atomic_load(&state) == WATCHING ? WATCHING : atomic_exchange(&state, WATCHING);
	if (before == ASLEEP)
		syscall(SYS_futex, &state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	/* Ignore a failure to start the watchdog's thread: watched calls then have no time limit. The supervisor still limits how long it waits for the end of the watcher. */
	if (before == NOT_STARTED)
		start_thread(watch, NULL);
}

void watchdog_end(void)
{
	unsigned expected = entered;
	if (atomic_compare_exchange_strong(&turn, &expected, entered + 1))
		return;
	longjmp(base, 1);
}

bool watchdog_start_thread(void)
{
	return start_thread(run_in_thread, NULL);
}

void watchdog_run(const struct watched_loop *loop)
{
	watched = *loop;
	atomic_store(&state, NOT_STARTED);
	run(false);
}
