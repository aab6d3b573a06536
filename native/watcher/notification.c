// SPDX-License-Identifier: GPL-2.0-or-later
/* Handles one seccomp notification: logs the call of the phase, then lets the kernel continue the call, answers it, or emulates it (executes it in place of the phase). */
#include <ctype.h>
#include <sys/xattr.h>

#include "seccomp/socket_permit.h"
#include "util/process.h"
#include "watcher/watcher_internal.h"
#include "target/watchdog.h"

/* Writes the kernel's name of the socket's protocol (sockfs_xattr_get() in net/socket.c) to protocol, in lower case and without "v6"; "" on failure. Reads the name from a duplicate of the socket. If none can be made, reads it by /proc/TID/fd, and discards it if the target has ended, because TID may then be another thread. */
static void read_protocol(const struct target *target, int fd, char *protocol, size_t size)
{
	static const char attribute[] = "system.sockprotoname";
	char name[64];
	int copy = target_duplicate(target, fd);
	watchdog_begin();
	ssize_t length = copy >= 0 ? fgetxattr(copy, attribute, name, sizeof name - 1)
				   : getxattr(proc_path(target->tid, "fd/%d", fd).text, attribute, name, sizeof name - 1);
	watchdog_end();
	target_close(copy);
	name[length > 0 && (copy >= 0 || target_is_valid(target)) ? length : 0] = '\0';
	char *version = strstr(name, "v6");
	if (version != NULL)
		*version = '\0';
	size_t i = 0;
	for (; name[i] != '\0' && i + 1 < size; i++)
		protocol[i] = (char)tolower((unsigned char)name[i]);
	protocol[i] = '\0';
}

/* Sets to->protocol to the protocol of the target's socket ("tcp", "udp", "raw"...), or to "" if it is unknown. last: cache of the previous result. */
static void set_protocol(struct protocol_cache *last, const struct target *target, int fd, struct destination *to)
{
	bool is_repeated = last->tid == target->tid && last->fd == fd && destination_equals(&last->to, to);
	if (is_repeated && last->repeated >= STEADY_REPETITIONS && target->now - last->read_at < STEADY_MICROSECONDS) {
		memcpy(to->protocol, last->to.protocol, sizeof to->protocol);
		return;
	}
	read_protocol(target, fd, to->protocol, sizeof to->protocol);
	int repeated = is_repeated && strcmp(to->protocol, last->to.protocol) == 0 ? last->repeated + 1 : 0;
	*last = (struct protocol_cache){.tid = target->tid, .fd = fd, .to = *to, .repeated = repeated, .read_at = target->now};
}

/* Lets the kernel continue the target's call. Returns false if the call has already ended, because a signal interrupted it or the process was killed. */
static bool continue_call(const struct target *target)
{
	return target_respond(target, SECCOMP_USER_NOTIF_FLAG_CONTINUE, 0, 0);
}

/* Logs the destinations of a call as attempts, except loopback, redirected DNS queries, and allowed destinations of UDP connects. Returns the number of attempts that the function has added to notifier->counted. */
static size_t count_attempts(struct notifier *notifier, const struct target *target, const struct request *request)
{
	size_t count = 0;
	for (size_t i = 0; i < request->count; i++) {
		struct destination to = request->to[i];
		if (destination_is_loopback(&to) || (notifier->is_redirected && dns_redirect_covers(&notifier->dns_redirect, &to)))
			continue;
		set_protocol(&notifier->protocol, target, request->fd, &to);
		/* Do not log an attempt if a UDP socket is connected to an allowed destination: glibc's getaddrinfo(3) does this to sort addresses, and sends nothing. */
		if (request->call == CALL_CONNECT && strcmp(to.protocol, "udp") == 0 && allow_has(&notifier->options->allow, &to)) {
			network_log_add_unroutable(notifier->log, &to);
			continue;
		}
		notifier->counted[count++] = (struct counted_attempt){network_log_add_attempt(notifier->log, &to, target), to};
	}
	return count;
}

/* Logs a call. Returns how many attempts the function has added to notifier->counted. */
static size_t log_call(struct notifier *notifier, const struct target *target, const struct request *request)
{
	switch (request->call) {
	case CALL_SECCOMP:
		notifier->log->listener_program = *target_program(target);
		notifier->log->listener_calls++;
		return 0;
	case CALL_CLONE:
		return 0;
	case CALL_BIND:
		if (request->count > 0)
			dns_redirect_note_bind(&notifier->dns_redirect, target, &request->to[0]);
		return 0;
	default:
		network_log_add_unreadable(notifier->log, request->unreadable);
		return count_attempts(notifier, target, request);
	}
}

/* Returns the errno with which the network filter must refuse a call, or 0 to permit the call. Sets *allowed to a destination of the call that is in the allow-list, or to NULL if there is none. */
static int check_net_filter(struct notifier *notifier, const struct target *target, struct request *request, const struct destination **allowed)
{
	struct net_filter *net_filter = notifier->net_filter;
	bool is_bind = request->call == CALL_BIND;
	*allowed = NULL;
	if (request->call == CALL_SETSOCKOPT)
		return socket_permits((uint32_t)request->arguments[1], (uint32_t)request->arguments[2]) ? 0 : ENOPROTOOPT;
	if (request->unreadable != 0 && !is_bind)
		return request->unreadable == EFAULT ? EFAULT : EACCES;
	int error = request->chooses_route ? ENODEV : 0;
	for (size_t i = 0; i < request->abstract_count && error == 0; i++)
		error = net_filter_check_abstract(net_filter, &request->abstracts[i]);
	for (size_t i = 0; i < request->count && error == 0; i++) {
		struct destination *to = &request->to[i];
		read_protocol(target, request->fd, to->protocol, sizeof to->protocol);
		if (is_bind)
			error = net_filter_check_bind(net_filter, to);
		else if (strcmp(to->protocol, "tcp") == 0 && allow_has(&notifier->options->allow, to))
			*allowed = to;
		else
			error = net_filter_check(net_filter, target, request->fd, to);
	}
	/* Remember the socket, because the call may give it a port or a name: listen(2) may bind it to a port, and sending from a UNIX socket with SO_PASSCRED gives it an abstract name (unix_autobind()). */
	if (error == 0 && (is_bind || request->call == CALL_LISTEN || request->abstract_count > 0 || request->path_count > 0))
		net_filter_note_socket(net_filter, target, request->fd);
	return error;
}

/* Answers a connect(2) of a UDP socket to a name server, or a sendto(2) of a DNS query to a name server, and returns true. Returns false without an answer for any other call, or if no query trap can be set (query_trap_set()). */
static bool answer_lookup(struct notifier *notifier, const struct target *target, const struct request *request)
{
	if (request->count != 1 || strcmp(request->to[0].protocol, "udp") != 0 || !dns_redirect_covers(&notifier->dns_redirect, &request->to[0]))
		return false;
	if (request->call == CALL_SENDTO) {
		/* Set no query trap for a sendto(2), which musl uses, because musl accepts an answer only from the address of the name server. Permit the call only if the queried name is in the allow-list. */
		if (query_trap_log(&notifier->query_traps, target, request->arguments[1], (size_t)request->arguments[2]))
			continue_call(target);
		else
			target_respond(target, 0, ECONNREFUSED, 0);
		return true;
	}
	const struct egress_call call = {
		.target = *target, .fd = request->fd, .socket = -1, .to = request->to[0], .inode = net_filter_socket_inode(target, request->fd)};
	if (request->call != CALL_CONNECT || !query_trap_set(&notifier->query_traps, &call, request->name.any.sa_family))
		return false;
	target_respond(target, 0, 0, 0);
	return true;
}

/* Applies the network filter: refuses and logs a call to a destination outside the phase that is not in the allow-list, except lookups (answer_lookup()), and lets the kernel continue any other call. */
static void apply_net_filter(struct notifier *notifier, const struct target *target, struct request *request)
{
	const struct destination *allowed;
	int error = check_net_filter(notifier, target, request, &allowed);
	if (error != 0 && answer_lookup(notifier, target, request))
		return;
	if (error != 0 || request->call == CALL_BIND || request->call == CALL_SECCOMP)
		log_call(notifier, target, request);
	else if (allowed != NULL)
		network_log_add_allowed(notifier->log, allowed, target, target_program(target), false);
	if (error != 0)
		target_respond(target, 0, error, 0);
	else
		continue_call(target);
}

static struct target current_target(const struct notifier *notifier)
{
	return (struct target){
		notifier->access, notifier->listener, notifier->notification.id, (pid_t)notifier->notification.pid, clock_microseconds()};
}

static void handle_call(struct notifier *notifier, const int *dns_reply)
{
	struct request *request = &notifier->request;
	struct egress_call call = {.target = current_target(notifier), .egress = notifier->egress, .socket = -1};
	enum egress_decision decision = EGRESS_CONTINUE;
	if (!request_read(request, &call.target, &notifier->notification.data)) {
		continue_call(&call.target);
		return;
	}
	if (request->call == CALL_SOCKET) {
		const uint64_t *arguments = request->arguments;
		if (notifier->net_filter != NULL && !socket_permits_protocol((int)arguments[0], (int)arguments[1], (uint32_t)arguments[2]))
			target_respond(&call.target, 0, EPROTONOSUPPORT, 0);
		else
			maker_answer_socket(notifier->maker, notifier->options->families, request, &call.target);
		return;
	}
	if (request->creates_ipc && maker_answer_ipc(notifier->maker, request, &call.target))
		return;
	if (path_sockets_log(&notifier->sockets, notifier->log, &call.target, request)) {
		network_log_add_unreadable(notifier->log, request->unreadable);
		target_respond(&call.target, 0, ECONNREFUSED, 0);
		return;
	}
	if (notifier->net_filter != NULL) {
		apply_net_filter(notifier, &call.target, request);
		return;
	}
	call.fd = request->fd;
	if (request->count == 1)
		call.to = request->to[0];
	enum dns_redirection redirection = dns_redirect_query(&notifier->dns_redirect, &call, request, &notifier->options->allow, &notifier->notification, dns_reply);
	if (redirection == DNS_WAITS)
		return;
	notifier->is_redirected = redirection == DNS_REDIRECTED;
	if (notifier->egress != NULL)
		decision = egress_handle(&call, request);
	if (decision != EGRESS_ANSWERED) {
		/* Log the call before it continues. Otherwise the process could end, and the supervisor could write the record, before the call is in the log. */
		size_t count = log_call(notifier, &call.target, request);
		if (!(decision == EGRESS_EMULATE ? egress_emulate(&call, request) : continue_call(&call.target)))
			while (count-- > 0)
				network_log_remove_attempt(notifier->log, notifier->counted[count].row, &notifier->counted[count].to);
	}
	target_close(call.socket);
}

void notification_handle(struct notifier *notifier, const struct seccomp_notif *notification, const int *dns_reply)
{
	notifier->notification = *notification;
	notifier->busy = true;
	handle_call(notifier, dns_reply);
	notifier->busy = false;
}

void notification_abandon(struct notifier *notifier)
{
	if (notifier->egress != NULL)
		egress_abandon_pending(notifier->egress);
	if (!notifier->busy)
		return;
	notifier->busy = false;
	const struct target target = current_target(notifier);
	/* Let the kernel continue the call, so that only the target waits for its slow memory. But refuse calls that the unfinished check might have refused: such calls could use a socket of the host or a forbidden family. */
	const enum watched_call call = notifier->request.call;
	bool is_ipc = call >= CALL_SHMGET && call <= CALL_IPC;
	bool may_connect = notifier->egress != NULL || notifier->net_filter != NULL || notifier->options->own_sockets;
	bool refuse = (may_connect && !is_ipc) || call == CALL_SOCKET;
	if (refuse ? target_respond(&target, 0, EFAULT, 0) : continue_call(&target))
		network_log_add_unreadable(notifier->log, ETIMEDOUT);
}
