// SPDX-License-Identifier: GPL-2.0-or-later
#include "supervisor/supervisor.h"

#include <arpa/inet.h>

#include "dns/wire.h"

static bool is_isolated(const struct phase_result *result)
{
	return ((result->inherited | result->applied) & ISOLATE_NET) != 0 || result->net_filter.step != STEP_NONE;
}

/* Maximum length of a command line in the record's lists of DNS lookups and UNIX sockets, in bytes. A longer one is truncated. */
enum { LOOKUP_ARGV = 160 };

static void add_program(struct json *json, const struct program *program, size_t max_argv)
{
	char argv[PROGRAM_ARGV];
	size_t length = program->argv_length < max_argv ? program->argv_length : max_argv;
	memcpy(argv, program->argv, length);
	if (length > 0)
		argv[length - 1] = '\0';
	json_string(json, "comm", program->comm, strnlen(program->comm, sizeof program->comm));
	if (program->script[0] != '\0')
		json_text(json, "script", program->script);
	json_list(json, "argv", argv, length);
	if (program->parents_length > 0)
		json_list(json, "parents", program->parents, program->parents_length);
}

/* Adds a list of connection attempts to the record. began: start of the command, for times relative to it. */
static void add_rows(struct json *json, const char *name, const struct connection_attempt *rows, size_t count, double began)
{
	json_value(json, name, "[");
	for (const struct connection_attempt *row = rows; row < rows + count; row++) {
		char address[INET6_ADDRSTRLEN];
		json_value(json, NULL, "{");
		add_program(json, &row->program, PROGRAM_ARGV);
		json_text(json, "address", inet_ntop(row->to.family, row->to.address, address, sizeof address));
		json_value(json, "port", "%u", row->to.port);
		json_text(json, "protocol", row->to.protocol[0] == '\0' ? "unknown" : row->to.protocol);
		json_count(json, "count", row->count);
		json_value(json, "first", "%.3f", ((double)row->first - began) / 1e6);
		json_value(json, "last", "%.3f", ((double)row->last - began) / 1e6);
		json_count(json, "failed", row->failed);
		json_flag(json, "bound", row->bound);
		json_close(json, "}");
	}
	json_close(json, "]");
}

static void add_allowed(struct json *json, const struct network_log *log, double began)
{
	static const char *const routes[] = {"direct", "socks", "none"};
	if (log->allowed_total > 0 || log->route == ROUTE_NONE)
		json_text(json, "route", routes[log->route]);
	if (log->route_reason[0] != '\0')
		json_text(json, "route_why", log->route_reason);
	if (log->allowed_total == 0)
		return;
	json_count(json, "allowed_failed", log->allowed_failed);
	json_count(json, "allowed_count", log->allowed_total);
	add_rows(json, "allowed", log->allowed, log->allowed_count, began);
}

static void add_names(struct json *json, const struct network_log *log)
{
	bool is_watched = log->names_watched == WATCHED_YES && log->watched == WATCHED_YES;
	json_text(json, "names_watched", !is_watched ? "no" : log->phase_serves_names ? "in part"
										      : "yes");
	if (log->phase_serves_names)
		json_text(json, "names_watched_why", "the phase has started a server on port 53");
	else if (log->names_watched == WATCHED_NO)
		record_add_reason(json, "names_watched_why", log->names_reason, log->names_errno);
	else if (log->names_watched == WATCHED_NOT_YET)
		json_text(json, "names_watched_why", "confine has not set up the network");
	if (log->lookups_total == 0)
		return;
	json_count(json, "lookups", log->lookups_total);
	json_value(json, "names", "[");
	for (const struct dns_lookup *row = log->lookups; row < log->lookups + log->lookup_count; row++) {
		char number[16];
		snprintf(number, sizeof number, "TYPE%u", row->type);
		json_value(json, NULL, "{");
		json_text(json, "name", row->name);
		json_text(json, "type", dns_type_name(row->type) == NULL ? number : dns_type_name(row->type));
		add_program(json, &row->program, LOOKUP_ARGV);
		json_count(json, "count", row->count);
		json_close(json, "}");
	}
	json_close(json, "]");
}

static void add_sockets(struct json *json, const struct network_log *log)
{
	if (log->sockets_total == 0)
		return;
	json_count(json, "socket_requests", log->sockets_total);
	json_value(json, "sockets", "[");
	for (const struct requested_socket *row = log->sockets; row < log->sockets + log->socket_count; row++) {
		json_value(json, NULL, "{");
		json_text(json, "path", row->path);
		add_program(json, &row->program, LOOKUP_ARGV);
		json_count(json, "count", row->count);
		json_flag(json, "refused", row->refused);
		json_close(json, "}");
	}
	json_close(json, "]");
}

/* Returns the number of packets without a route that the kernel has counted but the watcher has not seen, such as those sent by io_uring. */
static unsigned long long unattributed(const struct phase_result *result)
{
	long long seen = result->audit == NULL ? 0 : (long long)result->audit->unroutable;
	return result->unroutable > seen ? (unsigned long long)(result->unroutable - seen) : 0;
}

void record_audit(struct json *json, const struct phase_result *result)
{
	const struct network_log *log = result->audit;
	double began = (double)result->began_monotonic;
	if (is_isolated(result) && result->unroutable >= 0)
		json_value(json, "unreachable", "%lld", result->unroutable);
	if (log == NULL)
		return;
	json_text(json, "watched", log->watched == WATCHED_YES && !result->watcher_died ? "yes" : "no");
	if (result->watcher_died)
		json_text(json, "watched_why", "the watcher process of confine has exited, so confine killed the phase");
	else if (log->watched == WATCHED_NO)
		record_add_reason(json, "watched_why", log->watched_reason, log->watched_errno);
	else if (log->watched == WATCHED_NOT_YET)
		json_text(json, "watched_why", "the command was not started");
	json_count(json, "attempts", log->attempts_total);
	if (log->attempts_total > 0)
		add_rows(json, is_isolated(result) ? "blocked" : "observed", log->attempts, log->attempt_count, began);
	add_allowed(json, log, began);
	add_sockets(json, log);
	json_count(json, "unattributed", unattributed(result));
	json_count(json, "unreadable", log->unreadable);
	if (log->unreadable_errno != 0)
		record_add_reason(json, "unreadable_why", "reading the memory of a process", log->unreadable_errno);
	if (log->listener_calls > 0) {
		json_value(json, "listener_refused", "{");
		add_program(json, &log->listener_program, PROGRAM_ARGV);
		json_close(json, "}");
	}
	if (is_isolated(result))
		add_names(json, log);
}

/*
 * Paths of sockets of name services and the system log (kind common in src/messages/host_services.ts). On some hosts most builds use them.
 * Their services hold no keys and start no programs, so a request to such a socket alone does not cause a message of emerge.
 */
static const char *const common_sockets[] = {"/run/nscd/", "/run/systemd/userdb/", "/run/systemd/resolve/", "/run/systemd/journal/",
					     "/var/lib/sss/pipes/", "/run/avahi-daemon/socket", "/dev/log"};

static bool asks_notable_socket(const struct network_log *log)
{
	for (size_t i = 0; i < log->socket_count; i++) {
		bool is_common = false;
		for (size_t c = 0; c < sizeof common_sockets / sizeof *common_sockets; c++)
			is_common = is_common || strncmp(log->sockets[i].path, common_sockets[c], strlen(common_sockets[c])) == 0;
		if (!is_common)
			return true;
	}
	return false;
}

bool record_audit_is_notable(const struct phase_result *result)
{
	const struct network_log *log = result->audit;
	return unattributed(result) > 0 ||
	       (log != NULL && (asks_notable_socket(log) || log->route == ROUTE_NONE || log->attempts_total > 0 || log->lookups_total > 0 || log->listener_calls > 0 || log->unreadable_errno != 0));
}
