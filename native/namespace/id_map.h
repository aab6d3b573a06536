/* A user namespace in which every id means what it meant outside. */
#ifndef IDMAP_H
#define IDMAP_H

#include <stdbool.h>

#include "privileged/identity.h"
#include "namespace/namespace.h"

/* Enters a new user namespace and writes its maps. Returns false with setback set; the process is then unusable. */
bool idmap_enter(const struct identity *identity, struct setup_error *setup_error);

#endif
