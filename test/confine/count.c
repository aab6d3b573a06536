/* count: counts the SIGINTs that arrive until half a second after the first. (Python's handlers would make one of two that come close.) */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

static volatile sig_atomic_t count;

static void see(int number)
{
	(void)number;
	count++;
}

int main(void)
{
	struct sigaction action = {.sa_handler = see};
	struct timespec start, now;
	sigaction(SIGINT, &action, NULL);
	puts("ready");
	fflush(stdout);
	while (count == 0)
		poll(NULL, 0, 20);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		poll(NULL, 0, 20);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 500);
	printf("interrupts: %d\n", (int)count);
	return 0;
}
