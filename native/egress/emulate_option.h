/* What socketcall(2) sets. */
#ifndef STAND_IN_OPTION_H
#define STAND_IN_OPTION_H

#include "egress/egress.h"

/* Makes a setsockopt of i386's, if socket_permit.h permits it. Returns 0 or an errno. */
int emulate_set_option(const struct egress_call *call, const struct request *request);

#endif
