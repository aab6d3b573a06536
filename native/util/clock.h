/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monotonic time. */
#ifndef CLOCK_H
#define CLOCK_H

#include "util/base.h"

/* Returns CLOCK_MONOTONIC in milliseconds. */
long long clock_milliseconds(void);

/* Returns CLOCK_MONOTONIC in microseconds. */
long long clock_microseconds(void);

#endif
