#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "privileged/privilege.h"
#include "privileged/isolate.h"

#define RESOLV_CONF "/etc/resolv.conf"

/* Without search domains, which multiply the queries, and without a second attempt, which would get the same answer. */
static const char resolv_conf[] = "# Written by confine for this build phase. The name server records queries and "
				  "does not forward them.\n"
				  "nameserver " DNS_SERVER_ADDRESS "\n"
				  "options attempts:1 timeout:1\n";

static int open_socket(int type)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(DNS_SERVER_PORT)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	inet_pton(AF_INET, DNS_SERVER_ADDRESS, &address.sin_addr);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && (type == SOCK_DGRAM || listen(fd, 64) == 0))
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static bool write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return false;
	bool written =
		write(fd, resolv_conf, sizeof resolv_conf - 1) == (ssize_t)sizeof resolv_conf - 1 && fchmod(fd, 0644) == 0;
	int error = errno;
	close(fd);
	errno = error;
	return written;
}

/* Mounts the text over /etc/resolv.conf. The file is created in a temporary tmpfs, which is unmounted afterwards. */
static const char *mount_text(void)
{
	static const char *const directories[] = {"/tmp", "/var", "/mnt", "/run"};
	const char *directory = NULL;
	for (size_t i = 0; i < sizeof directories / sizeof *directories && directory == NULL; i++)
		if (mount("confine", directories[i], "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k,mode=777") == 0)
			directory = directories[i];
	if (directory == NULL)
		return "mounting a tmpfs";
	char path[64];
	const char *failed = NULL;
	snprintf(path, sizeof path, "%s/resolv.conf", directory);
	if (!write_file(path))
		failed = "writing resolv.conf";
	else if (mount(path, RESOLV_CONF, NULL, MS_BIND, NULL) != 0)
		failed = "mounting over " RESOLV_CONF;
	int error = errno;
	if (umount2(directory, MNT_DETACH) != 0 && failed == NULL) {
		failed = "unmounting a tmpfs";
		error = errno;
	}
	errno = error;
	return failed;
}

static const char *make_private(void)
{
	if (unshare(CLONE_NEWNS) != 0)
		return "unshare(CLONE_NEWNS)";
	/* systemd makes / a shared mount. Without MS_SLAVE the mounts would appear on the host. */
	return mount("none", "/", "none", MS_REC | MS_SLAVE, NULL) == 0 ? NULL : "mount(MS_SLAVE)";
}

static const char *set_up(bool private, int fds[2])
{
	const char *failed = private ? NULL : make_private();
	if (failed != NULL)
		return failed;
	fds[0] = open_socket(SOCK_DGRAM);
	fds[1] = fds[0] < 0 ? -1 : open_socket(SOCK_STREAM);
	return fds[1] < 0 ? "listening on " DNS_SERVER_ADDRESS : mount_text();
}

const char *dns_server_setup(const struct identity *identity, bool private, int fds[2])
{
	fds[0] = fds[1] = -1;
	if (!privilege_raise(identity))
		return "raising privileges";
	const char *failed = set_up(private, fds);
	privilege_lower(identity);
	int error = errno;
	for (size_t i = 0; failed != NULL && i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
	errno = error;
	return failed;
}
