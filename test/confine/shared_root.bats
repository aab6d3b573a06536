#!/usr/bin/env bats
# Where / is a shared mount, as systemd makes it, what is mounted for a command stays with it.

load helper

setup_file() {
	confine_begin survivor
}

# In a mount namespace of its own, in which / is shared with a second one.
with_shared_root() {
	unshare --mount --propagation private -- bash -c 'mount --make-rshared / && exec "$@"' - "$@"
}

@test 'the /proc of a command appears nowhere else, and nothing survives' {
	only_root
	# shellcheck disable=SC2016
	run -0 with_shared_root bash -c '
		grep -q "shared:" <(grep " / / " /proc/self/mountinfo) && cat /proc/self/mountinfo >"$2/before"
		for way in "" "setpriv --reuid=$3 --regid=$3 --clear-groups --inh-caps=-all --"; do
			$way "$1" --net --ipc --cgroup x -- bash -c "[[ \$(</proc/1/comm) == confine ]] && exec \"\$@\"" - "$2/survivor" double_fork
		done
		cat /proc/self/mountinfo | diff - "$2/before" && [[ $(</proc/$$/comm) == bash ]]' - "$CONFINE" "$PLACE" "$ORDINARY"
	[[ $output == $'ready\nready' ]]
	[[ ! $(marked "$ORDINARY") ]]
}
