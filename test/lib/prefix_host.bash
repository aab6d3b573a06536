# shellcheck shell=bash
# What a test with a real Portage borrows from the host, and gives back: a place that every user can read, and
# the user and group that Portage wants when it is root.

[[ ${TOP-} ]] || TOP=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd -P)

PREFIX_ACCOUNTS=/run/portcullis-test-accounts

# Fetches Portage and sets PREFIX_HOST and PREFIX_PORTAGE. For setup_file; prefix_host_end is for teardown_file.
prefix_host_begin() {
	local portage
	portage=$("$TOP/scripts/portage") || return
	# Root's place is not TMPDIR: bats' own folder there, for one, is closed to everybody else.
	if ((EUID == 0)); then
		PREFIX_HOST=$(mktemp -d /var/tmp/pc.XXXXXX) || return
		prefix_accounts_borrow || return
	else
		PREFIX_HOST=$(mktemp -d "${TMPDIR:-/var/tmp}/pc.XXXXXX") || return
	fi
	chmod 755 "$PREFIX_HOST"
	PREFIX_PORTAGE=$portage
	if ((EUID == 0)) && ! prefix_open_to_all "$portage"; then
		PREFIX_PORTAGE=$PREFIX_HOST/portage
		cp -a -- "$portage" "$PREFIX_PORTAGE" || return
	fi
	export PREFIX_HOST PREFIX_PORTAGE PREFIX_ACCOUNT
}

prefix_host_end() {
	[[ ${PREFIX_HOST-} ]] || return 0
	prefix_remove "$PREFIX_HOST" "$([[ ! ${PREFIX_ACCOUNT-} ]] || id -u "$PREFIX_ACCOUNT")"
	((EUID != 0)) || prefix_accounts_return
	unset PREFIX_HOST PREFIX_PORTAGE
}

# The built tree, where the prefix' user can read it.
prefix_checkout() {
	local copy=$PREFIX_HOST/checkout
	if ((EUID != 0)) || prefix_open_to_all "$TOP"; then
		echo "$TOP"
		return
	fi
	if [[ ! -d $copy ]]; then
		mkdir "$copy" &&
			tar -C "$TOP" -c --exclude=./.git --exclude=./.portage --exclude=./node_modules . | tar -C "$copy" -x || return
	fi
	echo "$copy"
}

# Whether everybody may enter every folder on the way: the checkout may be in /root.
prefix_open_to_all() {
	local dir=$1 mode
	while [[ $dir ]]; do
		mode=$(stat -c %a -- "$dir") || return
		((8#$mode & 1)) || return
		dir=${dir%/*}
	done
}

# Two accounts, as root: "portage", which Portage runs phases as, and PREFIX_ACCOUNT, the ordinary user of this file.
# That one needs a name, since Portage gives its folders to the *named* group that owns the EPREFIX, and to "portage"
# where there is none (_get_global in portage/data.py), which an ordinary user can't.
#
# Test files run at the same time. Each holds a shared lock on the list of what was made as long as it needs "portage", and
# whoever can have it alone is the last one out and removes what is listed: what a killed run left goes with it.
prefix_accounts_borrow() {
	local turn
	PREFIX_ACCOUNT=${PREFIX_HOST##*/}
	PREFIX_ACCOUNT=pc-${PREFIX_ACCOUNT#pc.}
	# One at a time, and by a lock on something that nobody removes.
	exec {turn}</run && flock -x "$turn" || return
	exec {PREFIX_LOCK}<>"$PREFIX_ACCOUNTS" && flock -s "$PREFIX_LOCK" || return
	echo "folder $PREFIX_HOST" >>"$PREFIX_ACCOUNTS"
	prefix_account_make portage 250 && prefix_account_make "$PREFIX_ACCOUNT" "$(prefix_free_id)" || return
	exec {turn}>&-
}

prefix_account_make() {
	local name=$1 id=$2
	if ! getent group "$name" >/dev/null; then
		echo "group $name" >>"$PREFIX_ACCOUNTS"
		groupadd --system --gid "$id" "$name" || return
	fi
	if ! getent passwd "$name" >/dev/null; then
		echo "user $name" >>"$PREFIX_ACCOUNTS"
		useradd --system --key SYS_UID_MAX=60000 --uid "$id" --gid "$name" --no-create-home --home-dir /var/empty --shell /bin/false "$name"
	fi
}

# One that no account and no process has: whatever runs as it belongs to this file.
prefix_free_id() {
	local id
	while :; do
		id=$((20000 + RANDOM))
		getent passwd "$id" >/dev/null || getent group "$id" >/dev/null || pgrep -U "$id" >/dev/null || break
	done
	echo "$id"
}

prefix_accounts_return() {
	local turn
	[[ ${PREFIX_LOCK-} ]] || return 0
	exec {turn}</run && flock -x "$turn" || return
	if flock -n -x "$PREFIX_LOCK"; then
		prefix_accounts_remove <"$PREFIX_ACCOUNTS"
		rm -f -- "$PREFIX_ACCOUNTS"
	else
		prefix_accounts_remove <<<"user $PREFIX_ACCOUNT"
	fi
	exec {PREFIX_LOCK}>&- {turn}>&-
	unset PREFIX_LOCK PREFIX_ACCOUNT
}

# Users first: a group that is somebody's first one can't go, or goes with him where login.defs says USERGROUPS_ENAB.
prefix_accounts_remove() {
	local kind name
	sort -ru | while read -r kind name; do
		case $kind in
		user) ! getent passwd "$name" >/dev/null || userdel "$name" ;;
		folder) [[ ! -d $name ]] || prefix_remove "$name" ;;
		group) ! getent group "$name" >/dev/null || groupdel "$name" ;;
		esac
	done
}

# Kills what still runs for a folder, unmounts what is mounted below it, and removes it.
prefix_remove() {
	local dir=$1 uid=${2-} target
	local -a pids
	for _ in {1..50}; do
		mapfile -t pids < <(prefix_processes "$dir" "$uid")
		((${#pids[@]})) || break
		kill -KILL "${pids[@]}" 2>/dev/null || true
		sleep 0.02
	done
	while read -r _ target _; do
		[[ $target != "$dir"/* ]] || umount -l -- "$target"
	done </proc/self/mounts
	# Portage leaves folders that their owner may not write to (an image, a WORKDIR of mode 0500).
	((EUID == 0)) || chmod -R u+rwX -- "$dir" 2>/dev/null || true
	rm -rf -- "$dir"
}

# The live processes of a folder: by their environment, their working directory, or as the second argument their user.
prefix_processes() {
	local dir=$1 uid=${2-} proc stat
	{
		grep -lzE "^(PORTAGE_OVERRIDE_EPREFIX|PORTAGE_BUILDDIR|PORTAGE_TMPDIR|HOME|T)=$dir(/|$)" /proc/[0-9]*/environ
		find /proc/[0-9]*/cwd -maxdepth 0 \( -lname "$dir" -o -lname "$dir/*" \)
		[[ ! $uid ]] || find /proc/[0-9]* -maxdepth 0 -uid "$uid"
	} 2>/dev/null | cut -d/ -f3 | sort -nu | while read -r proc; do
		stat=$(<"/proc/$proc/stat") || continue
		[[ ${stat##*) } == [ZX]* ]] || printf '%s\n' "$proc"
	done 2>/dev/null
}
