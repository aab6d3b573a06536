/* What kind of socket an attempt was made with. */
#ifndef AUDIT_PROTOCOL_H
#define AUDIT_PROTOCOL_H

#include <sys/types.h>

#include "watcher/network_log.h"

/*
 * Fills to->protocol for the socket fd of the thread that target_program() was asked for last: tcp, udp, raw, ... in lower
 * case and the same for both families, "" where that is not known. Who repeats the same attempt is asked now and then only.
 */
void audit_protocol(pid_t tid, int fd, struct destination *to);

#endif
