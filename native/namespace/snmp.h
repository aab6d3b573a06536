/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's counters of a network namespace: packets without a route. */
#ifndef SNMP_H
#define SNMP_H

#include <sys/types.h>

struct snmp {
	int fd[2];	 /* descriptors of /proc/self/net/snmp and snmp6; -1: not available */
	long long began; /* sum of the counters when snmp_open() was called; -1: unknown */
};

/*
 * Opens the two files with the counters of the current network namespace, and sets a file that is not available to -1. init calls this
 * function, because the supervisor is in another network namespace and cannot open init's files in a /proc with hidepid=2.
 */
void snmp_files(int files[2]);

/* Stores the files of snmp_files() and the current value of the counters. The open files keep the network namespace alive. */
void snmp_open(struct snmp *snmp, const int files[2]);

/* Returns the number of packets and connections without a route since snmp_open() (OutNoRoutes plus Ip6OutNoRoutes), or -1 if it is unknown. */
long long snmp_unroutable(const struct snmp *snmp);

#endif
