# shellcheck shell=bash
# Each way in which confine keeps what a command starts, by itself. helper.bash and its tool `refuse` are wanted too.
#
#   kept_by KEEPER COMMAND...   by that keeper alone, the command as an ordinary user; NAME is the cgroup's, RECORD the record

kept_by() {
	local keeper=$1
	shift
	local -a confine=("$CONFINE" --cgroup "$NAME" --record "$RECORD" --)
	local -a user=(setpriv --reuid="$ORDINARY" --regid="$ORDINARY" --clear-groups --inh-caps=-all --)
	case $keeper in
	pidns) ordinary "${confine[@]}" "$@" ;;
	subreaper) ordinary "$PLACE/refuse" unshare:newpid=EPERM -- "${confine[@]}" "$@" ;;
	cgroup) "$PLACE/refuse" unshare:newpid=EPERM -- "${confine[@]}" "${user[@]}" "$@" ;;
	cgroup+pidns) "${confine[@]}" "${user[@]}" "$@" ;;
	esac
}
