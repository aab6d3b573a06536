# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Runs a command under one tracking method of confine alone. Needs confine_helper.bash and its tool refuse_calls.
#
#   run_tracked METHOD COMMAND...     runs the command as TEST_UID in a confine that can use only that tracking method. Uses CGROUP, the name of
#                                     the cgroup, and RECORD. METHOD is a value of `tracking` in records, or `setuid`: the PID namespace
#                                     of a set-user-id confine
#   record_names_method METHOD LINE   succeeds if the record in LINE has that tracking method

run_tracked() {
	local method=$1
	shift
	local -a confine=("$CONFINE" --cgroup "$CGROUP" --record "$RECORD" --)
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
