// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "privileged/privilege.h"
#include "watcher/watcher_internal.h"
#include "seccomp/syscalls.h"
#include "seccomp/bpf.h"

/*
 * The user and group id of a watcher is this number plus its PID, so that no watcher can send signals to another. No other process should have
 * such an id: the ids of systemd's containers are lower, and ids from 2^31 on are avoided because many programs treat them as negative
 * (systemd, "Users, Groups, UIDs and GIDs on systemd Systems").
 */
#define FIRST_ID 0x70000000U

/* Changes the user and group id of the process to FIRST_ID + PID. If a capability is missing or the user namespace does not map this id, the process keeps uid 0. */
static void change_to_unused_ids(void)
{
	uid_t own = FIRST_ID + (uid_t)getpid();
	/* Remove the limit RLIMIT_NPROC: it was set for the user of the phase, and after the change of the ids it would also limit the threads and helper processes of the watcher. */
	setrlimit(RLIMIT_NPROC, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || syscall(SYS_setgroups, 0, NULL) != 0 ||
	    syscall(SYS_setresgid, own, own, own) != 0)
		return;
	syscall(SYS_setresuid, own, own, own);
}

/* Gives this process the file rights of the owner of path (setfsuid(2)). path: socket of Portage's SOCKS proxy, to which only its owner may connect. permitted: the capabilities that the process had before its ids changed; setfsuid(2) needs one of them, CAP_SETUID. */
static void use_file_rights_of_owner(const char *path, uint64_t permitted)
{
	struct stat status;
	if (stat(path, &status) == 0 && status.st_uid != 0 && capabilities_set(permitted, permitted, false))
		syscall(SYS_setfsuid, status.st_uid);
}

bool watcher_rights_reduce(bool traces, const char *proxy)
{
	struct identity now;
	uint64_t kept = traces ? 1ULL << CAP_SYS_PTRACE : 0, searches = traces ? 1ULL << CAP_DAC_READ_SEARCH : 0;
	if (!identity_read_credentials(&now))
		return false;
	if ((now.permitted & kept) != kept)
		kept = now.permitted;
	/* Change the ids only if confine has CAP_KILL, so that the supervisor can still kill the watcher, and CAP_DAC_READ_SEARCH, so that the watcher can still read /proc/PID/fd (proc_fd_permission() in fs/proc/fd.c). */
	else if ((now.permitted & searches) == searches && now.euid == 0 && (now.permitted >> CAP_KILL & 1) != 0) {
		change_to_unused_ids();
		if (proxy != NULL)
			use_file_rights_of_owner(proxy, now.permitted);
	}
	kept |= now.permitted & searches;
	/* capabilities_set() clears the inheritable capabilities, and thereby the ambient ones: the kernel clears those that are not inheritable (cap_capset() in security/commoncap.c). */
	/* Clear the dumpable flag again, because a change of the effective uid may have reset it to fs.suid_dumpable (prctl(2)). */
	return capabilities_set(kept, kept, false) && prctl(PR_SET_DUMPABLE, 0) == 0;
}

/* INSTRUMENTED is true in builds with AddressSanitizer or gcov, which make system calls that permitted[] does not have. These builds install no seccomp filter in the watcher and the DNS server process. */
#if defined __SANITIZE_ADDRESS__ || defined COVERAGE
#define INSTRUMENTED true
#else
#define INSTRUMENTED false
#endif

#define CALL(name) __NR_##name

/* The system calls that the watcher, its helper processes (emulate.c) and the DNS server make, with glibc or musl, grouped by purpose. */
static const int permitted[] = {
/* System calls that some architectures lack; architectures with the generic table (include/uapi/asm-generic/unistd.h) lack the first group */
#ifdef __NR_poll
	CALL(poll), CALL(epoll_wait), CALL(access), CALL(readlink), CALL(stat), CALL(lstat), CALL(fork),
#endif
#ifdef __NR_fstat
	CALL(fstat),
#endif
#ifdef __NR_newfstatat
	CALL(newfstatat),
#endif
#ifdef __NR_getrlimit
	CALL(getrlimit), CALL(setrlimit),
#endif
#ifdef __NR_recv
	CALL(recv), CALL(send),
#endif
#ifdef __NR_socketcall
	CALL(socketcall),
#endif
/* System calls that have other variants on 32-bit architectures */
#ifdef __NR_mmap
	CALL(mmap),
#endif
#ifdef __NR_fcntl
	CALL(fcntl),
#endif
#ifdef __NR_ugetrlimit
	CALL(ugetrlimit),
#endif
#ifdef __NR_mmap2
	CALL(mmap2), CALL(fcntl64), CALL(fstatfs64), CALL(_llseek), CALL(fstat64), CALL(fstatat64),
#endif
#ifdef __NR_futex_time64
	CALL(ppoll_time64), CALL(timerfd_settime64), CALL(futex_time64), CALL(clock_gettime64), CALL(clock_nanosleep_time64),
#endif
	/* System calls that wait for events */
	CALL(ppoll), CALL(epoll_pwait), CALL(epoll_create1), CALL(epoll_ctl), CALL(timerfd_create), CALL(timerfd_settime),
	/* ioctl(2), by which the watcher receives and answers seccomp notifications; also for FIONREAD (socks.c) */
	CALL(ioctl),
	/* System calls that access the memory, the descriptors and the files in /proc of a target */
	CALL(process_vm_readv), CALL(process_vm_writev), CALL(pidfd_open), CALL(pidfd_getfd), CALL(kcmp), CALL(openat2), CALL(fstatfs), CALL(read), CALL(readv),
	CALL(pread64), CALL(getdents64), CALL(readlinkat), CALL(getxattr), CALL(fgetxattr), CALL(close), CALL(statx), CALL(faccessat), CALL(faccessat2), CALL(lseek),
	/* System calls on sockets: for messages from the supervisor and the phase, connections, DNS, emulated calls */
	CALL(recvmsg), CALL(recvfrom), CALL(sendmsg), CALL(sendto), CALL(socket), CALL(socketpair), CALL(connect), CALL(bind), CALL(listen),
	CALL(accept4), CALL(shutdown), CALL(getsockopt), CALL(setsockopt), CALL(getsockname), CALL(getpeername), CALL(dup), CALL(dup3),
	/* System calls for threads and helper processes */
	CALL(futex), CALL(set_robust_list), CALL(set_tid_address), CALL(rseq), CALL(gettid), CALL(getpid), CALL(getppid), CALL(kill), CALL(tkill),
	CALL(pidfd_send_signal), CALL(prctl), CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(exit), CALL(exit_group),
	CALL(restart_syscall), CALL(sched_getaffinity), CALL(sched_yield), CALL(membarrier),
	/* System calls for memory, limits, time and ids */
	CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise), CALL(mprotect), CALL(prlimit64), CALL(getrandom), CALL(clock_gettime),
	CALL(clock_nanosleep), CALL(nanosleep), CALL(geteuid)};

/* System calls that fail with EPERM if the argument with the index `argument` has one of the bits in `forbidden`, and are permitted otherwise. */
static const struct restricted_call {
	int number, argument;
	uint32_t forbidden;
} restricted[] = {
	{CALL(clone), 0, CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWNS},
	{CALL(openat), 2, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND},
#ifdef __NR_open
	{CALL(open), 1, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND},
#endif
};

_Static_assert(sizeof permitted / sizeof *permitted + sizeof restricted / sizeof *restricted < DISPATCH_ROOM, "the filter has no room");

void watcher_rights_limit_calls(void)
{
	struct sock_filter filter[1024];
	struct bpf bpf = {.filter = filter, .room = sizeof filter / sizeof *filter};
	struct dispatch dispatch = {.count = 0};
	if (OWN_ARCHITECTURE == 0 || INSTRUMENTED)
		return;
	for (size_t i = 0; i < sizeof permitted / sizeof *permitted; i++)
		dispatch_add(&bpf, &dispatch, (uint32_t)permitted[i], permitted);
	for (size_t i = 0; i < sizeof restricted / sizeof *restricted; i++)
		dispatch_add(&bpf, &dispatch, (uint32_t)restricted[i].number, &restricted[i]);
	dispatch_add(&bpf, &dispatch, CALL(clone3), NULL);
	put_load(&bpf, offsetof(struct seccomp_data, arch));
	put_jump(&bpf, BPF_JEQ, OWN_ARCHITECTURE, 1, 0);
	put_return(&bpf, SECCOMP_RET_KILL_PROCESS);
	put_load(&bpf, offsetof(struct seccomp_data, nr));
	put_search(&bpf, dispatch.entries, dispatch.count, SECCOMP_RET_ERRNO | EPERM);
	for (const struct dispatch_entry *entry = dispatch.entries; entry < dispatch.entries + dispatch.count; entry++)
		if (entry->row == permitted)
			end_jump(&bpf, entry->jump);
	/* The filter loads no argument before this instruction, so that the kernel caches the result for the calls in permitted[] (seccomp_cache_prepare() in kernel/seccomp.c). */
	put_return(&bpf, SECCOMP_RET_ALLOW);
	for (const struct dispatch_entry *entry = dispatch.entries; entry < dispatch.entries + dispatch.count; entry++) {
		const struct restricted_call *call = entry->row;
		if (entry->row == permitted)
			continue;
		end_jump(&bpf, entry->jump);
		if (call != NULL) {
			put_load(&bpf, low_half(call->argument));
			put_jump(&bpf, BPF_JSET, call->forbidden, 1, 0);
			put_return(&bpf, SECCOMP_RET_ALLOW);
		}
		/* Refuse clone3 with ENOSYS, because its flags are in memory, where a filter cannot read them. The C library then calls clone. The other calls here, those in restricted[], fail with EPERM. */
		put_return(&bpf, SECCOMP_RET_ERRNO | (call == NULL ? ENOSYS : EPERM));
	}
	struct sock_fprog program = {(unsigned short)bpf.length, filter};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
}
