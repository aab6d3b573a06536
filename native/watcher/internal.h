/* Parts of the watcher that only native/watcher/ uses. */
#ifndef WATCHER_INTERNAL_H
#define WATCHER_INTERNAL_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/types.h>

#include "egress/dns_redirect.h"
#include "egress/egress.h"
#include "watcher/request.h"
#include "watcher/socket_maker.h"
#include "watcher/watcher.h"

/* loop.c */

/* Receives the listener, then handles every notification. A stopped process never waits for the call of another process. */
noreturn void loop_run(const struct watcher *watcher, const struct options *options, enum egress_route route, bool phase_is_root);

/* notification.c */

/* An attempt that the current call added to the log. */
struct counted_attempt {
	struct connection_attempt *row; /* NULL: the log was full */
	struct destination to;
};

/* The last protocol that was read from a socket, to save system calls if a program repeats the same attempt. */
struct protocol_cache {
	pid_t tid;
	int fd;
	struct destination to;
	int repeated;
	long long read_at; /* microseconds */
};

/* Handles notifications. */
struct notifier {
	struct network_log *log;
	const struct allow *allow;
	struct egress *egress; /* NULL: the allow-list is empty, and the filter has no allow_list (filter.h) */
	struct dns_redirect dns_redirect;
	struct target_access *access;
	struct socket_maker maker;
	struct protocol_cache protocol;
	int listener; /* -1: none */
	/* The current notification: */
	bool busy;
	bool is_resumed;		   /* it waited for the DNS server process */
	bool is_redirected;		   /* its socket belongs to the DNS server's network */
	struct seccomp_notif notification; /* its size is part of SECCOMP_IOCTL_NOTIF_RECV, so no kernel writes more */
	struct request request;
	struct counted_attempt counted[REQUEST_ADDRESSES];
};

/* Handles notifier->notification: logs it, and continues, answers or emulates the call. */
void notification_handle(struct notifier *notifier);

/* Continues the calls that wait for the DNS server process, after that has replied or ended. */
void notification_resume_redirected(struct notifier *notifier);

/* Logs that names are not watched, because the DNS server process has ended. */
void notification_end_redirection(struct notifier *notifier);

/* Answers the notification whose handling got stuck, if there is one. */
void notification_abandon(struct notifier *notifier);

/* watchdog.c */

/*
 * A deadline for the watcher's own system calls. Reading a target's memory and closing a copy of its descriptor may wait for a FUSE
 * server, which may be the build itself, and such a wait can outlast SIGKILL (request_wait_answer() in fs/fuse/dev.c).
 * Such calls are made between watchdog_begin() and watchdog_end(). If one takes too long, another thread continues in its place.
 * Between the two functions, a thread writes only to its own stack. All other code runs in one thread at a time and needs no locks.
 */
struct watchdog {
	void (*serve)(void *data);	/* the main loop; never returns */
	void (*on_stall)(void *data);	/* the thread that continues calls it first, to answer the stopped call that got stuck */
	void (*on_failure)(void *data); /* too many threads are stuck; never returns */
	void *data;
};

/* Runs serve() in this thread until it gets stuck. */
noreturn void watchdog_run(const struct watchdog *watchdog);

/* Costs two atomic operations. There is no deadline in a process without watchdog_run(), nor in its forked children. */
void watchdog_begin(void);

/* Does not return in a thread that has been replaced. Keeps errno. */
void watchdog_end(void);

/* rights.c */

/*
 * Gives up all rights that the watcher or the DNS server does not need, because it reads data that the build wrote. Root changes to ids that
 * no other process has. traces: keeps CAP_SYS_PTRACE. If that is missing, keeps all capabilities: the kernel lets a process access
 * another only if it has all of its capabilities (cap_ptrace_access_check() in security/commoncap.c). Returns false with errno.
 */
bool watcher_rights_reduce(bool traces);

/* Restricts the process to the system calls in a table, permanently, where the kernel supports it. */
void watcher_rights_filter(void);

/* yama_broker.c */

/*
 * With kernel.yama.ptrace_scope=1 only an ancestor may access a process (Documentation/admin-guide/LSM/Yama.rst). The supervisor is an
 * ancestor of all processes of a phase, the watcher of none. So threads of the supervisor, the Yama broker, read memory and duplicate descriptors for the watcher.
 */

/* Whether ptrace_scope is 1. With any other value the supervisor must not run the broker: the phase could trace the supervisor. */
bool yama_broker_is_needed(void);

/* Watcher: as process_read_memory() and process_duplicate_descriptor(), done by the supervisor. They fail if broker is -1. */
bool yama_broker_read_memory(int broker, pid_t tid, uint64_t address, void *data, size_t size);
int yama_broker_duplicate_descriptor(int broker, int pidfd, int fd);

/* Supervisor: starts the threads that answer requests from the socket. */
void yama_broker_start(int socket);

/* Supervisor: ends these threads. */
void yama_broker_stop(int socket);

#endif
