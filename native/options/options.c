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
	{"--mknod", offsetof(struct options, mknod), true},
	{"--probe", offsetof(struct options, probe), true},
	{"--gc", offsetof(struct options, gc), true},
};

struct text_option {
	const char *name;
	size_t offset; /* of the const char * in struct options */
};

static const struct text_option text_options[] = {
	{"--record", offsetof(struct options, record)},
	{"--notice-file", offsetof(struct options, notice_file)},
	{"--die-with-lock", offsetof(struct options, die_with_lock)},
	{"--socks", offsetof(struct options, socks)},
};

struct value_option {
	const char *name;
	bool (*parse)(struct options *options, const char *value, char *problem, size_t size);
};

static const struct value_option value_options[] = {
	{"--cgroup", set_cgroup},
	{"--limit", add_limit},
	{"--environ", set_environ},
	{"--label", add_label},
	{"--die-with", add_die_with},
	{"--allow", add_allowed},
	{"--resolve", add_name},
	{"--families", add_families},
};

static bool parse_flag(struct options *options, const char *name)
{
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (strcmp(name, flags[i].name) == 0) {
			*(bool *)((char *)options + flags[i].offset) = flags[i].value;
			return true;
		}
	return false;
}

/* Parses the option name with a value, which is NULL at the end of the command line. Returns false with a problem. */
static bool parse_value(struct options *options, const char *name, const char *value, char *problem, size_t size)
{
	const struct text_option *text = NULL;
	const struct value_option *option = NULL;
	for (size_t i = 0; i < sizeof text_options / sizeof *text_options; i++)
		if (strcmp(name, text_options[i].name) == 0)
			text = &text_options[i];
	for (size_t i = 0; i < sizeof value_options / sizeof *value_options; i++)
		if (strcmp(name, value_options[i].name) == 0)
			option = &value_options[i];
	if (text == NULL && option == NULL)
		return set_problem(problem, size, name[0] == '-' ? "unknown option" : "-- is missing before the command", name);
	if (value == NULL)
		return set_problem(problem, size, "a value is missing after", name);
	if (option != NULL)
		return option->parse(options, value, problem, size);
	*(const char **)((char *)options + text->offset) = value;
	return true;
}

bool options_parse(struct options *options, int argc, char **argv, char *problem, size_t size)
{
	*options = (struct options){.environ_fd = -1, .families = families_default()};
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
	if (options->allow.count > 0 && !options->net)
		return set_problem(problem, size, "--allow needs --net", "the network is not isolated");
	if (options->families_given && !options->net)
		return set_problem(problem, size, "--families needs --net", "socket families are not restricted");
	/* The watcher connects the sockets of allowed connections. */
	options->audit = options->audit || options->allow.count > 0;
	options->command = argv + i + 1;
	return true;
}
