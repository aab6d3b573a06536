#include "privileged/isolate.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "privileged/loopback_configure.h"
#include "privileged/privilege.h"

static bool failed(struct setup_error *setup_error, enum step step)
{
	*setup_error = (struct setup_error){step, errno};
	return false;
}

static bool enter_net(struct setup_error *setup_error)
{
	static const char hostname[] = "localhost";
	if (unshare(CLONE_NEWNET) != 0)
		return failed(setup_error, STEP_NET);
	if (!loopback_configure())
		return failed(setup_error, STEP_LOOPBACK);
	/* The host's name resolves to nothing in there; Portage does the same (portage/process.py, _exec2). */
	if (unshare(CLONE_NEWUTS) != 0 || sethostname(hostname, sizeof hostname - 1) != 0)
		return failed(setup_error, STEP_HOSTNAME);
	return true;
}

static bool leave(unsigned plan, struct setup_error *setup_error)
{
	if ((plan & ISOLATE_IPC) != 0 && unshare(CLONE_NEWIPC) != 0)
		return failed(setup_error, STEP_IPC);
	if ((plan & ISOLATE_NET) != 0 && !enter_net(setup_error))
		return false;
	if ((plan & ISOLATE_PROC) != 0 && unshare(CLONE_NEWNS) != 0)
		return failed(setup_error, STEP_PROC);
	if ((plan & ISOLATE_PID) != 0 && unshare(CLONE_NEWPID) != 0)
		return failed(setup_error, STEP_PID);
	return true;
}

bool isolate(const struct identity *identity, unsigned plan, struct setup_error *setup_error)
{
	if (!privilege_raise(identity))
		return failed(setup_error, STEP_DROP);
	bool left = leave(plan, setup_error);
	privilege_lower(identity);
	return left;
}

static bool mount_proc(struct setup_error *setup_error)
{
	/* Slave first: where / is a shared mount, as systemd makes it, ours would appear on the host's /proc. */
	if (mount("none", "/", "none", MS_REC | MS_SLAVE, NULL) != 0)
		return failed(setup_error, STEP_PROC);
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
		return failed(setup_error, STEP_PROC);
	return true;
}

bool isolate_mount_proc(const struct identity *identity, struct setup_error *setup_error)
{
	if (!privilege_raise(identity))
		return failed(setup_error, STEP_DROP);
	bool mounted = mount_proc(setup_error);
	privilege_lower(identity);
	return mounted;
}
