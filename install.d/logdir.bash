# shellcheck shell=bash disable=SC2034,SC2154 # the parts share install.sh's variables
# /var/log/portcullis: on a host, every builder of group portage may append; in a Prefix it is its owner's.

readonly log_path=var/log/portcullis

# Sets log_mode and log_owner, what the directory shall have.
log_choose() {
	local owner
	files_owner
	log_mode=755 log_owner=$owner
	if [[ -z $eprefix ]] && ((EUID == 0)); then
		if portage_gid; then
			log_mode=2775 log_owner=0:$gid
		else
			note "there is no group portage: $root/$log_path is root's alone, and phases run by other users leave no record"
		fi
	fi
}

# Sets gid to the group portage's; status 1 where there is none.
portage_gid() {
	local line
	line=$(getent group portage) || return 1
	IFS=: read -r _ _ gid _ <<<"$line"
}

# Adds what is to be done about the directory to the plan. log_mode is empty if that is nothing. One that somebody else set up, or has set up otherwise since,
# is theirs.
log_plan() {
	local now reason path=$root/$log_path
	log_choose
	log_record="$log_mode $log_owner"
	if [[ -L $path ]]; then
		log_record=- log_mode=''
		note "$path is a symbolic link: left as it is"
		return 0
	fi
	if ((EUID == 0)) && trust_walk "$root/${log_path%/*}/" && trust_problem 0; then
		log_record=- log_mode=''
		note "$reason: install.sh leaves $path alone; make it by hand, or no build leaves a record"
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
		note "$path was set up by somebody else (${now% }): left as it is"
	fi
}
