/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confine --probe and --gc. probe() and gc() return the exit status of confine: 0, or 125 if they cannot write to stdout. */
#pragma once

#include "privileged/privilege.h"

/* Tries each kind of isolation in a child and prints the results as lines KEY=VALUE. */
int probe(const struct identity *identity);

/* Kills and removes the cgroups that killed runs of confine have left, and prints their number. */
int gc(const struct identity *identity);
