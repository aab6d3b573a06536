// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "watcher/internal.h"

#ifndef SYS_futex /* missing on 32-bit machines whose C library supports only 64-bit times */
#define SYS_futex SYS_futex_time64
#endif

/* A watched call counts as stuck after 200 to 250 ms. After half a second without watched calls the watchdog sleeps. */
enum { TICK_MICROSECONDS = 50000,
       STUCK_TICKS = 5,
       IDLE_TICKS = 10,
       MOST_STUCK_THREADS = 32,
       STACK_BYTES = 256 << 10 };

static const struct watchdog *running;

/* Number of beginnings and ends of watched calls: odd during a call. If the watchdog makes it even before the call's thread does, a new thread continues the main loop. */
static atomic_uint turn;

/* watchdog_begin() sets the state to WATCHING. Before that, it starts the watchdog's thread or wakes it (futex(2)). */
enum { WATCHING,
       ASLEEP,
       NOT_STARTED };
static atomic_int state;

/* Number of threads that were replaced and are still stuck. */
static atomic_int stuck_threads;

/* A replaced thread jumps here after its stuck call has returned, and then ends. */
static _Thread_local jmp_buf base;

/* Continues the main loop. stalled: NULL if this thread does not replace a stuck one. */
static void *serve_in_thread(void *stalled)
{
	if (setjmp(base) == 0) {
		if (stalled != NULL)
			running->on_stall(running->data);
		running->serve(running->data);
	}
	atomic_fetch_sub(&stuck_threads, 1);
	return NULL;
}

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

static void *watch(void *unused)
{
	unsigned last = 0, ticks = 0;
	(void)unused;
	for (;;) {
		usleep(TICK_MICROSECONDS);
		unsigned now = atomic_load(&turn);
		ticks = now == last ? ticks + 1 : 0;
		last = now;
		if (now % 2 == 1 && ticks >= STUCK_TICKS && atomic_compare_exchange_strong(&turn, &now, now + 1) &&
		    (atomic_fetch_add(&stuck_threads, 1) >= MOST_STUCK_THREADS || !start_thread(serve_in_thread, &turn)))
			running->on_failure(running->data);
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

noreturn void watchdog_run(const struct watchdog *watchdog)
{
	running = watchdog;
	atomic_store(&state, NOT_STARTED);
	if (setjmp(base) == 0)
		running->serve(running->data);
	atomic_fetch_sub(&stuck_threads, 1);
	/* The first thread waits forever, because its end would make the process look like a zombie (proc_pid_stat(5)). */
	for (;;)
		poll(NULL, 0, -1);
}

bool watchdog_start_second(void)
{
	return start_thread(serve_in_thread, NULL);
}

/* Value that turn has during this thread's current watched call. A forked child has its own copy of turn, which no watchdog changes. */
static _Thread_local unsigned entered;

void watchdog_begin(void)
{
	entered = atomic_fetch_add(&turn, 1) + 1;
	int before = atomic_load(&state) == WATCHING ? WATCHING : atomic_exchange(&state, WATCHING);
	if (before == ASLEEP)
		syscall(SYS_futex, &state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	/* If the thread cannot be started, calls have no time limit, but the supervisor still limits how long it waits for the watcher to end. */
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
