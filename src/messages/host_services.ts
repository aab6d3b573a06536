// SPDX-License-Identifier: GPL-2.0-or-later

/** A service of the host that listens on a UNIX socket with a path. */
interface HostService {
	readonly name: string;
	readonly pattern: RegExp;
	/** The effect on a build that uses the service and, if there is a better way, advice for the ebuild. `portcullis report` prints it. */
	readonly means: string;
	/**
	 * risky: the service holds keys or starts programs, so emerge prints a message about a request. common: emerge prints no message, because
	 * on some hosts most builds make requests to this service. Such requests alone do not even make the hook start Node (common_sockets in
	 * native/supervisor/record.c). If `kind` is absent, emerge prints a message only if confine refused the request.
	 */
	readonly kind?: 'risky' | 'common';
}

/** The known services. Only the first match counts. */
export const hostServices: readonly HostService[] = [
	{
		name: 'container engine',
		pattern: /\/(docker|podman|containerd|crio|buildkitd)[^/]*\.sock(\.ttrpc)?$/,
		means: 'It starts containers as root, in which a build can change any file of the host.',
		kind: 'risky',
	},
	{
		name: 'libvirt',
		pattern: /\/libvirt\/[^/]*-sock(-ro|-admin)?$/,
		means: 'It starts virtual machines, in which a build can change files of the host.',
		kind: 'risky',
	},
	{
		name: 'systemd',
		pattern: /\/systemd\/(private|io\.systemd\.Manager)$/,
		means: 'It starts programs outside the sandbox.',
		kind: 'risky',
	},
	{
		name: 'D-Bus',
		pattern: /^\/run\/dbus\/|^\/run\/user\/\d+\/bus$|\/dbus-[^/]+(\/|$)/,
		means:
			'Its services start programs outside the sandbox and hold keys. In the ebuild, run the tests with dbus-run-session.',
		kind: 'risky',
	},
	{
		name: 'terminal multiplexer',
		pattern: /\/tmux-\d+\/|\/screens?\/S-|\/\.screen\//,
		means: 'It runs commands in a terminal outside the sandbox.',
		kind: 'risky',
	},
	{
		name: 'ssh agent',
		pattern: /\/ssh-[^/]+\/agent\.\d+$|\/\.ssh\/agent\/|\/(keyring\/\.?ssh|ssh-agent(\.socket)?|S\.gpg-agent\.ssh)$/,
		means: 'It signs with your keys, so a build can log in to other hosts.',
		kind: 'risky',
	},
	{
		name: 'GnuPG',
		pattern: /\/S\.(gpg-agent(\.extra|\.browser)?|scdaemon|keyboxd|dirmngr)$/,
		means:
			'It signs and decrypts with your keys. In the ebuild, set GNUPGHOME to a directory inside the build, such as ${T}/gnupg.',
		kind: 'risky',
	},
	{
		name: 'key store',
		pattern: /\/(keyring\/(control|pkcs11)|p11-kit\/pkcs11|pcscd\/pcscd\.comm|kwallet\w*\.socket)$/,
		means: 'It holds your passwords and keys.',
		kind: 'risky',
	},
	{
		name: 'PostgreSQL',
		pattern: /\/\.s\.PGSQL\.\d+$/,
		means:
			'The build depends on a database of the host, and can change its data. In the ebuild, start a server for the tests.',
	},
	{
		name: 'MySQL',
		pattern: /\/mysqlx?d?\.sock$/,
		means:
			'The build depends on a database of the host, and can change its data. In the ebuild, start a server for the tests.',
	},
	{
		name: 'Redis',
		pattern: /\/(redis|valkey)[^/]*\.sock$/,
		means:
			'The build depends on data of a server on the host, and can change this data. In the ebuild, start a server for the tests.',
	},
	{
		name: 'name service',
		pattern:
			/^\/run\/nscd\/|^\/run\/systemd\/(userdb|resolve)\/|^\/var\/lib\/sss\/pipes\/|^\/run\/avahi-daemon\/socket$/,
		means: 'It looks up users and host names for the build, and may ask servers in the network.',
		kind: 'common',
	},
	{
		name: 'system log',
		pattern: /^\/dev\/log$|^\/run\/systemd\/journal\//,
		means: 'The build writes to the log of the host.',
		kind: 'common',
	},
	{
		name: 'CUPS',
		pattern: /\/cups\/cups\.sock$/,
		means: 'The build can print, and depends on the printers of the host.',
	},
	{
		name: 'sound server',
		pattern: /\/pulse\/native$|\/pipewire-\d+(-manager)?$/,
		means: 'The build can record and play sound, and depends on the devices of the host.',
	},
	{
		name: 'display',
		pattern: /\/\.X11-unix\/X\d+$|\/wayland-\d+$/,
		means:
			'The build can see your screen and what you type. In the ebuild, run the tests with virtx of virtualx.eclass.',
	},
	{ name: 'icecream', pattern: /\/icecc\/iceccd\.socket$/, means: 'It sends compilations to other hosts.' },
];

export function hostServiceAt(path: string): HostService | undefined {
	return hostServices.find(({ pattern }) => pattern.test(path));
}
