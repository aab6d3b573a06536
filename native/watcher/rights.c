#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "privileged/privilege.h"
#include "watcher/internal.h"

/*
 * Unused ids: those of systemd's containers end below, and many programs treat ids above 2^31 as negative (systemd, "Users, Groups,
 * UIDs and GIDs on systemd Systems"). Each watcher has its own, so that none can signal another.
 */
#define FIRST_ID 0x70000000U

/* If the ids are not mapped, or a right is missing, the watcher keeps uid 0, and only CAP_SYS_PTRACE. */
static void change_to_unused_ids(void)
{
	uid_t own = FIRST_ID + (uid_t)getpid();
	/* The limit was set for another user. */
	setrlimit(RLIMIT_NPROC, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || syscall(SYS_setgroups, 0, NULL) != 0 ||
	    syscall(SYS_setresgid, own, own, own) != 0)
		return;
	syscall(SYS_setresuid, own, own, own);
}

static bool set_capabilities(uint64_t kept)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].effective = data[i].permitted = (uint32_t)(kept >> 32 * i);
	return syscall(SYS_capset, &header, data) == 0;
}

bool watcher_rights_reduce(void)
{
	struct identity now;
	if (!identity_read_credentials(&now))
		return false;
	uint64_t kept = now.permitted;
	if ((kept >> CAP_SYS_PTRACE & 1) != 0) {
		kept = 1ULL << CAP_SYS_PTRACE;
		/* Without CAP_KILL the supervisor could not kill a watcher with other ids. */
		if (now.euid == 0 && (now.permitted >> CAP_KILL & 1) != 0)
			change_to_unused_ids();
	}
	/* A change of the effective uid resets PR_SET_DUMPABLE to fs.suid_dumpable. */
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 && set_capabilities(kept) &&
	       prctl(PR_SET_DUMPABLE, 0) == 0;
}

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __i386__
#define ARCHITECTURE AUDIT_ARCH_I386
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined __arm__
#define ARCHITECTURE AUDIT_ARCH_ARM
#elif defined __riscv && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined __powerpc64__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined __loongarch64
#define ARCHITECTURE AUDIT_ARCH_LOONGARCH64
#else
#define ARCHITECTURE 0
#endif

/* Sanitizers and gcov make system calls that are not in the table. */
#if defined __SANITIZE_ADDRESS__ || defined COVERAGE
#define INSTRUMENTED true
#else
#define INSTRUMENTED false
#endif

struct row {
	int number;
	short error;	/* errno of a refused call; 0: it is allowed */
	short argument; /* the argument that must not have the forbidden bits */
	uint32_t forbidden;
};

#define CALL(name)                   \
	{                            \
		__NR_##name, 0, 0, 0 \
	}
#define CALL_BUT(name, argument, bits)         \
	{                                      \
		__NR_##name, 0, argument, bits \
	}
#define CALL_NOT(name, error)            \
	{                                \
		__NR_##name, error, 0, 0 \
	}

/* Flags of openat(2) that modify a file. */
#define WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)
#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWNS)

/* The system calls of the watcher and of its helper processes (emulate.c), by purpose, as glibc and musl make them. */
static const struct row rows[] = {
/* Waiting */
#ifdef __NR_poll
	CALL(poll),
#endif
	CALL(ppoll),
#ifdef __NR_ppoll_time64
	CALL(ppoll_time64),
#endif
#ifdef __NR_epoll_wait
	CALL(epoll_wait),
#endif
	CALL(epoll_pwait),
	CALL(epoll_create1),
	CALL(epoll_ctl),
	CALL(timerfd_create),
	CALL(timerfd_settime),
#ifdef __NR_timerfd_settime64
	CALL(timerfd_settime64),
#endif
	/* Notifications, and FIONREAD */
	CALL(ioctl),
	CALL(seccomp),
	/* The target: its memory, descriptors and files in /proc */
	CALL(process_vm_readv),
	CALL(process_vm_writev),
	CALL(pidfd_open),
	CALL(pidfd_getfd),
	CALL_BUT(openat, 2, WRITES),
	CALL(openat2),
	CALL(read),
	CALL(readv),
	CALL(pread64),
	CALL(getdents64),
	CALL(readlinkat),
	CALL(getxattr),
	CALL(close),
	CALL(statx),
#ifdef __NR_fstat
	CALL(fstat),
#endif
#ifdef __NR_open
	CALL_BUT(open, 1, WRITES),
#endif
	CALL(faccessat),
#ifdef __NR_faccessat2
	CALL(faccessat2),
#endif
#ifdef __NR_access
	CALL(access),
#endif
#ifdef __NR_readlink
	CALL(readlink),
#endif
#ifdef __NR_newfstatat
	CALL(newfstatat),
#endif
#ifdef __NR_fstatat64
	CALL(fstatat64),
	CALL(fstat64),
#endif
#ifdef __NR_stat
	CALL(stat),
	CALL(lstat),
#endif
	CALL(lseek),
#ifdef __NR__llseek
	CALL(_llseek),
#endif
	/* Sockets: messages from the supervisor and the phase, connections, DNS, emulated calls */
	CALL(recvmsg),
	CALL(recvfrom),
	CALL(sendmsg),
	CALL(sendto),
	CALL(socket),
	CALL(socketpair),
	CALL(connect),
	CALL(bind),
	CALL(listen),
	CALL(accept4),
	CALL(shutdown),
	CALL(getsockopt),
	CALL(setsockopt),
	CALL(getsockname),
	CALL(getpeername),
#ifdef __NR_socketcall
	CALL(socketcall),
#endif
#ifdef __NR_recv
	CALL(recv),
	CALL(send),
#endif
	CALL(dup),
	CALL(dup3),
#ifdef __NR_fcntl
	CALL(fcntl),
#endif
#ifdef __NR_fcntl64
	CALL(fcntl64),
#endif
	/* Threads and helper processes */
	CALL_BUT(clone, 0, NAMESPACES),
#ifdef __NR_fork
	CALL(fork),
#endif
	CALL_NOT(clone3, ENOSYS) /* its flags are in memory; the C library then calls clone */,
	CALL(futex),
#ifdef __NR_futex_time64
	CALL(futex_time64),
#endif
	CALL(set_robust_list),
	CALL(set_tid_address),
	CALL(rseq),
	CALL(gettid),
	CALL(getpid),
	CALL(getppid),
	CALL(kill),
	CALL(tkill),
	CALL(pidfd_send_signal),
	CALL(prctl),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(exit),
	CALL(exit_group),
	CALL(restart_syscall),
	CALL(sched_getaffinity),
	CALL(sched_yield),
	CALL(membarrier),
	/* Memory, limits, time, ids */
	CALL(brk),
	CALL(munmap),
	CALL(mremap),
	CALL(madvise),
	CALL(mprotect),
#ifdef __NR_mmap
	CALL(mmap),
#endif
#ifdef __NR_mmap2
	CALL(mmap2),
#endif
	CALL(prlimit64),
#ifdef __NR_ugetrlimit
	CALL(ugetrlimit),
#endif
#ifdef __NR_getrlimit
	CALL(getrlimit),
	CALL(setrlimit),
#endif
	CALL(getrandom),
	CALL(clock_gettime),
	CALL(clock_nanosleep),
	CALL(nanosleep),
	CALL(geteuid),
#ifdef __NR_clock_gettime64
	CALL(clock_gettime64),
	CALL(clock_nanosleep_time64),
#endif
};

enum { ROWS = sizeof rows / sizeof *rows };

static size_t put_row(struct sock_filter *filter, const struct row *row)
{
	size_t argument = offsetof(struct seccomp_data, args) + 8 * (size_t)row->argument;
	uint32_t action = row->error == 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | (uint32_t)row->error;
	size_t at = 0;
	/* The kernel caches results that depend on the number only (seccomp_cache_prepare() in kernel/seccomp.c). */
	filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->number, 0, row->forbidden == 0 ? 1 : 4);
	if (row->forbidden != 0) {
		filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)argument);
		filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, row->forbidden, 0, 1);
		filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	return at;
}

void watcher_rights_filter(void)
{
	static struct sock_filter filter[5 + 5 * ROWS];
	size_t length = 0;
	if (ARCHITECTURE == 0 || INSTRUMENTED)
		return;
	filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ROWS; i++)
		length += put_row(filter + length, &rows[i]);
	filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	struct sock_fprog program = {(unsigned short)length, filter};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
}
