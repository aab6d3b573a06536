// SPDX-License-Identifier: GPL-2.0-or-later
#include "network_log/network_log.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>

struct network_log *network_log_create(void)
{
	void *memory = mmap(NULL, sizeof(struct network_log), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

static size_t at_most(size_t value, size_t most)
{
	return value < most ? value : most;
}

static void limit_program(struct program *program)
{
	program->comm[PROGRAM_COMM - 1] = program->script[PROGRAM_SCRIPT - 1] = program->argv[PROGRAM_ARGV - 1] = program->parents[PARENTS_TEXT - 1] = '\0';
	program->argv_length = at_most(program->argv_length, PROGRAM_ARGV);
	program->parents_length = at_most(program->parents_length, PARENTS_TEXT);
}

static size_t copy_attempts(struct connection_attempt *to, const struct connection_attempt *from, size_t count)
{
	memcpy(to, from, count * sizeof *to);
	for (size_t i = 0; i < count; i++) {
		to[i].to.protocol[sizeof to[i].to.protocol - 1] = '\0';
		limit_program(&to[i].program);
	}
	return count;
}

void network_log_copy(struct network_log *copy, const struct network_log *shared)
{
	memcpy(copy, shared, offsetof(struct network_log, attempts));
	/* The compiler must now read each value from the copy, because a second value from the shared log may differ. */
	atomic_signal_fence(memory_order_seq_cst);
	copy->calls.reason[sizeof copy->calls.reason - 1] = copy->names.reason[sizeof copy->names.reason - 1] = copy->route_reason[sizeof copy->route_reason - 1] = '\0';
	copy->route = copy->route < ROUTE_UNNEEDED ? copy->route : ROUTE_UNNEEDED;
	limit_program(&copy->listener_program);
	copy->attempt_count = copy_attempts(copy->attempts, shared->attempts, at_most(copy->attempt_count, LOG_ATTEMPTS));
	copy->allowed_count = copy_attempts(copy->allowed, shared->allowed, at_most(copy->allowed_count, LOG_ALLOWED));
	copy->lookup_count = at_most(copy->lookup_count, LOG_LOOKUPS);
	memcpy(copy->lookups, shared->lookups, copy->lookup_count * sizeof *copy->lookups);
	for (struct dns_lookup *row = copy->lookups; row < copy->lookups + copy->lookup_count; row++) {
		row->name[LOG_NAME - 1] = '\0';
		limit_program(&row->program);
	}
	copy->socket_count = at_most(copy->socket_count, LOG_SOCKETS);
	memcpy(copy->sockets, shared->sockets, copy->socket_count * sizeof *copy->sockets);
	for (struct requested_socket *row = copy->sockets; row < copy->sockets + copy->socket_count; row++) {
		row->path[LOG_SOCKET_PATH - 1] = '\0';
		limit_program(&row->program);
	}
}

void watch_status_set_no(struct watch_status *status, const char *reason, int error)
{
	status->error = error;
	snprintf(status->reason, sizeof status->reason, "%s", reason);
	status->watched = WATCHED_NO;
}

static uint64_t key_of(const struct destination *to, uint64_t program)
{
	uint64_t key = hash_add(program, to->address, to->family == AF_INET6 ? 16 : 4);
	key = hash_add(key, &to->family, sizeof to->family);
	key = hash_add(key, &to->port, sizeof to->port);
	return hash_add(key, to->protocol, strlen(to->protocol));
}

/* Returns the row with this key. If there is none, adds one. Returns NULL if the table is full. most: maximum number of rows in the table. */
static struct connection_attempt *find_or_add(struct connection_attempt *rows, size_t *count, size_t most, uint64_t key, const struct destination *to,
					      const struct target *target, const struct program *program)
{
	for (size_t i = 0; i < *count; i++)
		if (rows[i].key == key)
			return &rows[i];
	if (*count >= most)
		return NULL;
	struct connection_attempt *row = &rows[*count];
	*row = (struct connection_attempt){.key = key, .to = *to, .program = *program, .first = target->now};
	target_add_parents(target, &row->program);
	/* Write the row before count includes it, because the supervisor may read the table at any time. */
	++*count;
	return row;
}

/*
 * Returns the highest number of packets without a route that the kernel may count for one attempt (snmp_unroutable()). For an address in 10/8 it
 * is 0, because lo of a phase has a route to it. lo has a route to ::/8 too, but TCP tries a nonexistent address there twice
 * (tcp_syn_retries), so that the kernel may count two packets.
 */
static uint64_t unroutable_packets(const struct destination *to)
{
	if (to->family == AF_INET)
		return to->address[0] != 10;
	return to->address[0] == 0 ? 2 : 1;
}

struct connection_attempt *network_log_add_attempt(struct network_log *log, const struct destination *to, const struct target *target)
{
	const struct program *program = target_program(target);
	log->attempts_total++;
	log->unroutable += unroutable_packets(to);
	struct connection_attempt *row = find_or_add(log->attempts, &log->attempt_count, LOG_ATTEMPTS_BY_COMMAND, key_of(to, program->command_hash), to, target, program);
	if (row == NULL) {
		row = find_or_add(log->attempts, &log->attempt_count, LOG_ATTEMPTS, key_of(to, program->name_hash), to, target, program);
		if (row == NULL)
			return NULL;
		row->program.argv_length = 0;
	}
	row->count++;
	row->last = target->now;
	return row;
}

void network_log_add_allowed(struct network_log *log, const struct destination *to, const struct target *target, const struct program *program, bool failed)
{
	log->allowed_total++;
	struct connection_attempt *row = find_or_add(log->allowed, &log->allowed_count, LOG_ALLOWED, key_of(to, program->name_hash), to, target, program);
	if (row == NULL)
		return;
	row->count++;
	row->failed += failed;
	row->last = target->now;
}

struct requested_socket *network_log_find_socket(struct network_log *log, uint64_t key)
{
	for (size_t i = 0; i < log->socket_count; i++)
		if (log->sockets[i].key == key)
			return &log->sockets[i];
	return NULL;
}

struct requested_socket *network_log_add_socket(struct network_log *log, const struct requested_socket *row)
{
	if (log->socket_count == LOG_SOCKETS)
		return NULL;
	/* Write the row before socket_count includes it, because the supervisor may read the table at any time. */
	log->sockets[log->socket_count] = *row;
	return &log->sockets[log->socket_count++];
}

void network_log_add_unroutable(struct network_log *log, const struct destination *to)
{
	log->unroutable += unroutable_packets(to);
}

void network_log_remove_attempt(struct network_log *log, struct connection_attempt *row, const struct destination *to)
{
	log->attempts_total--;
	log->unroutable -= unroutable_packets(to);
	if (row == NULL)
		return;
	row->count--;
	if (row->count == 0 && row == &log->attempts[log->attempt_count - 1])
		log->attempt_count--;
}

void network_log_add_unreadable(struct network_log *log, int error)
{
	log->unreadable += error != 0;
	/* Do not report EFAULT and ESRCH: the kernel too refuses a call with an invalid pointer (EFAULT), and a thread that has ended (ESRCH) makes no call. */
	if (error != EFAULT && error != ESRCH && log->unreadable_errno == 0)
		log->unreadable_errno = error;
}

static uint64_t lookup_key(const char *name, uint16_t type, const struct program *program)
{
	return hash_add(hash_add(program->name_hash, name, strlen(name)), &type, sizeof type);
}

static struct dns_lookup *find_lookup(struct dns_lookup *lookups, size_t count, uint64_t key)
{
	for (size_t i = 0; i < count; i++)
		if (lookups[i].key == key)
			return &lookups[i];
	return NULL;
}

bool network_log_has_lookup(const struct network_log *log, const char *name, uint16_t type, const struct program *program)
{
	return find_lookup((struct dns_lookup *)log->lookups, log->lookup_count, lookup_key(name, type, program)) != NULL;
}

void network_log_add_lookup(struct network_log *log, const char *name, uint16_t type, unsigned query_id, const struct program *program)
{
	uint64_t key = lookup_key(name, type, program);
	struct dns_lookup *row = find_lookup(log->lookups, log->lookup_count, key);
	if (row != NULL && row->query_id == query_id)
		return;
	log->lookups_total++;
	if (row == NULL && log->lookup_count < LOG_LOOKUPS) {
		row = &log->lookups[log->lookup_count];
		*row = (struct dns_lookup){.key = key, .type = type, .program = *program};
		memccpy(row->name, name, '\0', sizeof row->name - 1);
		log->lookup_count++;
	}
	if (row == NULL)
		return;
	row->count++;
	row->query_id = query_id;
}

void network_log_remove_lookup(struct network_log *log, const char *name, uint16_t type, const struct program *program)
{
	struct dns_lookup *row = find_lookup(log->lookups, log->lookup_count, lookup_key(name, type, program));
	if (row == NULL)
		return;
	log->lookups_total -= row->count;
	*row = log->lookups[--log->lookup_count];
}
