// SPDX-License-Identifier: GPL-2.0-or-later
#include "watcher/maker.h"

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "options/allow_list.h"
#include "util/fds.h"
#include "util/process.h"

/*
 * Time limits for the reply of init to a request. init replies at once, unless a signal has stopped it or the machine is very busy. The limit for
 * IPC objects is longer. After the limit, the kernel continues the call, which fails if init has created the object in the meantime.
 */
enum { SOCKET_MILLISECONDS = 500,
       IPC_MILLISECONDS = 10000 };

enum requested { REQUEST_SOCKET,
		 REQUEST_IPC_OBJECT,
		 REQUEST_REMOVAL }; /* requests that init remove the IPC object that it created last */

struct maker_request {
	uint64_t id; /* ID of the seccomp notification, which init copies to the reply; the watcher ignores a reply with the ID of an earlier request, which timed out */
	enum requested requested;
	union {
		struct {
			int family, type, protocol;
		} socket;
		struct ipc_request ipc;
	};
};

struct maker_reply {
	uint64_t id;
	uint64_t network; /* for REQUEST_SOCKET: inode of init's network namespace (/proc/PID/ns/net) */
	int error;	  /* errno with which the request failed; 0: success */
	int value;	  /* id of the created object; not used if a descriptor is attached */
};

/* Returns the inode of a file in /proc/PID/ns, which identifies a namespace, or 0 on failure. */
static uint64_t namespace_at(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 ? status.st_ino : 0;
}

/* Sends a request to init and waits for the reply. Stores the attached descriptor in *fd, or -1 if there is none. Returns false if init does not reply in time. */
static bool ask_init(int maker, const struct maker_request *wanted, int milliseconds, struct maker_reply *reply, int *fd)
{
	struct pollfd init = {.fd = maker, .events = POLLIN};
	int fds[PASSED_FDS];
	if (maker < 0 || send(maker, wanted, sizeof *wanted, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof *wanted)
		return false;
	while (poll(&init, 1, milliseconds) == 1 && fd_passing_receive(maker, reply, sizeof *reply, fds, NULL) == 1) {
		*fd = fds[0];
		if (reply->id == wanted->id)
			return true;
		close_fd(*fd);
	}
	return false;
}

/* Answers the call with a descriptor. Returns false and sets errno if the target cannot receive the descriptor: ENOENT if the call has ended, or EMFILE. */
static bool answer_with_fd(const struct target *target, int fd, bool close_on_exec)
{
	struct seccomp_notif_addfd added = {
		.id = target->notification, .srcfd = (uint32_t)fd, .newfd_flags = close_on_exec ? SOCK_CLOEXEC : 0, .flags = SECCOMP_ADDFD_FLAG_SEND};
	if (ioctl(target->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added) >= 0)
		return true;
	/* After EINVAL, add the descriptor and answer the call by separate ioctls, because Linux before 5.14 lacks SECCOMP_ADDFD_FLAG_SEND. */
	if (errno != EINVAL)
		return false;
	added.flags = 0;
	int number = ioctl(target->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added);
	return number >= 0 && target_respond(target, 0, 0, number);
}

void maker_answer_socket(const struct maker *maker, const struct request *request, const struct target *target)
{
	const uint64_t *arguments = request->arguments;
	const struct maker_request wanted = {
		.id = target->notification, .requested = REQUEST_SOCKET, .socket = {(int)arguments[0], (int)arguments[1] & ~SOCK_CLOEXEC, (int)arguments[2]}};
	struct maker_reply reply = {.error = EAFNOSUPPORT};
	AUTO_CLOSE int fd = -1;
	if (!request->unreadable && families_permit(maker->families, arguments[0], arguments[1]) &&
	    !ask_init(maker->socket, &wanted, SOCKET_MILLISECONDS, &reply, &fd))
		reply.error = ENOBUFS;
	if (fd >= 0 && (reply.network == 0 || reply.network != namespace_at(proc_path(target->tid, "ns/net").text)))
		reply.error = EAFNOSUPPORT;
	if (reply.error == 0 && !answer_with_fd(target, fd, ((int)arguments[1] & SOCK_CLOEXEC) != 0))
		reply.error = errno;
	if (reply.error != 0)
		target_respond(target, 0, reply.error, 0);
}

bool maker_answer_ipc(const struct maker *maker, const struct request *request, const struct target *target)
{
	struct maker_request wanted = {.id = target->notification, .requested = REQUEST_IPC_OBJECT, .ipc = request->ipc};
	struct maker_reply reply;
	struct target_status caller = target_status(target);
	int fd = -1;
	uint64_t own = namespace_at("/proc/self/ns/ipc");
	if (own == 0 || own != namespace_at(proc_path(target->tid, "ns/ipc").text) || caller.effective_uid == (uid_t)-1 || !target_is_valid(target))
		return false;
	wanted.ipc.uid = caller.effective_uid;
	wanted.ipc.gid = caller.effective_gid;
	wanted.ipc.umask = caller.umask;
	wanted.ipc.object.creator = caller.process;
	wanted.ipc.object.thread = target->tid;
	memcpy(wanted.ipc.object.comm, target_program(target)->comm, sizeof wanted.ipc.object.comm);
	if (!ask_init(maker->socket, &wanted, IPC_MILLISECONDS, &reply, &fd) || reply.error != 0)
		return false;
	bool is_received = request->call == CALL_MQ_OPEN ? answer_with_fd(target, fd, true) : target_respond(target, 0, 0, reply.value);
	close_fd(fd);
	/* If the target could not receive the object, init removes it. The kernel then continues the call, and refuses it for the same reason, for example EMFILE. */
	wanted.requested = REQUEST_REMOVAL;
	if (!is_received)
		ask_init(maker->socket, &wanted, IPC_MILLISECONDS, &reply, &fd);
	return is_received;
}

/*
 * For init: creates the requested socket or IPC object with all capabilities turned off, because the calling thread of the phase may have fewer
 * than init. Returns a descriptor, or the id of a System V object. Returns -1 and sets errno on failure.
 */
static int create(const struct maker_request *wanted, struct ipc_objects *ipc_objects)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3], none[_LINUX_CAPABILITY_U32S_3];
	if (syscall(SYS_capget, &header, held) != 0)
		return -1;
	memcpy(none, held, sizeof none);
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		none[i].effective = 0;
	if (syscall(SYS_capset, &header, none) != 0)
		return -1;
	int value = wanted->requested == REQUEST_SOCKET
			    ? socket(wanted->socket.family, wanted->socket.type | SOCK_CLOEXEC, wanted->socket.protocol)
			    : ipc_objects_create(ipc_objects, &wanted->ipc);
	int error = errno;
	syscall(SYS_capset, &header, held);
	errno = error;
	return value;
}

bool maker_serve(int watcher, struct ipc_objects *ipc_objects)
{
	struct maker_request wanted;
	ssize_t got = recv(watcher, &wanted, sizeof wanted, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got != (ssize_t)sizeof wanted)
		return false;
	bool is_socket = wanted.requested == REQUEST_SOCKET;
	int value = -1;
	if (wanted.requested == REQUEST_REMOVAL)
		ipc_objects_remove_last(ipc_objects);
	else
		value = create(&wanted, ipc_objects);
	struct maker_reply reply = {wanted.id, is_socket ? namespace_at("/proc/self/ns/net") : 0, value < 0 ? errno : 0, value};
	bool is_fd = value >= 0 && (is_socket || wanted.ipc.object.call == CALL_MQ_OPEN);
	if (!fd_passing_send(watcher, &reply, sizeof reply, (const int[PASSED_FDS]){is_fd ? value : -1, -1}) && is_fd) {
		/* The kernel limits the descriptors of a user that are in flight (ETOOMANYREFS). */
		reply.error = errno;
		if (!is_socket)
			ipc_objects_remove_last(ipc_objects);
		fd_passing_send(watcher, &reply, sizeof reply, (const int[PASSED_FDS]){-1, -1});
	}
	if (is_fd)
		close(value);
	return true;
}
