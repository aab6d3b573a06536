/* The watcher's loop. */
#ifndef AUDIT_WATCH_H
#define AUDIT_WATCH_H

#include <stdint.h>
#include <stdnoreturn.h>

#include "options/allow_list.h"
#include "watcher/network_log.h"
#include "egress/egress.h"

struct watcher_loop {
	struct network_log *log;
	int news;		   /* from the phase's processes */
	const struct allow *allow; /* what is let through, and the hosts that are answered for */
	uint64_t families;	   /* of sockets that can be made */
	enum egress_route way;
	const char *socks;
	bool root;    /* the phase is root's */
	int control;  /* to the supervisor: a byte asks whether to stay while anybody is watched, its end ends us */
	int ancestor; /* to the supervisor: what it is asked to look at; -1: it is not */
};

/*
 * Receives the listener, then every watched call, looks, counts, and lets it go on. Never makes anybody wait for anything
 * else.
 */
noreturn void watcher_loop(const struct watcher_loop *watch);

#endif
