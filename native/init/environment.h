/* The environment that the command gets: the caller's, whole, whatever the loader took out of ours. */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include <stddef.h>

/* Reads NUL-separated NAME=VALUE text from fd to its end. Returns a NULL-terminated array, or NULL with errno. */
char **environment_read(int fd);

/*
 * Gives each CONFINE_ENV_NAME=VALUE in environment its name back, in the place of any NAME there. The loader removes
 * LD_PRELOAD, TMPDIR and others from a set-id program's environment (ld.so(8), secure-execution mode), and does not know
 * this name. Changes the array in place.
 */
void environment_restore(char **environment);

#endif
