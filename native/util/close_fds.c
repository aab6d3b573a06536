#include "util/close_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Linux before 5.9 has no close_range(2). */
static void close_from_to(unsigned first, unsigned last)
{
	if (syscall(SYS_close_range, first, last, 0) == 0)
		return;
	long open_max = sysconf(_SC_OPEN_MAX);
	for (unsigned fd = first; fd <= last && (long)fd < open_max; fd++)
		close((int)fd);
}

void close_fds_except(const int *keep, size_t count)
{
	unsigned first = 0;
	for (;;) {
		unsigned next = ~0U;
		for (size_t i = 0; i < count; i++)
			if (keep[i] >= 0 && (unsigned)keep[i] >= first && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next > first)
			close_from_to(first, next - 1);
		if (next == ~0U)
			return;
		first = next + 1;
	}
}

/*
 * Whether the C library opened it, which does so for set-id programs before main() and in the wrong direction on purpose
 * (glibc, csu/check_fds.c): /dev/full to write for standard input, /dev/null to read for the other two.
 */
static bool is_from_libc(int fd)
{
	struct stat status;
	int wrong = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
	dev_t device = fd == STDIN_FILENO ? makedev(1, 7) : makedev(1, 3);
	return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == device &&
	       (fcntl(fd, F_GETFL) & O_ACCMODE) == wrong;
}

bool fds_fill_stdio(bool secure)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int flags = fcntl(fd, F_GETFD);
		if (flags >= 0 && secure && is_from_libc(fd) && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
			return false;
		if (flags >= 0)
			continue;
		if (errno != EBADF || open("/dev/null", O_RDWR | O_CLOEXEC) != fd)
			return false;
	}
	return true;
}
