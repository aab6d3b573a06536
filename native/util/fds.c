// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "util/fds.h"

union control {
	struct cmsghdr header; /* gives bytes the alignment that CMSG_FIRSTHDR() requires */
	char bytes[CMSG_SPACE(PASSED_FDS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

bool fd_passing_send(int socket, const void *data, size_t size, const int fds[PASSED_FDS])
{
	union control control = {0};
	struct iovec part = {(void *)data, size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	size_t passed = 0;
	while (passed < PASSED_FDS && fds[passed] >= 0)
		passed++;
	if (passed > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = (socklen_t)CMSG_SPACE(passed * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = (socklen_t)CMSG_LEN(passed * sizeof(int));
		memcpy(CMSG_DATA(header), fds, passed * sizeof(int));
	}
	ssize_t sent;
	while ((sent = sendmsg(socket, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	return sent == (ssize_t)size;
}

bool fd_passing_receive(int socket, void *data, size_t size, int *fds, size_t count, pid_t *sender)
{
	union control control;
	struct iovec part = {data, size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes};
	/* Leave room for count descriptors only, so that the kernel discards further ones (scm_detach_fds() in net/core/scm.c). */
	message.msg_controllen = (socklen_t)(CMSG_LEN(count * sizeof *fds) + (sender == NULL ? 0 : CMSG_SPACE(sizeof(struct ucred))));
	ssize_t got;
	while ((got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	for (size_t i = 0; i < count; i++)
		fds[i] = -1;
	if (got < 0)
		return false;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
		size_t length = header->cmsg_len - CMSG_LEN(0), most = count * sizeof *fds;
		if (header->cmsg_type == SCM_RIGHTS)
			memcpy(fds, CMSG_DATA(header), length < most ? length : most);
		if (header->cmsg_type == SCM_CREDENTIALS && sender != NULL)
			memcpy(sender, CMSG_DATA(header) + offsetof(struct ucred, pid), sizeof *sender);
	}
	if (got == (ssize_t)size && (message.msg_flags & MSG_TRUNC) == 0)
		return true;
	for (size_t i = 0; i < count; i++) {
		close_fd(fds[i]);
		fds[i] = -1;
	}
	errno = got == 0 ? ECONNRESET : EPROTO;
	return false;
}

void close_fd(int fd)
{
	int saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
}

void auto_close(const int *fd)
{
	close_fd(*fd);
}

void auto_fclose(FILE **file)
{
	int saved = errno;
	if (*file != NULL)
		fclose(*file);
	errno = saved;
}

void auto_closedir(DIR **folder)
{
	int saved = errno;
	if (*folder != NULL)
		closedir(*folder);
	errno = saved;
}

long file_read(int directory, const char *path, char *text, size_t size)
{
	AUTO_CLOSE int fd = openat(directory, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);
	text[length > 0 ? length : 0] = '\0';
	return length;
}

bool file_write(int directory, const char *path, const char *text)
{
	/* Use a single write, because the kernel accepts an id map only in one (user_namespaces(7)). */
	AUTO_CLOSE int fd = openat(directory, path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* Closes the descriptors from first to last. Linux before 5.9 has no close_range(2): there, closes the descriptors one by one. */
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
 * Returns true if the C library has opened this standard stream, because the stream was closed at the exec of confine. For set-user-ID programs
 * glibc does so before main(), in the wrong direction (csu/check_fds.c): standard input is /dev/full for writing, the others are /dev/null for reading.
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
