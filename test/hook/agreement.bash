# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Sources the hook once for each line of the case file, in one bash, and prints the arguments of confine.
#   agreement.bash HOOK CASES
# A case is a list of assignments, separated by \x1f. To test thousands of cases quickly, the hook calls started_with
# instead of confine, and `return` instead of `exit`. Other tests run the real confine.
hook=$1

text=$(<"$hook")
text=${text/'__portcullis_start "$confine"'/'started_with "$confine"'}
text=${text//'exit "$status"'/return}
[[ $text == *started_with* && $text == *return* ]] || exit

# Make the hook a function, so that bash parses it only once for all cases.
eval "run_hook() {
$text
}"
started_with() { started="${*:2}"; }
die() { started="die $*"; }

# PATH has no compiler, so that the prefilter finds no suspects.
# shellcheck disable=SC2034,SC2123 # for the hook
PATH=/var/empty CATEGORY=app-misc PF=foo-1.2_p3-r1 PORTAGE_BIN_PATH=/bin/portage EBUILD_SH_ARGS=$2
while IFS=$'\x1f' read -r -a fields; do
	unset EBUILD_PHASE EMERGE_FROM {,PORTAGE_}{FEATURES,RESTRICT,PROPERTIES}
	started=
	for field in "${fields[@]}"; do
		printf -v "${field%%=*}" %s "${field#*=}"
	done
	run_hook
	printf '%s\n' "$started"
done <"$2"
