#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bin/portcullis: how it finds the program and Node, and its errors for invalid usage.

load ../lib/bats
load ../hook/hook

@test 'on a usage error, portcullis prints one line and exits with 2' {
	run -2 "$TOP/bin/portcullis" run echo
	[[ $output == 'portcullis: put -- before the command "echo"' ]]
	run -2 "$TOP/bin/portcullis" stauts
	[[ $output == 'portcullis: unknown command stauts; did you mean status?' ]]
	# Portcullis does not suggest its internal command `printed`.
	run -2 "$TOP/bin/portcullis" printe
	[[ $output != *'did you mean printed'* ]]
	run -2 "$TOP/bin/portcullis" hook --eprefxi /x
	[[ $output == 'portcullis: hook: unknown option --eprefxi; did you mean --eprefix?' ]]
	run -2 "$TOP/bin/portcullis" hook --eprefix
	[[ $output == 'portcullis: hook: --eprefix needs a value' ]]
}

@test 'if Node is missing or too old, portcullis prints one line and exits with 1' {
	local bin=$BATS_TEST_TMPDIR/bin
	mkdir "$bin"
	ln -s "$(command -v bash)" "$bin/bash"
	run -1 env -i PATH="$bin" "$TOP/bin/portcullis" --help
	[[ $output == 'portcullis: Node is missing. Install Node 20 or newer: emerge net-libs/nodejs' ]]
	echo "Object.defineProperty(process.versions, 'node', { value: '18.20.1' })" >"$BATS_TEST_TMPDIR/old.cjs"
	printf '#!/bin/bash\nexec %q --require %q "$@"\n' "$(command -v node)" "$BATS_TEST_TMPDIR/old.cjs" >"$bin/node"
	chmod 755 "$bin/node"
	run -1 env -i PATH="$bin" "$TOP/bin/portcullis" --help
	[[ $output == "portcullis: Node 20 or newer is needed, and $(node -p process.execPath) is 18.20.1: emerge net-libs/nodejs" ]]
}

@test 'bin/portcullis finds the installed portcullis.js even if bin/portcullis is started through symbolic links' {
	local root=$BATS_TEST_TMPDIR/root
	mkdir -p "$root/usr/bin" "$root/usr/share/portcullis" "$root/links"
	cp "$TOP/bin/portcullis" "$root/usr/bin/"
	cp "$TOP/dist/portcullis.js" "$root/usr/share/portcullis/"
	ln -s ../usr/bin/portcullis "$root/links/one"
	ln -s "$root/links/one" "$root/links/two"
	run -0 "$root/links/two" hook
	[[ $output == *"confine=$root/usr/libexec/portcullis/confine "* ]]
	rm "$root/usr/share/portcullis/portcullis.js"
	run -1 "$root/links/two" hook
	[[ $output == *'is missing. Run install.sh again'* ]]
}

# watched_prefix: creates the Gentoo Prefix $prefix of root, whose programs create the file `started`
watched_prefix() {
	prefix=$BATS_TEST_TMPDIR/prefix
	mkdir -p "$prefix/usr/bin" "$prefix/usr/libexec/portcullis" "$prefix/etc/portage/env"
	printf '#!%s/usr/bin/python3\n' "$prefix" >"$prefix/usr/bin/emerge"
	printf '#!/bin/sh\ntouch %q\n' "$BATS_TEST_TMPDIR/started" | tee "$prefix"/usr/{bin/python3,bin/ebuild,libexec/portcullis/confine} >/dev/null
	chmod 755 "$prefix"/usr/{bin/*,libexec/portcullis/confine}
	mkdir -p "$prefix"/{lib64,usr/lib64,etc/python-exec,usr/lib/{portage,python-exec,python3.13/site-packages/portage}}
	touch "$prefix/etc/portage/make.conf" "$prefix/etc/portage/env/few" \
		"$prefix"/{etc/python-exec,usr/lib/{portage,python-exec,python3.13/site-packages/portage}}/file
}

@test 'if a Gentoo Prefix belongs to another user, portcullis started by root runs no program of the Prefix, and prints a setpriv command that runs portcullis as that user' {
	local command prefix
	watched_prefix
	chown -R 12321:12322 "$prefix"
	for command in doctor info explain 'allow --whole a/b' 'shell a/b-1 src_test' 'try a/b' 'run --features cgroup'; do
		# shellcheck disable=SC2086 # words
		run -10 "$TOP/bin/portcullis" $command --eprefix "$prefix"
		[[ $output == "portcullis: $prefix belongs to user 12321, so root runs no program in $prefix. To run this command as that user, run: setsid --wait setpriv --reuid=12321 --regid=12322 --clear-groups $TOP/bin/portcullis $command --eprefix $prefix" ]]
		[[ ! -e $BATS_TEST_TMPDIR/started ]]
	done
}

@test 'portcullis started by root runs no program of a Gentoo Prefix in which another user can replace a program or a configuration file' {
	local path prefix real
	watched_prefix
	for path in usr usr/bin usr/bin/{python3,emerge,ebuild} usr/libexec/portcullis/confine etc/portage etc/portage/{make.conf,env,env/few} \
		{usr/lib/portage,usr/lib/python-exec,etc/python-exec}/file usr/lib/python3.13/site-packages/portage/file lib64 usr/lib64; do
		chown 12321:12322 "$prefix/$path"
		run -10 "$TOP/bin/portcullis" explain --eprefix "$prefix"
		[[ $output == "portcullis: $prefix/$path belongs to user 12321, "*'run: setsid --wait setpriv --reuid=12321 --regid=12322 '* ]]
		chown 0:0 "$prefix/$path"
	done
	# portcullis of root checks the owner of a file before it opens the file: it would wait forever for a FIFO of the other user.
	mv "$prefix/usr/bin/emerge" "$BATS_TEST_TMPDIR/emerge"
	mkfifo "$prefix/usr/bin/emerge"
	chown 12321:12322 "$prefix/usr/bin/emerge"
	run -10 timeout 20 "$TOP/bin/portcullis" explain --eprefix "$prefix"
	[[ $output == "portcullis: $prefix/usr/bin/emerge belongs to user 12321, "* ]]
	mv -f "$BATS_TEST_TMPDIR/emerge" "$prefix/usr/bin/emerge"
	mkdir "$prefix/etc/linked"
	ln -s ../linked "$prefix/etc/portage/hooks"
	ln -s .. "$prefix/etc/linked/loop"
	touch "$prefix/etc/linked/script"
	chown 12321:12322 "$prefix/etc/linked/script"
	run -10 "$TOP/bin/portcullis" explain --eprefix "$prefix"
	[[ $output == "portcullis: $prefix/etc/linked/script belongs to user 12321, "* ]]
	rm -r "$prefix/etc/portage/hooks" "$prefix/etc/linked"
	chmod 1777 "$prefix/etc/portage"
	run -10 "$TOP/bin/portcullis" explain --eprefix "$prefix"
	[[ $output == "portcullis: $prefix/etc/portage can be written by every user, so root runs no program in $prefix. If you trust its content, run: chmod go-w $prefix/etc/portage" ]]
	chmod 755 "$prefix/etc/portage"
	chgrp 12322 "$prefix/usr"
	chmod 775 "$prefix/usr"
	run -10 "$TOP/bin/portcullis" explain --eprefix "$prefix"
	[[ $output == "portcullis: $prefix/usr can be written by group 12322, "* ]]
	chgrp 0 "$prefix/usr"
	# A symbolic link in the Prefix leads through a folder of another user.
	real=$BATS_TEST_TMPDIR/real
	mkdir "$real"
	mv "$prefix/usr/bin" "$real"
	ln -s ../../real/bin "$prefix/usr/bin"
	chown 12321:12322 "$real"
	run -10 "$TOP/bin/portcullis" explain --eprefix "$prefix"
	[[ $output == "portcullis: $real belongs to user 12321, "* ]]
	[[ ! -e $BATS_TEST_TMPDIR/started ]]
	# If the whole Prefix belongs to root, portcullis starts its Python.
	chown 0:0 "$real"
	run -1 "$TOP/bin/portcullis" explain --eprefix "$prefix"
	[[ -e $BATS_TEST_TMPDIR/started ]]
}

@test 'if the folder of --eprefix does not exist, portcullis prints one line and exits with 2' {
	run -2 "$TOP/bin/portcullis" doctor --eprefix "$BATS_TEST_TMPDIR/absent"
	[[ $output == "portcullis: --eprefix: there is no folder $BATS_TEST_TMPDIR/absent" ]]
}
