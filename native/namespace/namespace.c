// SPDX-License-Identifier: GPL-2.0-or-later
#include <ifaddrs.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "namespace/namespace.h"
#include "util/fds.h"
#include "util/process.h"
#include "util/text.h"

/* Time limit for the exit of the child that writes the id maps. After it, the child is killed. Closing an inherited file can delay the exit. */
#define WRITER_MILLISECONDS 1000

static bool write_single(int directory, const struct identity *identity)
{
	char uid[64], gid[64];
	snprintf(uid, sizeof uid, "%u %u 1\n", identity->euid, identity->euid);
	snprintf(gid, sizeof gid, "%u %u 1\n", identity->egid, identity->egid);
	/* The kernel requires "deny" in setgroups before a write to gid_map: otherwise a user could drop a group to which a file denies access (CVE-2014-8989). */
	return file_write(directory, "setgroups", "deny") && file_write(directory, "uid_map", uid) &&
	       file_write(directory, "gid_map", gid);
}

/* Reads the id map at path. Stores in text a map of the same ids, each to itself. Returns the length of text, or 0 on failure. */
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
 * capabilities for mapping many ids. The child waits for a byte in entered_pipe, which the parent writes after it has entered the new namespace.
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

/* Enters a user namespace that maps all ids of the current user namespace. If the kernel refuses that, maps only the effective ids of this process. */
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

/* Enters a new user namespace and writes its id maps. On an error, returns false and sets setup_error. */
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
	[STEP_MQUEUE] = {"mounting /dev/mqueue", 0},
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

static bool is_address(const struct sockaddr *address, const struct destination *wanted)
{
	union socket_address copy = {0};
	struct destination to;
	if (address == NULL || address->sa_family != wanted->family)
		return false;
	memcpy(&copy, address, wanted->family == AF_INET6 ? sizeof copy.in6 : sizeof copy.in);
	return destination_read(&to, &copy, sizeof copy, false) && destination_equals(&to, wanted);
}

/* Returns true if entry is an address of lo that equals added (an address that Portage adds to lo) and has the netmask that Portage sets. */
static bool is_added(const struct ifaddrs *entry, const struct destination *added)
{
	/* Netmask of Portage's addresses on lo: LOOPBACK_PREFIX is 8, so only the first byte is set. */
	const struct destination mask = {.family = added->family, .address = {0xFF}};
	return (entry->ifa_flags & IFF_LOOPBACK) != 0 && is_address(entry->ifa_addr, added) && is_address(entry->ifa_netmask, &mask);
}

/*
 * Returns true if this network namespace looks like one that Portage has isolated: no interface is up except lo, with 10.0.0.1/8 and, if
 * the kernel has IPv6, fd::1/8 (portage/process.py, _configure_loopback_interface). lo alone is no evidence, because it is also
 * the only interface of a host without a network.
 */
static bool loopback_is_isolated(void)
{
	struct ifaddrs *all;
	bool others = false, lo_up = false, ipv6 = false, added[LOOPBACK_ADDED] = {false};
	if (getifaddrs(&all) != 0)
		return false;
	for (const struct ifaddrs *entry = all; entry != NULL; entry = entry->ifa_next) {
		int family = entry->ifa_addr == NULL ? AF_UNSPEC : entry->ifa_addr->sa_family;
		bool is_loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0, is_up = (entry->ifa_flags & IFF_UP) != 0;
		/* Ignore interfaces that are down and have no address: kernel modules create some in every new network namespace, such as sit0. */
		others = others || (!is_loopback && (is_up || family == AF_INET || family == AF_INET6));
		lo_up = lo_up || (is_loopback && is_up);
		ipv6 = ipv6 || family == AF_INET6;
		for (size_t i = 0; i < LOOPBACK_ADDED; i++)
			added[i] = added[i] || is_added(entry, &loopback_added[i]);
	}
	freeifaddrs(all);
	return lo_up && !others && added[0] && (added[1] || !ipv6);
}

/* Inode number of the machine's first IPC namespace (include/linux/proc_ns.h, PROC_IPC_INIT_INO). The kernel gives other numbers to all later ones. */
#define FIRST_IPC_INODE 0xEFFFFFFFUL

/* Returns true if the host name is "localhost". Portage sets it in the UTS namespace that it creates with the network namespace. */
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

/* Returns true if process 1 runs Portage's pid-ns-init as root, so that Portage has made the PID namespace. An ordinary user cannot imitate that. */
static bool has_portage_init(void)
{
	char text[4096];
	struct stat status;
	size_t length = proc_read(1, "cmdline", text, sizeof text);
	return length > 0 && stat("/proc/1/cmdline", &status) == 0 && status.st_uid == 0 && text_is_portages_init(text, length);
}

unsigned inherited_from_portage(unsigned wanted)
{
	bool others = (wanted & (ISOLATE_IPC | ISOLATE_MOUNT)) != 0;
	bool net = (others || (wanted & ISOLATE_NET) != 0) && hostname_is_localhost() && loopback_is_isolated();
	bool pid = ((others && !net) || (wanted & ISOLATE_PID) != 0) && has_portage_init();
	bool ipc = (net || pid) && (wanted & ISOLATE_IPC) != 0 && !in_first_ipc_namespace();
	return wanted & ((net ? ISOLATE_NET : 0) | (ipc ? ISOLATE_IPC : 0) | (pid ? ISOLATE_PID : 0) | (net || pid ? ISOLATE_MOUNT : 0));
}

/* Returns OutNoRoutes from text, or -1 if the text does not contain it. The text has a line of names and a line of numbers, both starting with "Ip:" (net/ipv4/proc.c). */
static long long from_snmp(const char *text)
{
	const char *name = strstr(text, " OutNoRoutes"), *number = strstr(text, "\nIp: ");
	/* The number has the same position in the second line as the name OutNoRoutes in the first: move to the next number for each name. */
	for (const char *c = text; number != NULL && name != NULL && c <= name; c++)
		if (*c == ' ')
			number = strchr(number + 1, ' ');
	return name == NULL || number == NULL ? -1 : strtoll(number, NULL, 10);
}

static long long count_unroutable(const struct snmp *snmp)
{
	long long all = -1;
	for (int i = 0; i < 2; i++) {
		char text[8192];
		ssize_t length = pread(snmp->fd[i], text, sizeof text - 1, 0);
		text[length > 0 ? length : 0] = '\0';
		long long value = i == 0 ? from_snmp(text) : text_value(text, "Ip6OutNoRoutes");
		if (value >= 0)
			all = (all < 0 ? 0 : all) + value;
	}
	return all;
}

void snmp_files(int files[2])
{
	files[0] = open("/proc/self/net/snmp", O_RDONLY | O_CLOEXEC);
	/* Without snmp, do not open snmp6 either: fd_passing_send() sends no descriptor after the first -1. */
	files[1] = files[0] < 0 ? -1 : open("/proc/self/net/snmp6", O_RDONLY | O_CLOEXEC);
}

void snmp_open(struct snmp *snmp, const int files[2])
{
	memcpy(snmp->fd, files, sizeof snmp->fd);
	snmp->began = count_unroutable(snmp);
}

long long snmp_unroutable(const struct snmp *snmp)
{
	long long now = count_unroutable(snmp);
	return now < 0 || snmp->began < 0 ? -1 : now - snmp->began;
}
