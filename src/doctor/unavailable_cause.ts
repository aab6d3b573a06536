// SPDX-License-Identifier: GPL-2.0-or-later
import { stat } from '../util/files.ts';
import type { Confinement } from '../rules/phases.ts';

/** The facts from which unavailableCause() derives why a confinement is not available. */
interface Failure {
	/** The mode of confine: root, setuid, userns or none. */
	readonly mode: string;
	/** The error that confine reports, for example `unshare(CLONE_NEWUSER): Operation not permitted`. */
	readonly error: string;
	/** Function that reads a file without trailing whitespace, and returns undefined if the file is not readable. Tests replace it. */
	readonly read: (file: string) => string | undefined;
	/** True if a setuid confine may be able to apply the confinement, so that the fix names `install.sh --setuid`; false: the fix omits it. */
	readonly setuidHelps: boolean;
}

type Check = Readonly<ReturnType<typeof checkOf>>;
function checkOf(failure: Failure, what: Confinement) {
	const { mode, read, setuidHelps } = failure;
	/** The name of the namespace's file in /proc/self/ns, and the kernel option that enables the namespace. */
	const [namespace, option] = namespaces[what];
	return {
		...failure,
		namespace,
		option,
		/** True if confine has no privilege, so that it needs a user namespace to create other namespaces. */
		unprivileged: mode !== 'root' && mode !== 'setuid',
		/** A sentence about a setuid confine as the alternative fix; '' if a setuid confine does not help. */
		orSetuid: setuidHelps ? 'Or make confine setuid with `install.sh --setuid` or USE=suid.' : '',
		/** The name of the active security module, for the message: AppArmor with its profile, or SELinux. */
		securityModule: securityModuleOf(read),
	};
}

/** A part of a cause or fix: a constant text, or a function that returns the text for a failure. */
type Text = string | ((check: Check) => string);

interface Row {
	readonly id: string;
	readonly matches: (check: Check) => boolean;
	readonly text: Text;
	/** The sysctl and its value that fix the cause, NAME=VALUE. */
	readonly sysctl?: Text;
	/** Sentences that describe the fix. If the row has `sysctl`, they follow the instructions to set it. */
	readonly fix?: Text;
}

const namespaces: Readonly<Record<Confinement, readonly [namespace: string, option: string]>> = {
	net: ['net', 'CONFIG_NET_NS'],
	ipc: ['ipc', 'CONFIG_IPC_NS'],
	pid: ['pid', 'CONFIG_PID_NS'],
	mount: ['mnt', 'CONFIG_NAMESPACES'],
	cgroup: ['pid', 'CONFIG_PID_NS'],
};

/** The known causes of failures. The first row that matches a failure decides, so the order matters. */
const rows: readonly Row[] = [
	{
		// confine itself reports this error: with --mknod, it makes no user namespace for a root who can create device files (native/supervisor/launch.c).
		id: 'mknod',
		matches: ({ error }) => error.startsWith('mknod in a user namespace'),
		text: 'src_install creates device files, which root cannot do in a user namespace',
		fix: 'Give the container the capability SYS_ADMIN: start it with `--cap-add SYS_ADMIN`.',
	},
	{
		id: 'kernel',
		matches: ({ namespace }) => stat(`/proc/self/ns/${namespace}`) === undefined,
		text: ({ namespace }) => `the kernel was built without ${namespace} namespaces`,
		fix: ({ option }) => `Build the kernel with CONFIG_NAMESPACES and ${option}.`,
	},
	{
		id: 'no-userns',
		matches: ({ unprivileged }) => unprivileged && stat('/proc/self/ns/user') === undefined,
		text: 'the kernel was built without user namespaces',
		fix: ({ orSetuid }) => `Build the kernel with CONFIG_USER_NS. ${orSetuid}`,
	},
	{
		id: 'max_user_namespaces',
		matches: ({ unprivileged, read }) => unprivileged && read('/proc/sys/user/max_user_namespaces') === '0',
		text: 'user namespaces are disabled: user.max_user_namespaces is 0',
		sysctl: 'user.max_user_namespaces=15000',
		fix: ({ orSetuid }) => orSetuid,
	},
	{
		id: 'unprivileged_userns_clone',
		matches: ({ unprivileged, read }) => unprivileged && read('/proc/sys/kernel/unprivileged_userns_clone') === '0',
		text: 'user namespaces are disabled for ordinary users: kernel.unprivileged_userns_clone is 0',
		sysctl: 'kernel.unprivileged_userns_clone=1',
		fix: ({ orSetuid }) => orSetuid,
	},
	{
		id: 'apparmor',
		matches: ({ unprivileged, read }) =>
			unprivileged && read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1',
		text: 'AppArmor denies user namespaces to ordinary users: kernel.apparmor_restrict_unprivileged_userns is 1',
		sysctl: 'kernel.apparmor_restrict_unprivileged_userns=0',
		fix: ({ orSetuid }) => `Or give confine an AppArmor profile that contains \`userns,\`. ${orSetuid}`,
	},
	{
		// unshare(2) itself never returns EACCES. This error means that a security module denied the call.
		id: 'lsm',
		matches: ({ error }) => error.endsWith(': Permission denied'),
		text: ({ securityModule }) => `the policy of ${securityModule} denies the creation of namespaces`,
		fix: 'In this policy, allow user namespaces and the capability sys_admin for confine. To see what was denied, run `dmesg` or `ausearch -m avc`.',
	},
	{
		id: 'seccomp',
		// The fix names Podman's default profile, which permits namespaces (containers/common, pkg/seccomp/seccomp.json).
		matches: ({ read, error }) =>
			/: (Operation not permitted|Function not implemented)$/.test(error) &&
			/^Seccomp:\s*2$/m.test(read('/proc/self/status') ?? ''),
		text: "a seccomp filter denies the creation of namespaces, as Docker's default profile does",
		fix: 'Start the container with `--security-opt seccomp=FILE`, where FILE is a profile that permits clone, unshare and mount, such as /usr/share/containers/seccomp.json of Podman, or with `--security-opt seccomp=unconfined`.',
	},
	{
		id: 'max_namespaces',
		matches: ({ read, namespace }) => read(`/proc/sys/user/max_${namespace}_namespaces`) === '0',
		text: ({ namespace }) => `the limit user.max_${namespace}_namespaces is 0`,
		sysctl: ({ namespace }) => `user.max_${namespace}_namespaces=15000`,
	},
	{
		// AppArmor returns EPERM, not EACCES, for a denied capability (security/apparmor/capability.c), so the row `lsm` does not match.
		id: 'profile',
		matches: ({ read, error }) => profileOf(read) !== '' && error.endsWith(': Operation not permitted'),
		text: ({ securityModule }) => `${securityModule} denies the creation of namespaces`,
		fix: 'Add `userns,` and `capability sys_admin,` to the profile. To see what was denied, run `dmesg`.',
	},
	{
		// In a chroot, clone(2) with CLONE_NEWUSER fails with EPERM (clone(2), user_namespaces(7)).
		id: 'chroot',
		matches: ({ unprivileged, error }) => unprivileged && error.endsWith(': Operation not permitted'),
		text: 'the kernel denies user namespaces to ordinary users, as in a chroot',
		fix: ({ orSetuid }) => `Use systemd-nspawn or bwrap instead of chroot, or run emerge as root. ${orSetuid}`,
	},
	{
		// Under qemu-user, both calls fail with EINVAL: unshare(2), because qemu-user has added a thread to confine, and prctl(2), because
		// qemu-user does not support PR_SET_CHILD_SUBREAPER.
		id: 'emulator',
		matches: ({ error }) =>
			/^(unshare\(CLONE_NEWUSER\)|prctl\(PR_SET_CHILD_SUBREAPER\)): Invalid argument$/.test(error),
		text: 'an emulator such as qemu-user runs confine and makes this system call fail',
		fix: 'Run emerge as root, in a virtual machine, or on a machine of the emulated architecture.',
	},
	{
		id: 'unknown',
		matches: () => true,
		text: 'the kernel denies the creation of namespaces',
		fix: 'In a container, check whether its seccomp profile and security module allow clone and unshare.',
	},
];

/** The reason why a confinement is not available, and its fix. */
export type UnavailableCause = Readonly<ReturnType<typeof unavailableCause>>;

/** Finds the cause of a failure to apply the confinement `what`, and its fix. */
export function unavailableCause(failure: Failure, what: Confinement) {
	const check = checkOf(failure, what);
	const row = rows.find(({ matches }) => matches(check));
	const textOf = (text: Text = '') => (typeof text === 'string' ? text : text(check));
	const sysctl = textOf(row?.sysctl);
	const command = sysctl === '' ? '' : `sysctl -w ${sysctl}`;
	const first = command === '' ? '' : `Run as root: \`${command} | tee -a /etc/sysctl.d/portcullis.conf\`. `;
	return {
		id: row?.id ?? '',
		/** The cause as a clause without a period. */
		text: textOf(row?.text),
		fix: `${first}${textOf(row?.fix)}`.trim(),
		/** A command for root that fixes the cause until the next reboot; '' if no sysctl fixes it. */
		command,
	};
}

/** Returns the name of the enforced AppArmor profile of this process, which confine inherits; '' if there is none. */
function profileOf(read: Failure['read']): string {
	const label = read('/proc/self/attr/apparmor/current') ?? '';
	return /^(.*) \(enforce\)$/.exec(label)?.[1] ?? '';
}

function securityModuleOf(read: Failure['read']): string {
	const profile = profileOf(read);
	if (profile !== '') return `AppArmor's profile ${profile}`;
	if (read('/sys/fs/selinux/enforce') === '1') return 'SELinux';
	return 'a security module (such as AppArmor or SELinux)';
}
