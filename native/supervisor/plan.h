/* What to make for the options that were given, and what is left to make once a step has failed. */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>

#include "supervisor/outcome.h"
#include "supervisor/launch.h"

/* The fullest plan for options: what Portage has made is not made again. */
struct plan plan_first(const struct options *options, const struct identity *identity, const struct made *made);

/*
 * Takes from the plan what can't be had after setback and notes in outcome what the user thereby misses. Returns false
 * where nothing can be run at all: setback concerns no isolation.
 */
bool plan_reduce(struct plan *plan, const struct options *options, const struct setback *setback, struct outcome *outcome);

/* From where what the options let through is connected. */
enum passage_way plan_way_out(const struct plan *plan, const struct options *options, const struct made *made);

#endif
