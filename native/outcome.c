#include "outcome.h"

void outcome_miss(struct outcome *outcome, const char *what, const char *why, int error)
{
	if (outcome->missing_count < OUTCOME_MISSING)
		outcome->missing[outcome->missing_count++] = (struct missing){what, why, error};
}
