/* Who sent the resolver a question: found by the port that it came from. */
#ifndef ASKER_H
#define ASKER_H

#include <stdint.h>
#include <sys/types.h>

#include "watcher/target.h"

/* A thread turns to the resolver with its socket fd. To be called while it is stopped in that call. */
void asker_note(pid_t tid, int fd);

struct asker {
	struct program program;
	struct parents parents;
};

/* Who has the socket with that port, or turned to the resolver last where that can't be told. */
const struct asker *asker_find(uint16_t port);

/* Lets go of what was noted. */
void asker_forget(void);

#endif
