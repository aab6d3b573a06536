/* What the phase tried to reach, as members of its record. */
#ifndef RECORD_AUDIT_H
#define RECORD_AUDIT_H

#include <stdbool.h>

#include "util/json.h"
#include "supervisor/outcome.h"

/*
 * Adds, where the network is isolated: unreachable, the kernel's own count. Where the phase was watched or should have been:
 * watched and, if "no", watched_why; blocked (tried, where nothing blocks) with attempts, their number; unseen, what the
 * kernel counted beyond them; names; names_seen and names_why; what else a reader has to know to judge these.
 */
void record_audit(struct json *json, const struct outcome *outcome);

bool record_audit_is_notable(const struct outcome *outcome);

#endif
