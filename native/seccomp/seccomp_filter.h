/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generates the seccomp filter of the phase. */
#pragma once

#include <linux/filter.h>

#include "seccomp/syscalls.h"

enum { SECCOMP_FILTER_ROOM = 1024 }; /* room for the instructions of a filter; seccomp_filter_build() fails if a filter needs more */

struct seccomp_rules {
	unsigned active;   /* the rules that the filter applies, bits of enum rule */
	uint64_t families; /* for RULE_FAMILIES: set with one bit for each socket family that the phase may use (allow_list.h) */
	uint32_t uid, gid; /* for RULE_SINGLE_ID: the only user id and the only group id that the user namespace of the phase maps */
};

/*
 * Writes the filter for all ABIs of a machine. Returns its length in instructions, or 0 if room is too small. For a system call whose result depends
 * only on its number, the filter loads no argument, so that the kernel caches the result (seccomp_cache_prepare() in kernel/seccomp.c).
 *
 * With RULE_REFUSING, the filter refuses io_uring_setup(2) and all calls of an unknown architecture, because they could connect without a notification.
 * With RULE_FAMILIES, it refuses io_uring_setup(2) too, because io_uring can create sockets. With RULE_SINGLE_ID, set*id(2) and chown(2) fail with EPERM for ids other than
 * rules->uid, rules->gid and -1, also in user namespaces that the phase creates. The kernel would return EINVAL, but libfakeroot and test suites rely on EPERM.
 */
size_t seccomp_filter_build(const struct machine *machine, const struct seccomp_rules *rules, struct sock_filter *filter, size_t room);
