/* What the kernel itself counts in a network namespace: attempts that had no way out. */
#ifndef SNMP_H
#define SNMP_H

#include <sys/types.h>

struct snmp {
	int fd[2];	 /* of snmp and snmp6 in /proc/self/net, each -1 where it can't be had */
	long long began; /* what it was at first */
};

/*
 * Opens the counters of our own network namespace, each -1 where it can't be had. For init: the supervisor is in another one, and doesn't
 * see init in a /proc that hides who can't be dumped.
 */
void snmp_files(int files[2]);

/* Starts counting with these; they stay open, and keep the namespace. */
void snmp_open(struct snmp *snmp, const int files[2]);

/* How many packets and connections had no route since then (OutNoRoutes and Ip6OutNoRoutes); -1 where that is not known. */
long long snmp_unroutable(const struct snmp *snmp);

#endif
