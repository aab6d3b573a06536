#include "supervisor/record_audit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "watcher/attempts.h"
#include "dns/wire.h"

static bool is_isolated(const struct outcome *outcome)
{
	return outcome->inherited.net || (outcome->applied & ISOLATE_NET) != 0;
}

static void add_text(struct json *json, const char *name, const char *text)
{
	json_raw(json, ",\"%s\":", name);
	json_string(json, text, strlen(text));
}

static void add_why(struct json *json, const char *name, const char *why, int error)
{
	char text[160];
	snprintf(text, sizeof text, "%s%s%s", why, error == 0 ? "" : ": ", error == 0 ? "" : strerror(error));
	add_text(json, name, text);
}

static void add_list(struct json *json, const char *name, const char *texts, size_t length)
{
	json_raw(json, ",\"%s\":[", name);
	for (size_t at = 0; at < length; at += strlen(texts + at) + 1) {
		json_raw(json, at == 0 ? "" : ",");
		json_string(json, texts + at, strlen(texts + at));
	}
	json_raw(json, "]");
}

/* Of a command line this much at most, where its whole is not worth as much. */
enum { ENOUGH = 160 };

static void add_who(struct json *json, const struct program *who, const struct parents *parents, size_t most)
{
	char argv[AUDIT_ARGV];
	size_t length = who->argv_length < most ? who->argv_length : most;
	memcpy(argv, who->argv, length);
	if (length > 0)
		argv[length - 1] = '\0';
	json_raw(json, "\"comm\":");
	json_string(json, who->comm, strnlen(who->comm, sizeof who->comm));
	if (who->script[0] != '\0')
		add_text(json, "script", who->script);
	add_list(json, "argv", argv, length);
	if (parents != NULL && parents->length > 0)
		add_list(json, "parents", parents->text, parents->length);
}

static void add_attempt(struct json *json, const struct audit_attempt *row, double began)
{
	char address[INET6_ADDRSTRLEN];
	inet_ntop(row->to.family, row->to.address, address, sizeof address);
	add_who(json, &row->who, &row->parents, AUDIT_ARGV);
	json_raw(json, ",\"address\":\"%s\",\"port\":%u", address, row->to.port);
	add_text(json, "protocol", row->to.protocol[0] == '\0' ? "unknown" : row->to.protocol);
	json_raw(json, ",\"count\":%llu,\"first\":%.3f,\"last\":%.3f", (unsigned long long)row->count,
		 ((double)row->first - began) / 1e6, ((double)row->last - began) / 1e6);
}

static void add_attempts(struct json *json, const struct outcome *outcome)
{
	const struct audit_table *table = outcome->audit;
	double began = (double)outcome->began_monotonic;
	if (table->attempted == 0)
		return;
	json_raw(json, ",\"attempts\":%llu,\"%s\":[", (unsigned long long)table->attempted,
		 is_isolated(outcome) ? "blocked" : "observed");
	for (size_t i = 0; i < table->attempt_count; i++) {
		json_raw(json, i == 0 ? "{" : ",{");
		add_attempt(json, &table->attempts[i], began);
		json_raw(json, table->attempts[i].bound ? ",\"bound\":true}" : "}");
	}
	json_raw(json, "]");
}

static void add_allowed(struct json *json, const struct outcome *outcome)
{
	const struct audit_table *table = outcome->audit;
	double began = (double)outcome->began_monotonic;
	static const char *const ways[] = {"direct", "socks", "none"};
	if (table->let_through > 0 || table->way == ROUTE_NONE)
		json_raw(json, ",\"route\":\"%s\"", ways[table->way]);
	if (table->way_why[0] != '\0')
		add_text(json, "route_why", table->way_why);
	if (table->let_through == 0)
		return;
	if (table->failed > 0)
		json_raw(json, ",\"allowed_failed\":%llu", (unsigned long long)table->failed);
	json_raw(json, ",\"allowed_count\":%llu,\"allowed\":[", (unsigned long long)table->let_through);
	for (size_t i = 0; i < table->allowed_count; i++) {
		json_raw(json, i == 0 ? "{" : ",{");
		add_attempt(json, &table->allowed[i], began);
		if (table->allowed[i].failed > 0)
			json_raw(json, ",\"failed\":%llu", (unsigned long long)table->allowed[i].failed);
		json_raw(json, "}");
	}
	json_raw(json, "]");
}

static void add_names(struct json *json, const struct audit_table *table)
{
	if (table->names == WATCHED_YES)
		json_raw(json, ",\"names_watched\":\"%s\"", table->names_given_up ? "in part" : "yes");
	else
		json_raw(json, ",\"names_watched\":\"no\"");
	if (table->names_given_up)
		add_text(json, "names_watched_why", "a server of the phase's own took port 53");
	else if (table->names == WATCHED_NO)
		add_why(json, "names_watched_why", table->names_why, table->names_error);
	else if (table->names == WATCHED_NOT_YET)
		add_text(json, "names_watched_why", "the network is not of our making");
	if (table->host_resolver)
		json_raw(json, ",\"host_resolver\":true");
	if (table->names_asked == 0)
		return;
	json_raw(json, ",\"lookups\":%llu,\"names\":[", (unsigned long long)table->names_asked);
	for (size_t i = 0; i < table->name_count; i++) {
		const struct looked_up *row = &table->names_seen[i];
		char number[16];
		snprintf(number, sizeof number, "TYPE%u", row->type);
		json_raw(json, i == 0 ? "{\"name\":" : ",{\"name\":");
		json_string(json, row->name, strlen(row->name));
		add_text(json, "type", dns_type_name(row->type) == NULL ? number : dns_type_name(row->type));
		json_raw(json, ",");
		add_who(json, &row->who, &row->parents, ENOUGH);
		json_raw(json, ",\"count\":%llu}", (unsigned long long)row->count);
	}
	json_raw(json, "]");
}

/* What the kernel counted and nobody saw: io_uring's, or everything where nothing is watched. */
static long long unattributed(const struct outcome *outcome)
{
	long long seen = outcome->audit == NULL ? 0 : (long long)outcome->audit->unroutable;
	return outcome->unroutable > seen ? outcome->unroutable - seen : 0;
}

void record_audit(struct json *json, const struct outcome *outcome)
{
	const struct audit_table *table = outcome->audit;
	if (is_isolated(outcome) && outcome->unroutable >= 0)
		json_raw(json, ",\"unreachable\":%lld", outcome->unroutable);
	if (table == NULL)
		return;
	json_raw(json, ",\"watched\":\"%s\"", table->watched == WATCHED_YES && !outcome->watcher_died ? "yes" : "no");
	if (outcome->watcher_died)
		add_text(json, "watched_why", "the watcher died, and the phase was ended");
	else if (table->watched == WATCHED_NO)
		add_why(json, "watched_why", table->why, table->error);
	else if (table->watched == WATCHED_NOT_YET)
		add_text(json, "watched_why", "the command was not started");
	add_attempts(json, outcome);
	add_allowed(json, outcome);
	if (unattributed(outcome) > 0)
		json_raw(json, ",\"unattributed\":%lld", unattributed(outcome));
	if (table->unreadable > 0)
		json_raw(json, ",\"unreadable\":%llu", (unsigned long long)table->unreadable);
	if (table->listeners > 0) {
		json_raw(json, ",\"listener_refused\":{");
		add_who(json, &table->listener, NULL, AUDIT_ARGV);
		json_raw(json, "}");
	}
	if (is_isolated(outcome))
		add_names(json, table);
}

bool record_audit_is_notable(const struct outcome *outcome)
{
	const struct audit_table *table = outcome->audit;
	return unattributed(outcome) > 0 ||
	       (table != NULL && (table->way == ROUTE_NONE || table->attempted > 0 || table->names_asked > 0 || table->listeners > 0));
}
