// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * floor COMMAND [ARG...]: runs a command under a minimal seccomp listener, as the lower limit for the cost of the watcher. The listener handles
 * only connect(2): it reads the address from the memory of the caller and lets the kernel continue the call.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* defined in the headers of Linux 6.6 and later */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

static int install_filter(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/* Handles each notification: reads the address of connect(2) and lets the call continue. Returns when the last process with the filter has ended. */
static void serve(int listener)
{
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	for (;;) {
		struct seccomp_notif notification = {0};
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) != 0) {
			struct pollfd end = {.fd = listener};
			if (poll(&end, 1, 0) == 1)
				return;
			continue;
		}
		struct sockaddr_storage address;
		struct iovec local = {&address, (size_t)notification.data.args[2]};
		struct iovec remote = {(void *)(uintptr_t)notification.data.args[1], local.iov_len};
		if (local.iov_len <= sizeof address)
			process_vm_readv((pid_t)notification.pid, &local, 1, &remote, 1, 0);
		struct seccomp_notif_resp response = {.id = notification.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	}
}

int main(int argc, char **argv)
{
	int sent[2], received[2], listener = -1, status = 0;
	char byte = 0;
	if (argc < 2 || pipe2(sent, O_CLOEXEC) != 0 || pipe2(received, O_CLOEXEC) != 0)
		return 2;
	pid_t child = fork();
	if (child == 0) {
		listener = install_filter();
		if (write(sent[1], &listener, sizeof listener) != sizeof listener || read(received[0], &byte, 1) != 1)
			_exit(2);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (child < 0 || read(sent[0], &listener, sizeof listener) != sizeof listener)
		return 2;
	listener = (int)syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, child, 0), listener, 0);
	if (listener < 0 || write(received[1], &byte, 1) != 1) {
		perror("floor");
		return 2;
	}
	serve(listener);
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
