# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # other parts of install.sh set or use these variables
# For another user's Prefix: root builds, and a second install.sh installs as that user, without privileges. The second install.sh
# reads a copy of the built tree that only root can change, and gets no terminal, descriptor or variable of root.

# owner_run UID DIR: runs a second install.sh as user UID, the owner of the Prefix DIR, and exits with its status. Does not return.
owner_run() {
	local name gid home signal tool status=0
	local -a arguments=(--eprefix "$eprefix")
	IFS=: read -r name _ _ gid _ home _ < <(getent passwd "$1") ||
		fail untrusted "$2 belongs to user $1, who has no entry in passwd: run setsid --wait setpriv --reuid=$1 --regid=$(stat -c %g -- "$2") --clear-groups ${source_dir@Q}/install.sh --eprefix ${eprefix@Q}; nothing was changed"
	[[ $opt_setuid != yes ]] ||
		fail setuid "--setuid: $2 belongs to $name, who could replace confine: install.sh sets the setuid bit only in directories of root; nothing was changed"
	[[ $opt_setuid != no ]] || arguments+=(--no-setuid)
	[[ -z $opt_save_edits ]] || arguments+=(--save-edits)
	[[ -z $opt_uninstall ]] || arguments+=(--uninstall)
	[[ -z $opt_dry_run ]] || arguments+=(--dry-run)
	[[ -z $opt_force ]] || arguments+=(--force)
	[[ -n $opt_uninstall ]] || build_sources
	owner_copy_tree

	for tool in setpriv env setsid bash; do
		owner_tool "$tool" >/dev/null || fail tools "the command $tool is needed and is not in /usr/bin or /bin; nothing was changed"
	done
	local -a as=("$(owner_tool setpriv)" --reuid="$1" --regid="$gid" --init-groups --inh-caps=-all --no-new-privs --)
	as+=("$(owner_tool env)" -i "--default-signal=HUP,INT,QUIT,TERM" "PATH=$PATH" "HOME=$home" "USER=$name" "LOGNAME=$name")
	(owner_exec "${as[@]}" test -r "$workdir/tree/install.sh") </dev/null >/dev/null 2>&1 ||
		fail failed "$name cannot read $workdir: set TMPDIR to a directory that everybody can enter; nothing was changed"
	owner_signal='' owner_pid=''
	for signal in HUP INT TERM; do
		# shellcheck disable=SC2064 # the trap needs the present value of signal
		trap "owner_interrupt $signal" "$signal"
	done
	(owner_exec "${as[@]}" "$(owner_tool bash)" -p "$workdir/tree/install.sh" "${arguments[@]}") </dev/null >"$workdir/out" 2>"$workdir/errors" &
	owner_pid=$!
	[[ -z $owner_signal ]] || kill -s TERM "$owner_pid" 2>/dev/null
	while
		wait "$owner_pid"
		status=$?
		kill -0 "$owner_pid" 2>/dev/null
	do :; done
	owner_print <"$workdir/out"
	owner_print <"$workdir/errors" >&2
	case $owner_signal in
	HUP) exit 129 ;;
	INT) exit 130 ;;
	TERM) exit 143 ;;
	esac
	exit "$status"
}

# owner_exec COMMAND [ARG...]: executes COMMAND in a new session and without root's descriptors.
owner_exec() {
	local fd
	cd / && umask 022 || exit
	for fd in "/proc/$BASHPID/fd"/*; do
		fd=${fd##*/}
		((fd <= 2)) || exec {fd}>&-
	done
	exec "$(owner_tool setsid)" "$@"
}

# owner_interrupt SIGNAL: handles the signal SIGNAL in the install.sh of root, and sets owner_signal to SIGNAL. The first time, sends SIGTERM to owner_pid, the second
# install.sh, which then restores the previous state. Every further time, sends SIGKILL: the owner of the Prefix, who owns that process, may
# have suspended it with SIGSTOP, and then it does not handle SIGTERM.
owner_interrupt() {
	if [[ -n $owner_pid ]]; then
		if [[ -n $owner_signal ]]; then kill -s KILL "$owner_pid"; else kill -s TERM "$owner_pid"; fi 2>/dev/null
	fi
	owner_signal=$1
}

# owner_tool NAME: prints the absolute path of the program NAME in /usr/bin or /bin, whatever PATH contains.
owner_tool() {
	PATH=/usr/bin:/bin type -P "$1"
}

# Copies the files that the second install.sh needs. Because of the empty file .portcullis-built in the copy, the second install.sh builds nothing.
owner_copy_tree() {
	local from to
	chmod 711 -- "$workdir"
	(
		umask 022
		mkdir -- "$workdir/tree" && : >"$workdir/tree/.portcullis-built" || exit
		for from in "$source_dir"/{install.sh,install.d,package.json,dist} "${file_from[@]}"; do
			[[ $from == "$source_dir"/* && -e $from ]] || continue
			to=$workdir/tree/${from#"$source_dir"/}
			mkdir -p -- "${to%/*}" && cp -RL -- "$from" "$to" || exit
		done
		chmod -R a+rX,go-w -- "$workdir/tree"
	) 2>"$workdir/reason" || fail failed "cannot copy the source tree to $workdir: $(tail -n 1 -- "$workdir/reason"); nothing was changed"
}

# Prints standard input with ? for control characters: the owner of the Prefix chose some of the text and could control root's terminal.
owner_print() {
	tr '\000-\011\013-\037\177' '?' | sed 's/\xc2[\x80-\x9f]/?/g'
}
