# shellcheck shell=bash disable=SC1090,SC1091 # what is read here is Portage's, and the build's
# For `portcullis shell`: makes an ordinary bash look like the phase of a build that failed. Set by whoever starts it:
# PORTCULLIS_SHELL_ENVIRONMENT, the saved environment, PORTCULLIS_SHELL_BIN, PORTAGE_BIN_PATH, and
# PORTCULLIS_SHELL_TITLE, the package and the phase.

export PORTAGE_BIN_PATH=$PORTCULLIS_SHELL_BIN
# Portage's own functions depend on EAPI as they are read, and those of the ebuild go before them. The saved environment
# holds variables that are readonly here, and says so.
source "$PORTCULLIS_SHELL_ENVIRONMENT" 2>/dev/null
for __file in eapi isolated-functions phase-helpers; do
	source "$PORTAGE_BIN_PATH/$__file.sh" 2>/dev/null
done
source "$PORTCULLIS_SHELL_ENVIRONMENT" 2>/dev/null
unset -v __file

# In a phase it ends the build; here it would end the shell.
die() {
	printf 'die: %s\n' "$*" >&2
	return 1
}

PATH=$PORTAGE_BIN_PATH/ebuild-helpers:$PATH
for __folder in "${S-}" "${WORKDIR-}" "${PORTAGE_BUILDDIR-}"; do
	[[ ! -d $__folder ]] || { cd -- "$__folder" && break; }
done
unset -v __folder
set +eu
PS1="($PORTCULLIS_SHELL_TITLE) \W \\$ "
unset -v PROMPT_COMMAND PORTCULLIS_SHELL_ENVIRONMENT PORTCULLIS_SHELL_BIN PORTCULLIS_SHELL_TITLE
