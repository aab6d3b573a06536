// SPDX-License-Identifier: GPL-2.0-or-later
#include "options/options.h"

#include <limits.h>

#include "util/isolation.h"

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

/* Stores NAME of --cgroup. Returns false unless NAME consists of 1 to 200 letters, digits and ._+- without a dot at the start, so that NAME can be a part of a directory name. */
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

#define MEMBER(name) .offset = offsetof(struct options, name)

/* All options, in the order of --help. */
static const struct option {
	const char *usage; /* the name and, if the option has a value, a space and the name of the value */
	const char *help;
	const char *takes; /* description of the valid values, for the error message */
	/* Stores the value, or returns false if it is invalid. confine then exits, so parse() may store even an invalid value. NULL: any text is valid. */
	bool (*parse)(struct options *options, const char *value);
	size_t offset;	  /* offset in struct options of the bool in which the option stores the member on, of the pointer to the value (if parse is NULL), or of the number of values (if most is not 0) */
	size_t most;	  /* maximum number of times that the option may be given; 0: not limited, and not counted */
	unsigned isolate; /* bit of enum isolation that the option requests; 0: none */
	bool on;	  /* value that the option stores in the bool at offset */
} all_options[] = {
	{"--net", "isolate the network: a new namespace with loopback only", .isolate = ISOLATE_NET},
	{"--ipc", "isolate System V IPC, POSIX message queues and /dev/shm", .isolate = ISOLATE_IPC},
	{"--uses PATH", "with --ipc: keep the host's /dev/shm if it contains PATH", "an absolute path", .parse = add_uses, MEMBER(uses_count), .most = OPTIONS_USES},
	{"--pid", "isolate processes: a new PID namespace with its own /proc", .isolate = ISOLATE_PID},
	{"--mount", "isolate mounts: a new mount namespace", .isolate = ISOLATE_MOUNT},
	{"--cgroup NAME", "track all processes, kill the remaining ones when COMMAND exits", "up to 200 letters, digits and ._+-", .parse = set_cgroup},
	{"--limit FILE=VALUE", "with --cgroup: memory.max=BYTES[KMGT], pids.max=N or cpu.max=N%", "memory.max=BYTES[KMGT], pids.max=N or cpu.max=N%", .parse = add_limit},
	{"--audit", "record connection attempts and DNS lookups", MEMBER(audit), .on = true},
	{"--allow ADDRESS[/BITS]:PORT", "with --net: still allow TCP connections to ADDRESS", "ADDRESS[/BITS]:PORT, an IPv6 address in []", .parse = add_allowed, MEMBER(allow.count), .most = ALLOW_ENTRIES},
	{"--resolve HOST=ADDRESS", "answer DNS queries for HOST with ADDRESS", "HOST=ADDRESS", .parse = add_name, MEMBER(allow.name_count), .most = ALLOW_NAMES},
	{"--own-sockets", "with --net: refuse requests to UNIX socket paths that COMMAND has not bound", MEMBER(own_sockets), .on = true},
	{"--allow-socket PATH", "permit this UNIX socket of the host", "the absolute path of a socket", .parse = add_socket, MEMBER(allow.socket_count), .most = ALLOW_SOCKETS},
	{"--families NAME[,NAME]...", "with --net: allow more socket families: alg, vsock, ..., any", "address families, such as alg,vsock, or any", .parse = add_families},
	{"--socks PATH", "make allowed connections through this SOCKS5 proxy", MEMBER(socks)},
	{"--environ FD", "read the environment of COMMAND from this file descriptor", "the number of an open file", .parse = set_environ},
	{"--record FILE", "append one line of JSON about the run to FILE", MEMBER(record)},
	{"--notice-file FILE", "also write the record to FILE if it reports a problem", MEMBER(notice_file)},
	{"--label NAME=VALUE", "add a member to the record", "NAME=VALUE, where NAME has up to 31 lower-case letters and _", .parse = add_label, MEMBER(label_count), .most = OPTIONS_LABELS},
	{"--die-with PID", "kill COMMAND when the process PID exits", "a process id", .parse = add_die_with, MEMBER(die_with_count), .most = OPTIONS_DIE_WITH},
	{"--die-with-lock FILE", "kill COMMAND when no process holds a lock on FILE", MEMBER(die_with_lock)},
	{"--die-with-file FILE", "kill COMMAND when FILE is deleted", MEMBER(die_with_file)},
	{"--require", "exit with 125 if an option cannot be fulfilled (default)", MEMBER(best_effort), .on = false},
	{"--best-effort", "run COMMAND anyway; the record lists what is missing", MEMBER(best_effort), .on = true},
	{"--mknod", "let root create device files: do not use a user namespace", MEMBER(mknod), .on = true},
	{"--probe", "print which isolation is available here", MEMBER(probe), .on = true},
	{"--gc", "remove the cgroups that killed runs have left", MEMBER(gc), .on = true},
};

bool options_print_help(void)
{
	printf("usage: confine [OPTION]... -- COMMAND [ARG]...\n"
	       "       confine --probe | --gc\n\n");
	for (size_t i = 0; i < sizeof all_options / sizeof *all_options; i++)
		printf("  %-28s %s\n", all_options[i].usage, all_options[i].help);
	printf("\nExit status: that of COMMAND. 125 if confine fails; 126 if COMMAND cannot be executed; 127 if it is not found.\n");
	return fflush(stdout) == 0 && !ferror(stdout);
}

/* Parses the option at *argument, and moves *argument to its value, if it has one. On an error, writes a message to problem and returns false. */
static bool parse_option(struct options *options, char ***argument, char *problem, size_t size)
{
	const char *name = **argument;
	const struct option *option = all_options, *end = option + sizeof all_options / sizeof *all_options;
	while (option < end && (strcspn(option->usage, " ") != strlen(name) || strncmp(name, option->usage, strlen(name)) != 0))
		option++;
	if (option == end)
		return set_problem(problem, size, name[0] == '-' ? "unknown option" : "-- is missing before the command", name);
	void *member = (char *)options + option->offset;
	options->isolate |= option->isolate;
	if (strchr(option->usage, ' ') == NULL) {
		if (option->isolate == 0)
			*(bool *)member = option->on;
		return true;
	}
	const char *value = *++*argument;
	if (value == NULL)
		return set_problem(problem, size, "a value is missing after", name);
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
	char **argument = argv + (argc > 0);
	for (; *argument != NULL && strcmp(*argument, "--") != 0; argument++)
		if (!parse_option(options, &argument, problem, size))
			return false;
	if (options->probe || options->gc)
		return *argument == NULL || set_problem(problem, size, "--probe and --gc take no command", "--");
	if (*argument == NULL || argument[1] == NULL)
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
	/* --allow and --own-sockets imply --audit, because both need the watcher, which makes the allowed connections and refuses requests to sockets. */
	options->audit = options->audit || options->allow.count > 0 || options->own_sockets;
	options->command = argument + 1;
	return true;
}
