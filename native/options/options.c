#include "options/options.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options/families.h"

const char *const limit_files[LIMITS] = {"memory.max", "pids.max", "cpu.max"};

static bool set_problem(char *problem, size_t size, const char *what, const char *value)
{
	snprintf(problem, size, "%s: %.80s (see confine --help)", what, value);
	return false;
}

/* Parses an integer without sign and spaces, at most INT_MAX. Returns -1 if the text is invalid. */
static int number(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 10 || text[digits] != '\0')
		return -1;
	long long value = strtoll(text, NULL, 10);
	return value > INT_MAX ? -1 : (int)value;
}

/* Returns whether name is one path component, other than "." and "..", without characters that need quoting. */
static bool is_cgroup_name(const char *name)
{
	size_t length = strlen(name);
	if (length == 0 || length > OPTIONS_CGROUP_NAME || name[0] == '.')
		return false;
	for (const char *c = name; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("._+-", *c) == NULL)
			return false;
	return true;
}

/* Returns whether value is valid: bytes with a suffix, a number, or a percentage of one CPU. */
static bool is_limit(enum limit limit, const char *value)
{
	size_t digits = strspn(value, "0123456789");
	const char *rest = value + digits;
	if (digits == 0 || digits > 15)
		return false;
	switch (limit) {
	case LIMIT_MEMORY:
		return rest[0] == '\0' || (strchr("KMGT", rest[0]) != NULL && rest[1] == '\0');
	case LIMIT_PIDS:
		return rest[0] == '\0';
	case LIMIT_CPU:
		return digits <= 6 && rest[0] == '%' && rest[1] == '\0' && strspn(value, "0") != digits;
	case LIMITS:
		break;
	}
	return false;
}

static bool add_limit(struct options *options, const char *value, char *problem, size_t size)
{
	const char *equals = strchr(value, '=');
	for (int i = 0; equals != NULL && i < LIMITS; i++) {
		size_t length = strlen(limit_files[i]);
		if ((size_t)(equals - value) != length || strncmp(value, limit_files[i], length) != 0)
			continue;
		if (!is_limit((enum limit)i, equals + 1))
			return set_problem(problem, size, "--limit takes memory.max=BYTES[KMGT], pids.max=N or cpu.max=N%, not", value);
		options->limit[i] = equals + 1;
		return true;
	}
	return set_problem(problem, size, "--limit supports memory.max, pids.max and cpu.max, not", value);
}

static bool add_label(struct options *options, const char *value, char *problem, size_t size)
{
	const char *equals = strchr(value, '=');
	size_t length = equals == NULL ? 0 : (size_t)(equals - value);
	for (size_t i = 0; i < length; i++)
		if (!islower((unsigned char)value[i]) && value[i] != '_')
			length = 0;
	if (length == 0)
		return set_problem(problem, size, "--label takes NAME=VALUE with lower-case letters and _ in NAME, not", value);
	if (options->label_count == OPTIONS_LABELS)
		return set_problem(problem, size, "too many --label options", value);
	options->labels[options->label_count++] = (struct label){value, length, equals + 1};
	return true;
}

static bool add_die_with(struct options *options, const char *value, char *problem, size_t size)
{
	int pid = number(value);
	if (pid <= 0)
		return set_problem(problem, size, "--die-with takes a process id, not", value);
	if (options->die_with_count == OPTIONS_DIE_WITH)
		return set_problem(problem, size, "too many --die-with options", value);
	options->die_with[options->die_with_count++] = pid;
	return true;
}

static bool set_cgroup(struct options *options, const char *value, char *problem, size_t size)
{
	if (!is_cgroup_name(value))
		return set_problem(problem, size, "--cgroup takes up to 200 letters, digits and ._+-, not", value);
	options->cgroup = value;
	return true;
}

static bool set_environ(struct options *options, const char *value, char *problem, size_t size)
{
	options->environ_fd = number(value);
	if (options->environ_fd < 0)
		return set_problem(problem, size, "--environ takes the number of an open file, not", value);
	return true;
}

static bool set_record(struct options *options, const char *value, char *problem, size_t size)
{
	(void)problem, (void)size;
	options->record = value;
	return true;
}

static bool set_notice_file(struct options *options, const char *value, char *problem, size_t size)
{
	(void)problem, (void)size;
	options->notice_file = value;
	return true;
}

static bool set_die_with_lock(struct options *options, const char *value, char *problem, size_t size)
{
	(void)problem, (void)size;
	options->die_with_lock = value;
	return true;
}

static bool add_allowed(struct options *options, const char *value, char *problem, size_t size)
{
	struct allow *allow = &options->allow;
	struct allow_entry entry;
	if (!allow_parse(value, &entry))
		return set_problem(problem, size, "--allow takes ADDRESS[/BITS]:PORT, an IPv6 address in [], not", value);
	if (allow->count == ALLOW_ENTRIES)
		return set_problem(problem, size, "too many --allow options", value);
	allow->entries[allow->count++] = entry;
	return true;
}

static bool add_name(struct options *options, const char *value, char *problem, size_t size)
{
	struct allow *allow = &options->allow;
	struct allow_name name;
	if (!allow_parse_name(value, &name))
		return set_problem(problem, size, "--resolve takes HOST=ADDRESS, not", value);
	if (allow->name_count == ALLOW_NAMES)
		return set_problem(problem, size, "too many --resolve options", value);
	allow->names[allow->name_count++] = name;
	return true;
}

static bool add_families(struct options *options, const char *value, char *problem, size_t size)
{
	if (!families_add(&options->families, value))
		return set_problem(problem, size, "--families takes address families, such as alg,vsock, or any, not", value);
	options->families_given = true;
	return true;
}

static bool set_socks(struct options *options, const char *value, char *problem, size_t size)
{
	(void)problem, (void)size;
	options->socks = value;
	return true;
}

struct flag {
	const char *name;
	size_t offset; /* of the bool in struct options */
	bool value;
};

static const struct flag flags[] = {
	{"--net", offsetof(struct options, net), true},
	{"--ipc", offsetof(struct options, ipc), true},
	{"--audit", offsetof(struct options, audit), true},
	{"--require", offsetof(struct options, best_effort), false},
	{"--best-effort", offsetof(struct options, best_effort), true},
	{"--chown-eperm", offsetof(struct options, chown_eperm), true},
	{"--probe", offsetof(struct options, probe), true},
	{"--gc", offsetof(struct options, gc), true},
};

struct value_option {
	const char *name;
	bool (*parse)(struct options *options, const char *value, char *problem, size_t size);
};

static const struct value_option value_options[] = {
	{"--cgroup", set_cgroup},
	{"--limit", add_limit},
	{"--environ", set_environ},
	{"--record", set_record},
	{"--notice-file", set_notice_file},
	{"--label", add_label},
	{"--die-with", add_die_with},
	{"--die-with-lock", set_die_with_lock},
	{"--allow", add_allowed},
	{"--resolve", add_name},
	{"--families", add_families},
	{"--socks", set_socks},
};

bool options_parse(struct options *options, int argc, char **argv, char *problem, size_t size)
{
	*options = (struct options){.environ_fd = -1, .families = families_default()};
	int i = 1;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		bool known = false;
		for (size_t f = 0; f < sizeof flags / sizeof *flags && !known; f++) {
			if (strcmp(argv[i], flags[f].name) != 0)
				continue;
			*(bool *)((char *)options + flags[f].offset) = flags[f].value;
			known = true;
		}
		for (size_t v = 0; v < sizeof value_options / sizeof *value_options && !known; v++) {
			if (strcmp(argv[i], value_options[v].name) != 0)
				continue;
			if (i + 1 >= argc)
				return set_problem(problem, size, "a value is missing after", argv[i]);
			if (!value_options[v].parse(options, argv[++i], problem, size))
				return false;
			known = true;
		}
		if (!known && argv[i][0] == '-')
			return set_problem(problem, size, "unknown option", argv[i]);
		if (!known)
			return set_problem(problem, size, "-- is missing before the command", argv[i]);
	}
	if (options->probe || options->gc)
		return i >= argc || set_problem(problem, size, "--probe and --gc take no command", "--");
	if (i + 1 >= argc)
		return set_problem(problem, size, "no command is given; usage", "confine [OPTION]... -- COMMAND [ARG]...");
	for (int l = 0; l < LIMITS; l++)
		if (options->limit[l] != NULL && options->cgroup == NULL)
			return set_problem(problem, size, "--limit needs --cgroup", options->limit[l]);
	if (options->allow.count > 0 && !options->net)
		return set_problem(problem, size, "--allow needs --net", "the network is not isolated");
	if (options->families_given && !options->net)
		return set_problem(problem, size, "--families needs --net", "socket families are not restricted");
	/* The watcher connects the sockets of allowed connections. */
	options->audit = options->audit || options->allow.count > 0;
	options->command = argv + i + 1;
	return true;
}
