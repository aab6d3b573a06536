#include "fds.h"

#include <sys/syscall.h>
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

void fds_close_all_but(const int *keep, size_t count)
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
