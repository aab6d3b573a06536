# shellcheck shell=bash disable=SC2034,SC2154 # the parts share install.sh's variables
# What install.sh says, and the status that it ends with: one line a failure, one status a cause.

declare -rA failure_status=(
	[failed]=1     # a step failed on the way
	[usage]=2      # bad option
	[tools]=3      # no Node, no compiler, or the build failed
	[permission]=4 # not allowed to write there
	[bashrc]=5     # /etc/portage/bashrc is no file that could be edited
	[edited]=6     # the managed block was edited by hand
	[busy]=7       # another install.sh is at work there
	[setuid]=8     # setuid was asked for and can't be had
	[foreign]=9    # a file of that name is there and not ours
	[untrusted]=10 # another user can change the target
)

say() {
	printf '%s\n' "$*"
}

note() {
	printf 'install.sh: note: %s\n' "$*" >&2
}

# fail CAUSE TEXT: puts back what was changed, says TEXT in one line, ends with the status of CAUSE.
fail() {
	local cause=$1 text=$2
	transaction_undo
	printf 'install.sh: %s\n' "${text//$'\n'/ }" >&2
	exit "${failure_status[$cause]}"
}

# attempt WHAT COMMAND [ARG...]: a step that must succeed; the line of its failure ends in the tool's own reason.
attempt() {
	local what=$1 reason
	shift
	reason=$("$@" 2>&1 >/dev/null) && return 0
	reason=${reason##*$'\n'}
	fail failed "cannot $what: ${reason##*: }; nothing was changed"
}
