# shellcheck shell=bash
# Each way in which confine keeps what a command starts, by itself. helper.bash and its tool `refuse` are wanted too.
#
#   kept_by KEEPER COMMAND...   by that keeper alone, the command as an ordinary user; NAME is the cgroup's, RECORD the record.
#                               setuid: by the PID namespace of a set-user-id confine, which is made at PLACE/setuid
#   shows KEEPER RECORD-LINE    whether the record names that keeper

kept_by() {
	local keeper=$1
	shift
	local -a confine=("$CONFINE" --cgroup "$NAME" --record "$RECORD" --)
	local -a user=(setpriv --reuid="$ORDINARY" --regid="$ORDINARY" --clear-groups --inh-caps=-all --)
	case $keeper in
	pidns) ordinary "${confine[@]}" "$@" ;;
	subreaper) ordinary "$PLACE/refuse_calls" unshare:newpid=EPERM -- "${confine[@]}" "$@" ;;
	cgroup) "$PLACE/refuse_calls" unshare:newpid=EPERM -- "${confine[@]}" "${user[@]}" "$@" ;;
	cgroup+pidns) "${confine[@]}" "${user[@]}" "$@" ;;
	setuid)
		[[ -u $PLACE/setuid ]] || install -m 4755 "$CONFINE" "$PLACE/setuid"
		ordinary "$PLACE/setuid" "${confine[@]:1}" "$@"
		;;
	esac
}

shows() {
	if [[ $1 == setuid ]]; then
		[[ $2 == *'"mode":"setuid","tracking":"pidns"'* ]]
	else
		[[ $2 == *"\"tracking\":\"$1\""* ]]
	fi
}
