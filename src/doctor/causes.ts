import { readlinkSync } from 'node:fs';
import type { ProbeResult, SystemInfo } from './system_info.ts';

/** Why a namespace can't be had: the first row that fits names the culprit and what would help. */
export interface Cause {
	readonly id: string;
	readonly fits: (system: SystemInfo, what: string) => boolean;
	readonly because: string;
	readonly fix: string;
}

/** What the kernel calls the namespace of a confinement, and the option it is built with. */
const options: Readonly<Record<string, readonly [file: string, option: string]>> = {
	net: ['net', 'CONFIG_NET_NS'],
	ipc: ['ipc', 'CONFIG_IPC_NS'],
	cgroup: ['pid', 'CONFIG_PID_NS'],
};

/** What helps where it is not so already. */
const setuid = ', or install confine setuid: `install.sh --setuid`, USE=suid';
const privileged = ({ probeResult }: SystemInfo) => probeResult.mode === 'root' || probeResult.mode === 'setuid';

export const causes: readonly Cause[] = [
	{
		id: 'kernel',
		fits: (_, what) => !exists(options[what]?.[0] ?? what),
		because: 'this kernel is built without that namespace',
		fix: 'Build the kernel with CONFIG_NAMESPACES and @option@.',
	},
	{
		id: 'no-userns',
		fits: (system) => !privileged(system) && !exists('user'),
		because: 'this kernel is built without user namespaces',
		fix: 'Build the kernel with CONFIG_USER_NS@setuid@.',
	},
	{
		id: 'max_user_namespaces',
		fits: (system) => !privileged(system) && system.read('/proc/sys/user/max_user_namespaces') === '0',
		because: 'user namespaces are off: user.max_user_namespaces is 0',
		fix: `\`sysctl user.max_user_namespaces=15000\` (and a line in /etc/sysctl.d)@setuid@.`,
	},
	{
		id: 'unprivileged_userns_clone',
		fits: (system) => !privileged(system) && system.read('/proc/sys/kernel/unprivileged_userns_clone') === '0',
		because: 'user namespaces are off for ordinary users: kernel.unprivileged_userns_clone is 0',
		fix: `\`sysctl kernel.unprivileged_userns_clone=1\` (and a line in /etc/sysctl.d)@setuid@.`,
	},
	{
		id: 'apparmor',
		fits: (system) =>
			!privileged(system) && system.read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1',
		because: 'AppArmor keeps user namespaces from ordinary users: kernel.apparmor_restrict_unprivileged_userns is 1',
		fix: `Give confine a profile with \`userns,\`, or \`sysctl kernel.apparmor_restrict_unprivileged_userns=0\`@setuid@.`,
	},
	{
		// Of what can refuse unshare(2), only a security module says so with EACCES.
		id: 'lsm',
		fits: ({ probeResult }, what) => whyOf(probeResult, what).endsWith(': Permission denied'),
		because: 'the policy of @module@ refuses it',
		fix: 'The log names the rule: `dmesg`, or `ausearch -m avc`. It has to allow confine user namespaces and the capability sys_admin.',
	},
	{
		id: 'seccomp',
		fits: ({ read }) => /^Seccomp:\s*2$/m.test(read('/proc/self/status') ?? ''),
		because: 'a seccomp filter refuses it, as the default profile of Docker and Podman does',
		fix: 'Start the container with --security-opt seccomp=unconfined, or with a profile that lets clone and unshare through.',
	},
	{
		id: 'max_namespaces',
		fits: ({ read }, what) => read(`/proc/sys/user/max_${options[what]?.[0] ?? what}_namespaces`) === '0',
		because: 'their number is limited to 0 (user.max_@file@_namespaces)',
		fix: '`sysctl user.max_@file@_namespaces=15000`, and a line in /etc/sysctl.d.',
	},
	{
		// AppArmor answers a refused capability with EPERM, as who lacks it gets (aa_capable in security/apparmor/capability.c).
		id: 'profile',
		fits: (system, what) =>
			profileOf(system) !== '' && whyOf(system.probeResult, what).endsWith(': Operation not permitted'),
		because: '@module@ refuses it',
		fix: 'The log names the rule: `dmesg`. The profile has to allow confine `userns,` and `capability sys_admin,`.',
	},
	{
		// user_namespaces(7), and EPERM in clone(2): the caller is in a chroot environment.
		id: 'chroot',
		fits: (system, what) =>
			!privileged(system) && whyOf(system.probeResult, what).endsWith(': Operation not permitted'),
		because: 'the kernel refuses it, as it does to an ordinary user in a chroot',
		fix: 'Enter it with systemd-nspawn or bwrap instead of chroot, or run emerge as root in there@setuid@.',
	},
	{
		id: 'unknown',
		fits: () => true,
		because: 'the kernel refuses it',
		fix: 'Are you in a container? Its policy decides.',
	},
];

function whyOf(probeResult: ProbeResult, what: string): string {
	return probeResult.missing.find((one) => one.what === what)?.why ?? '';
}

/** The AppArmor profile that confines this process, and so what it starts; '' for none, or one that only complains. */
function profileOf({ read }: SystemInfo): string {
	const label = read('/proc/self/attr/apparmor/current') ?? '';
	return /^(.*) \(enforce\)$/.exec(label)?.[1] ?? '';
}

/** The security module that enforces a policy here, as far as it can be told. */
function moduleOf(system: SystemInfo): string {
	const profile = profileOf(system);
	if (profile !== '') return `AppArmor's profile ${profile}`;
	if (system.read('/sys/fs/selinux/enforce') === '1') return 'SELinux';
	return 'a security module (AppArmor, SELinux or their kind)';
}

/** The cause that fits, with what it says about this confinement filled in. */
export function causeOf(
	system: SystemInfo,
	what: string,
): { readonly id: string; readonly because: string; readonly fix: string } {
	const found = causes.find(({ fits }) => fits(system, what));
	const [file = what, option = ''] = options[what] ?? [];
	const more = system.sandboxed === undefined ? setuid : '';
	const fill = (text: string) =>
		text
			.replaceAll('@option@', option)
			.replaceAll('@file@', file)
			.replaceAll('@setuid@', more)
			.replaceAll('@module@', moduleOf(system));
	return { id: found?.id ?? '', because: fill(found?.because ?? ''), fix: fill(found?.fix ?? '') };
}

function exists(namespace: string): boolean {
	try {
		readlinkSync(`/proc/self/ns/${namespace}`);
		return true;
	} catch {
		return false;
	}
}
