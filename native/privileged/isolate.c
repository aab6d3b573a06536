#include "privileged/isolate.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "privileged/loopback_configure.h"
#include "privileged/privilege.h"

static bool failed(struct setback *setback, enum step step)
{
	*setback = (struct setback){step, errno};
	return false;
}

static bool enter_net(struct setback *setback)
{
	static const char hostname[] = "localhost";
	if (unshare(CLONE_NEWNET) != 0)
		return failed(setback, STEP_NET);
	if (!loopback_configure())
		return failed(setback, STEP_LOOPBACK);
	/* The host's name resolves to nothing in there; Portage does the same (portage/process.py, _exec2). */
	if (unshare(CLONE_NEWUTS) != 0 || sethostname(hostname, sizeof hostname - 1) != 0)
		return failed(setback, STEP_HOSTNAME);
	return true;
}

static bool leave(unsigned plan, struct setback *setback)
{
	if ((plan & ISOLATE_IPC) != 0 && unshare(CLONE_NEWIPC) != 0)
		return failed(setback, STEP_IPC);
	if ((plan & ISOLATE_NET) != 0 && !enter_net(setback))
		return false;
	if ((plan & ISOLATE_PROC) != 0 && unshare(CLONE_NEWNS) != 0)
		return failed(setback, STEP_PROC);
	if ((plan & ISOLATE_PID) != 0 && unshare(CLONE_NEWPID) != 0)
		return failed(setback, STEP_PID);
	return true;
}

bool isolate(const struct identity *identity, unsigned plan, struct setback *setback)
{
	if (!privilege_raise(identity))
		return failed(setback, STEP_DROP);
	bool left = leave(plan, setback);
	privilege_lower(identity);
	return left;
}

static bool mount_proc(struct setback *setback)
{
	/* Slave first: where / is a shared mount, as systemd makes it, ours would appear on the host's /proc. */
	if (mount("none", "/", "none", MS_REC | MS_SLAVE, NULL) != 0)
		return failed(setback, STEP_PROC);
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
		return failed(setback, STEP_PROC);
	return true;
}

bool isolate_mount_proc(const struct identity *identity, struct setback *setback)
{
	if (!privilege_raise(identity))
		return failed(setback, STEP_DROP);
	bool mounted = mount_proc(setback);
	privilege_lower(identity);
	return mounted;
}
