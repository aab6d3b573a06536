// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * set_ids FILE: makes each system call that sets a user or group id, with the process's own id, another id, 0 and -1. Prints the results. chown(2)
 * changes FILE, which must belong to the caller. If compiled with -m32, the program makes the i386 calls with 16-bit and with 32-bit ids.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long own_user, own_group;

static void print(const char *call, const char *id, long result)
{
	printf("%s %s: %s\n", call, id, result < 0 ? strerrorname_np(errno) : "done");
}

#define CHECK(call, ...) print(#call, name, syscall(SYS_##call, __VA_ARGS__))

static void check_all(const char *file, int fd, const char *name, long user, long group)
{
	CHECK(setuid, user);
	CHECK(setgid, group);
	CHECK(setreuid, user, -1);
	CHECK(setreuid, -1, user);
	CHECK(setregid, group, -1);
	CHECK(setregid, -1, group);
	CHECK(setresuid, user, -1, -1);
	CHECK(setresuid, -1, user, -1);
	CHECK(setresuid, -1, -1, user);
	CHECK(setresuid, own_user, own_user, user);
	CHECK(setresgid, group, -1, -1);
	CHECK(setresgid, -1, group, -1);
	CHECK(setresgid, -1, -1, group);
	CHECK(setfsuid, user);
	CHECK(setfsgid, group);
	CHECK(chown, file, user, -1);
	CHECK(chown, file, -1, group);
	CHECK(lchown, file, user, group);
	CHECK(fchown, fd, user, own_group);
	CHECK(fchown, fd, own_user, group);
	CHECK(fchownat, AT_FDCWD, file, user, group, 0);
#ifdef __i386__
	CHECK(setuid32, user);
	CHECK(setgid32, group);
	CHECK(setreuid32, user, user);
	CHECK(setregid32, group, group);
	CHECK(setresuid32, -1, user, -1);
	CHECK(setresgid32, group, -1, group);
	CHECK(chown32, file, user, -1);
	CHECK(lchown32, file, -1, group);
	CHECK(fchown32, fd, user, group);
#endif
}

int main(int argc, char **argv)
{
	int fd = open(argv[argc - 1], O_RDONLY);
	own_user = getuid();
	own_group = getgid();
	check_all(argv[1], fd, "own", own_user, own_group);
	check_all(argv[1], fd, "other", own_user + 1, own_group + 1);
	check_all(argv[1], fd, "0", 0, 0);
	check_all(argv[1], fd, "-1", -1, -1);
	const gid_t groups[] = {(gid_t)own_group};
	print("setgroups", "none", setgroups(0, groups));
	print("setgroups", "own", setgroups(1, groups));
	return 0;
}
