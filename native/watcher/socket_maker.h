/*
 * Sockets that socketcall(2) asks for where families are restricted. Its arguments are in memory, where another thread can change them
 * after a look. So the watcher reads them once, and init, which is in the phase's network, makes the socket without any capability.
 */
#ifndef SOCKET_MAKER_H
#define SOCKET_MAKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "watcher/request.h"

struct socket_maker {
	int news;	   /* to init; -1: it is gone */
	uint64_t families; /* that can be made */
};

/* For the watcher: answers the call of that notification. A thread in a network of its own gets none, nor one that can't be looked into. */
void socket_maker_answer(struct socket_maker *maker, const struct request *request, int listener, uint64_t id, pid_t tid);

/* For init: makes one socket and sends it. Returns false once nobody asks any more. */
bool socket_maker_serve(int news);

#endif
