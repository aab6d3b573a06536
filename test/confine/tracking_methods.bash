# shellcheck shell=bash
# Each way in which confine keeps what a command starts, by itself. helper.bash and its tool `refuse` are wanted too.
#
#   run_tracked METHOD COMMAND...   by that keeper alone, the command as an ordinary user; NAME is the cgroup's, RECORD the record.
#                               setuid: by the PID namespace of a set-user-id confine, which is made at TEST_DIR/setuid
#   shows METHOD RECORD-LINE    whether the record names that keeper

run_tracked() {
	local method=$1
	shift
	local -a confine=("$CONFINE" --cgroup "$NAME" --record "$RECORD" --)
	local -a user=(setpriv --reuid="$TEST_UID" --regid="$TEST_UID" --clear-groups --inh-caps=-all --)
	case $method in
	pidns) as_user "${confine[@]}" "$@" ;;
	subreaper) as_user "$TEST_DIR/refuse_calls" unshare:newpid=EPERM -- "${confine[@]}" "$@" ;;
	cgroup) "$TEST_DIR/refuse_calls" unshare:newpid=EPERM -- "${confine[@]}" "${user[@]}" "$@" ;;
	cgroup+pidns) "${confine[@]}" "${user[@]}" "$@" ;;
	setuid)
		[[ -u $TEST_DIR/setuid ]] || install -m 4755 "$CONFINE" "$TEST_DIR/setuid"
		as_user "$TEST_DIR/setuid" "${confine[@]:1}" "$@"
		;;
	esac
}

record_names_method() {
	if [[ $1 == setuid ]]; then
		[[ $2 == *'"mode":"setuid","tracking":"pidns"'* ]]
	else
		[[ $2 == *"\"tracking\":\"$1\""* ]]
	fi
}
