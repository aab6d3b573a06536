# shellcheck shell=bash disable=SC2034,SC2154 # these files share install.sh's variables
# --setuid: installs confine as root:portage 4710. Checks the requirements before, and the result after the installation.

readonly confine_path=usr/libexec/portcullis/confine

# Sets want_setuid. Without an option, an upgrade keeps the previous choice.
setuid_choose() {
	want_setuid=${opt_setuid:-$record_setuid}
	[[ $want_setuid == yes ]] || want_setuid=no
}

# Checks the requirements before anything changes, and sets mode and owner in the table of files.
setuid_precheck() {
	local gid options directory
	[[ $want_setuid == yes ]] || return 0
	((EUID == 0)) || [[ -n $opt_setuid ]] ||
		fail setuid "$root/$confine_path was installed with --setuid, which needs root: run install.sh with --no-setuid; nothing was changed"
	((EUID == 0)) || fail permission "--setuid needs root: confine has to belong to it; nothing was changed"
	portage_gid || fail setuid "--setuid: there is no group portage to give confine to; nothing was changed"
	if [[ -z $destdir ]]; then
		directory=$root/${confine_path%/*}
		while [[ ! -d $directory ]]; do directory=${directory%/*}; done
		options=$(findmnt -n -o OPTIONS -T "$directory" 2>/dev/null)
		[[ ,$options, != *,nosuid,* ]] ||
			fail setuid "--setuid: the file system of $directory is mounted nosuid, where the bit means nothing; nothing was changed"
	fi
	file_mode["$confine_path"]=4710 file_owner["$confine_path"]=0:$gid
}

# Verifies the installed file while the installation can still be undone.
setuid_verify() {
	local gid mode path=$root/$confine_path
	[[ $want_setuid == yes ]] || return 0
	portage_gid
	mode=$(stat -c '%a %u:%g' -- "$path")
	[[ $mode == "4710 0:$gid" ]] || fail setuid "--setuid: $path came out as $mode, not 4710 0:$gid; all was put back"
	[[ -z $destdir ]] || return 0
	if grep -q '^NoNewPrivs:[[:space:]]*1' /proc/self/status; then
		note "no_new_privs is set here, so that $path could not be tried; it has owner and mode as asked"
		return 0
	fi
	setuid_try "$path" "$gid" || fail setuid "--setuid: run as an ordinary user of group portage, $path says $tried; all was put back"
}

# setuid_try CONFINE GID: runs confine as nobody with that group. Sets tried to its mode or error.
setuid_try() {
	local out
	if ! out=$(setpriv --reuid=65534 --regid="$2" --clear-groups --inh-caps=-all -- "$1" --probe 2>&1 </dev/null); then
		tried=${out##*$'\n'}
		return 1
	fi
	tried=$(grep -m 1 '^mode=' <<<"$out")
	tried=${tried:-'no mode at all'}
	[[ $tried == mode=setuid ]]
}
