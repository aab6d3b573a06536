#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_free(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

bool liveness_open(struct liveness *watch, const struct options *options)
{
	*watch = (struct liveness){.lock = -1};
	for (size_t i = 0; i < options->die_with_count; i++) {
		int fd = (int)syscall(SYS_pidfd_open, options->die_with[i], 0);
		if (fd < 0 && errno == ESRCH)
			return false;
		/* A kernel before 5.3 has none; the lock and the caller's own end are left to go by. */
		if (fd >= 0)
			watch->pidfd[watch->count++] = fd;
	}
	if (options->die_with_lock != NULL)
		watch->lock = open(options->die_with_lock, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (watch->lock >= 0 && is_free(watch->lock)) {
		close(watch->lock);
		watch->lock = -1;
	}
	return true;
}

bool liveness_lock_is_free(const struct liveness *watch)
{
	return watch->lock >= 0 && is_free(watch->lock);
}
