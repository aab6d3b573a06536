#include "privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../fail.h"

#define UNCHANGED ((uid_t)-1)

/* What unshare(2), mount(2), sethostname(2), an address on lo and port 53 ask for. */
static const uint64_t for_namespaces = 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_BIND_SERVICE;

/* The root of the cgroup tree has mode 0555, which its owner needs this to make a directory in. */
static const uint64_t for_cgroup = 1ULL << CAP_DAC_OVERRIDE;

static bool set_capabilities(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
	if (syscall(SYS_capget, &header, data) != 0)
		return false;
	/* The inheritable set is the caller's and stays. */
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].effective = (uint32_t)(effective >> 32 * i);
		data[i].permitted = (uint32_t)(permitted >> 32 * i);
	}
	return syscall(SYS_capset, &header, data) == 0;
}

/*
 * No core, no ptrace, no look into /proc/PID. Each change of the effective uid sets this to what fs.suid_dumpable says
 * (kernel/cred.c, commit_creds), which need not be 0.
 */
static bool hide(void)
{
	return prctl(PR_SET_DUMPABLE, 0) == 0;
}

/*
 * Effective uid and capabilities in one go. The kernel adapts the capabilities to the uid by itself, but for a caller
 * who set SECBIT_NO_SETUID_FIXUP (capabilities(7)).
 */
static bool act_as(const struct identity *identity, uid_t euid, uint64_t effective)
{
	/* A container's bounding set may lack one, and then what needs it fails by itself. */
	uint64_t had = (for_namespaces | for_cgroup) & identity->permitted;
	return syscall(SYS_setresuid, UNCHANGED, euid, UNCHANGED) == 0 && set_capabilities(effective & had, had) && hide();
}

static bool become_caller(const struct identity *identity)
{
	gid_t gid = identity->rgid;
	uid_t uid = identity->ruid;
	if (syscall(SYS_setresgid, gid, gid, gid) != 0 || syscall(SYS_setresuid, uid, uid, uid) != 0)
		return false;
	/* Root's own are root's by right; and where they are the file's gift, so is root's next exec. */
	return uid == 0 || set_capabilities(0, 0);
}

bool privilege_shed(const struct identity *identity)
{
	if (!identity->secure && identity->mode != MODE_SETUID)
		return true;
	if (identity->mode != MODE_SETUID)
		return become_caller(identity);
	gid_t gid = identity->rgid;
	return syscall(SYS_setresgid, gid, gid, gid) == 0 && act_as(identity, identity->ruid, 0);
}

bool privilege_raise(const struct identity *identity, enum privilege privilege)
{
	if (identity->mode != MODE_SETUID)
		return true;
	bool raised = privilege == PRIVILEGE_CGROUP ? act_as(identity, 0, for_cgroup) : act_as(identity, identity->ruid, for_namespaces);
	int saved = errno;
	if (!raised)
		privilege_lower(identity);
	errno = saved;
	return raised;
}

void privilege_lower(const struct identity *identity)
{
	int saved = errno;
	if (identity->mode == MODE_SETUID && !act_as(identity, identity->ruid, 0))
		_exit(EXIT_REFUSED);
	errno = saved;
}

static bool is_nothing_but(const struct identity *caller)
{
	struct identity now;
	return identity_look(&now) && now.ruid == caller->ruid && now.euid == caller->ruid && now.suid == caller->ruid &&
	       now.rgid == caller->rgid && now.egid == caller->rgid && now.sgid == caller->rgid && now.effective == 0 &&
	       now.permitted == 0;
}

bool privilege_drop(const struct identity *identity)
{
	if (identity->mode != MODE_SETUID)
		return true;
	if (!become_caller(identity) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !hide())
		return false;
	if (!is_nothing_but(identity) || syscall(SYS_setresuid, UNCHANGED, 0, UNCHANGED) == 0) {
		errno = EPERM;
		return false;
	}
	return true;
}

bool privilege_keep_root(void)
{
	struct identity now;
	return identity_look(&now) && syscall(SYS_setresuid, 0, 0, 0) == 0 &&
	       set_capabilities(for_cgroup & now.permitted, for_cgroup & now.permitted) && hide();
}
