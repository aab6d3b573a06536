/* What has been done to /proc here. */
#ifndef PROC_H
#define PROC_H

#include <stdbool.h>

/* Whether parts of /proc are mounted over or hidden by its mount options; true where that can't be told. */
bool proc_is_masked(void);

#endif
