#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail.h"

const char *const mode_names[] = {"none", "root", "setuid", "userns"};

static bool read_capabilities(uint64_t *effective, uint64_t *permitted, uint64_t *inheritable)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
	if (syscall(SYS_capget, &header, data) != 0)
		return false;
	*effective = data[0].effective | (uint64_t)data[1].effective << 32;
	*permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	*inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return true;
}

static bool read_ids(struct identity *identity)
{
	return syscall(SYS_getresuid, &identity->ruid, &identity->euid, &identity->suid) == 0 &&
	       syscall(SYS_getresgid, &identity->rgid, &identity->egid, &identity->sgid) == 0;
}

bool identity_can(const struct identity *identity, int capability)
{
	return (identity->effective >> capability & 1) != 0;
}

void identity_read(struct identity *identity)
{
	uint64_t permitted, inheritable;
	if (!read_ids(identity))
		refuse("getresuid: %m");
	if (!read_capabilities(&identity->effective, &permitted, &inheritable))
		refuse("capget: %m");
	identity->secure = getauxval(AT_SECURE) != 0;
	bool all_root = identity->ruid == 0 && identity->euid == 0 && identity->suid == 0;
	if (all_root && !identity->secure && identity_can(identity, CAP_SYS_ADMIN))
		identity->mode = MODE_ROOT;
	else if (identity->euid == 0 && identity->ruid != 0)
		identity->mode = MODE_SETUID;
	else
		identity->mode = MODE_USERNS;
}

bool identity_drop(const struct identity *identity)
{
	if (identity->mode != MODE_SETUID)
		return true;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
	uint64_t effective, permitted, inheritable;
	if (!read_capabilities(&effective, &permitted, &inheritable))
		return false;
	none[0].inheritable = (uint32_t)inheritable;
	none[1].inheritable = (uint32_t)(inheritable >> 32);
	gid_t gid = identity->rgid;
	uid_t uid = identity->ruid;
	if (syscall(SYS_setresgid, gid, gid, gid) != 0 || syscall(SYS_setresuid, uid, uid, uid) != 0)
		return false;
	/* The caller's SECBIT_NO_SETUID_FIXUP would have kept them (capabilities(7)). */
	if (syscall(SYS_capset, &header, none) != 0)
		return false;
	struct identity now;
	if (!read_ids(&now) || !read_capabilities(&effective, &permitted, &inheritable))
		return false;
	bool all_callers = now.ruid == uid && now.euid == uid && now.suid == uid && now.rgid == gid && now.egid == gid &&
			   now.sgid == gid;
	if (!all_callers || effective != 0 || permitted != 0 || syscall(SYS_setresuid, -1, 0, -1) == 0) {
		errno = EPERM;
		return false;
	}
	return true;
}

bool identity_fill_stdio(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (errno != EBADF || open("/dev/null", O_RDWR | O_CLOEXEC) != fd)
			return false;
	}
	return true;
}
