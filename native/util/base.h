/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The headers of the C library that most files need. All other headers include this one, some through another header. */
#ifndef BASE_H
#define BASE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#endif
