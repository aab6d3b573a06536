/* What is done about a watched call: it is looked at, counted, and goes on; or is answered here. */
#ifndef AUDIT_LOOK_H
#define AUDIT_LOOK_H

#include <linux/seccomp.h>
#include <stdbool.h>

#include "options/allow_list.h"
#include "watcher/network_log.h"
#include "dns/stub_server.h"
#include "watcher/socket_maker.h"

struct notification_handle {
	struct network_log *log;
	const struct allow *allow; /* with entries: the filter is that of a list (audit_filter.h) */
	struct dns_server *dns_server;
	int listener;
	bool busy; /* with the call in question */
	struct socket_maker maker;
	struct seccomp_notif *call; /* the one in question */
	struct seccomp_notif_resp *answer;
};

void notification_handle(struct notification_handle *look);

/* Answers the call that a thread got stuck with (watchdog.h), where there is one. */
void notification_give_up(struct notification_handle *look);

#endif
