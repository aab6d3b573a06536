// SPDX-License-Identifier: GPL-2.0-or-later
/* count_interrupts: prints a line when the first SIGINT arrives, and prints the number of received SIGINTs when SIGUSR1 arrives. */
#include <signal.h>
#include <stdio.h>

static volatile sig_atomic_t interrupts, stop_requested;

static void see(int number)
{
	if (number == SIGINT)
		interrupts++;
	else
		stop_requested = 1;
}

int main(void)
{
	const struct sigaction action = {.sa_handler = see};
	sigset_t both, none;
	sigemptyset(&none);
	sigemptyset(&both);
	sigaddset(&both, SIGINT);
	sigaddset(&both, SIGUSR1);
	sigprocmask(SIG_BLOCK, &both, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	puts("ready");
	fflush(stdout);
	while (stop_requested == 0) {
		sig_atomic_t before = interrupts;
		sigsuspend(&none);
		if (before == 0 && interrupts > 0) {
			puts("interrupted");
			fflush(stdout);
		}
	}
	printf("interrupts: %d\n", (int)interrupts);
	return 0;
}
