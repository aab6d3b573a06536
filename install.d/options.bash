# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # other parts of install.sh set or use these variables
# Parses and checks the command line, and prints --help.

usage() {
	cat <<'END'
usage: install.sh [--eprefix DIR] [--destdir DIR] [--setuid | --no-setuid] [--save-edits] [--force]
                  [--dry-run]
       install.sh --uninstall [--eprefix DIR] [--destdir DIR] [--save-edits] [--dry-run]

Builds Portcullis (unless this is a release tarball) and installs the hook in /etc/portage and the program
in /usr. Run it again to upgrade. A second run of the same version changes nothing.

  --eprefix DIR   install into this Gentoo Prefix; needs no root if DIR belongs to you
  --destdir DIR   write everything below DIR (packaging); no installed file contains the path DIR
  --setuid        install confine as root:portage 4710, for FEATURES=userpriv without user namespaces
  --no-setuid     undo --setuid; an upgrade keeps the previous choice, and the default is off
  --save-edits    if the managed block in bashrc was edited: save the edited block and continue
  --force         install into a directory without make.profile and make.conf
  --uninstall     remove what was installed; needs neither Node nor a compiler; keeps the records of builds,
                  and settings in make.conf, package.env and env
  --dry-run       build in this directory, print the steps, and exit with the status of the installation
  --help          print this text

exit status: 0 success, 1 a step failed (the previous state was restored), 2 invalid option, 3 Node or compiler
missing or build failed, 4 no permission, 5 bashrc is not a file, 6 the managed block was edited, 7 another
install.sh is running, 8 setuid is not possible, 9 a foreign file has the same name, 10 another user can
change the target, 11 Portage does not use the target

As root, install.sh works in another user's Prefix as that user, and elsewhere only in directories that no other
user can change.
END
}

# options_parse ARG...: sets the opt_ variables, eprefix, destdir, bashrc_path, and root, the directory to install into.
options_parse() {
	opt_setuid='' opt_save_edits='' opt_force='' opt_uninstall='' opt_dry_run='' eprefix='' destdir=''
	while (($#)); do
		case $1 in
		--eprefix | --destdir)
			(($# > 1)) || fail usage "$1 needs a directory (see --help)"
			options_directory "$1" "$2"
			shift
			;;
		--eprefix=* | --destdir=*) options_directory "${1%%=*}" "${1#*=}" ;;
		--setuid) opt_setuid=yes ;;
		--no-setuid) opt_setuid=no ;;
		--save-edits) opt_save_edits=yes ;;
		--force) opt_force=yes ;;
		--uninstall) opt_uninstall=yes ;;
		--dry-run) opt_dry_run=yes ;;
		--help | -h)
			usage
			exit 0
			;;
		*) fail usage "unknown option '$1' (see --help)" ;;
		esac
		shift
	done
	[[ -z $opt_uninstall || -z $opt_setuid ]] || fail usage "--setuid and --no-setuid have no effect with --uninstall: omit them"
	root=$destdir$eprefix bashrc_path=$destdir$eprefix/etc/portage/bashrc
}

# options_directory OPTION DIR: sets eprefix or destdir, absolute and without a final slash ('' for /).
options_directory() {
	local -n directory=${1#--}
	[[ -n $2 ]] || fail usage "$1 needs a directory (see --help)"
	# Refuse control characters such as a newline, because install.sh writes the path into bashrc, which is a bash script.
	[[ $2 != *[[:cntrl:]]* ]] || fail usage "$1: the path contains control characters: use a path without them"
	directory=$(realpath -ms -- "$2")
	[[ $directory != / ]] || directory=''
}
