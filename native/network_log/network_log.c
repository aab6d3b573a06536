// SPDX-License-Identifier: GPL-2.0-or-later
#include "network_log/network_log.h"

#include <stdatomic.h>

static size_t at_most(size_t value, size_t most)
{
	return value < most ? value : most;
}

static size_t most_rows(int table)
{
	return table == LOG_ALLOWED || table == LOG_SOCKETS ? LOG_FEW_ROWS : LOG_ROWS;
}

static void limit_program(struct program *program)
{
	program->comm[PROGRAM_COMM - 1] = program->script[PROGRAM_SCRIPT - 1] = program->argv[PROGRAM_ARGV - 1] = program->parents[PARENTS_TEXT - 1] = '\0';
	program->argv_length = at_most(program->argv_length, PROGRAM_ARGV);
	program->parents_length = at_most(program->parents_length, PARENTS_TEXT);
}

void network_log_copy(struct network_log *copy, const struct network_log *shared)
{
	memcpy(copy, shared, offsetof(struct network_log, tables));
	/* The fence makes the code below use the values in the copy. Otherwise the compiler could read a value from the shared log again, which a hostile watcher may have changed after the check. */
	atomic_signal_fence(memory_order_seq_cst);
	copy->calls.reason[sizeof copy->calls.reason - 1] = copy->names.reason[sizeof copy->names.reason - 1] = copy->route_reason[sizeof copy->route_reason - 1] = '\0';
	copy->route = copy->route < ROUTE_UNNEEDED ? copy->route : ROUTE_UNNEEDED;
	limit_program(&copy->listener_program);
	for (int table = 0; table < LOG_TABLES; table++) {
		copy->tables[table].total = shared->tables[table].total;
		copy->tables[table].count = shared->tables[table].count;
		atomic_signal_fence(memory_order_seq_cst);
		copy->tables[table].count = at_most(copy->tables[table].count, most_rows(table));
		memcpy(copy->tables[table].rows, shared->tables[table].rows, copy->tables[table].count * sizeof(struct log_row));
		atomic_signal_fence(memory_order_seq_cst);
		for (struct log_row *row = copy->tables[table].rows; row < copy->tables[table].rows + copy->tables[table].count; row++) {
			row->to.protocol[sizeof row->to.protocol - 1] = row->name[LOG_NAME - 1] = '\0';
			limit_program(&row->program);
		}
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

struct log_row *network_log_find(struct network_log *log, enum log_table table, uint64_t key)
{
	/* Limit the count, because the DNS server process can write this memory too, and the phase could take control of that process by its queries. */
	size_t count = at_most(log->tables[table].count, most_rows((int)table));
	for (size_t i = 0; i < count; i++)
		if (log->tables[table].rows[i].key == key)
			return &log->tables[table].rows[i];
	return NULL;
}

struct log_row *network_log_add(struct network_log *log, enum log_table table, const struct log_row *row)
{
	size_t at = log->tables[table].count;
	if (at >= most_rows((int)table))
		return NULL;
	/* Write the row before count includes it, because the supervisor may read the table at any time. */
	log->tables[table].rows[at] = *row;
	log->tables[table].count++;
	return &log->tables[table].rows[at];
}

/* Counts a connection in the row with this destination and this hash of a program or a command line. Adds the row if there is none and the table has fewer rows than the parameter most. Returns the row, or NULL if there is none and none was added. */
static struct log_row *count_connection(struct network_log *log, enum log_table table, size_t most, uint64_t hash, const struct destination *to,
					const struct target *target, const struct program *program)
{
	uint64_t key = key_of(to, hash);
	struct log_row *row = network_log_find(log, table, key);
	if (row == NULL && log->tables[table].count < most) {
		struct log_row added = {.key = key, .to = *to, .program = *program, .first = target->now};
		target_add_parents(target, &added.program);
		row = network_log_add(log, table, &added);
	}
	if (row == NULL)
		return NULL;
	row->count++;
	row->last = target->now;
	return row;
}

/*
 * Returns the highest number of packets without a route that the kernel may count for one attempt (snmp_unroutable()): 0 for 10/8, to which
 * lo of a phase has a route. lo has a route to ::/8 too, but the kernel still counts each packet to a nonexistent address there, and TCP sends
 * two before connect(2) fails.
 */
static uint64_t unroutable_packets(const struct destination *to)
{
	if (to->family == AF_INET)
		return to->address[0] != 10;
	return to->address[0] == 0 ? 2 : 1;
}

struct log_row *network_log_add_attempt(struct network_log *log, const struct destination *to, const struct target *target)
{
	const struct program *program = target_program(target);
	log->tables[LOG_ATTEMPTS].total++;
	log->unroutable += unroutable_packets(to);
	struct log_row *row = count_connection(log, LOG_ATTEMPTS, LOG_ATTEMPTS_BY_COMMAND, program->command_hash, to, target, program);
	if (row == NULL) {
		row = count_connection(log, LOG_ATTEMPTS, LOG_ROWS, program->name_hash, to, target, program);
		if (row != NULL)
			row->program.argv_length = 0;
	}
	return row;
}

void network_log_add_allowed(struct network_log *log, const struct destination *to, const struct target *target, const struct program *program, bool failed)
{
	log->tables[LOG_ALLOWED].total++;
	struct log_row *row = count_connection(log, LOG_ALLOWED, LOG_FEW_ROWS, program->name_hash, to, target, program);
	if (row != NULL)
		row->failed += failed;
}

void network_log_add_unroutable(struct network_log *log, const struct destination *to)
{
	log->unroutable += unroutable_packets(to);
}

void network_log_remove_attempt(struct network_log *log, struct log_row *row, const struct destination *to)
{
	log->tables[LOG_ATTEMPTS].total--;
	log->unroutable -= unroutable_packets(to);
	if (row == NULL)
		return;
	row->count--;
	if (row->count == 0 && row == &log->tables[LOG_ATTEMPTS].rows[log->tables[LOG_ATTEMPTS].count - 1])
		log->tables[LOG_ATTEMPTS].count--;
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

bool network_log_has_lookup(struct network_log *log, const char *name, uint16_t type, const struct program *program)
{
	return network_log_find(log, LOG_LOOKUPS, lookup_key(name, type, program)) != NULL;
}

void network_log_add_lookup(struct network_log *log, const char *name, uint16_t type, unsigned query_id, const struct program *program)
{
	uint64_t key = lookup_key(name, type, program);
	struct log_row *row = network_log_find(log, LOG_LOOKUPS, key);
	if (row != NULL && row->query_id == query_id)
		return;
	log->tables[LOG_LOOKUPS].total++;
	if (row == NULL) {
		struct log_row added = {.key = key, .type = type, .program = *program};
		memccpy(added.name, name, '\0', sizeof added.name - 1);
		row = network_log_add(log, LOG_LOOKUPS, &added);
	}
	if (row == NULL)
		return;
	row->count++;
	row->query_id = query_id;
}

void network_log_remove_lookup(struct network_log *log, const char *name, uint16_t type, const struct program *program)
{
	struct log_row *row = network_log_find(log, LOG_LOOKUPS, lookup_key(name, type, program));
	if (row == NULL)
		return;
	log->tables[LOG_LOOKUPS].total -= row->count;
	*row = log->tables[LOG_LOOKUPS].rows[--log->tables[LOG_LOOKUPS].count];
}
