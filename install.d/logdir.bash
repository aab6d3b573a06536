# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # these files share install.sh's variables
# The directory of the records, /var/log/portcullis. On a host and in a Prefix of root, group portage can write in it, because phases
# run as user portage by default (FEATURES=userpriv). In another user's Prefix, the directory belongs to that user.

readonly log_path=var/log/portcullis

# Sets log_mode and log_owner, the mode and owner (uid:gid) that /var/log/portcullis should have.
log_choose() {
	log_mode=755 log_owner=$target_owner
	if [[ $target_owner == 0:* ]]; then
		if portage_gid; then
			log_mode=2775 log_owner=0:$gid
		elif [[ -z $eprefix ]]; then
			note "group portage does not exist, so $root/$log_path belongs to root, and phases that run as other users are not recorded"
		fi
	fi
}

# Sets gid to the group ID of portage; status 1 if the group does not exist.
portage_gid() {
	local line
	line=$(getent group portage) || return 1
	IFS=: read -r _ _ gid _ <<<"$line"
}

# Plans a change of the mode and owner of /var/log/portcullis, unless a user has changed the mode and owner that a previous install.sh set.
# Sets log_record to the entry `log` for the record of the installation. Sets log_mode to the mode for a new directory, or to '' if
# install.sh must not create one.
log_plan() {
	local now reason path=$root/$log_path
	log_choose
	log_record="$log_mode $log_owner"
	if [[ -L $path ]]; then
		log_record=- log_mode=''
		note "$path is a symbolic link, so install.sh does not set its mode and owner"
		return 0
	fi
	if ((EUID == 0)) && trust_walk "$root/${log_path%/*}/" && trust_problem 0; then
		log_record=- log_mode=''
		note "$reason: install.sh does not create $path there. Create it by hand, or builds are not recorded"
		return 0
	fi
	[[ -d $path ]] || return 0
	now=$(stat -c '%a %u:%g' -- "$path")
	[[ -n $log_owner ]] || now=${now% *}' '
	[[ $now != "$log_record" ]] || return 0
	if [[ $now == "$record_log" ]]; then
		plan_add attributes "$path" '' "$log_mode" "$log_owner"
	else
		log_record=${record_log:--}
		note "$path has a mode or owner that install.sh did not set (${now% }), so install.sh does not change it"
	fi
}
