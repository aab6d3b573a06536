#include "namespace/inherited.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "namespace/loopback.h"
#include "util/text.h"

/* The inode number of the first IPC namespace (include/linux/proc_ns.h, PROC_IPC_INIT_INO). */
#define FIRST_IPC_INODE 0xEFFFFFFFUL

/* Portage sets it in the UTS namespace that it makes together with the network's. */
static bool hostname_is_localhost(void)
{
	struct utsname names;
	return uname(&names) == 0 && strcmp(names.nodename, "localhost") == 0;
}

static bool in_first_ipc_namespace(void)
{
	struct stat status;
	return stat("/proc/self/ns/ipc", &status) != 0 || status.st_ino == FIRST_IPC_INODE;
}

/* Whether process 1 is Portage's: "python .../pid-ns-init UID ...", root's and so not to be imitated by a build. */
static bool under_portages_init(void)
{
	char text[4096];
	struct stat status;
	int fd = open("/proc/1/cmdline", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t length = read(fd, text, sizeof text - 1);
	bool roots = fstat(fd, &status) == 0 && status.st_uid == 0;
	close(fd);
	if (length <= 0 || !roots)
		return false;
	text[length] = '\0';
	return text_is_portages_init(text, (size_t)length);
}

struct inherited inherited_from_portage(bool want_net, bool want_ipc, bool want_pid)
{
	bool net = (want_net || want_ipc) && loopback_is_isolated() && hostname_is_localhost();
	bool pid = (want_pid || (want_ipc && !net)) && under_portages_init();
	return (struct inherited){
		.net = want_net && net,
		.cut_off = want_net && net,
		.ipc = want_ipc && (net || pid) && !in_first_ipc_namespace(),
		.pid = want_pid && pid,
	};
}
