# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The resources of the host that tests with real Portage use: a directory that every user can read, and the user and group that
# Portage needs when it runs as root. The test removes them at the end.

[[ ${TOP-} ]] || TOP=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd -P)

# shellcheck source-path=SCRIPTDIR source=processes.bash
source "${BASH_SOURCE[0]%/*}/processes.bash"
# shellcheck source-path=SCRIPTDIR source=wait.bash
source "${BASH_SOURCE[0]%/*}/wait.bash"

PREFIX_ACCOUNTS=/run/portcullis-test-accounts

# Fetches Portage and sets PREFIX_HOST and PREFIX_PORTAGE. Call it in setup_file, and prefix_host_end in teardown_file.
prefix_host_begin() {
	local portage
	portage=$("$TOP/scripts/portage") || return
	# As root, do not use TMPDIR, because it may be a directory that other users cannot enter.
	if ((EUID == 0)); then
		PREFIX_HOST=$(mktemp -d /var/tmp/pc.XXXXXX) || return
		# Use a tmpfs: on a disk, syncfs(2), which Portage calls after each merge (FEATURES=merge-sync), would wait for all writes of other tests.
		# With less than 18 GiB of free space, Portage ignores --jobs (--jobs-tmpdir-require-free-gb). A tmpfs of 64 GiB uses memory only for its files.
		[[ ! ${BATS_VERSION-} ]] || mount -t tmpfs -o mode=755,size=64g portcullis-test "$PREFIX_HOST" || return
		PREFIX_ACCOUNT=${PREFIX_HOST##*/}
		PREFIX_ACCOUNT=pc-${PREFIX_ACCOUNT#pc.}
		prefix_accounts_borrow "$PREFIX_ACCOUNT" || return
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

# Prints the path of the built tree, or of a copy if the user of the prefix cannot read it.
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

# Succeeds if every user may enter all directories of the path. It fails for a checkout in a home directory that is closed to others.
prefix_open_to_all() {
	local dir=$1 mode
	while [[ $dir ]]; do
		mode=$(stat -c %a -- "$dir") || return
		((8#$mode & 1)) || return
		dir=${dir%/*}
	done
}

# prefix_accounts_borrow [NAME]: as root, creates the account "portage", which Portage uses for phases, and the account NAME, the
# ordinary user of this test file (PREFIX_ACCOUNT). The group of PREFIX_ACCOUNT needs a name: Portage gives its directories to the group that
# owns the EPREFIX, but to the group "portage" if the owning group has no name (_get_global in portage/data.py), and an ordinary user is not
# permitted to do this.
#
# Test files run in parallel and share the account "portage". While a test file uses this account, it holds a shared lock on PREFIX_ACCOUNTS,
# the file that lists the created accounts. The test file that ends last can get the exclusive lock: it deletes all accounts in the list,
# including those of killed runs. Every other test file deletes only its PREFIX_ACCOUNT.
prefix_accounts_borrow() {
	local turn
	# Lock /run, which always exists, so that only one test file at a time changes the accounts.
	exec {turn}</run && flock -x "$turn" || return
	exec {PREFIX_LOCK}<>"$PREFIX_ACCOUNTS" && flock -s "$PREFIX_LOCK" || return
	[[ ! ${PREFIX_HOST-} ]] || echo "directory $PREFIX_HOST" >>"$PREFIX_ACCOUNTS"
	prefix_account_make portage 250 || return
	[[ ! ${1-} ]] || prefix_account_make "$1" "$(free_id)" || return
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

prefix_accounts_return() {
	local turn
	[[ ${PREFIX_LOCK-} ]] || return 0
	exec {turn}</run && flock -x "$turn" || return
	if flock -n -x "$PREFIX_LOCK"; then
		prefix_accounts_remove <"$PREFIX_ACCOUNTS"
		rm -f -- "$PREFIX_ACCOUNTS"
	else
		prefix_accounts_remove <<<"${PREFIX_ACCOUNT:+user $PREFIX_ACCOUNT}"
	fi
	exec {PREFIX_LOCK}>&- {turn}>&-
	unset PREFIX_LOCK PREFIX_ACCOUNT
}

# Removes the users, directories and groups on standard input, one "KIND NAME" per line. Removes users before groups: groupdel refuses the
# primary group of a user, and userdel may remove that group itself (USERGROUPS_ENAB in login.defs).
prefix_accounts_remove() {
	local kind name
	sort -ru | while read -r kind name; do
		case $kind in
		user) ! getent passwd "$name" >/dev/null || userdel "$name" ;;
		directory) [[ ! -d $name ]] || prefix_remove "$name" ;;
		group) ! getent group "$name" >/dev/null || groupdel "$name" ;;
		esac
	done
}

# prefix_remove DIR [UID]: kills the processes that use DIR or run as UID (prefix_processes), unmounts DIR and the file systems below it, and removes DIR.
prefix_remove() {
	local dir=$1 target
	until_true 60 prefix_kill "$@" || return
	while read -r _ target _; do
		[[ $target/ != "$dir"/* ]] || umount -l -- "$target"
	done < <(tac /proc/self/mounts)
	# As an ordinary user, make all directories writable, because rm could not empty the others. Portage can leave a directory of mode 0500.
	((EUID == 0)) || chmod -R u+rwX -- "$dir" 2>/dev/null || true
	rm -rf -- "$dir"
}

# prefix_kill DIR [UID]: kills the processes that use DIR or run as UID (prefix_processes). Succeeds if there were none. Fails if it has killed a process, so that its caller can wait and try again.
prefix_kill() {
	local -a pids
	mapfile -t pids < <(prefix_processes "$@")
	((${#pids[@]} == 0)) || ! kill -KILL "${pids[@]}" 2>/dev/null
}

# prefix_processes DIR [UID]: prints the live processes that have DIR in their environment or as working directory, or that run as UID.
prefix_processes() {
	local dir=$1 uid=${2-}
	{
		grep -lzE "^(PORTAGE_OVERRIDE_EPREFIX|PORTAGE_BUILDDIR|PORTAGE_TMPDIR|HOME|T)=$dir(/|$)" /proc/[0-9]*/environ
		find /proc/[0-9]*/cwd -maxdepth 0 \( -lname "$dir" -o -lname "$dir/*" \)
		[[ ! $uid ]] || find /proc/[0-9]* -maxdepth 0 -uid "$uid"
	} 2>/dev/null | cut -d/ -f3 | sort -nu | live_pids
}
