# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC1090,SC1091 # these files belong to Portage and to the build
# The init file of `portcullis shell`: gives an interactive bash the state of a phase whose build has failed. portcullis sets
# PORTCULLIS_SHELL_ENVIRONMENT (the saved environment), PORTCULLIS_SHELL_BIN (PORTAGE_BIN_PATH) and PORTCULLIS_SHELL_TITLE (for the prompt).

export PORTAGE_BIN_PATH=$PORTCULLIS_SHELL_BIN
# Portage's files read EAPI while bash sources them, so source the environment before them. Source it again after them, because
# functions of the ebuild override those of Portage. 2>/dev/null hides bash's errors about readonly variables.
source "$PORTCULLIS_SHELL_ENVIRONMENT" 2>/dev/null
for __file in eapi isolated-functions phase-helpers; do
	source "$PORTAGE_BIN_PATH/$__file.sh" 2>/dev/null
done
source "$PORTCULLIS_SHELL_ENVIRONMENT" 2>/dev/null
unset -v __file

# Portage's die would end the interactive shell, so replace it.
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
