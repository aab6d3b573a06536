// SPDX-License-Identifier: GPL-2.0-or-later
#include "supervisor/supervisor.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "dns/wire.h"
#include "util/fds.h"

#define SCHEMA 1
#define ROTATE_BYTES (16LL << 20)

static void add_time(struct json *json, const struct timespec *began)
{
	char text[32];
	struct tm utc;
	/* Without this, gmtime_r(3) of glibc would read the file that TZ in the environment of confine names. */
	setenv("TZ", "UTC0", 1);
	strftime(text, sizeof text, "%FT%T", gmtime_r(&began->tv_sec, &utc));
	json_value(json, "time", "\"%s.%03ldZ\"", text, began->tv_nsec / 1000000);
}

/* Adds the member "NAME":"WHY: STRERROR" to the record, or "NAME":"WHY" if error is 0. If name is NULL, adds only the string, for a list. */
static void add_reason(struct json *json, const char *name, const char *why, int error)
{
	char text[256];
	snprintf(text, sizeof text, "%s%s%s", why, error == 0 ? "" : ": ", error == 0 ? "" : strerror(error));
	json_text(json, name, text);
}

static const char *isolated_by(const struct phase_result *result, unsigned bit)
{
	if (bit == ISOLATE_NET && result->net_filter.step != STEP_NONE)
		return "filter";
	return (result->inherited & bit) != 0 ? "portage" : (result->applied & bit) != 0 ? "confine"
											 : "none";
}

static const char *tracking_method(const struct phase_result *result)
{
	bool pid = (result->applied & ISOLATE_PID) != 0, portage = (result->inherited & ISOLATE_PID) != 0;
	if (result->has_cgroup)
		return pid ? "cgroup+pidns" : portage ? "cgroup+portage"
						      : "cgroup";
	return pid ? "pidns" : portage	       ? "portage"
		       : result->has_subreaper ? "subreaper"
					       : "none";
}

static void add_isolation(struct json *json, const struct options *options, const struct phase_result *result)
{
	json_value(json, "requested", "[");
	for (size_t i = 0; i < ISOLATIONS; i++)
		if ((options->isolate & isolation_names[i].bit) != 0)
			json_text(json, NULL, isolation_names[i].name);
	if (options->cgroup != NULL)
		json_text(json, NULL, "cgroup");
	json_close(json, "]");
	json_value(json, "applied", "{");
	/* Also list the isolation of Portage: with PORTCULLIS_AUDIT=only, no option requests isolation, but Portage may have isolated the phase. */
	for (size_t i = 0; i < ISOLATIONS; i++)
		if (((options->isolate | result->inherited) & isolation_names[i].bit) != 0)
			json_text(json, isolation_names[i].name, isolated_by(result, isolation_names[i].bit));
	if (options->cgroup != NULL)
		json_text(json, "cgroup", strcmp(tracking_method(result), "none") == 0 ? "none" : "confine");
	json_close(json, "}");
	if (result->net_filter.step != STEP_NONE)
		add_reason(json, "filter_why", setup_steps[result->net_filter.step].call, result->net_filter.error);
	json_value(json, "missing", "[");
	for (size_t i = 0; i < result->missing_count; i++) {
		json_value(json, NULL, "{");
		json_text(json, "what", result->missing[i].what);
		add_reason(json, "why", result->missing[i].why, result->missing[i].error);
		json_close(json, "}");
	}
	json_close(json, "]");
	if (result->refused_count == 0)
		return;
	json_value(json, "refused_steps", "[");
	for (size_t i = 0; i < result->refused_count; i++)
		add_reason(json, NULL, setup_steps[result->refused[i].step].call, result->refused[i].error);
	json_close(json, "]");
}

static void add_usage(struct json *json, const struct phase_result *result)
{
	const struct cgroup_usage *usage = &result->usage;
	bool cgroup = usage->has_cpu;
	json_value(json, "wall", "%.3f", result->wall);
	json_value(json, "user", "%.3f", cgroup ? usage->user : result->user);
	json_value(json, "system", "%.3f", cgroup ? usage->system : result->system);
	json_value(json, "memory_peak", "%lld", usage->has_memory ? usage->memory_peak : result->memory_peak);
	json_count(json, "processes", result->started);
	json_count(json, "processes_peak", usage->processes_peak);
	json_value(json, "accounting", "{");
	json_text(json, "time", cgroup ? "cgroup" : "rusage");
	json_text(json, "memory", usage->has_memory ? "cgroup" : "rusage");
	json_close(json, "}");
	if (usage->killed_by_memory || usage->refused_by_pids)
		json_text(json, "limit_hit", usage->killed_by_memory ? "memory.max" : "pids.max");
	json_flag(json, "limit_inherited", usage->inherited_hit);
}

static void add_orphans(struct json *json, const struct orphans *orphans)
{
	if (orphans->count == 0)
		return;
	json_count(json, "orphan_count", orphans->count);
	json_value(json, "orphans", "[");
	for (const struct orphan *orphan = orphans->described; orphan < orphans->described + orphans->described_count; orphan++) {
		json_value(json, NULL, "{");
		json_value(json, "pid", "%d", orphan->pid);
		json_text(json, "comm", orphan->comm);
		json_list(json, "argv", orphan->argv, orphan->argv_length);
		json_value(json, "age", "%.1f", orphan->age);
		json_flag(json, "stuck", orphan->stuck);
		json_close(json, "}");
	}
	json_close(json, "]");
}

static size_t count_ipc_objects(const struct phase_result *result)
{
	return result->ipc_objects == NULL ? 0 : result->ipc_objects->count;
}

static void add_ipc_objects(struct json *json, const struct phase_result *result)
{
	enum { DESCRIBED = 32 };
	static const char *const kinds[] = {[CALL_SHMGET] = "shm", [CALL_SEMGET] = "sem", [CALL_MSGGET] = "msg", [CALL_MQ_OPEN] = "mqueue"};
	size_t count = count_ipc_objects(result);
	if (count == 0)
		return;
	json_count(json, "ipc_object_count", count);
	json_value(json, "ipc_objects", "[");
	for (size_t i = 0; i < count && i < DESCRIBED; i++) {
		const struct ipc_object *object = &result->ipc_objects->objects[i];
		char name[NAME_MAX + 2] = "private";
		if (object->call == CALL_MQ_OPEN)
			snprintf(name, sizeof name, "/%s", object->name);
		else if (object->key != IPC_PRIVATE)
			snprintf(name, sizeof name, "0x%08x", (unsigned)object->key);
		json_value(json, NULL, "{");
		json_text(json, "kind", kinds[object->call]);
		json_text(json, "name", name);
		json_text(json, "comm", object->comm);
		json_close(json, "}");
	}
	json_close(json, "]");
}

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

static void add_connection(struct json *json, const struct log_row *row, double began)
{
	char address[INET6_ADDRSTRLEN] = "";
	inet_ntop(row->to.family, row->to.address, address, sizeof address);
	add_program(json, &row->program, PROGRAM_ARGV);
	json_text(json, "address", address);
	json_value(json, "port", "%u", row->to.port);
	json_text(json, "protocol", row->to.protocol[0] == '\0' ? "unknown" : row->to.protocol);
	json_value(json, "first", "%.3f", ((double)row->first - began) / 1e6);
	json_value(json, "last", "%.3f", ((double)row->last - began) / 1e6);
	json_count(json, "failed", row->failed);
	json_flag(json, "bound", row->bound);
}

/* Adds a table of the network log to the record, if the table is not empty: the total as the member total_name, and the rows as a list in the member name. began: start of the command in microseconds, from which the times of connections are counted. */
static void add_table(struct json *json, const struct network_log *log, enum log_table table, const char *total_name, const char *name, double began)
{
	const struct log_row *end = log->tables[table].rows + log->tables[table].count;
	json_count(json, total_name, log->tables[table].total);
	if (log->tables[table].total == 0)
		return;
	json_value(json, name, "[");
	for (const struct log_row *row = log->tables[table].rows; row < end; row++) {
		char number[16];
		snprintf(number, sizeof number, "TYPE%u", row->type);
		json_value(json, NULL, "{");
		if (table == LOG_ATTEMPTS || table == LOG_ALLOWED) {
			add_connection(json, row, began);
		} else {
			json_text(json, table == LOG_LOOKUPS ? "name" : "path", row->name);
			add_program(json, &row->program, LOOKUP_ARGV);
		}
		if (table == LOG_LOOKUPS)
			json_text(json, "type", dns_type_name(row->type) == NULL ? number : dns_type_name(row->type));
		json_count(json, "count", row->count);
		json_flag(json, "refused", row->refused);
		json_close(json, "}");
	}
	json_close(json, "]");
}

static void add_allowed(struct json *json, const struct network_log *log, double began)
{
	static const char *const routes[] = {"direct", "socks", "none"};
	if (log->route != ROUTE_UNNEEDED && (log->tables[LOG_ALLOWED].total > 0 || log->route == ROUTE_NONE))
		json_text(json, "route", routes[log->route]);
	if (log->route_reason[0] != '\0')
		json_text(json, "route_why", log->route_reason);
	json_count(json, "allowed_failed", log->allowed_failed);
	add_table(json, log, LOG_ALLOWED, "allowed_count", "allowed", began);
}

static void add_names(struct json *json, const struct network_log *log)
{
	bool is_watched = log->names.watched == WATCHED_YES && log->calls.watched == WATCHED_YES;
	json_text(json, "names_watched", !is_watched ? "no" : log->phase_serves_names ? "in part"
										      : "yes");
	if (log->phase_serves_names)
		json_text(json, "names_watched_why", "the phase has started a server on port 53");
	else if (log->names.watched == WATCHED_NO)
		add_reason(json, "names_watched_why", log->names.reason, log->names.error);
	else if (log->names.watched == WATCHED_NOT_YET)
		json_text(json, "names_watched_why", "confine has not set up the network");
	add_table(json, log, LOG_LOOKUPS, "lookups", "names", 0);
}

/* Returns how many of the packets without a route that the kernel has counted cannot be from calls that the watcher has seen, for example because io_uring(7) sent them. */
static long long unattributed(const struct phase_result *result)
{
	uint64_t seen = result->audit == NULL ? 0 : result->audit->unroutable;
	return result->unroutable > 0 && (uint64_t)result->unroutable > seen ? result->unroutable - (long long)seen : 0;
}

/* Adds the network use of the phase to the record: the packets without a route that the kernel has counted, and what the watcher has logged. */
static void add_audit(struct json *json, const struct phase_result *result)
{
	const struct network_log *log = result->audit;
	double began = (double)result->began_monotonic;
	if (is_isolated(result) && result->unroutable >= 0)
		json_value(json, "unreachable", "%lld", result->unroutable);
	if (log == NULL)
		return;
	json_text(json, "watched", log->calls.watched == WATCHED_YES && !result->watcher_died ? "yes" : "no");
	if (result->watcher_died)
		json_text(json, "watched_why", "the watcher process of confine has exited, so confine killed the phase");
	else if (log->calls.watched == WATCHED_NO)
		add_reason(json, "watched_why", log->calls.reason, log->calls.error);
	else if (log->calls.watched == WATCHED_NOT_YET)
		json_text(json, "watched_why", "the command was not started");
	add_table(json, log, LOG_ATTEMPTS, "attempts", is_isolated(result) ? "blocked" : "observed", began);
	add_allowed(json, log, began);
	add_table(json, log, LOG_SOCKETS, "socket_requests", "sockets", began);
	json_count(json, "unattributed", unattributed(result));
	json_count(json, "unreadable", log->unreadable);
	if (log->unreadable_errno != 0)
		add_reason(json, "unreadable_why", "reading the memory of a process", log->unreadable_errno);
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
 * Their services hold no keys and start no programs, so emerge prints no message if a phase makes requests only to such sockets.
 */
static const char *const common_sockets[] = {"/run/nscd/", "/run/systemd/userdb/", "/run/systemd/resolve/", "/run/systemd/journal/",
					     "/var/lib/sss/pipes/", "/run/avahi-daemon/socket", "/dev/log"};

static bool asks_notable_socket(const struct network_log *log)
{
	for (size_t i = 0; i < log->tables[LOG_SOCKETS].count; i++) {
		bool is_common = false;
		for (size_t c = 0; c < sizeof common_sockets / sizeof *common_sockets; c++)
			is_common = is_common || strncmp(log->tables[LOG_SOCKETS].rows[i].name, common_sockets[c], strlen(common_sockets[c])) == 0;
		if (!is_common)
			return true;
	}
	return false;
}

/* Returns true if the watcher or the kernel has logged something about which emerge prints a message, such as a connection attempt or a DNS lookup. */
static bool is_audit_notable(const struct phase_result *result)
{
	const struct network_log *log = result->audit;
	return unattributed(result) > 0 ||
	       (log != NULL && (asks_notable_socket(log) || log->route == ROUTE_NONE || log->tables[LOG_ATTEMPTS].total > 0 || log->tables[LOG_LOOKUPS].total > 0 || log->listener_calls > 0 || log->unreadable_errno != 0));
}

/* Returns true if the command has a new PID namespace but still sees the host's /proc, because confine could not mount a new one. */
static bool sees_host_proc(const struct phase_result *result)
{
	return (result->applied & (ISOLATE_PID | ISOLATE_PROC)) == ISOLATE_PID;
}

static bool is_notable(const struct phase_result *result)
{
	return result->missing_count > 0 || result->net_filter.step != STEP_NONE || sees_host_proc(result) || result->orphans.count > 0 || count_ipc_objects(result) > 0 || result->stuck || result->usage.killed_by_memory ||
	       result->usage.refused_by_pids || is_audit_notable(result);
}

/* Opens or creates a regular file for appending. Returns a descriptor, or -1 with errno on failure, also for symbolic links, FIFOs, devices and files with several hard links, which could redirect the record. */
static int open_safely(const char *path)
{
	const int flags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open(path, flags);
	if (fd < 0 && errno == ENOENT) {
		fd = open(path, flags | O_CREAT | O_EXCL, 0664);
		/* Give the group write permission whatever the umask is: phases that run as root and as user portage write to one file. */
		if (fd >= 0)
			fchmod(fd, 0664);
		else if (errno == EEXIST)
			fd = open(path, flags);
	}
	struct stat status;
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1)
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

static bool is_same_file(int fd, const char *path)
{
	struct stat opened, named;
	return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/* If the file of records fd has ROTATE_BYTES or more, renames it to PATH.1, closes fd, and opens a new file; returns -1 if this open fails. Returns fd if this function has not renamed the file, even if another process has. Processes that have the old file open still write to it. */
static int rotate(int fd, const char *path)
{
	char old[4096];
	struct stat status;
	bool large = fstat(fd, &status) == 0 && status.st_size >= ROTATE_BYTES;
	if (!large || (size_t)snprintf(old, sizeof old, "%s.1", path) >= sizeof old || flock(fd, LOCK_EX | LOCK_NB) != 0)
		return fd;
	if (!is_same_file(fd, path) || rename(path, old) != 0)
		return fd;
	close(fd);
	return open_safely(path);
}

/* Writes the record to the file at path. replaces: true to replace the contents of the file by the record; false to append the record. On failure, prints a message and continues. */
static void write_record(const char *path, bool replaces, const struct json *json)
{
	int fd = open_safely(path);
	if (fd >= 0 && !replaces)
		fd = rotate(fd, path);
	if (fd < 0 || (replaces && ftruncate(fd, 0) != 0) || write(fd, json->text, json->length) != (ssize_t)json->length)
		print_error("cannot write the record to %s: %m", path);
	close_fd(fd);
}

void record_write(const struct options *options, const struct phase_result *result)
{
	struct json json = {0};
	/* If the file would exceed RLIMIT_FSIZE, report EFBIG of write(2) instead of dying of SIGXFSZ. */
	signal(SIGXFSZ, SIG_IGN);
	bool write_to_notice_file = options->notice_file != NULL && is_notable(result);
	if (options->record == NULL && !write_to_notice_file)
		return;
	json_value(&json, NULL, "{");
	json_value(&json, "schema", "%d", SCHEMA);
	add_time(&json, &result->began);
	for (size_t i = 0; i < options->label_count; i++)
		json_text(&json, options->labels[i].name, options->labels[i].value);
	json_text(&json, "mode", mode_names[result->mode]);
	json_text(&json, "tracking", tracking_method(result));
	add_isolation(&json, options, result);
	if ((options->isolate & ISOLATE_IPC) != 0)
		json_text(&json, "shm", (result->applied & ISOLATE_SHM) != 0 ? "confine" : "host");
	if (sees_host_proc(result))
		json_text(&json, "proc", "host");
	if (WIFSIGNALED(result->status))
		json_value(&json, "status", "{\"signal\":%d}", WTERMSIG(result->status));
	else
		json_value(&json, "status", "{\"exit\":%d}", WEXITSTATUS(result->status));
	add_usage(&json, result);
	add_orphans(&json, &result->orphans);
	add_ipc_objects(&json, result);
	json_flag(&json, "setuid_inert", result->setuid_inert || (result->audit != NULL && result->audit->setuid_inert));
	add_audit(&json, result);
	json_flag(&json, "stuck", result->stuck);
	json_flag(&json, "abandoned", result->abandoned);
	json_close(&json, "}\n");
	if (json.failed)
		print_error("cannot write the record: out of memory");
	else {
		if (options->record != NULL)
			write_record(options->record, false, &json);
		if (write_to_notice_file)
			write_record(options->notice_file, true, &json);
	}
	free(json.text);
}
