# shellcheck shell=bash
# A container as Docker makes it, of a real container runtime: this machine's files, parts of /proc masked, /sys read-only, Docker's
# fourteen capabilities, and on demand what its default seccomp profile refuses.
#
#   contained SECCOMP UID COMMAND...   in such a container, as that user; SECCOMP is `docker` or `unconfined`
#
# PLACE is everybody's, as helper.bash has it.

contained() {
	local bundle
	bundle=$(mktemp -d "$PLACE/container.XXXXXX") || return
	mkdir "$bundle/rootfs"
	container_configuration "$@" >"$bundle/config.json" || return
	# In a mount namespace of its own, so that nothing is left to unmount; and without cgroups, as crun refuses a hybrid tree.
	# shellcheck disable=SC2016
	unshare --mount --propagation private -- bash -c \
		'mount --rbind / "$1/rootfs" && mount -t tmpfs none /sys/fs/cgroup && exec crun --root "$1/state" --cgroup-manager disabled run --bundle "$1" "$2"' - "$bundle" "${bundle##*/}"
}

# What Docker's default profile keeps for CAP_SYS_ADMIN (moby, profiles/seccomp/default.json), which the container lacks; and from
# clone(2) the flags of namespaces alone.
container_configuration() {
	node -e '
		const [seccomp, uid, cwd, ...args] = process.argv.slice(1);
		const refused = ["bpf", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree", "perf_event_open",
			"pivot_root", "setdomainname", "sethostname", "setns", "umount2", "unshare"];
		const capabilities = ["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
			"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"].map((name) => `CAP_${name}`);
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
				mount("/sys", "sysfs", "nosuid", "noexec", "nodev", "ro"),
			],
			linux: {
				namespaces: ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type })),
				maskedPaths: paths("acpi kcore keys latency_stats timer_list scsi"),
				readonlyPaths: paths("bus fs irq sys sysrq-trigger"),
				...(seccomp === "docker" && {
					seccomp: {
						defaultAction: "SCMP_ACT_ALLOW",
						architectures: ["SCMP_ARCH_X86_64"],
						syscalls: [
							{ names: refused, action: "SCMP_ACT_ERRNO", errnoRet: 1 },
							{ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 },
							...[17, 25, 26, 27, 28, 29, 30].map((bit) => ({
								names: ["clone"], action: "SCMP_ACT_ERRNO", errnoRet: 1,
								args: [{ index: 0, value: 2 ** bit, valueTwo: 2 ** bit, op: "SCMP_CMP_MASKED_EQ" }],
							})),
						],
					},
				}),
			},
		}));
	' "$1" "$2" "$PWD" "${@:3}"
}
