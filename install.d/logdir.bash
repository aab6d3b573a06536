# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # other parts of install.sh set or use these variables
# The directory of the records, /var/log/portcullis. On a host and in a Prefix of root, group portage can write in it, because phases
# run as user portage by default (FEATURES=userpriv). In another user's Prefix, the directory belongs to that user.

readonly log_path=var/log/portcullis

# Sets REPLY to the group ID of portage; status 1 if the group does not exist.
portage_gid() {
	local line
	line=$(getent group portage) || return 1
	IFS=: read -r _ _ REPLY _ <<<"$line"
}

# Plans a change of the mode and owner of /var/log/portcullis, unless a user has changed the mode and owner that a previous install.sh set.
# Sets REPLY to an array: the mode for a new directory, or '' if install.sh must not create one; its owner (uid:gid); and the entry `log`
# for the record of the installation.
log_plan() {
	local now record mode=755 owner=$target_owner path=$root/$log_path
	if [[ $target_owner == 0:* ]]; then
		if portage_gid; then
			mode=2775 owner=0:$REPLY
		elif [[ -z $eprefix ]]; then
			note "group portage does not exist, so $path belongs to root, and phases that run as other users are not recorded"
		fi
	fi
	record="$mode $owner"
	if [[ -L $path ]]; then
		record=- mode=''
		note "$path is a symbolic link, so install.sh does not set its mode and owner"
	elif ((EUID == 0)) && trust_walk "$root/${log_path%/*}/" && trust_problem 0; then
		note "$REPLY, so install.sh does not create $path. Create this directory by hand (mode $mode, owner $owner), or builds are not recorded"
		record=- mode=''
	elif [[ -d $path ]]; then
		now=$(stat -c '%a %u:%g' -- "$path")
		[[ -n $owner ]] || now=${now% *}' '
		if [[ $now != "$record" && $now == "$record_log" ]]; then
			plan_add attributes "$path" '' "$mode" "$owner"
		elif [[ $now != "$record" ]]; then
			record=${record_log:--}
			note "$path has a mode or owner that install.sh did not set (${now% }), so install.sh does not change it"
		fi
	fi
	REPLY=("$mode" "$owner" "$record")
}
