#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The generated hook and the managed block for bashrc pass shellcheck and shfmt, also for a Prefix path with special characters.

load ../lib/bats
load hook

PREFIXES=("/it's two/a\"b/\$HOME\`id\`/back\\slash/*" '/-n')

teardown() {
	hook_clean
}

# Runs in the project's folder, so that its .editorconfig and .shellcheckrc apply.
lint() {
	cd "$TOP" || return
	shellcheck --shell=bash "$@" -
}

@test 'for a Prefix path with special characters, the generated hook passes shellcheck and shfmt, and the managed block of bashrc passes shellcheck' {
	local prefix
	for prefix in "${PREFIXES[@]}"; do
		hook_make "$prefix"
		run -0 lint <"$HOOK"
		run -0 shfmt -d "$HOOK"
		# Exclude SC1091, because the file that the block sources does not exist here.
		run -0 lint --exclude=SC1091 < <("$TOP/bin/portcullis" hook --block --eprefix "$prefix")
	done
}

@test 'the hook finds the emerge process that runs a phase: the topmost one of several forks, not an outer emerge, and also with PID 1, as in a container' {
	local -x inner middle outer name=emerge
	hook_make
	# shellcheck disable=SC2016 # the inner shells expand it
	inner='echo $$; ('$(sed -n '/^__portcullis_find_emerge() {/,/^}/p' "$HOOK")'; __portcullis_find_emerge; echo "${REPLY[0]}")' \
	middle='(exec -a "$name" bash -c "$inner"); true' outer='bash -c "$middle"; true'
	for outer in "$inner" "$outer"; do
		# shellcheck disable=SC2016 # the inner shell expands it
		run -0 unshare --pid --fork --mount-proc bash -c 'exec -a "$name" bash -c "$outer"'
		[[ ${lines[1]} =~ ^${lines[0]}-[0-9]+$ ]]
		[[ $outer != "$inner" || ${lines[0]} == 1 ]]
	done
	[[ ${lines[0]} != 1 ]]
}

@test 'if the path of the Prefix contains quotes and blanks, the hook starts confine of that Prefix, exits with the status of confine, and prints the command portcullis shell with correctly quoted arguments' {
	local prefix=$BATS_TEST_TMPDIR/"it's a \$HOME \"prefix\""
	mkdir -p "$prefix/usr/libexec/portcullis" "$prefix/usr/share/portcullis"
	printf '#!/bin/sh\necho "confine $*"; exit 7\n' >"$prefix/usr/libexec/portcullis/confine"
	chmod 755 "$prefix/usr/libexec/portcullis/confine"
	hook_make "$prefix"
	cp "$HOOK" "$prefix/usr/share/portcullis/phase.bash"
	"$TOP/bin/portcullis" hook --block --eprefix "$prefix" >"$BATS_TEST_TMPDIR/bashrc"
	touch "$BUILDDIR/temp/environment"
	HOOK=$BATS_TEST_TMPDIR/bashrc
	run -1 hook_run 'source "$HOOK"; exit 1' compile
	run -7 hook_run 'elog() { echo -e "elog $*"; }; source "$HOOK"; exit 1' compile PORTAGE_FEATURES=network-sandbox
	[[ ${lines[0]} == 'confine --net --audit --best-effort '*" -- "*bash" $BATS_TEST_TMPDIR/ebuild.sh compile portcullis-inside" ]]
	[[ ${lines[1]} == *'src_compile failed. For a shell with the same confinement, run: '* && ${#lines[@]} == 2 ]]
	# Test that a shell can execute the command in the message.
	mkdir -p "$prefix/usr/bin"
	printf '#!/bin/sh\necho "$*"' >"$prefix/usr/bin/portcullis"
	chmod 755 "$prefix/usr/bin/portcullis"
	run -0 bash -c "${lines[1]#*, run: }"
	[[ $output == 'shell app-misc/foo-1 src_compile' ]]
}

@test 'as root with FEATURES=pid-sandbox, the hook starts the program umount of the Prefix to uncover the older /proc, in which emerge is visible, even if the Prefix path contains quotes and blanks' {
	local prefix=$BATS_TEST_TMPDIR/"it's a \$HOME \"prefix\""
	mkdir -p "$prefix/usr/bin"
	printf '#!/bin/sh\necho "$*" >"%s/umount"\n' "$BATS_TEST_TMPDIR" >"$prefix/usr/bin/umount"
	chmod 755 "$prefix/usr/bin/umount"
	hook_make "$prefix"
	hook_run 'source "$HOOK"' setup PORTAGE_FEATURES='network-sandbox pid-sandbox'
	[[ $(<"$BATS_TEST_TMPDIR/umount") == '-n -l /proc' ]]
}

@test 'portcullis hook --block prints the managed block for /etc/portage/bashrc, with the marker lines that install.sh searches for' {
	run -0 "$TOP/bin/portcullis" hook --block --eprefix ''
	[[ $output == '# >>> portcullis >>> added by portcullis; `install.sh --uninstall` removes it
if [[ -r /usr/share/portcullis/phase.bash ]]; then source /usr/share/portcullis/phase.bash; fi
# <<< portcullis <<<' ]]
}
