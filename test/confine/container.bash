# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A container like those of Docker and Podman, made by crun: the files of this machine, parts of /proc masked, /sys read-only.
#
#   run_in_container SECCOMP UID COMMAND...   runs the command in a new container as user UID
#
# SECCOMP is `docker` (capabilities and default seccomp profile of Docker), `podman` (those of Podman), or `unconfined` (capabilities of
# Docker, no seccomp filter). With CONTAINER_NETWORK=host the container has the network of the host.
#
# TEST_DIR is a folder that every user may write (confine_helper.bash).

run_in_container() {
	local bundle
	bundle=$(mktemp -d "$TEST_DIR/container.XXXXXX") || return
	mkdir "$bundle/rootfs"
	container_configuration "$@" >"$bundle/config.json" || return
	# The mount namespace removes the mounts at the end. crun refuses a hybrid cgroup tree, so the container has no cgroup tree.
	# shellcheck disable=SC2016
	unshare --mount --propagation private -- bash -c \
		'mount -t tmpfs none /sys/fs/cgroup && mount --rbind / "$1/rootfs" && exec crun --root "$1/state" --cgroup-manager disabled run --bundle "$1" "$2"' - "$bundle" "${bundle##*/}"
}

# Docker's default profile permits these system calls only with CAP_SYS_ADMIN, which the container lacks, and refuses the namespace
# flags of clone(2) (moby, profiles/seccomp/default.json). Podman's permits namespaces and mounts (containers/common,
# pkg/seccomp/seccomp.json), and grants fewer capabilities (pkg/config/default.go).
container_configuration() {
	node -e '
		const [seccomp, uid, cwd, ...args] = process.argv.slice(1);
		const refused = ["bpf", "perf_event_open", "setdomainname", "sethostname", "setns"];
		const inspection = ["kcmp", "pidfd_getfd"];
		const namespaces = ["fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree", "pivot_root", "umount2", "unshare"];
		const capabilities = [...(seccomp === "podman" ? [] : ["AUDIT_WRITE", "MKNOD", "NET_RAW"]), "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID",
			"KILL", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"].map((name) => `CAP_${name}`);
		const fail = (names, errnoRet, ...args) => ({ names, action: "SCMP_ACT_ERRNO", errnoRet, args });
		const cloneFlag = (bit) => ({ index: 0, value: 2 ** bit, valueTwo: 2 ** bit, op: "SCMP_CMP_MASKED_EQ" });
		const hostNetwork = process.env.CONTAINER_NETWORK === "host";
		const effective = uid === "0" ? capabilities : [];
		const mount = (destination, type, ...options) => ({ destination, type, source: type, options });
		const paths = (names) => names.split(" ").map((name) => `/proc/${name}`);
		console.log(JSON.stringify({
			ociVersion: "1.0.0",
			process: {
				user: { uid: Number(uid), gid: Number(uid) },
				args, cwd,
				env: Object.entries(process.env).map(([name, value]) => `${name}=${value}`),
				capabilities: { bounding: capabilities, effective, permitted: effective },
			},
			root: { path: "rootfs" },
			mounts: [
				mount("/proc", "proc"),
				mount("/dev", "tmpfs", "nosuid", "mode=755"),
				mount("/dev/pts", "devpts", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
				mount("/dev/shm", "tmpfs", "mode=1777"),
				/* In the network namespace of the host, /sys of the host is mounted already. */
				...(hostNetwork ? [] : [mount("/sys", "sysfs", "nosuid", "noexec", "nodev", "ro")]),
			],
			linux: {
				namespaces: ["pid", "ipc", "uts", "mount", ...(hostNetwork ? [] : ["network"])].map((type) => ({ type })),
				maskedPaths: paths("acpi kcore keys latency_stats timer_list scsi"),
				readonlyPaths: paths("bus fs irq sys sysrq-trigger"),
				...(seccomp !== "unconfined" && {
					seccomp: {
						defaultAction: "SCMP_ACT_ALLOW",
						architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
						syscalls: [
							fail(refused, 1),
							...(seccomp === "podman" ? [] : [fail([...namespaces, ...inspection], 1), fail(["clone3"], 38),
								...[17, 25, 26, 27, 28, 29, 30].map((bit) => fail(["clone"], 1, cloneFlag(bit)))]),
						],
					},
				}),
			},
		}));
	' "$1" "$2" "$PWD" "${@:3}"
}
