# shellcheck shell=bash disable=SC2034,SC2154 # the parts share install.sh's variables
# One install.sh at a time in one place. Anybody may lock a file that they can open, so that the lock is on an empty
# directory of mode 0700 outside the target. It is named after the target and removed at the end.

declare -a lock_held=()
lock_wanted=''

# lock_directory DIR: takes the lock for as long as this process lives.
lock_directory() {
	local directory=$1 key lock fd reason status
	key=$(stat -L -c %d.%i -- "$directory" 2>/dev/null) || fail permission "cannot read $directory"
	lock=$(lock_place)/portcullis-lock.$EUID.$key
	lock_wanted=$lock
	for _ in 1 2 3 4 5; do
		reason=$(mkdir -m 700 -- "$lock" 2>&1) || [[ $reason == *'File exists' ]] ||
			fail failed "cannot make the directory $lock: ${reason##*: }; nothing was changed"
		# The install.sh that held it has removed it.
		[[ -e $lock || -L $lock ]] || continue
		[[ -d $lock && ! -L $lock && -O $lock ]] ||
			fail permission "$lock belongs to somebody else: remove it, or set TMPDIR to a directory of yours; nothing was changed"
		{ exec {fd}<"$lock"; } 2>/dev/null || continue
		flock --nonblock --conflict-exit-code 75 "$fd" 2>/dev/null
		status=$?
		((status != 75)) || break
		((status == 0)) || fail failed "cannot lock $lock; nothing was changed"
		if [[ $lock -ef /proc/self/fd/$fd ]]; then
			lock_held+=("$lock") lock_wanted=''
			# Whoever held the lock before may have failed and removed the directory that it had made.
			[[ $key == "$(stat -L -c %d.%i -- "$directory" 2>/dev/null)" ]] ||
				fail busy "$directory was removed by another install.sh; run this one again"
			return 0
		fi
		exec {fd}<&-
	done
	fail busy "another install.sh is at work in $directory; run this one when it has ended"
}

# Prints the directory for locks: one in which only this user can make them, or else the one for temporary files.
lock_place() {
	local directory=/run/user/$EUID
	((EUID)) || directory=/run
	[[ -d $directory && -O $directory && -w $directory ]] || directory=${TMPDIR:-/tmp}
	printf '%s' "$directory"
}

# Removes the locks that are held, and one that a signal interrupted unless somebody else has taken it.
lock_release() {
	local fd
	if [[ -n $lock_wanted && -O $lock_wanted ]] && { exec {fd}<"$lock_wanted"; } 2>/dev/null; then
		flock --nonblock "$fd" && [[ $lock_wanted -ef /proc/self/fd/$fd ]] && rmdir -- "$lock_wanted" 2>/dev/null
	fi
	((${#lock_held[@]} == 0)) || rmdir -- "${lock_held[@]}" 2>/dev/null
	lock_held=()
}

# The directory that all is installed below; made where it is missing.
lock_root() {
	if [[ ! -d $root/ ]]; then
		local missing=$root
		local -a make=()
		while [[ ! -d $missing/ ]]; do
			make=("$missing" "${make[@]}")
			missing=${missing%/*}
		done
		[[ -z $opt_uninstall ]] || return 0
		[[ -w $missing/ ]] || fail permission "$missing/ is not writable: choose a directory of yours, or run as root"
		for missing in "${make[@]}"; do
			transaction_mkdir "$missing" 755 ''
		done
	fi
	lock_directory "$root/"
}
