/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of isolation, and the steps of setting them up. */
#pragma once

enum isolation {
	ISOLATE_NET = 1,
	ISOLATE_IPC = 2,
	ISOLATE_PID = 4,
	ISOLATE_PROC = 8, /* mount a new /proc, which shows only the processes of the PID namespace of ISOLATE_PID */
	ISOLATE_MOUNT = 16,
	ISOLATE_SHM = 32,					     /* mount a new tmpfs on /dev/shm, which the IPC namespace of ISOLATE_IPC does not isolate */
	ISOLATE_MOUNTS = ISOLATE_PROC | ISOLATE_MOUNT | ISOLATE_SHM, /* all bits that need a new mount namespace */
	ISOLATE_ALL = 63,
};

/* The steps of a phase's set-up that can fail; setup_steps[] (namespace.h) describes them. */
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
	STEP_MQUEUE,
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
	int error; /* errno of the failed step; 0 if no step failed */
};
