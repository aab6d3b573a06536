# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # other parts of install.sh set or use these variables
# Messages and exit statuses: one line for each failure, one status for each cause.

declare -rA failure_status=(
	[failed]=1     # a step of the installation or removal failed
	[usage]=2      # invalid option
	[tools]=3      # no Node, no compiler, or the build failed
	[permission]=4 # no permission to write a file or directory
	[bashrc]=5     # /etc/portage/bashrc is not a regular file
	[edited]=6     # the managed block was edited by hand
	[busy]=7       # another install.sh is running for this directory to install into
	[setuid]=8     # setuid was requested and is not possible
	[foreign]=9    # a destination contains a file that Portcullis did not install
	[untrusted]=10 # another user can change the directory to install into
	[portage]=11   # the directory to install into has no configuration of Portage
)

report() {
	printf '%s\n' "$*"
}

note() {
	printf 'install.sh: note: %s\n' "$*" >&2
}

# fail CAUSE TEXT: restores the previous state, prints TEXT in one line, exits with the status of CAUSE.
fail() {
	local cause=$1 text=$2
	transaction_undo
	printf 'install.sh: %s\n' "${text//$'\n'/ }" >&2
	exit "${failure_status[$cause]}"
}

# attempt WHAT COMMAND [ARG...]: runs COMMAND. If it fails, ends install.sh with a message that names the step WHAT and COMMAND's error.
attempt() {
	local what=$1 reason
	shift
	reason=$("$@" 2>&1 >/dev/null) && return 0
	reason=${reason##*$'\n'}
	fail failed "cannot $what: ${reason##*: }; nothing was changed"
}
