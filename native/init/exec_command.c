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

/* A call, and which of its arguments is the user; the group is the next one. */
struct call {
	unsigned number;
	unsigned user;
};

struct abi {
	unsigned architecture;
	struct call calls[4];
};

/* Of i386, which builds of multilib packages run, the calls with 32-bit ids: no C library has used the others since 2001. */
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

/* Where the low half of an argument is: ids are 32 bits, whatever the register holds above. */
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

/* Appends what looks at one call: to whom, -1 being nobody new. */
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

/* Reads a map of a single id; false where it maps more, or nothing. */
static bool maps_one(const char *path, unsigned *id)
{
	unsigned outside, count = 0, more;
	FILE *map = fopen(path, "re");
	bool one = map != NULL && fscanf(map, "%u %u %u", id, &outside, &count) == 3 && count == 1 && fscanf(map, "%u", &more) != 1;
	if (map != NULL)
		fclose(map);
	return one;
}

bool errno_filter_install(void)
{
	struct sock_filter code[ROOM];
	unsigned uid, gid;
	if (!maps_one("/proc/self/uid_map", &uid) || !maps_one("/proc/self/gid_map", &gid))
		return true;
	size_t length = 0;
	for (const struct abi *abi = abis; abi->architecture != 0; abi++)
		length += add_abi(code + length, abi, uid, gid);
	code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {(unsigned short)length, code};
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0;
}

void phase_filter_install(const struct options *options, int watcher_socket, bool isolated)
{
	struct filter_rules rules = {
		.watched = watcher_socket >= 0,
		.allow_list = watcher_socket >= 0 && options->allow.count > 0,
		.families = options->net && isolated ? options->families : FAMILIES_ANY,
	};
	if (rules.watched && filter_install(watcher_socket, &rules))
		return;
	rules.watched = rules.allow_list = false;
	/* An architecture without a table is the documentation's to name. */
	if (rules.families == FAMILIES_ANY || filter_install_without_listener(&rules) || errno == ENOTSUP)
		return;
	if (!options->best_effort)
		refuse("--net: restricting socket families: seccomp: %m");
	complain("--net: sockets of every family can be made: seccomp: %m");
}

extern char **environ;

static char **read_environment(int fd)
{
	char **environment = environment_read(fd);
	if (environment == NULL)
		refuse("--environ %d: reading it: %m", fd);
	/* confine's to close, not the command's to find; one of 0 to 2 stays, as the command needs it for something else. */
	if (fd > STDERR_FILENO && close(fd) != 0)
		refuse("--environ %d: closing it: %m", fd);
	return environment;
}

noreturn void exec_command(const struct options *options, const struct signals *signals)
{
	char **environment = environ;
	if (options->environ_fd >= 0)
		environment = read_environment(options->environ_fd);
	else
		environment_restore(environment);
	if (options->chown_eperm && !errno_filter_install())
		refuse("--chown-eperm: seccomp: %m");
	if (!signals_restore(signals))
		refuse("restoring signals: %m");
	/* Before the search: execvp looks in the PATH of environ. */
	environ = environment;
	execvp(options->command[0], options->command);
	int error = errno;
	complain("%s: %m", options->command[0]);
	_exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}
