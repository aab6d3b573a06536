# shellcheck shell=bash
# Sources the hook once for each line of the case file, in one bash, and prints what it would have started.
#   agreement.bash HOOK CONFINE CASES
# A case is five fields that \x1f parts: a folder below which PORTAGE_BUILDDIR and T are, then assignments, as many as there are.
# The stand-in for confine and for exit are functions, so that thousands of cases start no process. `exit` returns, which is
# why this can only ask what the hook decides: what it then does is tested with a real confine.
hook=$1 confine=$2

eval "function $confine { started=\"\$*\"; }"
exit() { :; }
die() { started="die $*"; }

# Where there is nothing that could be a compiler: what smells is tested by itself.
# shellcheck disable=SC2034,SC2123 # for the hook
PATH=/var/empty CATEGORY=app-misc PF=foo-1.2_p3-r1 PORTAGE_BIN_PATH=/bin/portage EBUILD_SH_ARGS=$3
while IFS=$'\x1f' read -r -a fields; do
	unset EBUILD_PHASE EMERGE_FROM {,PORTAGE_}{FEATURES,RESTRICT,PROPERTIES}
	started=
	for field in "${fields[@]}"; do
		printf -v "${field%%=*}" %s "${field#*=}"
	done
	# shellcheck source=/dev/null
	source "$hook"
	printf '%s\n' "$started"
done <"$3"
