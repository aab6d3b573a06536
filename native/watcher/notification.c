#include "watcher/notification.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dns/client.h"
#include "watcher/request.h"
#include "watcher/protocol.h"
#include "util/clock.h"
#include "egress/egress.h"
#include "egress/emulate.h"
#include "watcher/target_state.h"

/* Lets the call go on. False where there is none any more: a signal took it away, or its process is dead. */
static bool let_go_on(struct notification_handle *look)
{
	struct seccomp_notif_resp *answer = look->answer;
	*answer = (struct seccomp_notif_resp){.id = look->call->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
	return ioctl(look->listener, SECCOMP_IOCTL_NOTIF_SEND, answer) == 0;
}

/* The attempts of one call. */
static struct counted {
	struct connection_attempt *row;
	struct destination to;
} counted[REQUEST_ADDRESSES];

static size_t count_attempts(struct notification_handle *look, const struct request *request)
{
	pid_t tid = (pid_t)look->call->pid;
	const struct program *who;
	size_t count = 0;
	for (size_t i = 0; i < request->count; i++) {
		struct destination to = request->to[i];
		if (dns_server_is_at(&to) && look->dns_server->udp >= 0)
			dns_client_note(tid, request->fd);
		if (destination_is_loopback(&to))
			continue;
		who = target_program(tid);
		audit_protocol(tid, request->fd, &to);
		/* glibc connects datagrams, and sends none, to sort the addresses of a host (getaddrinfo(3)). */
		if (request->call == CALL_CONNECT && strcmp(to.protocol, "udp") == 0 &&
		    allow_has(look->allow, to.family, to.address, to.port)) {
			network_log_add_unroutable(look->log, &to);
			continue;
		}
		struct connection_attempt *row = network_log_add_attempt(look->log, &to, who, clock_microseconds());
		if (row != NULL && row->count == 1)
			target_parents(tid, &row->parents);
		counted[count++] = (struct counted){row, to};
	}
	return count;
}

/* Counts what a call tries, and what is to be known about it beside that. */
static size_t note(struct notification_handle *look, const struct request *request)
{
	switch (request->call) {
	case CALL_SECCOMP:
		look->log->listener_program = *target_program((pid_t)look->call->pid);
		look->log->listener_calls++;
		return 0;
	case CALL_CLONE:
		emulate_note_sharing();
		return 0;
	case CALL_BIND:
		if (request->count > 0 && look->dns_server->udp >= 0 && dns_server_is_in_the_way(&request->to[0]) &&
		    target_may_bind((pid_t)look->call->pid) && target_is_there()) {
			dns_server_close(look->dns_server);
			dns_client_forget();
			look->log->dns_server_closed = true;
		}
		return 0;
	default:
		if (request_is_to_host_resolver(request))
			look->log->host_resolver = true;
		look->log->unreadable += request->unreadable;
		return count_attempts(look, request);
	}
}

/* A call that was not made after all is not counted. */
static void take_back(struct notification_handle *look, size_t count)
{
	while (count > 0) {
		count--;
		network_log_remove_attempt(look->log, counted[count].row, &counted[count].to);
	}
}

/* What a list makes of a call. Returns false where the call goes on in the kernel. */
static bool decide(struct notification_handle *look, struct egress_call *call, const struct request *request)
{
	int error = 0;
	size_t count = 0;
	const struct program *who = target_program(call->tid);
	enum egress_decision passed = egress_decide(call, request, &error);
	switch (passed) {
	case EGRESS_CONTINUE:
		return false;
	case EGRESS_GONE:
		return true;
	case EGRESS_EMULATE:
		count = note(look, request);
		if (!emulate(call, request))
			take_back(look, count);
		return true;
	case EGRESS_EMULATE_ALLOWED:
		emulate(call, request);
		return true;
	case EGRESS_BOUND:
	case EGRESS_REFUSED:
		if (count_attempts(look, request) > 0 && counted[0].row != NULL)
			counted[0].row->bound = passed == EGRESS_BOUND;
		break;
	case EGRESS_CONNECTED:
	case EGRESS_PENDING:
		egress_count(call, who, error);
		break;
	case EGRESS_DENIED:
		break;
	}
	if (passed != EGRESS_PENDING)
		egress_answer(call, error);
	return true;
}

static bool is_decided(const struct request *request)
{
	return request->call == CALL_CONNECT || request->call == CALL_LISTEN || request->call == CALL_BIND || request->indirect;
}

static void look_at(struct notification_handle *look)
{
	static struct request request;
	struct egress_call call = {
		.listener = look->listener, .id = look->call->id, .tid = (pid_t)look->call->pid, .socket = -1, .log = look->log};
	bool answered = false;
	if (!request_read(&request, look->call)) {
		let_go_on(look);
		return;
	}
	if (request.call == CALL_SOCKET) {
		socket_maker_answer(&look->maker, &request, look->listener, look->call->id, (pid_t)look->call->pid);
		return;
	}
	call.fd = request.fd;
	if (request.count == 1)
		call.to = request.to[0];
	if (look->allow->count > 0 && is_decided(&request))
		answered = decide(look, &call, &request);
	if (!answered) {
		/* Before it goes on: once it has, the process may be over, and its supervisor's record written. */
		size_t count = note(look, &request);
		if (!let_go_on(look))
			take_back(look, count);
	}
	if (call.socket >= 0)
		target_close(call.socket);
}

void notification_handle(struct notification_handle *look)
{
	look->busy = true;
	target_notification(look->listener, look->call->id);
	look_at(look);
	look->busy = false;
}

void notification_give_up(struct notification_handle *look)
{
	struct seccomp_notif_resp *answer = look->answer;
	if (!look->busy)
		return;
	look->busy = false;
	/*
	 * The kernel waits for the same server, in the caller alone. Under a list it must not go where nobody has looked, nor make a
	 * socket whose family nobody has seen.
	 */
	*answer = (struct seccomp_notif_resp){.id = look->call->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
	if (look->allow->count > 0 || request_makes_socket(look->call))
		*answer = (struct seccomp_notif_resp){.id = look->call->id, .error = -EFAULT};
	/* Where it was answered before, there is nothing to count. */
	look->log->unreadable += ioctl(look->listener, SECCOMP_IOCTL_NOTIF_SEND, answer) == 0;
}
