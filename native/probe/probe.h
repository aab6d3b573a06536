/* What this process could do here: each thing tried in a child, none of it kept. */
#ifndef PROBE_H
#define PROBE_H

#include "privileged/identity.h"

/* Prints one key=value a line on stdout and returns the exit status: 0, whatever was found, or 125 where it can't print. */
int probe(const struct identity *identity);

#endif
