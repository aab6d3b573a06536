/* The end of a phase: what the command has left is named and killed. */
#ifndef FINISH_H
#define FINISH_H

#include "supervisor/supervisor.h"

/* Ends init and, where the phase is tracked, everything else; none of it may outlive this, nor hold us for ever. */
void teardown(struct supervisor *s);

#endif
