/* What socketcall(2) sends. */
#ifndef STAND_IN_SEND_H
#define STAND_IN_SEND_H

#include "egress/egress.h"

/*
 * Makes a sendto, sendmsg or sendmmsg of i386's, and answers it. Waits as long as it takes. Ancillary data is refused with
 * EOPNOTSUPP, as is MSG_FASTOPEN.
 */
void stand_in_send(const struct passage_call *call, const struct audit_request *request);

#endif
