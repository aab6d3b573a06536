// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

#include "egress/egress_internal.h"

/* Time limit for the reply of the DNS server process to a request for a socket. After it, the redirection of queries ends. The process replies at once, unless it has just started or the machine is very busy. */
enum { WAIT_SECONDS = 10 };

static const struct resolv_conf *read_conf(struct dns_redirect *redirect)
{
	if (!redirect->has_conf)
		resolv_conf_read(&redirect->conf);
	redirect->has_conf = true;
	return &redirect->conf;
}

bool dns_redirect_covers(struct dns_redirect *redirect, const struct destination *to)
{
	if (to->port != DNS_PORT || (redirect->log->phase_serves_names && destination_is_loopback(to)))
		return false;
	const struct resolv_conf *conf = read_conf(redirect);
	for (size_t i = 0; i < conf->server_count; i++)
		if (destination_equals(&conf->servers[i], to))
			return true;
	return false;
}

void dns_redirect_note_bind(struct dns_redirect *redirect, const struct target *target, const struct destination *address)
{
	if (redirect->server < 0 || address->port != DNS_PORT || !destination_is_loopback(address) ||
	    (thread_status(target->tid).capabilities >> CAP_NET_BIND_SERVICE & 1) == 0 || !target_is_valid(target))
		return;
	const struct resolv_conf *conf = read_conf(redirect);
	for (size_t i = 0; i < conf->server_count; i++)
		if (destination_is_loopback(&conf->servers[i]))
			redirect->log->phase_serves_names = true;
}

static bool goes_to_name_server(struct dns_redirect *redirect, const struct request *request)
{
	if (request->call != CALL_CONNECT && request->call != CALL_SENDTO && request->call != CALL_SENDMSG && request->call != CALL_SENDMMSG)
		return false;
	for (size_t i = 0; i < request->count; i++)
		if (dns_redirect_covers(redirect, &request->to[i]))
			return true;
	return false;
}

/* Duplicates the target's socket to call->socket and sets call->inode. Returns false if this fails, or if the descriptor is not an internet socket. The caller closes call->socket in both cases. */
static bool open_socket(struct egress_call *call)
{
	struct stat status;
	call->socket = target_duplicate(&call->target, call->fd);
	int family = call->socket < 0 ? -1 : socket_family(call->socket);
	if ((family != AF_INET && family != AF_INET6) || fstat(call->socket, &status) != 0)
		return false;
	call->inode = status.st_ino;
	return true;
}

static bool has_socket(const struct dns_redirect *redirect, unsigned long long inode)
{
	for (size_t i = 0; i < DNS_SOCKETS; i++)
		if (redirect->sockets[i] == inode)
			return true;
	return false;
}

void dns_redirect_end(struct dns_redirect *redirect, const char *reason)
{
	if (redirect->server < 0)
		return;
	/* Log the reason only if DNS lookups were watched until now. Otherwise the DNS server process has failed to start, and the log already has the reason for that. */
	if (redirect->log->names.watched == WATCHED_YES)
		watch_status_set_no(&redirect->log->names, reason, 0);
	redirect->server = -1;
}

/* Starts the time limit for the next reply of the DNS server process. */
static void start_time_limit(const struct dns_redirect *redirect)
{
	timerfd_settime(redirect->timer, 0, &(struct itimerspec){.it_value.tv_sec = WAIT_SECONDS}, NULL);
}

bool dns_redirect_take(struct dns_redirect *redirect, struct seccomp_notif *notification)
{
	if (redirect->waiting_count == 0)
		return false;
	*notification = redirect->waiting[0];
	redirect->waiting_count--;
	memmove(redirect->waiting, redirect->waiting + 1, redirect->waiting_count * sizeof *notification);
	if (redirect->waiting_count > 0)
		start_time_limit(redirect);
	return true;
}

static bool replace(struct dns_redirect *redirect, const struct egress_call *call, int socket)
{
	struct stat status;
	socket_copy_options(NULL, call->socket, socket, socket_family(call->socket));
	if (fstat(socket, &status) != 0 || !replace_socket(call, socket, fcntl(call->socket, F_GETFL)))
		return false;
	redirect->sockets[redirect->next_socket] = status.st_ino;
	redirect->next_socket = (redirect->next_socket + 1) % DNS_SOCKETS;
	return true;
}

/* Requests a socket from the DNS server process and returns DNS_WAITS: the call waits for this socket in redirect->waiting. Returns DNS_NOT_REDIRECTED if the call's socket is neither a datagram socket nor an idle TCP socket, if --allow permits the TCP connection, if DNS_WAITING calls wait already, or if the request cannot be sent. */
static enum dns_redirection request_socket(struct dns_redirect *redirect, const struct egress_call *call, const struct request *request, const struct allow *allow, const struct seccomp_notif *notification)
{
	struct destination own = {0};
	destination_of_socket(&own, call->socket);
	struct dns_request wanted = {
		.family = socket_family(call->socket),
		.type = socket_option(call->socket, SOL_SOCKET, SO_TYPE),
		.port = own.port,
		.program = *target_program(&call->target),
	};
	/* Request truncated answers only for musl, whose lookups would otherwise take long (dns_truncate()). The sign of musl: of the common resolvers, only musl calls sendto(2) on a bound socket. */
	wanted.truncates = request->call == CALL_SENDTO && wanted.port != 0;
	bool is_tcp = socket_is_tcp(call->socket);
	if ((!is_tcp && wanted.type != SOCK_DGRAM) || (is_tcp && !socket_is_idle(call->socket)) ||
	    (is_tcp && allow_has(allow, &call->to)))
		return DNS_NOT_REDIRECTED;
	target_add_parents(&call->target, &wanted.program);
	if (redirect->waiting_count == DNS_WAITING || send(redirect->server, &wanted, sizeof wanted, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof wanted)
		return DNS_NOT_REDIRECTED;
	if (redirect->waiting_count == 0)
		start_time_limit(redirect);
	redirect->waiting[redirect->waiting_count++] = *notification;
	return DNS_WAITS;
}

enum dns_redirection dns_redirect_query(struct dns_redirect *redirect, struct egress_call *call, const struct request *request, const struct allow *allow, const struct seccomp_notif *notification, const int *reply)
{
	enum dns_redirection result = DNS_NOT_REDIRECTED;
	if (redirect->server >= 0 && goes_to_name_server(redirect, request) && open_socket(call)) {
		if (has_socket(redirect, call->inode) || (reply != NULL && replace(redirect, call, *reply)))
			result = DNS_REDIRECTED;
		else if (reply == NULL)
			result = request_socket(redirect, call, request, allow, notification);
	}
	/* Close this duplicate and do not use it for later checks, because the target's descriptor may refer to another socket by now. */
	target_close(call->socket);
	call->socket = -1;
	return result;
}
