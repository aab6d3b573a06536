// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes a file whose readers wait forever, because its FUSE server does not answer (linux/fuse.h). The watcher must not wait for it.
 *
 *   stall DEVICE FILE serve COMMAND...   makes the file outside the phase, and runs COMMAND with the file as descriptor 9
 *   stall DEVICE FILE hold COMMAND...    like serve, but the server lets close(2) wait in all processes of confine except that of COMMAND
 *   stall DEVICE FILE ACTION             makes the file in the phase, then does ACTION: address (connects to an address in the mapped file),
 *                                        descriptor (connects the descriptor of the file), or socketcall (makes a socket by i386
 *                                        socketcall(2) with arguments in the mapped file)
 *   stall - FILE ACTION                  does ACTION with the file that is open as descriptor 9
 *
 * DEVICE is /dev/fuse or a device node with the same numbers. The server writes a line to FILE when a process waits for an answer.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err(2, "%s", path);
	close(fd);
}

static void answer(int device, uint64_t unique, int error, const void *data, size_t size)
{
	char bytes[512];
	struct fuse_out_header header = {.len = (uint32_t)(sizeof header + size), .error = -error, .unique = unique};
	memcpy(bytes, &header, sizeof header);
	if (size > 0)
		memcpy(bytes + sizeof header, data, size);
	/* Ignore ENOENT, which means that the process that sent the request has ended. */
	if (write(device, bytes, header.len) < 0 && errno != ENOENT)
		err(2, "answering");
}

static struct fuse_attr attributes(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node, .size = 4096, .mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644, .nlink = 1, .uid = getuid(), .gid = getgid()};
}

/* Returns true if the process is one of confine: its name begins with "confine", such as "confine-watcher" of the watcher. Also returns true for PID 0, a process outside the server's PID namespace. */
static bool is_confine(uint32_t pid)
{
	char path[32], name[8] = "";
	snprintf(path, sizeof path, "/proc/%u/comm", pid);
	FILE *file = fopen(path, "re");
	bool is = pid == 0 || (file != NULL && fgets(name, sizeof name, file) != NULL && strcmp(name, "confine") == 0);
	if (file != NULL)
		fclose(file);
	return is;
}

/* Selects the FUSE_FLUSH requests of confine that the server answers: all, or only those of one process. close(2) causes such a request. */
struct answered {
	bool all;
	pid_t process;
};

static void serve(int device, const char *path, struct answered flushes)
{
	static char request[1 << 17];
	for (;;) {
		ssize_t got = read(device, request, sizeof request);
		if (got < 0 && (errno == EINTR || errno == ENOENT))
			continue;
		if (got < 0)
			exit(0);
		const struct fuse_in_header *header = (const void *)request;
		struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096};
		struct fuse_entry_out entry = {.nodeid = 2, .attr_valid = 1000, .entry_valid = 1000, .attr = attributes(2)};
		struct fuse_attr_out attr = {.attr_valid = 1000, .attr = attributes(header->nodeid)};
		struct fuse_open_out opened = {.fh = 1};
		switch (header->opcode) {
		case FUSE_INIT:
			/* Do not set FUSE_ASYNC_READ in the answer, so that a reader waits for its data even after SIGKILL (request_wait_answer() in fs/fuse/dev.c). */
			answer(device, header->unique, 0, &init, sizeof init);
			break;
		case FUSE_LOOKUP:
			answer(device, header->unique, 0, &entry, sizeof entry);
			break;
		case FUSE_GETATTR:
			answer(device, header->unique, 0, &attr, sizeof attr);
			break;
		case FUSE_OPEN:
			answer(device, header->unique, 0, &opened, sizeof opened);
			break;
		case FUSE_READ:
			put(path, "read\n");
			break;
		case FUSE_FLUSH:
			if (flushes.all || header->pid == (uint32_t)flushes.process || !is_confine(header->pid))
				answer(device, header->unique, 0, NULL, 0);
			else
				put(path, "flush\n");
			break;
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
		case FUSE_INTERRUPT:
			break;
		default:
			answer(device, header->unique, ENOSYS, NULL, 0);
		}
	}
}

static void map_ids(uid_t uid, gid_t gid)
{
	char line[64];
	put("/proc/self/setgroups", "deny");
	snprintf(line, sizeof line, "0 %u 1", uid);
	put("/proc/self/uid_map", line);
	snprintf(line, sizeof line, "0 %u 1", gid);
	put("/proc/self/gid_map", line);
}

/* Mounts the FUSE file system in new namespaces, starts its server, and returns a descriptor of its file. */
static int begin(const char *device_path, const char *path, struct answered flushes)
{
	char options[128];
	uid_t uid = getuid();
	gid_t gid = getgid();
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		err(2, "unshare");
	map_ids(uid, gid);
	int device = open(device_path, O_RDWR | O_CLOEXEC);
	if (device < 0)
		err(2, "%s", device_path);
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
	if (mount("stall", "/mnt", "fuse", MS_NOSUID | MS_NODEV, options) != 0)
		err(2, "mount");
	pid_t parent = getpid(), server = fork();
	if (server == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
			exit(2);
		serve(device, path, flushes);
	}
	close(device);
	int file = open("/mnt/file", O_RDONLY | O_CLOEXEC);
	if (server < 0 || file < 0)
		err(2, "/mnt/file");
	return file;
}

/* Makes the file in a child process with its own namespaces. Gets the descriptor of the file from this child, and executes the command with it. */
static void serve_from_outside(char **argv)
{
	int ends[2], file = 0;
	char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		err(2, "socketpair");
	pid_t command = getpid();
	pid_t server = fork();
	if (server < 0)
		err(2, "fork");
	if (server == 0) {
		file = begin(argv[1], argv[2], (struct answered){strcmp(argv[3], "serve") == 0, command});
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		*header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(header), &file, sizeof file);
		if (sendmsg(ends[1], &message, 0) != 1)
			err(2, "sendmsg");
		for (;;)
			pause();
	}
	/* Close this end, so that recvmsg(2) fails if the child process has failed. */
	close(ends[1]);
	if (recvmsg(ends[0], &message, 0) != 1 || CMSG_FIRSTHDR(&message) == NULL)
		err(2, "recvmsg");
	memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof file);
	if (dup2(file, 9) != 9)
		err(2, "dup2");
	execvp(argv[4], argv + 4);
	err(2, "%s", argv[4]);
}

static long socketcall(const void *page)
{
	long result;
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "0"(102L), "b"(1L), "c"(page)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		errx(2, "three arguments");
	if ((strcmp(argv[3], "serve") == 0 || strcmp(argv[3], "hold") == 0) && argc > 4)
		serve_from_outside(argv);
	const char *what = argv[3], *path = argv[2];
	bool is_address = strcmp(what, "address") == 0, is_socketcall = strcmp(what, "socketcall") == 0;
	int file = strcmp(argv[1], "-") == 0 ? 9 : begin(argv[1], path, (struct answered){is_address || is_socketcall, -1});
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(443), .sin_addr.s_addr = inet_addr("198.51.100.9")};
	if (is_address) {
		const void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
		if (page == MAP_FAILED)
			err(2, "mmap");
		connect(fd, page, sizeof to);
	} else if (is_socketcall) {
		const void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_32BIT, file, 0);
		if (page == MAP_FAILED)
			err(2, "mmap");
		errno = (int)-socketcall(page);
	} else if (strcmp(what, "descriptor") == 0) {
		connect(file, (struct sockaddr *)&to, sizeof to);
	} else
		errx(2, "%s", what);
	put(path, errno == EFAULT ? "efault\n" : errno == ENOTSOCK ? "no socket\n"
								   : "over\n");
	return 0;
}
