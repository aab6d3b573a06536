# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # the tables are the tests'
# Variants of bashrc for tests. shape_NAME FILE creates the variant NAME.

readonly SHAPES='plain no_final_newline empty absent shebang crlf cr_only private executable symlink relative_symlink
	dangling_symlink symlink_chain foreign_block bashrc_mv odd_bytes nul_bytes long_line attributes others old_comment
	only_newlines read_only hard_link'

shape_plain() {
	printf 'FOO=1\npost_src_install() {\n\t:\n}\n' >"$1"
}

shape_no_final_newline() {
	printf 'FOO=1\n# the end' >"$1"
}

shape_empty() {
	: >"$1"
}

shape_absent() {
	:
}

shape_shebang() {
	printf '#!/bin/bash\n# -*- mode: sh -*-\nFOO=1\n' >"$1"
}

shape_crlf() {
	printf 'FOO=1\r\nBAR=2\r\n' >"$1"
}

shape_cr_only() {
	printf 'FOO=1\rBAR=2\r' >"$1"
}

shape_private() {
	shape_plain "$1"
	chmod 600 "$1"
}

shape_executable() {
	shape_plain "$1"
	chmod 2755 "$1"
}

shape_symlink() {
	mkdir -p "$EP/home/dotfiles/gentoo"
	shape_no_final_newline "$EP/home/dotfiles/gentoo/bashrc"
	ln -s "$EP/home/dotfiles/gentoo/bashrc" "$1"
}

shape_relative_symlink() {
	mkdir -p "$EP/home"
	shape_plain "$EP/home/bash rc"
	ln -s '../../home/bash rc' "$1"
}

# A symbolic link to a missing file in an existing directory. install.sh treats it like an absent bashrc.
shape_dangling_symlink() {
	mkdir -p "$EP/home"
	ln -s ../../home/bashrc "$1"
}

shape_symlink_chain() {
	mkdir -p "$EP/home"
	shape_plain "$EP/home/one"
	ln -s one "$EP/home/two"
	ln -s ../../home/two "$1"
}

shape_foreign_block() {
	printf '%s\n' '# >>> conda initialize >>>' 'x=1' '# <<< conda initialize <<<' '#BEGIN CHEF' 'y=1' '#END CHEF' >"$1"
}

# The bashrc of app-portage/portage-bashrc-mv, which replaces the whole file.
shape_bashrc_mv() {
	printf '%s\n' '. "${PORTAGE_CONFIGROOT%/}/etc/portage/bashrc.d/bashrcd.sh"' >"$1"
	mkdir -p "${1%/*}/bashrc.d"
	echo 'BashrcdMain "${@}"' >"${1%/*}/bashrc.d/bashrcd.sh"
}

shape_odd_bytes() {
	printf '\xef\xbb\xbfFOO=\xff\xfe\x80\x01\x1b\n\xc3(\n# %%s \\n $HOME `x` \xe2\x80\xa8\n' >"$1"
}

shape_nul_bytes() {
	printf 'FOO=1\n\0\0BAR=2\n\0' >"$1"
}

shape_long_line() {
	printf 'FOO=%0200000d\n' 7 >"$1"
}

shape_attributes() {
	shape_plain "$1"
	setfattr -n user.comment -v 'mine' "$1"
}

# A bashrc that another user owns, in a Prefix that belongs to root.
shape_others() {
	shape_plain "$1"
	((EUID != 0)) || chown 12345:23456 "$1"
}

shape_old_comment() {
	printf '%s\n' '# portcullis is in the block above' '#>>> portcullis' 'echo "# >>> portcullis >>>"' >"$1"
}

shape_only_newlines() {
	printf '\n\n\n' >"$1"
}

shape_read_only() {
	shape_plain "$1"
	chmod 400 "$1"
}

# A hard link to a backup, as rsync --link-dest and cp -al create. The backup must not change.
shape_hard_link() {
	shape_plain "$1"
	mkdir -p "$EP/backup"
	cp -p "$1" "$EP/backup/bashrc.0"
	ln "$1" "$EP/backup/bashrc"
}
