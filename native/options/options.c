// SPDX-License-Identifier: GPL-2.0-or-later
#include "options/options.h"

#include <limits.h>

#include "util/isolation.h"
#include "options/allow_list.h"

const char *const limit_files[LIMITS] = {"memory.max", "pids.max", "cpu.max"};
const struct isolation_name isolation_names[ISOLATIONS] = {{ISOLATE_NET, "net"}, {ISOLATE_IPC, "ipc"}, {ISOLATE_PID, "pid"}, {ISOLATE_MOUNT, "mount"}};

static bool set_problem(char *problem, size_t size, const char *what, const char *value)
{
	snprintf(problem, size, "%s: %.80s (see confine --help)", what, value);
	return false;
}

/* Parses a text of 1 to 10 digits. Returns -1 for other text, and if the number exceeds INT_MAX. */
static int number(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 10 || text[digits] != '\0')
		return -1;
	long long value = strtoll(text, NULL, 10);
	return value > INT_MAX ? -1 : (int)value;
}

/* Returns true if value is valid for this limit: BYTES[KMGT] for memory.max, N for pids.max, N% of one CPU for cpu.max. */
static bool is_limit(enum limit limit, const char *value)
{
	size_t digits = strspn(value, "0123456789");
	const char *rest = value + digits;
	if (digits == 0 || digits > 15)
		return false;
	if (limit == LIMIT_CPU)
		return digits <= 6 && strcmp(rest, "%") == 0 && strspn(value, "0") != digits;
	bool has_unit = limit == LIMIT_MEMORY && *rest != '\0' && strchr("KMGT", *rest) != NULL;
	return rest[has_unit] == '\0';
}

static bool add_limit(struct options *options, const char *value)
{
	for (int i = 0; i < LIMITS; i++) {
		size_t length = strlen(limit_files[i]);
		if (strncmp(value, limit_files[i], length) == 0 && value[length] == '=' && is_limit((enum limit)i, value + length + 1)) {
			options->limit[i] = value + length + 1;
			return true;
		}
	}
	return false;
}

static bool add_label(struct options *options, const char *value)
{
	struct label *label = &options->labels[options->label_count++];
	size_t length = strspn(value, "abcdefghijklmnopqrstuvwxyz_");
	snprintf(label->name, sizeof label->name, "%.*s", (int)length, value);
	label->value = value + length + 1;
	return length > 0 && length < sizeof label->name && value[length] == '=';
}

static bool add_uses(struct options *options, const char *value)
{
	options->uses[options->uses_count++] = value;
	return value[0] == '/';
}

static bool add_die_with(struct options *options, const char *value)
{
	int pid = number(value);
	options->die_with[options->die_with_count++] = pid;
	return pid > 0;
}

/* Stores NAME of --cgroup. Returns false unless NAME consists of 1 to 200 letters, digits and ._+- without a dot at the start, and so needs no quoting. */
static bool set_cgroup(struct options *options, const char *value)
{
	size_t length = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-");
	options->cgroup = value;
	return length > 0 && length <= OPTIONS_CGROUP_NAME && value[length] == '\0' && value[0] != '.';
}

static bool set_environ(struct options *options, const char *value)
{
	options->environ_fd = number(value);
	return options->environ_fd >= 0;
}

static bool add_allowed(struct options *options, const char *value)
{
	return allow_parse(value, &options->allow.entries[options->allow.count++]);
}

static bool add_socket(struct options *options, const char *value)
{
	options->allow.sockets[options->allow.socket_count++] = value;
	return value[0] == '/';
}

static bool add_name(struct options *options, const char *value)
{
	return allow_parse_name(value, &options->allow.names[options->allow.name_count++]);
}

static bool add_families(struct options *options, const char *value)
{
	return families_add(&options->families, value);
}

static const struct flag {
	const char *name;
	size_t offset; /* offset in struct options of the bool to which this option assigns the member value */
	bool value;
} flags[] = {
	{"--audit", offsetof(struct options, audit), true},
	{"--own-sockets", offsetof(struct options, own_sockets), true},
	{"--require", offsetof(struct options, best_effort), false},
	{"--best-effort", offsetof(struct options, best_effort), true},
	{"--mknod", offsetof(struct options, mknod), true},
	{"--probe", offsetof(struct options, probe), true},
	{"--gc", offsetof(struct options, gc), true},
};

/* Options with a value. parse() stores the value and returns false if the value is invalid. confine then exits, so parse() may store even an invalid value. */
static const struct value_option {
	const char *name;
	const char *takes; /* description of the valid values, for the error message */
	bool (*parse)(struct options *options, const char *value);
	size_t offset; /* offset in struct options of the pointer to the value (if parse is NULL) or of the number of values (if most is not 0) */
	size_t most;   /* maximum number of times that the option may be given; 0: not limited, and not counted */
} value_options[] = {
	{"--record", NULL, NULL, offsetof(struct options, record), 0},
	{"--notice-file", NULL, NULL, offsetof(struct options, notice_file), 0},
	{"--die-with-lock", NULL, NULL, offsetof(struct options, die_with_lock), 0},
	{"--socks", NULL, NULL, offsetof(struct options, socks), 0},
	{"--cgroup", "up to 200 letters, digits and ._+-", set_cgroup, 0, 0},
	{"--limit", "memory.max=BYTES[KMGT], pids.max=N or cpu.max=N%", add_limit, 0, 0},
	{"--environ", "the number of an open file", set_environ, 0, 0},
	{"--label", "NAME=VALUE, where NAME has up to 31 lower-case letters and _", add_label, offsetof(struct options, label_count), OPTIONS_LABELS},
	{"--uses", "an absolute path", add_uses, offsetof(struct options, uses_count), OPTIONS_USES},
	{"--die-with", "a process id", add_die_with, offsetof(struct options, die_with_count), OPTIONS_DIE_WITH},
	{"--allow", "ADDRESS[/BITS]:PORT, an IPv6 address in []", add_allowed, offsetof(struct options, allow.count), ALLOW_ENTRIES},
	{"--allow-socket", "the absolute path of a socket", add_socket, offsetof(struct options, allow.socket_count), ALLOW_SOCKETS},
	{"--resolve", "HOST=ADDRESS", add_name, offsetof(struct options, allow.name_count), ALLOW_NAMES},
	{"--families", "address families, such as alg,vsock, or any", add_families, 0, 0},
};

static bool parse_flag(struct options *options, const char *name)
{
	for (size_t i = 0; i < ISOLATIONS; i++)
		if (strncmp(name, "--", 2) == 0 && strcmp(name + 2, isolation_names[i].name) == 0) {
			options->isolate |= isolation_names[i].bit;
			return true;
		}
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (strcmp(name, flags[i].name) == 0) {
			*(bool *)((char *)options + flags[i].offset) = flags[i].value;
			return true;
		}
	return false;
}

/* Parses one option with a value, which is NULL at the end of the command line. On an error, writes a message to problem and returns false. */
static bool parse_value(struct options *options, const char *name, const char *value, char *problem, size_t size)
{
	const struct value_option *option = value_options, *end = option + sizeof value_options / sizeof *value_options;
	while (option < end && strcmp(name, option->name) != 0)
		option++;
	if (option == end)
		return set_problem(problem, size, name[0] == '-' ? "unknown option" : "-- is missing before the command", name);
	if (value == NULL)
		return set_problem(problem, size, "a value is missing after", name);
	void *member = (char *)options + option->offset;
	if (option->parse == NULL) {
		*(const char **)member = value;
		return true;
	}
	if (option->most != 0 && *(size_t *)member == option->most)
		return set_problem(problem, size, "too many options", name);
	char what[128];
	snprintf(what, sizeof what, "%s takes %s, not", name, option->takes);
	return option->parse(options, value) || set_problem(problem, size, what, value);
}

bool options_parse(struct options *options, int argc, char **argv, char *problem, size_t size)
{
	*options = (struct options){.environ_fd = -1, .families = FAMILIES_DEFAULT};
	int i = 1;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (parse_flag(options, argv[i]))
			continue;
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;
		if (!parse_value(options, argv[i], value, problem, size))
			return false;
		i++;
	}
	if (options->probe || options->gc)
		return i >= argc || set_problem(problem, size, "--probe and --gc take no command", "--");
	if (i + 1 >= argc)
		return set_problem(problem, size, "no command is given; usage", "confine [OPTION]... -- COMMAND [ARG]...");
	for (int l = 0; l < LIMITS; l++)
		if (options->limit[l] != NULL && options->cgroup == NULL)
			return set_problem(problem, size, "--limit needs --cgroup", options->limit[l]);
	const char *needs_net = options->allow.count > 0 ? "--allow" : options->own_sockets ? "--own-sockets"
											    : NULL;
	if (options->families != FAMILIES_DEFAULT)
		needs_net = "--families";
	if (needs_net != NULL && (options->isolate & ISOLATE_NET) == 0) {
		snprintf(problem, size, "%s needs --net (see confine --help)", needs_net);
		return false;
	}
	/* --allow and --own-sockets imply --audit, because the watcher makes the allowed connections and refuses requests to sockets. */
	options->audit = options->audit || options->allow.count > 0 || options->own_sockets;
	options->command = argv + i + 1;
	return true;
}
