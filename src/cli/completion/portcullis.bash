# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bash completion for portcullis. It works with and without the package bash-completion.

_portcullis() {
	local current=${COMP_WORDS[COMP_CWORD]}
	mapfile -t COMPREPLY < <(portcullis complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	case ${COMPREPLY[0]-} in
	:file) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
	:folder) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "${COMPREPLY[*]%%$'\t'*}" -- "$current") ;;
	esac
}

complete -F _portcullis portcullis
