# shellcheck shell=bash disable=SC2034,SC2154 # the parts share install.sh's variables
# One install.sh at a time in one place. The lock is on a directory that is there anyway, so it leaves no file behind.

# lock_directory DIR: takes the lock for as long as this process lives.
lock_directory() {
	local directory=$1 fd status
	{ exec {fd}<"$directory"; } 2>/dev/null || fail permission "cannot read $directory"
	flock --nonblock --conflict-exit-code 75 "$fd" 2>/dev/null
	status=$?
	((status != 75)) || fail busy "another install.sh is at work in $directory; run this one when it has ended"
	# NFS wants a lock's file open for writing, and a directory can't be.
	((status == 0)) || note "$directory can't be locked (flock: $status); let no second install.sh run meanwhile"
	# Whoever held the lock before may have failed and removed the directory that it had made.
	[[ $directory -ef /proc/self/fd/$fd ]] || fail busy "$directory was removed by another install.sh; run this one again"
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
