#!/usr/bin/env bats
# The generated hook, for all kinds of prefixes, is bash that a linter has nothing against, and so is the block for bashrc.

bats_require_minimum_version 1.5.0
load hook

PREFIXES=('' /opt/gentoo '/with two/words' "/it's" '/a"b' '/$HOME`id`' '/back\slash' '/*' '/-n')

teardown() {
	hook_clean
}

# In the project's folder, for its .editorconfig and .shellcheckrc are meant for what becomes of a template too.
lint() {
	cd "$TOP" || return
	shellcheck --shell=bash "$@" -
}

@test 'shellcheck and shfmt: clean for every prefix' {
	local prefix
	for prefix in "${PREFIXES[@]}"; do
		hook_make "$prefix"
		run -0 lint <"$HOOK"
		run -0 shfmt -d "$HOOK"
		# SC1091: there is no such file here.
		run -0 lint --exclude=SC1091 < <("$TOP/bin/portcullis" hook --block --eprefix "$prefix")
	done
}

@test 'the hook names the files of its prefix, whatever its name is, and ends as the phase did' {
	local prefix=$BATS_TEST_TMPDIR/"it's a \$HOME \"prefix\""
	mkdir -p "$prefix/usr/libexec/portcullis" "$prefix/etc/portage/portcullis"
	printf '#!/bin/sh\necho "confine $*"; exit 7\n' >"$prefix/usr/libexec/portcullis/confine"
	chmod 755 "$prefix/usr/libexec/portcullis/confine"
	hook_make "$prefix"
	cp "$HOOK" "$prefix/etc/portage/portcullis/phase.bash"
	"$TOP/bin/portcullis" hook --block --eprefix "$prefix" >"$BATS_TEST_TMPDIR/bashrc"
	touch "$BUILDDIR/temp/environment"
	HOOK=$BATS_TEST_TMPDIR/bashrc
	run -1 hook_run 'source "$HOOK"; exit 1' compile
	run -7 hook_run 'elog() { echo "elog $*"; }; source "$HOOK"; exit 1' compile PORTAGE_FEATURES=network-sandbox
	[[ ${lines[0]} == 'confine --net --audit --best-effort '*" -- "*bash" $BATS_TEST_TMPDIR/ebuild.sh compile portcullis-inside" ]]
	[[ ${lines[1]} == *' shell =app-misc/foo-1 src_compile' && ${#lines[@]} == 2 ]]
}

@test 'the block is what the installer looks for' {
	run -0 "$TOP/bin/portcullis" hook --block --eprefix ''
	[[ $output == '# >>> portcullis >>> put here by portcullis; `install.sh --uninstall` removes it
if [[ -r /etc/portage/portcullis/phase.bash ]]; then source /etc/portage/portcullis/phase.bash; fi
# <<< portcullis <<<' ]]
}
