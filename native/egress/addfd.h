/* Putting a socket where the caller has another. */
#ifndef PASSAGE_PLACE_H
#define PASSAGE_PLACE_H

#include <stdbool.h>

#include "egress/egress.h"

/* Puts it in the place of the caller's. False with EBADF where a thread has closed that meanwhile, else with another errno. */
bool egress_addfd(const struct egress_call *call, int fd);

#endif
