// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * refuse_calls CALL=ERROR... -- COMMAND [ARG...]: runs a command with a seccomp filter that refuses system calls, as in a container or an
 * emulator. A CALL may include flags or a value of the first argument: unshare:newnet=EPERM. The tests use a filter and not a preloaded
 * library, because confine is linked statically.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned call;
	unsigned mask; /* the call is refused if the first argument has one of these flags or, for prctl, this value; 0: it is always refused */
} calls[] = {
	{"unshare", SYS_unshare, 0},
	{"unshare:newuser", SYS_unshare, CLONE_NEWUSER},
	{"unshare:newnet", SYS_unshare, CLONE_NEWNET},
	{"unshare:newipc", SYS_unshare, CLONE_NEWIPC},
	{"unshare:newuts", SYS_unshare, CLONE_NEWUTS},
	{"unshare:newpid", SYS_unshare, CLONE_NEWPID},
	{"unshare:newns", SYS_unshare, CLONE_NEWNS},
	{"clone:parent", SYS_clone, CLONE_PARENT},
	{"clone:vm", SYS_clone, CLONE_VM},
	{"prctl:subreaper", SYS_prctl, PR_SET_CHILD_SUBREAPER},
	{"prctl:dumpable", SYS_prctl, PR_SET_DUMPABLE},
	{"prctl:pdeathsig", SYS_prctl, PR_SET_PDEATHSIG},
	{"prctl:ambient", SYS_prctl, PR_CAP_AMBIENT},
	{"signalfd4", SYS_signalfd4, 0},
	{"socketpair", SYS_socketpair, 0},
	{"socket", SYS_socket, 0},
	{"socket:inet", SYS_socket, AF_INET}, /* also AF_INET6, which has the same bit */
	{"setsockopt", SYS_setsockopt, 0},
	{"epoll_create1", SYS_epoll_create1, 0},
	{"timerfd_create", SYS_timerfd_create, 0},
	{"capset", SYS_capset, 0},
	{"setresuid", SYS_setresuid, 0},
	{"flock", SYS_flock, 0},
	{"umount2", SYS_umount2, 0},
	{"mkdirat", SYS_mkdirat, 0},
	{"prlimit64", SYS_prlimit64, 0},
	{"sethostname", SYS_sethostname, 0},
	{"mount", SYS_mount, 0},
	{"ioctl", SYS_ioctl, 0},
	{"sendto", SYS_sendto, 0},
	{"clone3", SYS_clone3, 0},
	{"pidfd_open", SYS_pidfd_open, 0},
	{"close_range", SYS_close_range, 0},
	{"process_vm_readv", SYS_process_vm_readv, 0},
	{"pidfd_getfd", SYS_pidfd_getfd, 0},
	{"seccomp", SYS_seccomp, 0},
	{"landlock", SYS_landlock_create_ruleset, 0},
};

static const struct {
	const char *name;
	int number;
} errors[] = {{"EPERM", EPERM}, {"ENOSYS", ENOSYS}, {"ENOSPC", ENOSPC}, {"EINVAL", EINVAL}, {"EACCES", EACCES}, {"ENOBUFS", ENOBUFS}};

static struct sock_filter program[512];
static unsigned short length;

static void add(unsigned short code, unsigned k, unsigned char yes, unsigned char no)
{
	program[length++] = (struct sock_filter){code, yes, no, k};
}

static int refuse(const char *name, size_t size, const char *error)
{
	for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
		for (size_t c = 0; strcmp(errors[e].name, error) == 0 && c < sizeof calls / sizeof *calls; c++) {
			if (strlen(calls[c].name) != size || memcmp(calls[c].name, name, size) != 0)
				continue;
			add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
			add(BPF_JMP | BPF_JEQ | BPF_K, calls[c].call, 0, calls[c].mask == 0 ? 1 : 3);
			if (calls[c].mask != 0) {
				add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]), 0, 0);
				add(BPF_JMP | BPF_K | (calls[c].call == SYS_prctl ? BPF_JEQ : BPF_JSET), calls[c].mask, 0, 1);
			}
			add(BPF_RET, SECCOMP_RET_ERRNO | errors[e].number, 0, 0);
			return 1;
		}
	return 0;
}

int main(int argc, char **argv)
{
	int i = 1;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *equals = strchr(argv[i], '=');
		if (equals == NULL || !refuse(argv[i], (size_t)(equals - argv[i]), equals + 1)) {
			fprintf(stderr, "refuse_calls: %s: unknown\n", argv[i]);
			return 2;
		}
	}
	add(BPF_RET, SECCOMP_RET_ALLOW, 0, 0);
	struct sock_fprog filter = {length, program};
	/* Set no_new_privs only if the filter cannot be installed without it, because confine behaves differently with no_new_privs. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0 &&
	    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0)) {
		perror("refuse_calls: seccomp");
		return 2;
	}
	execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 127;
}
