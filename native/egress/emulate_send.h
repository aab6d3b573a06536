/* What socketcall(2) sends. */
#ifndef STAND_IN_SEND_H
#define STAND_IN_SEND_H

#include "egress/egress.h"

/*
 * Makes a sendto, sendmsg or sendmmsg of i386's, and answers it. Waits as long as it takes. Ancillary data is refused with
 * EOPNOTSUPP, as is MSG_FASTOPEN.
 */
void emulate_send(const struct egress_call *call, const struct request *request);

#endif
