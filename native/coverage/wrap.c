/* Linked into the coverage build only, with --wrap: a process loses its counters where it calls exec or ends without exit(3). */
#include <signal.h>
#include <unistd.h>

void __gcov_dump(void);
void __gcov_reset(void);
void __real__exit(int status) __attribute__((noreturn));
int __real_kill(pid_t pid, int number);
void __wrap__exit(int status) __attribute__((noreturn));
int __wrap_kill(pid_t pid, int number);
int __real_execvp(const char *file, char *const argv[]);
int __wrap_execvp(const char *file, char *const argv[]);

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

int __wrap_execvp(const char *file, char *const argv[])
{
	__gcov_dump();
	__gcov_reset();
	return __real_execvp(file, argv);
}

/* confine ends by the signal that its command died of. */
int __wrap_kill(pid_t pid, int number)
{
	if (pid == getpid()) {
		__gcov_dump();
		__gcov_reset();
	}
	return __real_kill(pid, number);
}
