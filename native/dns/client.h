/* Who sent the resolver a question: found by the port that it came from. */
#ifndef ASKER_H
#define ASKER_H

#include <stdint.h>
#include <sys/types.h>

#include "watcher/target.h"

/* A thread turns to the resolver with its socket fd. To be called while it is stopped in that call. */
void dns_client_note(pid_t tid, int fd);

struct dns_client {
	struct program program;
	struct parents parents;
};

/* Who has the socket with that port, or turned to the resolver last where that can't be told. */
const struct dns_client *dns_client_find(uint16_t port);

/* Lets go of what was noted. */
void dns_client_forget(void);

#endif
