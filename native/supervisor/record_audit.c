// SPDX-License-Identifier: GPL-2.0-or-later
#include "supervisor/supervisor.h"

#include <arpa/inet.h>

#include "dns/wire.h"

static bool is_isolated(const struct phase_result *result)
{
	return result->inherited.net || result->net_filter.step != STEP_NONE || (result->applied & ISOLATE_NET) != 0;
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
	json_raw(json, "\"comm\":");
	json_string(json, program->comm, strnlen(program->comm, sizeof program->comm));
	if (program->script[0] != '\0')
		json_member(json, "script", program->script);
	json_list(json, "argv", argv, length);
	if (program->parents_length > 0)
		json_list(json, "parents", program->parents, program->parents_length);
}

/* Adds connection attempts to an open list of the record and closes the list. began: start of the command, for times relative to it. */
static void add_rows(struct json *json, const struct connection_attempt *rows, size_t count, double began)
{
	for (const struct connection_attempt *row = rows; row < rows + count; row++) {
		char address[INET6_ADDRSTRLEN];
		inet_ntop(row->to.family, row->to.address, address, sizeof address);
		json_raw(json, row == rows ? "{" : ",{");
		add_program(json, &row->program, PROGRAM_ARGV);
		json_raw(json, ",\"address\":\"%s\",\"port\":%u", address, row->to.port);
		json_member(json, "protocol", row->to.protocol[0] == '\0' ? "unknown" : row->to.protocol);
		json_raw(json, ",\"count\":%llu,\"first\":%.3f,\"last\":%.3f", (unsigned long long)row->count,
			 ((double)row->first - began) / 1e6, ((double)row->last - began) / 1e6);
		if (row->failed > 0)
			json_raw(json, ",\"failed\":%llu", (unsigned long long)row->failed);
		json_raw(json, row->bound ? ",\"bound\":true}" : "}");
	}
	json_raw(json, "]");
}

static void add_attempts(struct json *json, const struct phase_result *result)
{
	const struct network_log *log = result->audit;
	if (log->attempts_total == 0)
		return;
	json_raw(json, ",\"attempts\":%llu,\"%s\":[", (unsigned long long)log->attempts_total,
		 is_isolated(result) ? "blocked" : "observed");
	add_rows(json, log->attempts, log->attempt_count, (double)result->began_monotonic);
}

static void add_allowed(struct json *json, const struct phase_result *result)
{
	const struct network_log *log = result->audit;
	static const char *const routes[] = {"direct", "socks", "none"};
	if (log->allowed_total > 0 || log->route == ROUTE_NONE)
		json_raw(json, ",\"route\":\"%s\"", routes[log->route]);
	if (log->route_reason[0] != '\0')
		json_member(json, "route_why", log->route_reason);
	if (log->allowed_total == 0)
		return;
	if (log->allowed_failed > 0)
		json_raw(json, ",\"allowed_failed\":%llu", (unsigned long long)log->allowed_failed);
	json_raw(json, ",\"allowed_count\":%llu,\"allowed\":[", (unsigned long long)log->allowed_total);
	add_rows(json, log->allowed, log->allowed_count, (double)result->began_monotonic);
}

static void add_names(struct json *json, const struct network_log *log)
{
	bool is_watched = log->names_watched == WATCHED_YES && log->watched == WATCHED_YES;
	json_member(json, "names_watched", !is_watched ? "no" : log->phase_serves_names ? "in part"
											: "yes");
	if (log->phase_serves_names)
		json_member(json, "names_watched_why", "the phase has started a server on port 53");
	else if (log->names_watched == WATCHED_NO)
		record_add_reason(json, "names_watched_why", log->names_reason, log->names_errno);
	else if (log->names_watched == WATCHED_NOT_YET)
		json_member(json, "names_watched_why", "confine has not set up the network");
	if (log->lookups_total == 0)
		return;
	json_raw(json, ",\"lookups\":%llu,\"names\":[", (unsigned long long)log->lookups_total);
	for (size_t i = 0; i < log->lookup_count; i++) {
		const struct dns_lookup *row = &log->lookups[i];
		char number[16];
		snprintf(number, sizeof number, "TYPE%u", row->type);
		json_raw(json, i == 0 ? "{\"name\":" : ",{\"name\":");
		json_text(json, row->name);
		json_member(json, "type", dns_type_name(row->type) == NULL ? number : dns_type_name(row->type));
		json_raw(json, ",");
		add_program(json, &row->program, LOOKUP_ARGV);
		json_raw(json, ",\"count\":%llu}", (unsigned long long)row->count);
	}
	json_raw(json, "]");
}

static void add_sockets(struct json *json, const struct network_log *log)
{
	if (log->sockets_total == 0)
		return;
	json_raw(json, ",\"socket_requests\":%llu,\"sockets\":[", (unsigned long long)log->sockets_total);
	for (size_t i = 0; i < log->socket_count; i++) {
		const struct requested_socket *row = &log->sockets[i];
		json_raw(json, i == 0 ? "{\"path\":" : ",{\"path\":");
		json_text(json, row->path);
		json_raw(json, ",");
		add_program(json, &row->program, LOOKUP_ARGV);
		json_raw(json, ",\"count\":%llu%s}", (unsigned long long)row->count, row->refused ? ",\"refused\":true" : "");
	}
	json_raw(json, "]");
}

/* Returns the number of packets without a route that the kernel has counted but the watcher has not seen, such as those sent by io_uring. */
static long long unattributed(const struct phase_result *result)
{
	long long seen = result->audit == NULL ? 0 : (long long)result->audit->unroutable;
	return result->unroutable > seen ? result->unroutable - seen : 0;
}

void record_audit(struct json *json, const struct phase_result *result)
{
	const struct network_log *log = result->audit;
	if (is_isolated(result) && result->unroutable >= 0)
		json_raw(json, ",\"unreachable\":%lld", result->unroutable);
	if (log == NULL)
		return;
	json_raw(json, ",\"watched\":\"%s\"", log->watched == WATCHED_YES && !result->watcher_died ? "yes" : "no");
	if (result->watcher_died)
		json_member(json, "watched_why", "the watcher process of confine has exited, so confine killed the phase");
	else if (log->watched == WATCHED_NO)
		record_add_reason(json, "watched_why", log->watched_reason, log->watched_errno);
	else if (log->watched == WATCHED_NOT_YET)
		json_member(json, "watched_why", "the command was not started");
	add_attempts(json, result);
	add_allowed(json, result);
	add_sockets(json, log);
	if (unattributed(result) > 0)
		json_raw(json, ",\"unattributed\":%lld", unattributed(result));
	if (log->unreadable > 0)
		json_raw(json, ",\"unreadable\":%llu", (unsigned long long)log->unreadable);
	if (log->unreadable_errno != 0)
		record_add_reason(json, "unreadable_why", "reading the memory of a process", log->unreadable_errno);
	if (log->listener_calls > 0) {
		json_raw(json, ",\"listener_refused\":{");
		add_program(json, &log->listener_program, PROGRAM_ARGV);
		json_raw(json, "}");
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
	return unattributed(result) > 0 || (log != NULL && asks_notable_socket(log)) ||
	       (log != NULL && (log->route == ROUTE_NONE || log->attempts_total > 0 || log->lookups_total > 0 || log->listener_calls > 0 || log->unreadable_errno != 0));
}
