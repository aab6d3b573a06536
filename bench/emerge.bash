#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# emerge.bash ROUNDS: measures complete runs of emerge for a package with eight short phases. The output is that of rounds.bash.
set -euo pipefail
# shellcheck source=../scripts/lib.bash
source "${BASH_SOURCE[0]%/*}/../scripts/lib.bash"
# shellcheck source=rounds.bash
source "${BASH_SOURCE[0]%/*}/rounds.bash"
# shellcheck source=../test/lib/prefix.bash
source "$TOP/test/lib/prefix.bash"

readonly NONE='-cgroup -ipc-sandbox -mount-sandbox -network-sandbox -pid-sandbox -sandbox -userfetch -userpriv -usersandbox'

# Each row: user of emerge|`with` or `without` the hook|FEATURES|name in the output
KINDS=(
	'user|without||an ordinary user, Portage alone (it ignores the sandboxes in FEATURES)'
	'user|with|network-sandbox ipc-sandbox|an ordinary user, Portcullis: network, IPC'
	'user|with|network-sandbox ipc-sandbox cgroup|an ordinary user, Portcullis: network, IPC, cgroup'
)
ROOT_KINDS=(
	'root|without||root, neither'
	"root|without|network-sandbox ipc-sandbox|root, Portage's own sandbox: network, IPC"
	"root|with|network-sandbox ipc-sandbox|root, Portage's own sandbox and Portcullis"
)
declare -A PREFIXES=()

make_prefix() {
	prefix_make "$1"
	prefix_package app-test/probe-1 </dev/null
	"$TOP/install.sh" --eprefix "$PREFIX" >/dev/null
	PREFIXES[$1]=$(declare -p PREFIX PREFIX_ROOT PREFIX_REPO PREFIX_TMP PREFIX_DISTDIR PREFIX_LOG PREFIX_UID PREFIX_ENV)
}

# check_kind NUMBER: fails unless src_compile of the last run had a network namespace of its own exactly if row NUMBER of KINDS has network-sandbox.
check_kind() {
	local features seen
	IFS='|' read -r _ _ features _ <<<"${KINDS[$1]}"
	seen=$(prefix_phase_value compile net)
	if [[ $features == *network-sandbox* ]]; then
		[[ $seen != "$(prefix_test_value net)" ]]
	else
		[[ $seen == "$(prefix_test_value net)" ]]
	fi || {
		echo "emerge.bash: ${KINDS[$1]##*|}: src_compile ran in $seen" >&2
		return 1
	}
}

# one NUMBER: measures one run of emerge for row NUMBER of KINDS and sets TOOK to its nanoseconds. Each user has one prefix, so that only FEATURES and the hook differ between the kinds.
one() {
	local number=$1 who hook features start bashrc
	IFS='|' read -r who hook features _ <<<"${KINDS[number]}"
	eval "${PREFIXES[$who]//declare -/declare -g -}"
	prefix_conf "FEATURES=\"$NONE $features test\""
	bashrc=$PREFIX/etc/portage/bashrc
	if [[ $hook == with && -e $bashrc.off ]]; then mv "$bashrc.off" "$bashrc"; fi
	if [[ $hook == without && -e $bashrc ]]; then mv "$bashrc" "$bashrc.off"; fi
	start=${EPOCHREALTIME/./}
	prefix_emerge --oneshot --quiet app-test/probe >"$PREFIX_LOG/emerge" 2>&1 || {
		cat "$PREFIX_LOG/emerge" >&2
		return 1
	}
	TOOK=$(((${EPOCHREALTIME/./} - start) * 1000))
	check_kind "$number"
}

main() {
	prefix_host_begin
	trap prefix_host_end EXIT
	if ((EUID == 0)); then
		KINDS+=("${ROOT_KINDS[@]}")
		make_prefix root
	fi
	make_prefix user
	rounds "$1"
}

main "$@"
