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
static bool let_go_on(struct audit_look *look)
{
	struct seccomp_notif_resp *answer = look->answer;
	*answer = (struct seccomp_notif_resp){.id = look->call->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
	return ioctl(look->listener, SECCOMP_IOCTL_NOTIF_SEND, answer) == 0;
}

/* The attempts of one call. */
static struct counted {
	struct audit_attempt *row;
	struct destination to;
} counted[AUDIT_ADDRESSES];

static size_t count_attempts(struct audit_look *look, const struct audit_request *request)
{
	pid_t tid = (pid_t)look->call->pid;
	const struct program *who;
	size_t count = 0;
	for (size_t i = 0; i < request->count; i++) {
		struct destination to = request->to[i];
		if (resolver_is_at(&to) && look->resolver->udp >= 0)
			asker_note(tid, request->fd);
		if (destination_is_loopback(&to))
			continue;
		who = target_program(tid);
		audit_protocol(tid, request->fd, &to);
		/* glibc connects datagrams, and sends none, to sort the addresses of a host (getaddrinfo(3)). */
		if (request->call == CALL_CONNECT && strcmp(to.protocol, "udp") == 0 &&
		    allow_has(look->allow, to.family, to.address, to.port)) {
			audit_table_excuse(look->table, &to);
			continue;
		}
		struct audit_attempt *row = audit_table_attempt(look->table, &to, who, clock_microseconds());
		if (row != NULL && row->count == 1)
			target_parents(tid, &row->parents);
		counted[count++] = (struct counted){row, to};
	}
	return count;
}

/* Counts what a call tries, and what is to be known about it beside that. */
static size_t note(struct audit_look *look, const struct audit_request *request)
{
	switch (request->call) {
	case CALL_SECCOMP:
		look->table->listener = *target_program((pid_t)look->call->pid);
		look->table->listeners++;
		return 0;
	case CALL_CLONE:
		stand_in_note_sharing();
		return 0;
	case CALL_BIND:
		if (request->count > 0 && look->resolver->udp >= 0 && resolver_is_in_the_way(&request->to[0]) &&
		    target_may_bind((pid_t)look->call->pid) && target_is_there()) {
			resolver_close(look->resolver);
			asker_forget();
			look->table->names_given_up = true;
		}
		return 0;
	default:
		if (audit_is_host_resolver(request))
			look->table->host_resolver = true;
		look->table->unreadable += request->unreadable;
		return count_attempts(look, request);
	}
}

/* A call that was not made after all is not counted. */
static void take_back(struct audit_look *look, size_t count)
{
	while (count > 0) {
		count--;
		audit_table_take_back(look->table, counted[count].row, &counted[count].to);
	}
}

/* What a list makes of a call. Returns false where the call goes on in the kernel. */
static bool decide(struct audit_look *look, struct passage_call *call, const struct audit_request *request)
{
	int error = 0;
	size_t count = 0;
	const struct program *who = target_program(call->tid);
	enum passage passed = passage_try(call, request, &error);
	switch (passed) {
	case PASSAGE_NONE:
		return false;
	case PASSAGE_GONE:
		return true;
	case PASSAGE_STANDS_IN:
		count = note(look, request);
		if (!stand_in(call, request))
			take_back(look, count);
		return true;
	case PASSAGE_AGAIN:
		stand_in(call, request);
		return true;
	case PASSAGE_BOUND:
	case PASSAGE_REFUSED:
		if (count_attempts(look, request) > 0 && counted[0].row != NULL)
			counted[0].row->bound = passed == PASSAGE_BOUND;
		break;
	case PASSAGE_ANSWER:
	case PASSAGE_WAITS:
		passage_count(call, who, error);
		break;
	case PASSAGE_DENIED:
		break;
	}
	if (passed != PASSAGE_WAITS)
		passage_answer(call, error);
	return true;
}

static bool is_decided(const struct audit_request *request)
{
	return request->call == CALL_CONNECT || request->call == CALL_LISTEN || request->call == CALL_BIND || request->indirect;
}

static void look_at(struct audit_look *look)
{
	static struct audit_request request;
	struct passage_call call = {
		.listener = look->listener, .id = look->call->id, .tid = (pid_t)look->call->pid, .socket = -1, .table = look->table};
	bool answered = false;
	if (!audit_request_read(&request, look->call)) {
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

void audit_look(struct audit_look *look)
{
	look->busy = true;
	target_notification(look->listener, look->call->id);
	look_at(look);
	look->busy = false;
}

void audit_look_give_up(struct audit_look *look)
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
	if (look->allow->count > 0 || audit_request_makes_socket(look->call))
		*answer = (struct seccomp_notif_resp){.id = look->call->id, .error = -EFAULT};
	/* Where it was answered before, there is nothing to count. */
	look->table->unreadable += ioctl(look->listener, SECCOMP_IOCTL_NOTIF_SEND, answer) == 0;
}
