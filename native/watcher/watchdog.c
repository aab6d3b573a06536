#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "watcher/internal.h"

#ifndef SYS_futex /* 32-bit machines whose C library has 64-bit times alone */
#define SYS_futex SYS_futex_time64
#endif

/* A call counts as stuck after 200 to 250 ms. The watchdog sleeps after half a second without calls. */
enum { TICK_MICROSECONDS = 50000,
       STUCK_TICKS = 5,
       IDLE_TICKS = 10,
       MOST_STUCK_THREADS = 32,
       STACK_BYTES = 256 << 10 };

static const struct watchdog *running;

/* Counts the beginnings and ends of calls: it is odd within a call. The thread that makes it even continues the main loop. */
static atomic_uint turn;

/* 1: the watchdog sleeps (futex(2)). */
static atomic_int asleep;

/* Threads that were stuck and replaced. They wait to replace another one. */
static atomic_int idle_threads;
static sem_t replacements;

/* Where a replaced thread goes after its call has returned. */
static _Thread_local jmp_buf base;

static void wait_to_replace(void)
{
	atomic_fetch_add(&idle_threads, 1);
	while (sem_wait(&replacements) != 0)
		;
}

/* Continues the main loop in place of a stuck thread. */
static void *replace_thread(void *unused)
{
	(void)unused;
	if (setjmp(base) != 0)
		wait_to_replace();
	running->on_stall(running->data);
	running->serve(running->data);
	return NULL;
}

static bool start_thread(void *(*function)(void *))
{
	pthread_t thread;
	pthread_attr_t attributes;
	if (pthread_attr_init(&attributes) != 0)
		return false;
	bool started = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
		       pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
		       pthread_create(&thread, &attributes, function, NULL) == 0;
	pthread_attr_destroy(&attributes);
	return started;
}

/* Wakes or starts a thread that replaces the stuck one. */
static void replace(void)
{
	static int threads = 1;
	if (atomic_load(&idle_threads) > 0) {
		atomic_fetch_sub(&idle_threads, 1);
		sem_post(&replacements);
	} else if (threads > MOST_STUCK_THREADS || !start_thread(replace_thread))
		running->on_failure(running->data);
	else
		threads++;
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
		if (now % 2 == 1 && ticks >= STUCK_TICKS && atomic_compare_exchange_strong(&turn, &now, now + 1))
			replace();
		if (now % 2 == 1 || ticks < IDLE_TICKS)
			continue;
		atomic_store(&asleep, 1);
		if (atomic_load(&turn) == last)
			syscall(SYS_futex, &asleep, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
		atomic_store(&asleep, 0);
		ticks = 0;
	}
	return NULL;
}

noreturn void watchdog_run(const struct watchdog *watchdog)
{
	running = watchdog;
	/* If no thread can be started there is no deadline. The supervisor still limits the watcher's end. */
	if (sem_init(&replacements, 0, 0) == 0)
		start_thread(watch);
	if (setjmp(base) == 0)
		running->serve(running->data);
	wait_to_replace();
	replace_thread(NULL);
	_exit(1); /* not reached */
}

/* The value of turn in this thread's current call. A forked child has its own copy of turn, which no watchdog changes. */
static _Thread_local unsigned entered;

void watchdog_begin(void)
{
	entered = atomic_fetch_add(&turn, 1) + 1;
	if (atomic_load(&asleep) == 1 && atomic_exchange(&asleep, 0) == 1)
		syscall(SYS_futex, &asleep, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void watchdog_end(void)
{
	unsigned expected = entered;
	if (atomic_compare_exchange_strong(&turn, &expected, entered + 1))
		return;
	longjmp(base, 1);
}
