#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# On a shared / mount, as with systemd, mounts for a command do not propagate to the host.

load helper

setup_file() {
	confine_begin survivor
}

# with_shared_root COMMAND...: runs the command in a new mount namespace whose / is shared
with_shared_root() {
	unshare --mount --propagation private -- bash -c 'mount --make-rshared / && exec "$@"' - "$@"
}

@test 'if / is a shared mount, the /proc that confine mounts does not appear on the host, and no process survives the command' {
	# shellcheck disable=SC2016
	run -0 with_shared_root bash -c '
		grep -q "shared:" <(grep " / / " /proc/self/mountinfo) && cat /proc/self/mountinfo >"$2/before"
		for prefix in "" "setpriv --reuid=$3 --regid=$3 --clear-groups --inh-caps=-all --"; do
			$prefix "$1" --net --ipc --cgroup x -- bash -c "[[ \$(</proc/1/comm) == confine ]] && exec \"\$@\"" - "$2/survivor" double_fork
		done
		cat /proc/self/mountinfo | diff - "$2/before" && [[ $(</proc/$$/comm) == bash ]]' - "$CONFINE" "$TEST_DIR" "$TEST_UID"
	[[ $output == $'ready\nready' ]]
	[[ ! $(live_processes "$TEST_UID") ]]
}
