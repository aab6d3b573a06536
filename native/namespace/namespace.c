// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>

#include "namespace/namespace.h"
#include "privileged/isolate.h"
#include "util/fds.h"
#include "util/process.h"

/* Time limit for the exit of the child that writes the id maps; then it is killed. Closing an inherited file can delay the exit. */
#define WRITER_MILLISECONDS 1000

static bool write_single(int directory, const struct identity *identity)
{
	char uid[64], gid[64];
	snprintf(uid, sizeof uid, "%u %u 1\n", identity->euid, identity->euid);
	snprintf(gid, sizeof gid, "%u %u 1\n", identity->egid, identity->egid);
	/* The kernel requires "deny" before gid_map: otherwise a user could drop a group to which a file denies access (CVE-2014-8989). */
	return file_write(directory, "setgroups", "deny") && file_write(directory, "uid_map", uid) &&
	       file_write(directory, "gid_map", gid);
}

/* Reads the id map at path. Stores a new map in text that maps each of its ids to itself. Returns the length of text, or 0 on failure. */
static size_t identity_map(const char *path, char *text, size_t size)
{
	AUTO_FCLOSE FILE *map = fopen(path, "re");
	size_t used = 0;
	unsigned inside, outside, count;
	while (map != NULL && used < size && fscanf(map, "%u %u %u", &inside, &outside, &count) == 3) {
		int more = snprintf(text + used, size - used, "%u %u %u\n", inside, inside, count);
		used += more > 0 ? (size_t)more : size;
	}
	return used < size ? used : 0;
}

struct maps {
	char uid[4096];
	char gid[4096];
};

/*
 * Starts a child that writes the id maps of this process, its parent. The child stays in the old user namespace, where it has the
 * capabilities for mapping many ids. It waits for a byte in the pipe, which the parent writes after it has entered the new namespace.
 */
static pid_t start_writer(int directory, const struct maps *maps, int entered_pipe[2])
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	char byte;
	close(entered_pipe[1]);
	bool entered = read(entered_pipe[0], &byte, 1) == 1;
	_exit(entered && file_write(directory, "uid_map", maps->uid) && file_write(directory, "gid_map", maps->gid) ? 0 : 1);
}

/* Enters a user namespace that maps all ids of the current one. If the kernel refuses that, maps only the effective ids of this process. */
static bool enter_with_range(int directory, const struct identity *identity, struct setup_error *setup_error)
{
	static struct maps maps;
	int entered_pipe[2];
	if (identity_map("/proc/self/uid_map", maps.uid, sizeof maps.uid) == 0 ||
	    identity_map("/proc/self/gid_map", maps.gid, sizeof maps.gid) == 0 || pipe2(entered_pipe, O_CLOEXEC) != 0)
		return setup_failed(setup_error, STEP_MAP);
	pid_t writer = start_writer(directory, &maps, entered_pipe);
	close(entered_pipe[0]);
	bool entered = writer > 0 && unshare(CLONE_NEWUSER) == 0;
	int error = errno;
	bool notified = entered && write(entered_pipe[1], "", 1) == 1;
	close(entered_pipe[1]);
	if (writer > 0)
		reap_within(writer, WRITER_MILLISECONDS);
	char text[2];
	bool written = notified && file_read(directory, "uid_map", text, sizeof text) > 0 && file_read(directory, "gid_map", text, sizeof text) > 0;
	errno = error;
	if (!entered)
		return setup_failed(setup_error, STEP_USERNS);
	return written || write_single(directory, identity) || setup_failed(setup_error, STEP_MAP);
}

/* Enters a new user namespace and writes its maps. Returns false with setup_error. */
static bool user_namespace_enter(const struct identity *identity, struct setup_error *setup_error)
{
	/* Make this process dumpable: otherwise its /proc/self/uid_map belongs to root (proc(5)), and this process cannot write the map. */
	bool undumpable = prctl(PR_GET_DUMPABLE) == 0;
	if (undumpable && prctl(PR_SET_DUMPABLE, 1) != 0)
		return setup_failed(setup_error, STEP_MAP);
	/* Give the child of start_writer() a descriptor instead of /proc/PID: /proc may belong to another PID namespace, where PIDs differ. */
	AUTO_CLOSE int directory = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return setup_failed(setup_error, STEP_MAP);
	bool entered;
	if (identity_has_capability(identity, CAP_SETUID) && identity_has_capability(identity, CAP_SETGID))
		entered = enter_with_range(directory, identity, setup_error);
	else if (unshare(CLONE_NEWUSER) != 0)
		entered = setup_failed(setup_error, STEP_USERNS);
	else
		entered = write_single(directory, identity) || setup_failed(setup_error, STEP_MAP);
	if (undumpable)
		prctl(PR_SET_DUMPABLE, 0);
	return entered;
}

const struct setup_step setup_steps[STEPS] = {
	[STEP_NONE] = {"nothing", 0},
	[STEP_MKNOD] = {"mknod in a user namespace", ISOLATE_ALL},
	[STEP_USERNS] = {"unshare(CLONE_NEWUSER)", ISOLATE_ALL},
	[STEP_MAP] = {"writing /proc/self/uid_map", ISOLATE_ALL},
	[STEP_NET] = {"unshare(CLONE_NEWNET)", ISOLATE_NET},
	[STEP_LOOPBACK] = {"setting up lo", ISOLATE_NET},
	[STEP_UTS] = {"unshare(CLONE_NEWUTS)", 0},
	[STEP_HOSTNAME] = {"sethostname", 0},
	[STEP_IPC] = {"unshare(CLONE_NEWIPC)", ISOLATE_IPC | ISOLATE_SHM},
	[STEP_PID] = {"unshare(CLONE_NEWPID)", ISOLATE_PID | ISOLATE_PROC},
	[STEP_CLONE] = {"clone(CLONE_PARENT)", ISOLATE_PID | ISOLATE_PROC},
	[STEP_MOUNTS] = {"unshare(CLONE_NEWNS)", ISOLATE_MOUNTS},
	[STEP_SLAVE] = {"mount(MS_SLAVE)", ISOLATE_MOUNTS},
	[STEP_SHM] = {"mounting /dev/shm", ISOLATE_SHM},
	[STEP_PROC] = {"mounting /proc", ISOLATE_PROC},
	[STEP_SUBREAPER] = {"prctl(PR_SET_CHILD_SUBREAPER)", 0},
	[STEP_CGROUP] = {"joining the cgroup", 0},
	[STEP_DROP] = {"dropping root privileges", 0},
	[STEP_FORK] = {"fork", 0},
	[STEP_INIT] = {"starting init", 0},
};

bool namespaces_enter(const struct identity *identity, enum mode mode, unsigned isolation, struct setup_error *setup_error)
{
	return (mode != MODE_USERNS || user_namespace_enter(identity, setup_error)) && isolate(identity, isolation, setup_error);
}
