#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "namespace/namespace.h"
#include "privileged/isolate.h"
#include "util/process.h"

/* The child that writes the maps exits at once, unless one of its inherited files delays its exit. */
#define WRITER_MILLISECONDS 1000

static bool write_at(int directory, const char *name, const char *text)
{
	int fd = openat(directory, name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t length = (ssize_t)strlen(text);
	/* The kernel takes a map in one write or not at all (user_namespaces(7)). */
	bool written = write(fd, text, (size_t)length) == length;
	int saved = errno;
	close(fd);
	errno = saved;
	return written;
}

static bool write_single(int directory, const struct identity *identity)
{
	char uid[64], gid[64];
	snprintf(uid, sizeof uid, "%u %u 1\n", identity->euid, identity->euid);
	snprintf(gid, sizeof gid, "%u %u 1\n", identity->egid, identity->egid);
	/* Without it an ordinary user could drop a group that a file's mode denies to (CVE-2014-8989). */
	return write_at(directory, "setgroups", "deny") && write_at(directory, "uid_map", uid) &&
	       write_at(directory, "gid_map", gid);
}

/* Writes the map that has every id of the namespace we are in, at itself. Returns its length, 0 on failure. */
static size_t identical(const char *path, char *text, size_t size)
{
	FILE *map = fopen(path, "re");
	size_t used = 0;
	unsigned inside, outside, count;
	while (map != NULL && used < size && fscanf(map, "%u %u %u", &inside, &outside, &count) == 3) {
		int more = snprintf(text + used, size - used, "%u %u %u\n", inside, inside, count);
		used += more > 0 ? (size_t)more : size;
	}
	if (map != NULL)
		fclose(map);
	return used < size ? used : 0;
}

struct maps {
	char uid[4096];
	char gid[4096];
};

/*
 * Writing a range takes capabilities in the namespace that is left, so a child that stays behind does it, once it is told
 * (a byte on turn) that the new namespace is there.
 */
static pid_t start_writer(int directory, const struct maps *maps, int turn[2])
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	char byte;
	close(turn[1]);
	bool told = read(turn[0], &byte, 1) == 1;
	_exit(told && write_at(directory, "uid_map", maps->uid) && write_at(directory, "gid_map", maps->gid) ? 0 : 1);
}

static bool has_map(int directory, const char *name)
{
	char byte;
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	bool written = fd >= 0 && read(fd, &byte, 1) == 1;
	if (fd >= 0)
		close(fd);
	return written;
}

static bool may_map_range(const struct identity *identity)
{
	return identity_has_capability(identity, CAP_SETUID) && identity_has_capability(identity, CAP_SETGID);
}

/* Enters with a writer of the whole range behind, and falls back to the single map where that writer is refused. */
static bool enter_with_range(int directory, const struct identity *identity, struct setup_error *setup_error)
{
	static struct maps maps;
	int turn[2];
	if (identical("/proc/self/uid_map", maps.uid, sizeof maps.uid) == 0 ||
	    identical("/proc/self/gid_map", maps.gid, sizeof maps.gid) == 0 || pipe2(turn, O_CLOEXEC) != 0) {
		*setup_error = (struct setup_error){STEP_MAP, errno};
		return false;
	}
	pid_t writer = start_writer(directory, &maps, turn);
	close(turn[0]);
	bool entered = writer > 0 && unshare(CLONE_NEWUSER) == 0;
	int error = errno;
	bool told = entered && write(turn[1], "", 1) == 1;
	close(turn[1]);
	if (writer > 0)
		reap_within(writer, WRITER_MILLISECONDS);
	bool written = told && has_map(directory, "uid_map") && has_map(directory, "gid_map");
	if (!entered) {
		*setup_error = (struct setup_error){STEP_USERNS, error};
		return false;
	}
	bool mapped = written || write_single(directory, identity);
	*setup_error = (struct setup_error){STEP_MAP, errno};
	return mapped;
}

bool idmap_enter(const struct identity *identity, struct setup_error *setup_error)
{
	/* By directory: under a foreign PID namespace's /proc our number there is not our number here. */
	/* A set-id start's files there are root's as long as it hides (privileged/privilege.c), root given up or not. */
	bool hidden = prctl(PR_GET_DUMPABLE) == 0;
	if (hidden && prctl(PR_SET_DUMPABLE, 1) != 0) {
		*setup_error = (struct setup_error){STEP_MAP, errno};
		return false;
	}
	int directory = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0) {
		*setup_error = (struct setup_error){STEP_MAP, errno};
		return false;
	}
	bool entered;
	if (may_map_range(identity)) {
		entered = enter_with_range(directory, identity, setup_error);
	} else if (unshare(CLONE_NEWUSER) != 0) {
		*setup_error = (struct setup_error){STEP_USERNS, errno};
		entered = false;
	} else {
		entered = write_single(directory, identity);
		*setup_error = (struct setup_error){STEP_MAP, errno};
	}
	close(directory);
	if (hidden)
		prctl(PR_SET_DUMPABLE, 0);
	return entered;
}

const struct setup_step setup_steps[STEPS] = {
	[STEP_NONE] = {"nothing", 0},
	[STEP_USERNS] = {"unshare(CLONE_NEWUSER)", ISOLATE_NET | ISOLATE_IPC | ISOLATE_PID | ISOLATE_PROC},
	[STEP_MAP] = {"writing /proc/self/uid_map", ISOLATE_NET | ISOLATE_IPC | ISOLATE_PID | ISOLATE_PROC},
	[STEP_NET] = {"unshare(CLONE_NEWNET)", ISOLATE_NET},
	[STEP_LOOPBACK] = {"setting up lo", ISOLATE_NET},
	[STEP_HOSTNAME] = {"unshare(CLONE_NEWUTS)", ISOLATE_NET},
	[STEP_IPC] = {"unshare(CLONE_NEWIPC)", ISOLATE_IPC},
	[STEP_PID] = {"unshare(CLONE_NEWPID)", ISOLATE_PID | ISOLATE_PROC},
	[STEP_PROC] = {"mounting /proc", ISOLATE_PROC},
	[STEP_CGROUP] = {"joining the cgroup", 0},
	[STEP_DROP] = {"dropping root privileges", 0},
	[STEP_FORK] = {"fork", 0},
};

bool namespaces_enter(const struct identity *identity, enum mode mode, unsigned plan, struct setup_error *setup_error)
{
	return (mode != MODE_USERNS || idmap_enter(identity, setup_error)) && isolate(identity, plan, setup_error);
}
