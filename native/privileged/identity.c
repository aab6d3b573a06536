#include "privileged/identity.h"

#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *const mode_names[] = {"none", "root", "setuid", "userns"};

static bool read_capabilities(struct identity *identity)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
	if (syscall(SYS_capget, &header, data) != 0)
		return false;
	identity->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	identity->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return true;
}

bool identity_look(struct identity *identity)
{
	return syscall(SYS_getresuid, &identity->ruid, &identity->euid, &identity->suid) == 0 &&
	       syscall(SYS_getresgid, &identity->rgid, &identity->egid, &identity->sgid) == 0 && read_capabilities(identity);
}

bool identity_can(const struct identity *identity, int capability)
{
	return (identity->effective >> capability & 1) != 0;
}

bool identity_read(struct identity *identity)
{
	if (!identity_look(identity))
		return false;
	identity->secure = getauxval(AT_SECURE) != 0;
	bool all_root = identity->ruid == 0 && identity->euid == 0 && identity->suid == 0;
	bool able = identity_can(identity, CAP_SYS_ADMIN);
	if (all_root && !identity->secure && able)
		identity->mode = MODE_ROOT;
	else if (identity->euid == 0 && identity->ruid != 0 && able)
		identity->mode = MODE_SETUID;
	else
		identity->mode = MODE_USERNS;
	return true;
}
