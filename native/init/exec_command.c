#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init/exec_command.h"
#include "options/families.h"
#include "util/fail.h"
#include "watcher/filter.h"

/* A chown system call, and the index of its user argument. The group argument follows it. */
struct call {
	unsigned number;
	unsigned user;
};

struct abi {
	unsigned architecture;
	struct call calls[4];
};

/* i386 is there for multilib packages, with 32-bit ids: C libraries have not used the 16-bit calls since 2001. */
static const struct abi abis[] = {
#if defined(__x86_64__)
	{AUDIT_ARCH_X86_64, {{SYS_chown, 1}, {SYS_fchown, 1}, {SYS_lchown, 1}, {SYS_fchownat, 2}}},
	{AUDIT_ARCH_I386, {{212, 1}, {207, 1}, {198, 1}, {298, 2}}},
#elif defined(__aarch64__)
	{AUDIT_ARCH_AARCH64, {{SYS_fchown, 1}, {SYS_fchownat, 2}}},
#elif defined(__riscv) && __riscv_xlen == 64
	{AUDIT_ARCH_RISCV64, {{SYS_fchown, 1}, {SYS_fchownat, 2}}},
#endif
	{0, {{0, 0}}},
};

/* Returns the offset of the low half of an argument. Ids have 32 bits; the kernel ignores the upper half of the register. */
static unsigned low_half(unsigned argument)
{
	unsigned half = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
	return (unsigned)offsetof(struct seccomp_data, args) + 8 * argument + half;
}

enum {
	PER_CALL = 11,
	PER_ABI = 2 + 4 * PER_CALL,
	ROOM = 2 * PER_ABI + 1,
};

/* Appends the instructions for one call. It fails with EPERM if the user is neither uid nor -1, or the group neither gid nor -1. */
static size_t add_call(struct sock_filter *code, const struct call *call, unsigned uid, unsigned gid)
{
	const struct sock_filter added[PER_CALL] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->number, 0, 9),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low_half(call->user)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ~0U, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, uid, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low_half(call->user + 1)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ~0U, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, gid, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	for (size_t i = 0; i < PER_CALL; i++)
		code[i] = added[i];
	return PER_CALL;
}

static size_t add_abi(struct sock_filter *code, const struct abi *abi, unsigned uid, unsigned gid)
{
	size_t length = 2;
	for (size_t i = 0; i < sizeof abi->calls / sizeof *abi->calls; i++)
		if (abi->calls[i].user != 0)
			length += add_call(code + length, &abi->calls[i], uid, gid);
	code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, abi->architecture, 0, (unsigned char)(length - 2));
	return length;
}

/* Reads the only id of a map. Returns false if the map has no id or several. */
static bool read_single_id(const char *path, unsigned *id)
{
	unsigned outside, count = 0, more;
	FILE *map = fopen(path, "re");
	bool single = map != NULL && fscanf(map, "%u %u %u", id, &outside, &count) == 3 && count == 1 && fscanf(map, "%u", &more) != 1;
	if (map != NULL)
		fclose(map);
	return single;
}

/*
 * Makes chown(2) to another user fail with EPERM, as it does for ordinary users outside of a user namespace. In a namespace that maps a
 * single id the kernel returns EINVAL, which libfakeroot reports as an error: `fowners root` would fail the build. In other
 * namespaces this function does nothing. Not used for every phase, because a test suite can create user namespaces of its
 * own. Needs CAP_SYS_ADMIN in the namespace or no_new_privs. Returns false with errno.
 */
static bool chown_filter_install(void)
{
	struct sock_filter code[ROOM];
	unsigned uid, gid;
	if (!read_single_id("/proc/self/uid_map", &uid) || !read_single_id("/proc/self/gid_map", &gid))
		return true;
	size_t length = 0;
	for (const struct abi *abi = abis; abi->architecture != 0; abi++)
		length += add_abi(code + length, abi, uid, gid);
	code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {(unsigned short)length, code};
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0;
}

void phase_filter_install(const struct options *options, int watcher_socket, bool isolated_net)
{
	struct filter_rules rules = {
		.watched = watcher_socket >= 0,
		.allow_list = watcher_socket >= 0 && options->allow.count > 0,
		.families = options->net && isolated_net ? options->families : FAMILIES_ANY,
	};
	if (rules.watched && filter_install(watcher_socket, &rules))
		return;
	rules.watched = rules.allow_list = false;
	/* ENOTSUP: there is no table of system calls for this architecture. The documentation lists it. */
	if (rules.families == FAMILIES_ANY || filter_install_without_listener(&rules) || errno == ENOTSUP)
		return;
	if (!options->best_effort)
		refuse("--net: restricting socket families: seccomp: %m");
	print_error("--net: socket families are not restricted: seccomp: %m");
}

extern char **environ;

static char **read_environment(int fd)
{
	char **environment = environment_read(fd);
	if (environment == NULL)
		refuse("--environ %d: read: %m", fd);
	/* The command must not inherit this descriptor, unless it is a standard stream. */
	if (fd > STDERR_FILENO && close(fd) != 0)
		refuse("--environ %d: close: %m", fd);
	return environment;
}

noreturn void exec_command(const struct options *options, const struct signals *signals)
{
	char **environment = environ;
	if (options->environ_fd >= 0)
		environment = read_environment(options->environ_fd);
	else
		environment_restore(environment);
	if (options->chown_eperm && !chown_filter_install())
		refuse("--chown-eperm: installing a seccomp filter: %m");
	if (!signals_restore(signals))
		refuse("restoring the signal mask and handlers of the caller: %m");
	/* execvp() searches the PATH of environ. */
	environ = environment;
	execvp(options->command[0], options->command);
	int error = errno;
	print_error("%s: %m", options->command[0]);
	_exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}
