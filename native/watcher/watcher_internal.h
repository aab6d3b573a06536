/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the watcher that only native/watcher/ uses. */
#pragma once

#include <linux/seccomp.h>
#include <stdnoreturn.h>

#include "egress/egress.h"
#include "target/request.h"
#include "watcher/watcher.h"

/* loop.c: the main loop of the watcher */

/* Runs the main loop: receives the seccomp listener, then handles every notification. A call that may have to wait long is answered later (egress/pending.c), so that it does not delay other calls. */
noreturn void loop_run(const struct watcher *watcher, const struct options *options, enum egress_route route, bool phase_is_root);

/*
 * The watcher reuses the result of a check (protocol of a socket, kind of a path) for STEADY_MICROSECONDS if the next STEADY_REPETITIONS checks of the same
 * thread and arguments had the same result. After fewer, the result may change: getaddrinfo(3) of glibc connects a UDP socket to an address and closes it, and
 * the program then connects a TCP socket with the same descriptor number to the same address.
 */
enum { STEADY_REPETITIONS = 8,
       STEADY_MICROSECONDS = 200 };

/* socket_diag.c: queries the kernel for the sockets in a network namespace (sock_diag(7)) */

enum { SOCKET_INODES = 64 };

struct socket_inodes {
	uint32_t inodes[SOCKET_INODES];
	size_t count; /* number of entries in inodes; if more than SOCKET_INODES sockets match, further ones are omitted */
};

/* Opens and returns a netlink socket for the parameter diag of the functions below, which find only the sockets of the network namespace in which diag was opened. Returns -1 and sets errno on failure. */
int socket_diag_open(void);

/* Finds the sockets that would receive a connection or datagram to this destination, if it is an address of this machine. protocol: IPPROTO_TCP, IPPROTO_UDP or IPPROTO_UDPLITE. Returns false if the kernel gives no answer. */
bool socket_diag_find(int diag, int protocol, const struct destination *to, struct socket_inodes *found);

/* Finds the sockets with this local port: for IPPROTO_TCP those that listen, for IPPROTO_UDP and IPPROTO_UDPLITE all. Finds none for port 0. Returns false if the kernel gives no answer. */
bool socket_diag_find_port(int diag, int protocol, uint16_t port, struct socket_inodes *found);

/* Finds the UNIX sockets that are bound to an abstract name. The first byte of name is 0 (unix(7)). Returns false if the kernel gives no answer. */
bool socket_diag_find_abstract(int diag, const char *name, size_t length, struct socket_inodes *found);

/* Returns true if a UNIX socket is bound to a file with this inode number. Returns false if there is none, or if the kernel gives no answer. */
bool socket_diag_has_file(int diag, uint32_t inode);

/* net_filter.c: the network filter, which refuses connections out of a phase without a network namespace */

/* Creates the state of the net_filter functions, which is never freed. Returns NULL and sets errno on failure. */
struct net_filter *net_filter_new(void);

/* Returns the inode of the target's socket fd. Returns 0 if fd is not a socket, or if the watcher cannot inspect it. */
uint64_t net_filter_socket_inode(const struct target *target, int fd);

/* Returns 0 if no process outside the phase can receive what the target's socket fd sends to this destination. Otherwise returns the errno with which the call must fail, the same as in a network namespace that has only lo. The member protocol of *to must be set. */
int net_filter_check(struct net_filter *net_filter, const struct target *target, int fd, const struct destination *to);

/* Returns 0 if UNIX sockets with this abstract name exist and all of them belong to the phase. Otherwise returns ECONNREFUSED, the errno with which the call must fail. */
int net_filter_check_abstract(struct net_filter *net_filter, const struct abstract_name *name);

/* Returns 0 if the phase may bind a socket to this address. Returns EADDRINUSE if a process outside the phase uses the port, which SO_REUSEPORT would let the phase bind too, or if the kernel gives no answer. */
int net_filter_check_bind(struct net_filter *net_filter, const struct destination *address);

/* Remembers that the target's socket fd belongs to the phase, so that net_filter_check*() permit requests to it. Call it before the kernel gives the socket a port or a name. */
void net_filter_note_socket(struct net_filter *net_filter, const struct target *target, int fd);

/* path_sockets.c: handles requests (connections and datagrams) to UNIX sockets with a path */

enum { KNOWN_SOCKETS = 64 };

/* Attributes of a file, by which the watcher recognizes a socket that it has seen before. Times are in nanoseconds since 1970. */
struct socket_file {
	uint64_t device;
	uint64_t inode;
	uid_t uid;
	bool is_socket;
	long long born; /* time of creation (stx_btime of statx(2)), or of the last change (stx_ctime) if the file system does not store that time */
};

enum path_kind {
	PATH_OTHER,	 /* the file at the path is not a socket, or neither the watcher nor the kernel can open the path; the call then fails without an effect */
	PATH_PERMITTED,	 /* the file at the path is a socket that the phase has bound or that an option allows (--allow-socket, --socks) */
	PATH_OF_HOST,	 /* the file at the path is a socket of the host, or the watcher has no permission to search a directory in the path */
	PATH_UNREADABLE, /* the watcher cannot open or inspect the file at the path, but the kernel may be able to connect to it */
};

/* The last request to a path of a UNIX socket, and the result of the check. The watcher reuses the result if the same thread soon repeats the request (STEADY_MICROSECONDS). */
struct recent_request {
	pid_t tid;
	char path[SOCKET_PATH];
	enum path_kind kind;
	struct log_row *row; /* row of the log that counts the requests to this socket; NULL: the kind is not PATH_OF_HOST, or the log is full */
	int repeated;	     /* how many times in a row the path was opened again with the same result; always 0 for PATH_OTHER */
	long long read_at;   /* time at which the path was opened last, in microseconds of CLOCK_MONOTONIC */
};

struct path_sockets {
	const struct options *options;
	int phase_diag;	   /* socket of socket_diag_open() that lists the sockets in the phase's network namespace; -1: the phase has no network namespace, or this socket could not be opened */
	int host_diag;	   /* socket of socket_diag_open() that lists the sockets in the watcher's network namespace; -1: no check has needed it yet, or it could not be opened */
	long long started; /* start of the phase minus TICK_NANOSECONDS, in nanoseconds since 1970; files that are older do not belong to the phase */
	struct recent_request recent;
	struct socket_file known[KNOWN_SOCKETS]; /* a cache of socket files that the phase has bound; index: inode number modulo KNOWN_SOCKETS */
};

void path_sockets_open(struct path_sockets *sockets, const struct options *options);

/* Logs each path in the request that leads to a socket of the host, unless an option allows it. Returns true if the watcher must refuse the call (--own-sockets), otherwise false. A hostile program can evade the check by changing the path afterwards. */
bool path_sockets_log(struct path_sockets *sockets, struct network_log *log, const struct target *target, const struct request *request);

/* notification.c: handles one seccomp notification */

/* A connection attempt that the current call added to the log. The watcher removes the attempt again if the call ends before the kernel has executed the call, for example because of a signal. */
struct counted_attempt {
	struct log_row *row; /* row of the log that counts the attempt; NULL: the table of attempts was full */
	struct destination to;
};

/* The protocol of the socket in the last connection attempt. The watcher reuses it if the same thread soon repeats the attempt (STEADY_MICROSECONDS), which saves system calls. */
struct protocol_cache {
	pid_t tid;
	int fd;
	struct destination to;
	int repeated;	   /* how many times in a row the protocol was read again with the same result */
	long long read_at; /* time at which the protocol was read last, in microseconds of CLOCK_MONOTONIC */
};

/* The state that the functions of notification.c need. */
struct notifier {
	struct network_log *log;
	const struct options *options;
	struct egress *egress;		/* state of the allow-list; NULL: the allow-list is empty, or the network filter applies it */
	struct query_traps query_traps; /* answers the DNS queries of a phase that uses the network filter; not used otherwise */
	struct net_filter *net_filter;	/* refuses connections out of a phase without a network namespace; NULL: the phase has one, or its network is not restricted */
	struct dns_redirect dns_redirect;
	struct target_access *access;
	int maker; /* the watcher's end of the socket pair with init (maker.h); -1: closed, because confine's init has ended */
	struct path_sockets sockets;
	struct protocol_cache protocol;
	int listener; /* the watcher's descriptor of the seccomp listener; -1: confine's init has not sent it, or the watcher has closed it because all processes with the filter have ended */
	/* The members after busy are valid only while busy is true. */
	bool busy;			   /* true while a thread handles the member notification; false: no notification is being handled, so notification_abandon() answers only a pending call */
	bool is_redirected;		   /* true: the call's socket belongs to the network namespace of the DNS server, so the DNS server logs the queries in place of the watcher; false: the watcher logs the destinations of the call */
	struct seccomp_notif notification; /* the notification that is being handled; no newer kernel writes more bytes than this struct has, because the number of the ioctl encodes its size */
	struct request request;
	struct counted_attempt counted[REQUEST_ADDRESSES];
};

/* Handles the call that the notification reports: logs it, then lets the kernel continue it, answers it or emulates it. dns_reply: NULL for a new call; for a call that has waited for the DNS server process, the parameter reply of dns_redirect_query(). */
void notification_handle(struct notifier *notifier, const struct seccomp_notif *notification, const int *dns_reply);

/* Called by a new thread that replaces a stuck one (loop.c): answers the call that the stuck thread was handling. Makes a pending call fail (egress_abandon_pending()). Refuses any other call that could evade a restriction. Otherwise lets the kernel continue the call. */
void notification_abandon(struct notifier *notifier);

/* rights.c: changes the user and group id, and reduces the capabilities and the permitted system calls, of the watcher and of the DNS server process */

/*
 * Reduces the capabilities of the calling process, because the process reads data that the build wrote. As root, also changes its user and group id to
 * a number that no other process has. traces: false (DNS server): drops all capabilities; true (watcher): keeps CAP_SYS_PTRACE, and CAP_DAC_READ_SEARCH
 * for paths in directories of other users (target_open_path()). A watcher without CAP_SYS_PTRACE keeps all its capabilities, because it may inspect only
 * processes that have no capability that it lacks (cap_ptrace_access_check() in security/commoncap.c). proxy: NULL, or path of the SOCKS proxy's socket:
 * as root, the process then gets the file rights of this socket's owner, who alone may connect to it. Returns false and sets errno on failure.
 */
bool watcher_rights_reduce(bool traces, const char *proxy);

/* Installs a seccomp filter that permits the calling process only the system calls in the table of rights.c. Does nothing if confine or the kernel does not support such a filter. */
void watcher_rights_limit_calls(void);
