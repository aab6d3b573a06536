#include "init/phase_filter.h"

#include <errno.h>

#include "watcher/filter.h"
#include "util/fail.h"
#include "options/families.h"

void phase_filter_install(const struct options *options, int news, bool isolated)
{
	struct filter_rules rules = {
		.watched = news >= 0,
		.allow_list = news >= 0 && options->allow.count > 0,
		.families = options->net && isolated ? options->families : FAMILIES_ANY,
	};
	if (rules.watched && filter_install(news, &rules))
		return;
	rules.watched = rules.allow_list = false;
	/* An architecture without a table is the documentation's to name. */
	if (rules.families == FAMILIES_ANY || filter_install_without_listener(&rules) || errno == ENOTSUP)
		return;
	if (!options->best_effort)
		refuse("--net: restricting socket families: seccomp: %m");
	complain("--net: sockets of every family can be made: seccomp: %m");
}
