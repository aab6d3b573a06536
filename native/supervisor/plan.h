/* What to make for the options that were given, and what is left to make once a step has failed. */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>

#include "supervisor/outcome.h"
#include "supervisor/launch.h"

/* The fullest plan for options: what Portage has made is not made again. */
struct plan plan_first(const struct options *options, const struct identity *identity, const struct inherited *inherited);

/*
 * Takes from the plan what can't be had after setback and notes in outcome what the user thereby misses. Returns false
 * where nothing can be run at all: setback concerns no isolation.
 */
bool plan_degrade(struct plan *plan, const struct options *options, const struct setup_error *setup_error, struct outcome *outcome);

/* From where what the options let through is connected. */
enum egress_route plan_route(const struct plan *plan, const struct options *options, const struct inherited *inherited);

#endif
