# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # other parts of install.sh set or use these variables
# Lets only one install.sh at a time work in a target, the directory to install into. For flock(1), the lock is an empty directory of mode
# 0700 outside the target, because any user could open and lock the target itself. The name of the lock contains the device and inode of the target.
# install.sh removes the lock at the end.

declare -a lock_held=()
lock_wanted=''

# lock_directory DIR: locks DIR until this process ends. Fails at once if another install.sh has locked DIR.
lock_directory() {
	local directory=$1 key lock fd reason status
	key=$(stat -L -c %d.%i -- "$directory" 2>/dev/null) || fail permission "cannot read $directory"
	lock=$(lock_parent)/portcullis-lock.$EUID.$key
	lock_wanted=$lock
	for _ in 1 2 3 4 5; do
		reason=$(mkdir -m 700 -- "$lock" 2>&1) || [[ $reason == *'File exists' ]] ||
			fail failed "cannot create the directory $lock: ${reason##*: }; nothing was changed"
		# Try again if the directory $lock does not exist now: the install.sh that held this lock has just removed the directory.
		[[ -e $lock || -L $lock ]] || continue
		[[ -d $lock && ! -L $lock && -O $lock ]] ||
			fail permission "$lock is not your directory: remove it, or set TMPDIR to your own directory; nothing was changed"
		{ exec {fd}<"$lock"; } 2>/dev/null || continue
		flock --nonblock --conflict-exit-code 75 "$fd" 2>/dev/null
		status=$?
		((status != 75)) || break
		((status == 0)) || fail failed "cannot lock $lock; nothing was changed"
		if [[ $lock -ef /proc/self/fd/$fd ]]; then
			lock_held+=("$lock") lock_wanted=''
			# Fail if DIR is not the same directory as before: another install.sh had created DIR, has failed, and has removed DIR.
			[[ $key == "$(stat -L -c %d.%i -- "$directory" 2>/dev/null)" ]] ||
				fail busy "another install.sh removed $directory: run install.sh again"
			return 0
		fi
		exec {fd}<&-
	done
	fail busy "another install.sh is running for $directory: run install.sh again when it has ended"
}

# Prints the directory for locks: /run for root and /run/user/UID for another user, if the user owns it and can write in it; otherwise TMPDIR or /tmp.
lock_parent() {
	local directory=/run/user/$EUID
	((EUID)) || directory=/run
	[[ -d $directory && -O $directory && -w $directory ]] || directory=${TMPDIR:-/tmp}
	printf '%s' "$directory"
}

# Removes the directories of the held locks. If a signal has interrupted lock_directory, also removes the directory of that lock, unless
# another process holds the lock.
lock_release() {
	local fd
	if [[ -n $lock_wanted && -O $lock_wanted ]] && { exec {fd}<"$lock_wanted"; } 2>/dev/null; then
		flock --nonblock "$fd" && [[ $lock_wanted -ef /proc/self/fd/$fd ]] && rmdir -- "$lock_wanted" 2>/dev/null
	fi
	((${#lock_held[@]} == 0)) || rmdir -- "${lock_held[@]}" 2>/dev/null
	lock_held=()
}

# Creates the target, the directory to install into, if it does not exist, and locks it. A dry run or removal creates no target, and locks only an existing one.
lock_root() {
	if [[ ! -d $root/ ]]; then
		local missing=$root
		local -a make=()
		while [[ ! -d $missing/ ]]; do
			make=("$missing" "${make[@]}")
			missing=${missing%/*}
		done
		[[ -z $opt_uninstall ]] || return 0
		[[ -w $missing/ ]] || fail permission "$missing/ is not writable: pass a directory of your own to --eprefix or --destdir, or run install.sh as root; nothing was changed"
		[[ -z $opt_dry_run ]] || return 0
		transaction_mkdir 755 '' "${make[@]}"
	fi
	lock_directory "$root/"
}
