#!/usr/bin/env bats
# /proc mounted with hidepid=2, as hardened hosts have it: an ordinary user doesn't see there who can't be dumped, and so not our init.

load helper

setup_file() {
	((UID == 0)) || skip 'only root can mount /proc so'
	confine_begin refuse_calls survivor
}

# hidden [WAY...]: what the command leaves behind where an ordinary user doesn't see init
hidden() {
	# shellcheck disable=SC2016
	unshare --mount -- bash -c 'mount -t proc -o hidepid=2 proc /proc && exec "$@"' - \
		setpriv --reuid="$ORDINARY" --regid="$ORDINARY" --clear-groups --inh-caps=-all -- "$@"
}

@test 'what is left is named and killed, in a PID namespace and without' {
	local keeper kind
	local -a way
	for keeper in pidns subreaper; do
		way=()
		[[ $keeper == pidns ]] || way=("$PLACE/refuse_calls" unshare:newpid=EPERM --)
		for kind in double_fork stopped adopted bomb; do
			hidden "${way[@]}" "$CONFINE" --cgroup x --record "$RECORD" -- "$PLACE/survivor" "$kind"
			[[ $(record_value "$RECORD" 'r.tracking + (r.orphans?.length > 0) + r.stuck') == "${keeper}trueundefined" ]] || {
				echo "$keeper, $kind: $(tail -n1 "$RECORD" | cut -c1-500)"
				return 1
			}
			[[ ! $(marked "$ORDINARY") ]]
		done
	done
}

@test 'one that nobody can look into is killed all the same' {
	hidden "$PLACE/refuse_calls" unshare:newpid=EPERM -- "$CONFINE" --cgroup x --record "$RECORD" -- "$PLACE/survivor" no_death_signal
	[[ $(record_value "$RECORD" r.stuck) == undefined && ! $(marked "$ORDINARY") ]]
}
