# shellcheck shell=bash disable=SC2034,SC2154 # the parts share install.sh's variables
# The command line: reads it, checks it, and answers --help.

usage() {
	cat <<'END'
usage: install.sh [--eprefix DIR] [--destdir DIR] [--setuid | --no-setuid] [--save-edits] [--dry-run]
       install.sh --uninstall [--eprefix DIR] [--destdir DIR] [--save-edits] [--dry-run]

Installs Portcullis: the hook in /etc/portage, the program in /usr. What it installs it builds first, unless
it was built already (a release tarball). Run it again to upgrade; a run with nothing to do changes nothing.

  --eprefix DIR   the Gentoo Prefix to install into; no root needed where DIR is yours
  --destdir DIR   put everything below DIR (packaging); no path in the files names it
  --setuid        install confine as root:portage 4710, for FEATURES=userpriv where user namespaces are off
  --no-setuid     take that off again; an upgrade keeps what was chosen before, the first choice is off
  --save-edits    if the managed block in bashrc was edited: keep the edited block aside and go on
  --uninstall     take out what was installed; needs neither Node nor a compiler
  --dry-run       say what would be done, change nothing
  --help          this text

exit status: 0 done, 1 a step failed (all was put back), 2 bad option, 3 Node or compiler missing or build
failed, 4 no permission, 5 bashrc is not a file, 6 the managed block was edited, 7 another install.sh is at
work there, 8 setuid can't be had, 9 a file of that name is there and not ours, 10 another user can change
the target

Root works in another user's Prefix as that user, and elsewhere only in directories that nobody else can change.
END
}

# options_parse ARG...: sets the opt_ variables, eprefix, destdir, root, below which everything is done,
# and bashrc_path.
options_parse() {
	opt_setuid='' opt_save_edits='' opt_uninstall='' opt_dry_run='' eprefix='' destdir=''
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
	[[ -z $opt_uninstall || -z $opt_setuid ]] || fail usage "--setuid and --no-setuid mean nothing with --uninstall"
	root=$destdir$eprefix bashrc_path=$destdir$eprefix/etc/portage/bashrc
}

# options_directory OPTION DIR: sets eprefix or destdir, absolute and without a final slash ('' for /).
options_directory() {
	local -n directory=${1#--}
	[[ -n $2 ]] || fail usage "$1 needs a directory (see --help)"
	# Such a path ends up in the user's bashrc.
	[[ $2 != *[[:cntrl:]]* ]] || fail usage "$1: a path with control characters can't be used"
	directory=$(realpath -ms -- "$2")
	[[ $directory != / ]] || directory=''
}
