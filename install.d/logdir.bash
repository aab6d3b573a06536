# shellcheck shell=bash disable=SC2034,SC2154 # these files share install.sh's variables
# /var/log/portcullis. On a host and in a Prefix of root, group portage can write in it, because FEATURES=userpriv is a default of
# Portage. In another Prefix, it belongs to the owner.

readonly log_path=var/log/portcullis

# Sets log_mode and log_owner for the directory.
log_choose() {
	local owner
	files_owner
	log_mode=755 log_owner=$owner
	if [[ $owner == 0:* ]]; then
		if portage_gid; then
			log_mode=2775 log_owner=0:$gid
		else
			note "group portage does not exist, so $root/$log_path belongs to root, and phases that run as other users are not recorded"
		fi
	fi
}

# Sets gid to that of group portage; status 1 if the group does not exist.
portage_gid() {
	local line
	line=$(getent group portage) || return 1
	IFS=: read -r _ _ gid _ <<<"$line"
}

# Adds the directory to the plan. An empty log_mode means no change. A directory that another user created or changed stays as it
# is.
log_plan() {
	local now reason path=$root/$log_path
	log_choose
	log_record="$log_mode $log_owner"
	if [[ -L $path ]]; then
		log_record=- log_mode=''
		note "$path is a symbolic link: not changed"
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
		note "$path has a mode or owner that install.sh did not set (${now% }): not changed"
	fi
}
