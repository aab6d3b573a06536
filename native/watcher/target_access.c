#include "watcher/target_access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Where process_vm_readv is refused (CONFIG_CROSS_MEMORY_ATTACH, a container's seccomp filter). */
static bool read_mem(pid_t tid, uint64_t address, void *data, size_t size)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/mem", tid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool whole = fd >= 0 && pread(fd, data, size, (off_t)address) == (ssize_t)size;
	if (fd >= 0)
		close(fd);
	return whole;
}

bool target_access_memory(pid_t tid, uint64_t address, void *data, size_t size, bool *opened)
{
	struct iovec here = {data, size};
	struct iovec there = {(void *)(uintptr_t)address, size};
	ssize_t got = process_vm_readv(tid, &here, 1, &there, 1, 0);
	*opened = got < 0 && errno != EFAULT;
	return *opened ? read_mem(tid, address, data, size) : got == (ssize_t)size;
}

int target_access_descriptor(int pidfd, int fd)
{
	return (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}
