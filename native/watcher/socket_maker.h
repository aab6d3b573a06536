/*
 * Creates the sockets that socketcall(2) requests while socket families are restricted. Its arguments are in memory, where another thread
 * could change them after the check. So the watcher reads them once, and init, which is in the phase's network, creates the socket
 * without any capability.
 */
#ifndef SOCKET_MAKER_H
#define SOCKET_MAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "watcher/request.h"
#include "watcher/target.h"

struct socket_maker {
	int socket;	   /* to init; -1: init has ended */
	uint64_t families; /* that the phase may create (families.h) */
};

/* Watcher: answers the call. A thread in another network namespace than init gets no socket. */
void socket_maker_answer(const struct socket_maker *maker, const struct request *request, const struct target *target);

/* Init: creates one requested socket and sends it. Returns false after the watcher has ended. */
bool socket_maker_serve(int socket);

#endif
