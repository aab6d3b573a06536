#compdef portcullis
# SPDX-License-Identifier: GPL-2.0-or-later
# zsh completion for portcullis

local -a lines
lines=(${(f)"$(portcullis complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
compset -P '--*='
case $lines[1] in
:file) _files ;;
:folder) _files -/ ;;
*)
	# _describe expects WORD:DESCRIPTION.
	lines=("${(@)lines//:/\\:}")
	lines=("${(@)lines/$'\t'/:}")
	_describe word lines
	;;
esac
