/* The kernel's counters of a network namespace: packets without a route. */
#ifndef SNMP_H
#define SNMP_H

#include <sys/types.h>

struct snmp {
	int fd[2];	 /* snmp and snmp6 in /proc/self/net; -1: not available */
	long long began; /* value at the start */
};

/*
 * Opens the counters of the current network namespace; -1: not available. init calls it, because the supervisor is in another network
 * namespace and cannot open init's files in a /proc with hidepid=2.
 */
void snmp_files(int files[2]);

/* Reads the initial value. The files stay open and keep the network namespace alive. */
void snmp_open(struct snmp *snmp, const int files[2]);

/* Returns the number of packets and connections without a route since then (OutNoRoutes, Ip6OutNoRoutes); -1: unknown. */
long long snmp_unroutable(const struct snmp *snmp);

#endif
