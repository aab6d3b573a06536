/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The namespaces of a phase, the isolation that Portage has set up already, and packet counters. */
#pragma once

#include "privileged/isolate.h"

/* How confine or Portage separates a phase from the network of the host. */
enum network {
	NETWORK_OPEN,	  /* the phase uses the network of the host */
	NETWORK_ISOLATED, /* the phase has a network namespace that confine or Portage has made */
	NETWORK_FILTERED, /* the watcher refuses connections out of the phase (net_filter.c) */
};

struct setup_step {
	const char *call;      /* name of the system call or action of this step, as messages print it */
	unsigned required_for; /* isolation that is impossible if the step fails, bits of enum isolation; 0: none */
};
extern const struct setup_step setup_steps[STEPS];

/*
 * Enters the new namespaces that the bits of isolation (enum isolation) name. In mode userns, first enters a user namespace and maps ids to
 * themselves: all ids if this process may map them, otherwise only its effective ids. ISOLATE_PID takes effect for the next child, which then
 * calls isolate_mount_proc() for ISOLATE_PROC. Returns true with setup_error set to STEP_NONE, or to a failed step without which the phase can
 * run: the host name, /dev/mqueue or /dev/shm (with its mount namespace). On an error, returns false with setup_error; this process must then exit.
 */
bool namespaces_enter(const struct identity *identity, enum mode mode, unsigned isolation, struct setup_error *setup_error);

/*
 * Returns which of the wanted namespaces (bits of enum isolation) Portage, if it runs as root, has made before it started confine, so that
 * confine does not make them again. Portage's addresses on lo and the host name localhost show its network namespace. Process 1 shows a PID
 * namespace if it is Portage's pid-ns-init, which ends all processes of the phase. IPC and mount namespaces have no such sign, but Portage makes
 * all namespaces by one unshare(2) (portage/process.py, _exec2). So IPC counts as made by Portage if net or PID does, and if it is not the
 * machine's first IPC namespace. Mount counts if net or PID does: if it is wanted, FEATURES requests it from Portage too.
 */
unsigned inherited_from_portage(unsigned wanted);

/* --- the kernel's counters of packets without a route in a network namespace --- */

struct snmp {
	int fd[2];	 /* descriptors of /proc/self/net/snmp and snmp6; -1: not available */
	long long began; /* sum of the counters when snmp_open() was called; -1: unknown */
};

/*
 * Opens the two files with the counters of the current network namespace. A file that is not available becomes -1. init calls this function
 * for the supervisor, which is in another network namespace and cannot open init's files in a /proc with hidepid=2.
 */
void snmp_files(int files[2]);

/* Stores the files of snmp_files() and the current sum of their counters. The open files keep the network namespace alive until snmp_unroutable() reads its counters after the phase. */
void snmp_open(struct snmp *snmp, const int files[2]);

/* Returns the number of packets and connections without a route since snmp_open() (OutNoRoutes plus Ip6OutNoRoutes), or -1 if it is unknown. */
long long snmp_unroutable(const struct snmp *snmp);
