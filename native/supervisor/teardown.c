// SPDX-License-Identifier: GPL-2.0-or-later
#include "supervisor/supervisor.h"

#include <signal.h>
#include <sys/socket.h>

#include "util/text.h"

/* Time after the command's exit in which its processes, such as tee at the end of a pipe, may end by themselves. Later they count as orphans. */
#define GRACE_MILLISECONDS 25
/* Time limit for describing the orphans in the record. After it, confine kills them, even if they are not described. */
#define DESCRIBE_MILLISECONDS 250
/* Time limit for the teardown. Portage sends SIGTERM 10 s after the command has reported its end; the record must be written by then. */
#define KILL_MILLISECONDS 7000
/* Time limit for reading the command lines of all orphans. The record omits command lines that confine has not read in time. */
#define READ_MILLISECONDS 500

/* Describes the process pid: sets all members of orphan except its command line. If /proc hides the process, its comm becomes "(hidden)". Returns false if the process is dead, otherwise true. */
static bool describe(struct orphan *orphan, pid_t pid)
{
	char text[1024];
	struct text_stat stat;
	if (proc_read(pid, "stat", text, sizeof text) == 0) {
		*orphan = (struct orphan){.pid = pid, .comm = "(hidden)"};
		return proc_hides(pid);
	}
	if (!text_stat(text, &stat) || !stat.alive)
		return false;
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	*orphan = (struct orphan){.pid = pid};
	orphan->age = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)stat.started / (double)sysconf(_SC_CLK_TCK);
	if (orphan->age < 0)
		orphan->age = 0;
	snprintf(orphan->comm, sizeof orphan->comm, "%.*s", (int)stat.comm_length, stat.comm);
	return true;
}

/*
 * Reads the command lines of the orphans. Called in a child process with a time limit, because a read can block, as in ps(1): a command line
 * is in the memory of its process, which nobody can read while a thread of the process sleeps in the kernel and holds the mmap_lock.
 */
static void read_command_lines(void *data)
{
	struct orphans *orphans = data;
	for (size_t i = 0; i < orphans->described_count; i++)
		if (orphans->described[i].argv_length == 0)
			orphans->described[i].argv_length = proc_read(orphans->described[i].pid, "cmdline", orphans->described[i].argv, ORPHAN_ARGV);
}

/*
 * Adds the living processes of pids to orphans: counts all of them, and describes them until orphans->described is full. stuck: true if SIGKILL
 * has not ended these processes; then also sets stuck in their entries, even in those from an earlier call. false: no SIGKILL has been sent yet.
 */
static void add_orphans(struct orphans *orphans, const struct pids *pids, bool stuck)
{
	size_t known = orphans->described_count;
	for (size_t i = 0; i < pids->count; i++) {
		size_t at = 0;
		while (at < orphans->described_count && orphans->described[at].pid != pids->pid[i])
			at++;
		bool is_new = at == orphans->described_count;
		if (is_new && at < ORPHANS_DESCRIBED) {
			bool alive = describe(&orphans->described[at], pids->pid[i]);
			orphans->described_count += alive;
			orphans->count += alive;
		} else if (is_new && known < ORPHANS_DESCRIBED) { /* if described was full before this call, do not count: an earlier call may have counted this process */
			orphans->count += kill(pids->pid[i], 0) == 0 || errno != ESRCH;
		}
		if (stuck && at < orphans->described_count)
			orphans->described[at].stuck = true;
	}
	if (orphans->described_count > known)
		call_in_child(read_command_lines, orphans, sizeof *orphans, READ_MILLISECONDS);
}

/* Returns the living processes of the phase, without those of confine: init, the watcher and the DNS server. The caller frees the list. */
static struct pids list_phase_processes(const struct supervisor *s)
{
	struct pids pids = {0};
	size_t kept = 0;
	if (s->result.has_cgroup)
		cgroup_add_pids(s->cgroup.directory, &pids);
	else
		pids_add_descendants(&pids, s->init_exited ? getpid() : s->init);
	for (size_t i = 0; i < pids.count; i++)
		if (pids.pid[i] != s->init && pids.pid[i] != s->watcher.pid && pids.pid[i] != s->watcher.dns_pid)
			pids.pid[kept++] = pids.pid[i];
	pids.count = kept;
	return pids;
}

static void describe_orphans(struct supervisor *s)
{
	long long now = clock_milliseconds(), grace_end = now + GRACE_MILLISECONDS;
	/* Wait for MESSAGE_NO_CHILDREN, which init sends at once if the command has left no process. */
	supervisor_wait(s, GRACE_MILLISECONDS / 2);
	if (s->no_children || s->init_exited)
		return;
	/* List the processes already during the grace period, because listing many takes time and would later delay killing them. */
	AUTO_PIDS struct pids early = list_phase_processes(s);
	while (!s->no_children && !s->init_exited && (now = clock_milliseconds()) < grace_end)
		supervisor_wait(s, (int)(grace_end - now));
	/* If there are more orphans than the record describes, use the early list. A new list would take long, and the record would describe none of its additions. */
	if (!s->no_children && early.count > ORPHANS_DESCRIBED)
		add_orphans(&s->result.orphans, &early, false);
	/* A list can miss a process that forks and exits in a loop. Repeat until a list has a living process, or until the deadline. */
	long long deadline = clock_milliseconds() + DESCRIBE_MILLISECONDS;
	while (!s->no_children && !s->init_exited && s->result.orphans.count == 0) {
		AUTO_PIDS struct pids pids = list_phase_processes(s);
		add_orphans(&s->result.orphans, &pids, false);
		supervisor_wait(s, 0);
		if (clock_milliseconds() >= deadline)
			break;
	}
}

void teardown(struct supervisor *s)
{
	long long deadline = clock_milliseconds() + KILL_MILLISECONDS;
	bool tracked = is_tracked(s);
	if (tracked && !s->result.abandoned)
		describe_orphans(s);
	if (s->result.abandoned)
		channel_send(s->channel, &(struct message){.type = MESSAGE_SIGNAL, .signal = SIGKILL});
	if (s->result.has_cgroup && !s->no_children)
		cgroup_kill(&s->cgroup, deadline);
	/* If the watcher has died, every watched system call fails. So shut the channel down: init then kills all processes, even if the phase is not tracked. */
	if (tracked || !s->result.watcher_died)
		channel_send(s->channel, &(struct message){.type = MESSAGE_TEARDOWN});
	if (s->result.watcher_died && s->channel >= 0)
		shutdown(s->channel, SHUT_RDWR);
	while (!s->init_exited && clock_milliseconds() < deadline) {
		supervisor_wait(s, 100);
		if (tracked && s->channel < 0 && !s->init_exited)
			kill(s->init, SIGKILL);
	}
	/* If init has not exited by the deadline, it is stopped or stuck in the kernel. SIGKILL ends a stopped process. */
	if (!s->init_exited) {
		kill(s->init, SIGKILL);
		supervisor_wait(s, GRACE_MILLISECONDS);
	}
	/* A phase that runs as root can have moved processes into its cgroup that are not descendants of init, so kill the whole cgroup. */
	bool emptied = !s->result.has_cgroup || cgroup_kill(&s->cgroup, deadline);
	/* If init was killed while the command ran, no process waits for the command, so kill the phase even if it is not tracked. */
	if (s->plan.tracking == TRACK_SUBREAPER || (s->init_exited && !s->command_exited))
		emptied = pids_kill_descendants(deadline) && emptied;
	s->result.stuck = tracked && (!emptied || !s->init_exited);
	if (s->result.stuck) {
		AUTO_PIDS struct pids pids = list_phase_processes(s);
		add_orphans(&s->result.orphans, &pids, true);
	}
}
