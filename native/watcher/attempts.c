#include "watcher/attempts.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

struct audit_table *audit_table_make(void)
{
	void *memory = mmap(NULL, sizeof(struct audit_table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

/* FNV-1a, which needs no set-up and spreads short texts well enough for a few hundred rows. */
static uint64_t mix(uint64_t key, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	for (size_t i = 0; i < length; i++)
		key = (key ^ bytes[i]) * 0x100000001B3ULL;
	return key;
}

static uint64_t key_of(const struct destination *to, uint64_t who)
{
	uint64_t key = mix(who, to->address, to->family == AF_INET6 ? 16 : 4);
	key = mix(key, &to->family, sizeof to->family);
	key = mix(key, &to->port, sizeof to->port);
	return mix(key, to->protocol, strlen(to->protocol));
}

static struct audit_attempt *find(struct audit_table *table, uint64_t key)
{
	for (size_t i = 0; i < table->attempt_count; i++)
		if (table->attempts[i].key == key)
			return &table->attempts[i];
	return NULL;
}

static struct audit_attempt *add(struct audit_table *table, uint64_t key, const struct destination *to,
				 const struct program *who, bool coarse, long long now)
{
	if (table->attempt_count == AUDIT_ATTEMPTS)
		return NULL;
	struct audit_attempt *row = &table->attempts[table->attempt_count];
	*row = (struct audit_attempt){.key = key, .to = *to, .who = *who, .first = now};
	if (coarse)
		row->who.argv_length = 0;
	table->attempt_count++;
	return row;
}

/*
 * How often the kernel may count one attempt as without a route. 10/8 is lo's own, every address of it. Of ::/8 only the
 * route is: what has no such address is sent round, twice (tcp_syn_retries), and has no route then.
 */
static uint64_t weight(const struct destination *to)
{
	if (to->family == AF_INET)
		return to->address[0] != 10;
	return to->address[0] == 0 ? 2 : 1;
}

struct audit_attempt *audit_table_attempt(struct audit_table *table, const struct destination *to, const struct program *who,
					  long long now)
{
	table->attempted++;
	table->unroutable += weight(to);
	uint64_t key = key_of(to, who->command);
	struct audit_attempt *row = find(table, key);
	if (row == NULL && table->attempt_count < AUDIT_COARSE)
		row = add(table, key, to, who, false, now);
	if (row == NULL) {
		key = key_of(to, who->name);
		row = find(table, key);
		if (row == NULL)
			row = add(table, key, to, who, true, now);
	}
	if (row == NULL)
		return NULL;
	row->count++;
	row->last = now;
	return row;
}

struct audit_attempt *audit_table_allowed(struct audit_table *table, const struct destination *to, const struct program *who,
					  int error, long long now)
{
	struct audit_attempt *row = NULL;
	uint64_t key = key_of(to, who->name);
	table->let_through++;
	for (size_t i = 0; i < table->allowed_count && row == NULL; i++)
		if (table->allowed[i].key == key)
			row = &table->allowed[i];
	if (row == NULL && table->allowed_count < AUDIT_ALLOWED) {
		row = &table->allowed[table->allowed_count++];
		*row = (struct audit_attempt){.key = key, .to = *to, .who = *who, .first = now};
	}
	if (row == NULL)
		return NULL;
	row->count++;
	row->failed += error != 0;
	row->last = now;
	return row;
}

void audit_table_excuse(struct audit_table *table, const struct destination *to)
{
	table->unroutable += weight(to);
}

void audit_table_undo(struct audit_table *table, struct audit_attempt *row, const struct destination *to)
{
	table->attempted--;
	table->unroutable -= weight(to);
	if (row == NULL)
		return;
	row->count--;
	if (row->count == 0 && row == &table->attempts[table->attempt_count - 1])
		table->attempt_count--;
}

void audit_table_name(struct audit_table *table, const char *name, uint16_t type, const struct program *who,
		      const struct parents *parents)
{
	table->names_asked++;
	uint64_t key = mix(mix(who->name, name, strlen(name)), &type, sizeof type);
	for (size_t i = 0; i < table->name_count; i++)
		if (table->names_seen[i].key == key) {
			table->names_seen[i].count++;
			return;
		}
	if (table->name_count == AUDIT_NAMES)
		return;
	struct looked_up *row = &table->names_seen[table->name_count];
	*row = (struct looked_up){.key = key, .type = type, .who = *who, .parents = *parents, .count = 1};
	memccpy(row->name, name, '\0', sizeof row->name - 1);
	table->name_count++;
}

uint64_t audit_hash(const void *data, size_t length)
{
	return mix(0xCBF29CE484222325ULL, data, length);
}
