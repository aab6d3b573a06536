// SPDX-License-Identifier: GPL-2.0-or-later
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';

/** Creates the files that the cases in cases.ts refer to. */
export function createFiles(path: (...parts: string[]) => string): void {
	const write = (name: string, text: string, mode = 0o644) => {
		mkdirSync(path(name, '..'), { recursive: true });
		writeFileSync(path(name), text, { mode });
	};
	const link = (target: string, name: string) => {
		mkdirSync(path(name, '..'), { recursive: true });
		symlinkSync(target, path(name));
	};
	write('bin/mycc', '#!/bin/sh\n# slow\nexec distcc gcc "$@"\n', 0o755);
	write('bin/plain', '#!/bin/sh\n# distcc would be faster\nexec gcc --no-distcc-please "$@"\n', 0o755);
	link('/usr/bin/distcc', 'bin/mylink');
	link('/usr/bin/distcc', 'any name/gcc');
	for (const name of ['gcc', 'g++']) link('/usr/bin/distcc', `chost/x86_64-pc-linux-gnu-${name}`);
	write('scripts/gcc', '#!/bin/sh\nDISTCC_VERBOSE=0 /usr/bin/distcc /usr/bin/gcc "$@"\n', 0o755);
	link('/usr/bin/gcc', 'distcc/gcc');
	write('home/.distcc/hosts', '# mine\nlocalhost/2\nbuild.example.org/8,lzo\n');
	write('dir/hosts', '[fd00::7]:3632/4 far # second floor\n');
	write('etc/distcc/hosts', '10.9.9.9\n');
	mkdirSync(path('usr/bin'), { recursive: true });
	copyFileSync('/usr/bin/distcc', path('usr/bin/distcc'));
	mkdirSync(path('patched'));
	copyFileSync('/usr/bin/distcc', path('patched/distcc'));
	writeFileSync(path('patched/distcc'), '\0DISTCC_SOCKS_PROXY\0', { flag: 'a' });
	write('home/.config/sccache/config', '[cache.s3]\nbucket = "b"\n');
	write('scheduler', '[dist]\nscheduler_url = "http://10.1.1.1"\n');
	write('disk', '[cache.disk]\ndir = "/var/tmp/sccache"\n');
	write('ccache/ccache.conf', '# remote_storage = http://10.1.1.1\nremote_storage = http://cache.example.org\n');
}
