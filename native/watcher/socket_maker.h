/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Creates the sockets that socketcall(2) requests while socket families are restricted. The arguments of socketcall(2) are in memory, where
 * another thread could change them after the check. So the watcher reads them once, and init creates the socket, in the phase's network
 * and without any capability.
 */
#ifndef SOCKET_MAKER_H
#define SOCKET_MAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "watcher/request.h"
#include "watcher/target.h"

struct socket_maker {
	int socket;	   /* socket of the watcher that leads to init; -1: init has ended */
	uint64_t families; /* socket families that the phase may use (families.h) */
};

/* For the watcher: answers the call with a socket or an errno. A thread in another network namespace than init gets EAFNOSUPPORT. */
void socket_maker_answer(const struct socket_maker *maker, const struct request *request, const struct target *target);

/* For init: receives one request, creates the socket and sends it to the watcher. Returns false after the watcher has ended. */
bool socket_maker_serve(int socket);

#endif
