/* What the phase tried to reach, as members of its record. */
#ifndef RECORD_AUDIT_H
#define RECORD_AUDIT_H

#include <stdbool.h>

#include "util/json.h"
#include "supervisor/outcome.h"

/*
 * Adds "unreachable" if the network is isolated: the number of packets without a route, as the kernel counts them. If the phase was or
 * should have been watched, adds "watched" with "watched_why"; "attempts" (a count) with the list "blocked", or "observed" if the
 * network is not isolated; "unattributed" (counted by the kernel, sender unknown); "names" with "names_watched" and "names_watched_why".
 */
void record_audit(struct json *json, const struct outcome *outcome);

bool record_audit_is_notable(const struct outcome *outcome);

#endif
