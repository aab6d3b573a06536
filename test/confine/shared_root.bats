#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Mounts of a command do not appear on the host, whether / is a shared mount, as with systemd, or a private one.

load confine_helper

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

@test 'whether / is shared or private, mounts (tmpfs, bind, FUSE) of a command under confine --mount do not appear on the host and end with the command' {
	local propagation
	cat >"$TEST_DIR/mounts" <<-'EOF'
		exec 3<>"$2" && mount -t tmpfs none "$1" && mkdir "$1/"{bind,fuse} && mount --bind /usr "$1/bind" &&
			mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 none "$1/fuse" && grep -c " $1" /proc/self/mountinfo && read -r
	EOF
	cat >"$TEST_DIR/host" <<-'EOF'
		mount "--make-r$4" /
		for prefix in '' "setpriv --reuid=$3 --regid=$3 --clear-groups --inh-caps=-all --"; do
			coproc PHASE { $prefix "$1" --mount -- ${prefix:+unshare --user --map-root-user --mount} bash "$2/mounts" "$2/point" "$2/fuse"; }
			read -r line <&"${PHASE[0]}" && echo "$line"
			grep -F "$2/point" /proc/self/mountinfo || [[ -e $2/point/bind ]] || echo 'not on the host'
			echo >&"${PHASE[1]}"
			wait "$PHASE_PID" && ! grep -F "$2/point" /proc/self/mountinfo
		done
	EOF
	mkdir "$TEST_DIR/point"
	mknod --mode 666 "$TEST_DIR/fuse" c 10 229
	for propagation in shared private; do
		run -0 unshare --mount -- bash "$TEST_DIR/host" "$CONFINE" "$TEST_DIR" "$TEST_UID" "$propagation"
		[[ $output == $'3\nnot on the host\n3\nnot on the host' ]] || {
			echo "$propagation: $output"
			return 1
		}
	done
}
