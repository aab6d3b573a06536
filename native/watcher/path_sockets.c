// SPDX-License-Identifier: GPL-2.0-or-later
/* Handles requests (connections and datagrams) to UNIX sockets with a path: logs requests to sockets of the host, and decides whether to refuse them. */
#include <sys/stat.h>
#include <time.h>

#include "watcher/watcher_internal.h"
#include "target/watchdog.h"

/* A file counts as new if its time stamp is at most this much older than the start of the phase. The clock of time stamps may lag behind CLOCK_REALTIME by a tick, 10 ms with CONFIG_HZ=100 (ktime_get_coarse_real_ts64()). */
#define TICK_NANOSECONDS 10000000LL

static long long nanoseconds(long long seconds, long nanoseconds)
{
	return seconds * 1000000000LL + nanoseconds;
}

void path_sockets_open(struct path_sockets *sockets, const struct options *options)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	*sockets = (struct path_sockets){
		.options = options, .phase_diag = -1, .host_diag = -1, .started = nanoseconds(now.tv_sec, now.tv_nsec) - TICK_NANOSECONDS};
}

/* Reads the attributes of a file. directory and path are parameters of statx(2). Returns false and sets errno on failure. */
static bool read_file(int directory, const char *path, struct socket_file *file)
{
	struct statx status;
	watchdog_begin();
	int result = statx(directory, path, AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &status);
	watchdog_end();
	if (result != 0)
		return false;
	*file = (struct socket_file){
		.device = (uint64_t)status.stx_dev_major << 32 | status.stx_dev_minor,
		.inode = status.stx_ino,
		.uid = status.stx_uid,
		.is_socket = S_ISSOCK(status.stx_mode),
	};
	const struct statx_timestamp *born = (status.stx_mask & STATX_BTIME) != 0 ? &status.stx_btime : &status.stx_ctime;
	file->born = nanoseconds(born->tv_sec, born->tv_nsec);
	return true;
}

static bool is_same(const struct socket_file *one, const struct socket_file *other)
{
	return one->device == other->device && one->inode == other->inode;
}

static bool is_allowed(const struct options *options, const struct socket_file *file)
{
	struct socket_file allowed;
	if (options->socks != NULL && read_file(AT_FDCWD, options->socks, &allowed) && is_same(&allowed, file))
		return true;
	for (size_t i = 0; i < options->allow.socket_count; i++)
		if (read_file(AT_FDCWD, options->allow.sockets[i], &allowed) && is_same(&allowed, file))
			return true;
	return false;
}

/*
 * Returns true if the phase has bound the socket. bind(2) always creates the file of the socket, so a file older than the phase belongs to the
 * host. For a newer file, asks the kernel for the sockets in the phase's network namespace and then in the host's. If the lists are not available,
 * or if the socket is in neither namespace (it may be in a nested one), returns true for a newer file that belongs to the user of the target.
 */
static bool is_own(struct path_sockets *sockets, const struct target *target, const struct socket_file *file)
{
	if (file->born < sockets->started)
		return false;
	struct socket_file *known = &sockets->known[file->inode % KNOWN_SOCKETS];
	if (is_same(known, file) && known->born == file->born)
		return true;
	bool own = sockets->phase_diag >= 0 && socket_diag_has_file(sockets->phase_diag, (uint32_t)file->inode);
	if (!own && sockets->phase_diag >= 0) {
		if (sockets->host_diag < 0)
			sockets->host_diag = socket_diag_open();
		if (socket_diag_has_file(sockets->host_diag, (uint32_t)file->inode))
			return false;
	}
	own = own || file->uid == thread_status(target->tid).uid;
	if (own)
		*known = *file;
	return own;
}

/* Writes the path of an open file, as the watcher sees it, to result. If this path is unknown or too long, writes path, the path that the target used. */
static void read_host_path(int fd, const char *path, char result[LOG_NAME])
{
	char link[64];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, result, LOG_NAME);
	if (length > 0 && length < LOG_NAME && *result == '/')
		result[length] = '\0';
	else
		snprintf(result, LOG_NAME, "%s", path);
}

/* Returns the row of the log for requests of the target's program to this socket. Adds a row if there is none. Returns NULL if the log is full. */
static struct log_row *find_row(struct network_log *log, const struct target *target, const struct socket_file *file, int fd, const char *path, bool refused)
{
	const struct program *program = target_program(target);
	uint64_t key = hash_add(program->name_hash, &file->inode, sizeof file->inode);
	key = hash_add(hash_add(key, &file->device, sizeof file->device), &file->born, sizeof file->born);
	struct log_row *row = network_log_find(log, LOG_SOCKETS, key);
	if (row != NULL)
		return row;
	struct log_row found = {.key = key, .program = *program, .refused = refused};
	read_host_path(fd, path, found.name);
	target_add_parents(target, &found.program);
	return network_log_add(log, LOG_SOCKETS, &found);
}

/* Returns what kind of file the target would find at a path. For a socket of the host, sets *row to the row of the log for this socket, or to NULL if the log is full; otherwise leaves *row unchanged. */
static enum path_kind examine(struct path_sockets *sockets, struct network_log *log, const struct target *target, const char *path, struct log_row **row)
{
	struct socket_file file = {0};
	int fd = target_open_path(target, path);
	/*
	 * is_final is true if the kernel finds no socket at the path either, so that the call fails without an effect. After EACCES, this is certain
	 * only if the target has no more rights than the watcher: FUSE and NFS may give access to the target's user alone, and a target with
	 * capabilities in a user namespace may search every directory of its user.
	 */
	int error = fd < 0 ? errno : 0;
	struct thread_status status = error == EACCES ? thread_status(target->tid) : (struct thread_status){0};
	bool is_final = error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG || error == ESRCH ||
			(error == EACCES && status.uid == geteuid() && status.capabilities == 0);
	if (is_final)
		return PATH_OTHER;
	enum path_kind kind = PATH_OF_HOST;
	if (error == EACCES) {
		file.inode = hash_add(0, path, strlen(path));
	} else if (fd < 0 || !read_file(fd, "", &file)) {
		network_log_add_unreadable(log, errno);
		kind = PATH_UNREADABLE;
	} else if (!file.is_socket) {
		kind = PATH_OTHER;
	} else if (is_own(sockets, target, &file) || is_allowed(sockets->options, &file)) {
		kind = PATH_PERMITTED;
	}
	if (kind == PATH_OF_HOST)
		*row = find_row(log, target, &file, fd, path, sockets->options->own_sockets);
	target_close(fd);
	return kind;
}

static bool log_path(struct path_sockets *sockets, struct network_log *log, const struct target *target, const char *path)
{
	struct recent_request *recent = &sockets->recent;
	bool is_repeated = recent->tid == target->tid && strcmp(recent->path, path) == 0;
	if (!is_repeated || recent->repeated < STEADY_REPETITIONS || target->now - recent->read_at >= STEADY_MICROSECONDS) {
		struct log_row *row = NULL;
		enum path_kind kind = examine(sockets, log, target, path, &row);
		bool is_same = is_repeated && kind == recent->kind && kind != PATH_OTHER && row == recent->row;
		*recent = (struct recent_request){.tid = target->tid, .kind = kind, .row = row, .repeated = is_same ? recent->repeated + 1 : 0, .read_at = target->now};
		snprintf(recent->path, sizeof recent->path, "%s", path);
	}
	log->tables[LOG_SOCKETS].total += recent->kind == PATH_OF_HOST;
	if (recent->row != NULL)
		recent->row->count++;
	return sockets->options->own_sockets && (recent->kind == PATH_OF_HOST || recent->kind == PATH_UNREADABLE);
}

bool path_sockets_log(struct path_sockets *sockets, struct network_log *log, const struct target *target, const struct request *request)
{
	bool refuse = false;
	for (size_t i = 0; i < request->path_count; i++)
		refuse = log_path(sockets, log, target, request->paths[i]) || refuse;
	/* Also refuse a call whose address the watcher could not read, because it may be the path of a socket of the host. After EFAULT, the kernel cannot read the address either, so that the call fails anyway. */
	bool is_hidden = request->call != CALL_BIND && request->unreadable != 0 && request->unreadable != EFAULT;
	return refuse || (is_hidden && sockets->options->own_sockets);
}
