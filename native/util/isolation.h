/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of isolation, and the steps of setting them up. */
#ifndef ISOLATION_H
#define ISOLATION_H

enum isolation {
	ISOLATE_NET = 1,
	ISOLATE_IPC = 2,
	ISOLATE_PID = 4,
	ISOLATE_PROC = 8, /* a new /proc, for ISOLATE_PID */
	ISOLATE_MOUNT = 16,
	ISOLATE_SHM = 32,					     /* a new tmpfs on /dev/shm, for ISOLATE_IPC */
	ISOLATE_MOUNTS = ISOLATE_PROC | ISOLATE_MOUNT | ISOLATE_SHM, /* the isolation that needs a new mount namespace */
	ISOLATE_ALL = 63,
};

/* Set-up steps that can fail. */
enum step {
	STEP_NONE,
	STEP_MKNOD,
	STEP_USERNS,
	STEP_MAP,
	STEP_NET,
	STEP_LOOPBACK,
	STEP_UTS,
	STEP_HOSTNAME,
	STEP_IPC,
	STEP_PID,
	STEP_CLONE,
	STEP_MOUNTS,
	STEP_SLAVE,
	STEP_SHM,
	STEP_PROC,
	STEP_SUBREAPER,
	STEP_CGROUP,
	STEP_DROP,
	STEP_FORK,
	STEP_INIT,
	STEPS,
};

struct setup_error {
	enum step step;
	int error; /* errno of the failed step */
};

#endif
