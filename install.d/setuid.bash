# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # other parts of install.sh set or use these variables
# The option --setuid, which installs confine with owner root:portage and mode 4710: a check before the installation whether this is
# possible, and a test of the installed program.

readonly confine_path=usr/libexec/portcullis/confine

# Sets want_setuid to yes or no, as --setuid or --no-setuid requests. Without these options, uses the value in the record of the last installation, or no if there is no record.
setuid_choose() {
	want_setuid=${opt_setuid:-$record_setuid}
	[[ $want_setuid == yes ]] || want_setuid=no
}

# If confine is to be setuid, fails unless install.sh runs as root, group portage exists and the file system permits setuid programs.
# Then sets the mode 4710 and the owner root:portage of confine in the table of files.
setuid_precheck() {
	local gid options directory
	[[ $want_setuid == yes ]] || return 0
	((EUID == 0)) || [[ -n $opt_setuid ]] ||
		fail setuid "$root/$confine_path was installed with --setuid, and only root can install a setuid confine: in a Prefix that does not belong to root, run install.sh with --no-setuid; otherwise, run install.sh as root; nothing was changed"
	((EUID == 0)) || fail permission "--setuid needs root, because confine must belong to root; nothing was changed"
	portage_gid || fail setuid "--setuid needs the group portage, which does not exist: run groupadd --system portage; nothing was changed"
	gid=$REPLY
	if [[ -z $destdir ]]; then
		directory=$root/${confine_path%/*}
		while [[ ! -d $directory ]]; do directory=${directory%/*}; done
		options=$(findmnt -n -o OPTIONS -T "$directory" 2>/dev/null)
		[[ ,$options, != *,nosuid,* ]] ||
			fail setuid "--setuid: the file system of $directory is mounted with nosuid, which disables setuid programs; nothing was changed"
	fi
	file_mode["$confine_path"]=4710 file_owner["$confine_path"]=0:$gid
}

# Tests the installed setuid confine before transaction_finish, so that a failed test undoes the installation. Does nothing if confine is not setuid.
setuid_verify() {
	local gid mode path=$root/$confine_path
	[[ $want_setuid == yes ]] || return 0
	portage_gid
	gid=$REPLY
	mode=$(stat -c '%a %u:%g' -- "$path")
	[[ $mode == "4710 0:$gid" ]] || fail setuid "--setuid: the installed $path has mode and owner $mode instead of 4710 0:$gid; the previous state was restored"
	[[ -z $destdir ]] || return 0
	if grep -q '^NoNewPrivs:[[:space:]]*1' /proc/self/status; then
		note "no_new_privs is set for install.sh, so $path could not be tested as a set-user-ID program. Its owner and mode are correct; to test it, run portcullis doctor in a new login"
		return 0
	fi
	setuid_try "$path" "$gid" || fail setuid "--setuid: user nobody in group portage ran $path --probe, which printed $REPLY instead of mode=setuid; the previous state was restored"
}

# setuid_try CONFINE GID: runs `confine --probe` as user nobody with group GID. Sets REPLY to the line mode=... or the error that confine prints. Succeeds if the line is mode=setuid.
setuid_try() {
	local out
	if ! out=$(setpriv --reuid=65534 --regid="$2" --clear-groups --inh-caps=-all -- "$1" --probe 2>&1 </dev/null); then
		REPLY=${out##*$'\n'}
		return 1
	fi
	REPLY=$(grep -m 1 '^mode=' <<<"$out")
	REPLY=${REPLY:-'no mode'}
	[[ $REPLY == mode=setuid ]]
}
