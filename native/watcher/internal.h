/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the watcher that only native/watcher/ uses. */
#ifndef WATCHER_INTERNAL_H
#define WATCHER_INTERNAL_H

#include <linux/seccomp.h>
#include <stdnoreturn.h>

#include "egress/egress.h"
#include "watcher/request.h"
#include "watcher/maker.h"
#include "watcher/watcher.h"

/* loop.c */

/* Receives the listener, then handles every notification. Calls that may wait long are answered later, so that they do not delay other calls. */
noreturn void loop_run(const struct watcher *watcher, const struct options *options, enum egress_route route, bool phase_is_root);

/*
 * A result that was the same STEADY_REPETITIONS times in a row, for one thread and the same arguments, is reused for STEADY_MICROSECONDS. These
 * limits are needed because glibc first connects a UDP socket to an address, and the program then a TCP socket that may have the same descriptor.
 */
enum { STEADY_REPETITIONS = 8,
       STEADY_MICROSECONDS = 200 };

/* socket_diag.c: queries for the sockets of a network namespace (sock_diag(7)) */

enum { SOCKET_INODES = 64 };

struct socket_inodes {
	uint32_t inodes[SOCKET_INODES];
	size_t count; /* number of sockets found; further ones are omitted */
};

/* Opens a socket for the functions below, which see the network namespace in which it was opened. Returns -1 and sets errno on failure. */
int socket_diag_open(void);

/* Finds the sockets that receive what a process of this machine sends to an address of this machine. protocol: IPPROTO_TCP, IPPROTO_UDP or IPPROTO_UDPLITE. Returns false if the kernel gives no answer. */
bool socket_diag_find(int diag, int protocol, const struct destination *to, struct socket_inodes *found);

/* Finds the listening TCP sockets, or all UDP or UDP-Lite sockets, with this local port. Finds none for port 0. Returns false if the kernel gives no answer. */
bool socket_diag_find_port(int diag, int protocol, uint16_t port, struct socket_inodes *found);

/* Finds the UNIX sockets with this abstract name, whose first byte is 0. Returns false if the kernel gives no answer. */
bool socket_diag_find_abstract(int diag, const char *name, size_t length, struct socket_inodes *found);

/* Returns true if a UNIX socket is bound to a file with this inode number. Returns false if the kernel gives no answer. */
bool socket_diag_has_file(int diag, uint32_t inode);

/* net_filter.c */

/* Creates the state of the functions below, which is never freed. Returns NULL and sets errno on failure. */
struct net_filter *net_filter_new(void);

/* Returns the inode of the thread's socket, or 0 if fd is not a socket or cannot be inspected. */
uint64_t net_filter_socket_inode(const struct target *target, int fd);

/* Remembers that a socket belongs to the phase, so that no search is necessary later. */
void net_filter_note_socket(struct net_filter *net_filter, const struct target *target, int fd);

/*
 * Returns 0 if a process of the phase receives what the thread's socket fd sends to the destination, and otherwise the errno with which the
 * call must fail: that of a network namespace with no interface but lo.
 */
int net_filter_check(struct net_filter *net_filter, const struct target *target, int fd, const struct destination *to);

/* Does the same for the abstract name of a UNIX socket. */
int net_filter_check_abstract(struct net_filter *net_filter, const struct target *target, const struct abstract_name *name);

/* Returns EADDRINUSE if another process of the machine uses the port of the address, because SO_REUSEPORT could share it. Otherwise returns 0. */
int net_filter_check_bind(struct net_filter *net_filter, const struct target *target, const struct destination *address);

/* path_sockets.c */

enum { KNOWN_SOCKETS = 64 };

/* Attributes of a file; times are in nanoseconds since 1970. */
struct socket_file {
	uint64_t device;
	uint64_t inode;
	uid_t uid;
	bool is_socket;
	long long born, changed; /* creation, or the last change if the file system does not store the creation, and last change of the attributes */
};

enum path_kind {
	PATH_OTHER,	/* the path is no socket, or the kernel cannot open it */
	PATH_PERMITTED, /* the phase has bound the socket, or it is allowed */
	PATH_OF_HOST,
	PATH_UNREADABLE, /* the watcher cannot open the path */
};

struct path_result {
	enum path_kind kind;
	struct requested_socket *row; /* for PATH_OF_HOST: row in the log; NULL: the log is full */
};

/* The result of the last request, which is reused if a program repeats the request at once. */
struct recent_request {
	pid_t tid;
	char path[SOCKET_PATH];
	struct path_result result;
	int repeated;	   /* number of results in a row, after the first, that were the same */
	long long read_at; /* time of the last result that was not reused, in microseconds of CLOCK_MONOTONIC */
};

struct path_sockets {
	const struct options *options;
	int phase_diag;	   /* socket of socket_diag_open() in the network of the phase; -1: the phase has the network of the host, or there is no such socket */
	int host_diag;	   /* the same in the network of the watcher; -1: not needed yet */
	long long started; /* start of the phase, in nanoseconds since 1970 */
	struct recent_request recent;
	struct socket_file known[KNOWN_SOCKETS]; /* sockets that the phase has bound, by inode number */
};

void path_sockets_open(struct path_sockets *sockets, const struct options *options);

/*
 * Logs each path of the request that is a socket of the host and not allowed. Returns true if the call must be refused. A program can
 * evade the refusal: it can change the path after the watcher has read it, or receive a connected socket from another process (SCM_RIGHTS).
 */
bool path_sockets_log(struct path_sockets *sockets, struct network_log *log, const struct target *target, const struct request *request);

/* notification.c */

/* An attempt that the current call added to the log. */
struct counted_attempt {
	struct connection_attempt *row; /* row of the attempt; NULL: the table of attempts was full */
	struct destination to;
};

/* Caches the protocol that was read from the last socket, to save system calls if a program repeats the same attempt. */
struct protocol_cache {
	pid_t tid;
	int fd;
	struct destination to;
	int repeated;	   /* number of readings in a row, after the first, that returned the same protocol */
	long long read_at; /* time of the last reading, in microseconds of CLOCK_MONOTONIC */
};

/* The state that handling notifications needs. */
struct notifier {
	struct network_log *log;
	const struct allow *allow;
	struct egress *egress;		 /* NULL: the allow-list is empty, and the filter has no allow_list (seccomp_filter.h) */
	struct query_traps *query_traps; /* set if net_filter is */
	struct net_filter *net_filter;	 /* NULL: a network namespace isolates the phase, or nothing does */
	struct dns_redirect dns_redirect;
	struct target_access *access;
	struct maker maker;
	struct path_sockets sockets;
	struct protocol_cache protocol;
	int listener; /* seccomp listener; -1: it has not arrived yet, or no process has the filter */
	/* The members below belong to the current notification. */
	bool busy;			   /* a notification is being handled */
	bool is_resumed;		   /* the call waited for a socket from the DNS server process, and is now handled again */
	bool is_redirected;		   /* the call's socket belongs to the network of the DNS server */
	struct seccomp_notif notification; /* SECCOMP_IOCTL_NOTIF_RECV contains its size, so a newer kernel cannot write beyond it */
	struct request request;
	struct counted_attempt counted[REQUEST_ADDRESSES];
};

/* Handles notifier->notification: logs the call, then lets the kernel continue it, answers it or emulates it. */
void notification_handle(struct notifier *notifier);

/* Handles the calls for which the DNS server process has sent a socket. If that process has ended, handles all calls that wait for it. */
void notification_resume_redirected(struct notifier *notifier);

/* Logs that DNS lookups are not watched any more, because the DNS server process has ended. */
void notification_end_redirection(struct notifier *notifier);

/* If a thread got stuck while it handled a notification, refuses the call if it could evade a net_filter. Otherwise lets the kernel continue it. */
void notification_abandon(struct notifier *notifier);

/* watchdog.c */

/*
 * The watchdog limits how long the watcher's own system calls may take. Reading a target's memory or closing a copy of its descriptor may
 * wait for a FUSE server, which may be the build itself, and such a wait can outlast SIGKILL (request_wait_answer() in fs/fuse/dev.c).
 * The watcher makes such calls between watchdog_begin() and watchdog_end(). If one takes too long, a new thread continues the main loop.
 * Between the two functions, a thread writes only to its own stack. All other code runs in one thread at a time and needs no locks.
 */
struct watchdog {
	void (*serve)(void *data);	/* the main loop; never returns */
	void (*on_stall)(void *data);	/* called first in the new thread; answers the stopped call whose handling got stuck */
	void (*on_failure)(void *data); /* called if too many threads are stuck; never returns */
	void *data;
};

/* Runs serve() in the calling thread, and in a new thread whenever the current one gets stuck. */
noreturn void watchdog_run(const struct watchdog *watchdog);

/* Runs serve() in a second thread too. The two threads need a lock, and a thread that replaces a stuck one has the lock. */
bool watchdog_start_second(void);

/* Starts the time limit of a system call that may get stuck. Has no effect in a process that has not called watchdog_run(), and in forked children. */
void watchdog_begin(void);

/* Ends the time limit after the system call has returned. Keeps errno. Does not return if a new thread has replaced the calling thread meanwhile. */
void watchdog_end(void);

/* rights.c */

/*
 * Gives up all rights that the watcher or the DNS server does not need, because both read data that the build wrote. As root, changes to ids that
 * no other process has. traces: keeps CAP_SYS_PTRACE or, if the process lacks it, all capabilities: then the kernel permits access only to
 * processes without further capabilities (cap_ptrace_access_check() in security/commoncap.c). Also keeps CAP_DAC_READ_SEARCH, to look up the
 * paths of sockets in directories of other users (target_open_path()). proxy: NULL, or the socket to which only its owner may connect; a
 * process that was started by root then has the file rights of that owner. Returns false and sets errno on failure.
 */
bool watcher_rights_reduce(bool traces, const char *proxy);

/* Restricts the calling process permanently to the system calls in the table of rights.c. Without support in the kernel, does nothing. */
void watcher_rights_limit_calls(void);

/* yama_broker.c */

/*
 * With kernel.yama.ptrace_scope=1 only an ancestor may access a process (Documentation/admin-guide/LSM/Yama.rst). All processes of a phase
 * descend from the supervisor, and not from the watcher. So the Yama broker reads memory and duplicates descriptors for the watcher.
 */

/* Returns true if ptrace_scope is 1. With any other value the supervisor must not run the broker: the phase could trace the supervisor. */
bool yama_broker_is_needed(void);

/* For the watcher: these functions make the broker call process_read_memory() or process_duplicate_descriptor(). If broker is -1, both fail. */
bool yama_broker_read_memory(int broker, pid_t tid, uint64_t address, void *data, size_t size);
int yama_broker_duplicate_descriptor(int broker, int pidfd, int fd);

/* For the supervisor: starts the threads that answer the requests that arrive at the socket, until it is shut down. */
void yama_broker_start(int socket);

#endif
