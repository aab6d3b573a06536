# shellcheck shell=bash
# Sources the hook once for each line of the case file, in one bash, and prints what it would have started.
#   agreement.bash HOOK CASES
# A case is five fields that \x1f parts: a folder below which PORTAGE_BUILDDIR and T are, then assignments, as many as there are.
# Thousands of cases start no process: in the text of the hook the line that starts confine only prints, and `exit` returns. So this
# can only ask what the hook decides: what it then does is tested with a real confine.
hook=$1

text=$(<"$hook")
text=${text/'__portcullis_start "$confine"'/'started_with "$confine"'}
text=${text//'exit "$status"'/return}
[[ $text == *started_with* && $text == *return* ]] || exit

ask() { eval "$text"; }
started_with() { started="${*:2}"; }
die() { started="die $*"; }

# Where there is nothing that could be a compiler: what smells is tested by itself.
# shellcheck disable=SC2034,SC2123 # for the hook
PATH=/var/empty CATEGORY=app-misc PF=foo-1.2_p3-r1 PORTAGE_BIN_PATH=/bin/portage EBUILD_SH_ARGS=$2
while IFS=$'\x1f' read -r -a fields; do
	unset EBUILD_PHASE EMERGE_FROM {,PORTAGE_}{FEATURES,RESTRICT,PROPERTIES}
	started=
	for field in "${fields[@]}"; do
		printf -v "${field%%=*}" %s "${field#*=}"
	done
	ask
	printf '%s\n' "$started"
done <"$2"
