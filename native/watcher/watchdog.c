#include "watcher/watchdog.h"

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

#ifndef SYS_futex /* 32-bit machines whose C library has 64-bit times alone */
#define SYS_futex SYS_futex_time64
#endif

/* A call is stuck after 200 to 250 ms. The watchdog sleeps once nothing has been called for half a second. */
enum { TICK_MICROSECONDS = 50000,
       STUCK_TICKS = 5,
       IDLE_TICKS = 10,
       MOST_STUCK = 32,
       STACK = 256 << 10 };

static const struct watchdog *running;

/* Counts the beginnings and ends of calls: odd within one. Whoever makes it even there has the thread's place. */
static atomic_uint turn;

/* 1: the watchdog sleeps (futex(2)). */
static atomic_int asleep;

/* Threads that came back after another one had taken their place wait for one to take. */
static atomic_int idle;
static sem_t places;

static _Thread_local jmp_buf base;

static void wait_for_place(void)
{
	atomic_fetch_add(&idle, 1);
	while (sem_wait(&places) != 0)
		;
}

/* Takes the place of the thread that served before, and again whenever it has lost it. */
static void *work(void *unused)
{
	(void)unused;
	if (setjmp(base) != 0)
		wait_for_place();
	running->stalled(running->data);
	running->serve(running->data);
	return NULL;
}

static bool start_thread(void *(*function)(void *))
{
	pthread_t thread;
	pthread_attr_t attributes;
	if (pthread_attr_init(&attributes) != 0)
		return false;
	bool started = pthread_attr_setstacksize(&attributes, STACK) == 0 &&
		       pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
		       pthread_create(&thread, &attributes, function, NULL) == 0;
	pthread_attr_destroy(&attributes);
	return started;
}

/* Puts a thread in the place of one that is stuck. */
static void replace(void)
{
	static int threads = 1;
	if (atomic_load(&idle) > 0) {
		atomic_fetch_sub(&idle, 1);
		sem_post(&places);
	} else if (threads > MOST_STUCK || !start_thread(work))
		running->failed(running->data);
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
	/* Where there can be no threads there is no deadline, and the supervisor's own is left. */
	if (sem_init(&places, 0, 0) == 0)
		start_thread(watch);
	if (setjmp(base) == 0)
		running->serve(running->data);
	wait_for_place();
	work(NULL);
	_exit(1); /* never: serve() has not returned */
}

/* What the current call was before it: a child of the watcher has a counter of its own, and nobody who changes it. */
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
