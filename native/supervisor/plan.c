#include "supervisor/plan.h"

#include <errno.h>

#include "util/proc.h"

static enum keeping first_keeping(const struct options *options, const struct identity *identity, const struct made *made)
{
	if (options->cgroup == NULL)
		return KEEP_NOTHING;
	/* In mode setuid nothing but a PID namespace keeps the phase, so ours is inside Portage's. */
	return made->pid && identity->mode != MODE_SETUID ? KEEP_SUBREAPER : KEEP_PID_NAMESPACE;
}

static void settle_mode(struct plan *plan)
{
	if (plan->isolate == 0)
		plan->mode = MODE_NONE;
}

struct plan plan_first(const struct options *options, const struct identity *identity, const struct made *made)
{
	struct plan plan = {.mode = identity->mode, .keeping = first_keeping(options, identity, made), .made_net = made->net};
	if (options->net && !made->net)
		plan.isolate |= ISOLATE_NET;
	if (options->net && !made->net && options->audit)
		plan.isolate |= ISOLATE_NAMES;
	if (options->ipc && !made->ipc)
		plan.isolate |= ISOLATE_IPC;
	if (plan.keeping == KEEP_PID_NAMESPACE)
		plan.isolate |= ISOLATE_PID | ISOLATE_PROC;
	/* Root may mount /proc anew where parts of it were masked; the caller may not, and must not see them through us. */
	if (identity->mode == MODE_SETUID && proc_is_masked())
		plan.isolate &= ~(unsigned)ISOLATE_PROC;
	settle_mode(&plan);
	return plan;
}

bool plan_reduce(struct plan *plan, const struct options *options, const struct setback *setback, struct outcome *outcome)
{
	const struct step_words *words = &step_words[setback->step];
	unsigned lost = words->loses & plan->isolate;
	if (lost == 0)
		return false;
	/* A container's seccomp filter may refuse root what it lets a user namespace have. (supervise.c gives up root for it.) */
	if ((plan->mode == MODE_ROOT || plan->mode == MODE_SETUID) && setback->error == EPERM && (lost & (ISOLATE_NET | ISOLATE_IPC)) != 0) {
		plan->mode = MODE_USERNS;
		return true;
	}
	plan->isolate &= ~lost;
	if ((lost & ISOLATE_NET) != 0)
		plan->isolate &= ~ISOLATE_NAMES;
	if ((lost & ISOLATE_PID) != 0)
		plan->keeping = KEEP_SUBREAPER;
	if ((lost & ISOLATE_NET) != 0 && outcome->made.cut_off)
		outcome->made.net = true;
	else if ((lost & ISOLATE_NET) != 0 && options->net)
		outcome_miss(outcome, "net", words->doing, setback->error);
	if ((lost & ISOLATE_IPC) != 0 && options->ipc)
		outcome_miss(outcome, "ipc", words->doing, setback->error);
	settle_mode(plan);
	return true;
}

enum passage_way plan_way_out(const struct plan *plan, const struct options *options, const struct made *made)
{
	if (made->cut_off)
		return options->socks != NULL ? PASSAGE_SOCKS : PASSAGE_FROM_NOWHERE;
	return (plan->isolate & ISOLATE_NET) != 0 ? PASSAGE_FROM_HERE : PASSAGE_UNNEEDED;
}
