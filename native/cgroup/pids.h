/* Who is in a cgroup. */
#ifndef CGROUP_PIDS_H
#define CGROUP_PIDS_H

#include "util/process_list.h"

/* Adds the processes in the directory and in all below it. */
void cgroup_pids_add(int directory, struct pids *pids);

#endif
