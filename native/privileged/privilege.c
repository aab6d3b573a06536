// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "privileged/privilege.h"

const char *const mode_names[] = {"none", "root", "setuid", "userns"};

enum { WORDS = _LINUX_CAPABILITY_U32S_3 };

/* Reads the capability sets of this process with SYS_capget, or changes them with SYS_capset. */
static bool capabilities(long call, struct __user_cap_data_struct data[WORDS])
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	return syscall(call, &header, data) == 0;
}

bool identity_read_credentials(struct identity *identity)
{
	struct __user_cap_data_struct data[WORDS] = {0};
	bool read = syscall(SYS_getresuid, &identity->ruid, &identity->euid, &identity->suid) == 0 &&
		    syscall(SYS_getresgid, &identity->rgid, &identity->egid, &identity->sgid) == 0 && capabilities(SYS_capget, data);
	identity->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	identity->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return read;
}

bool identity_has_capability(const struct identity *identity, int capability)
{
	return (identity->effective >> capability & 1) != 0;
}

bool identity_read(struct identity *identity)
{
	if (!identity_read_credentials(identity))
		return false;
	identity->secure = getauxval(AT_SECURE) != 0;
	bool all_root = identity->ruid == 0 && identity->euid == 0 && identity->suid == 0;
	bool able = identity_has_capability(identity, CAP_SYS_ADMIN);
	if (all_root && !identity->secure && able)
		identity->mode = MODE_ROOT;
	else if (identity->euid == 0 && identity->ruid != 0 && able)
		identity->mode = MODE_SETUID;
	else
		identity->mode = MODE_USERNS;
	return true;
}

#define UNCHANGED ((uid_t)-1)

/* The capabilities for unshare(2), mount(2) and sethostname(2), for addresses on lo, and for port 53. */
static const uint64_t needed_capabilities = 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_BIND_SERVICE;

bool capabilities_set(uint64_t effective, uint64_t permitted, bool keeps_inheritable)
{
	struct __user_cap_data_struct data[WORDS] = {0};
	if (keeps_inheritable && !capabilities(SYS_capget, data))
		return false;
	for (unsigned i = 0; i < WORDS; i++) {
		data[i].effective = (uint32_t)(effective >> 32 * i);
		data[i].permitted = (uint32_t)(permitted >> 32 * i);
	}
	return capabilities(SYS_capset, data);
}

/*
 * Prevents core files of this process, ptrace(2) and access to its /proc/PID. Must be called after each change of the effective user ID:
 * the kernel then sets the dumpable flag to the sysctl fs.suid_dumpable, which an administrator may have enabled (commit_creds()).
 */
static bool set_undumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 0) == 0;
}

/* Returns the needed capabilities that are in confine's permitted set. The bounding set of a container can lack some of them; system calls that need these then fail. */
static uint64_t permitted(const struct identity *identity)
{
	return needed_capabilities & identity->permitted;
}

static bool become_caller(const struct identity *identity)
{
	gid_t gid = identity->rgid;
	uid_t uid = identity->ruid;
	if (syscall(SYS_setresgid, gid, gid, gid) != 0 || syscall(SYS_setresuid, uid, uid, uid) != 0)
		return false;
	/* If the user who started confine is root, keep the capabilities, which the next exec would restore anyway; otherwise clear them. */
	return uid == 0 || capabilities_set(0, 0, true);
}

bool privilege_suspend(const struct identity *identity)
{
	if (!identity->secure && identity->mode != MODE_SETUID)
		return true;
	if (identity->mode != MODE_SETUID)
		return become_caller(identity);
	gid_t gid = identity->rgid;
	/* setresuid(2) keeps the effective capabilities if the process that started confine has set SECBIT_NO_SETUID_FIXUP (capabilities(7)), so clear them. */
	return syscall(SYS_setresgid, gid, gid, gid) == 0 && syscall(SYS_setresuid, UNCHANGED, identity->ruid, UNCHANGED) == 0 &&
	       capabilities_set(0, permitted(identity), true) && set_undumpable();
}

bool privilege_raise(const struct identity *identity)
{
	return identity->mode != MODE_SETUID || capabilities_set(permitted(identity), permitted(identity), true);
}

void privilege_lower(const struct identity *identity)
{
	int saved = errno;
	if (identity->mode == MODE_SETUID && !capabilities_set(0, permitted(identity), true))
		_exit(EXIT_REFUSED);
	errno = saved;
}

static bool has_only_ids_of(const struct identity *caller)
{
	struct identity now;
	return identity_read_credentials(&now) && now.ruid == caller->ruid && now.euid == caller->ruid && now.suid == caller->ruid &&
	       now.rgid == caller->rgid && now.egid == caller->rgid && now.sgid == caller->rgid && now.effective == 0 &&
	       now.permitted == 0;
}

bool privilege_drop(const struct identity *identity)
{
	if (identity->mode != MODE_SETUID)
		return true;
	if (!become_caller(identity) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !set_undumpable())
		return false;
	if (!has_only_ids_of(identity) || syscall(SYS_setresuid, UNCHANGED, 0, UNCHANGED) == 0) {
		errno = EPERM;
		return false;
	}
	return true;
}
