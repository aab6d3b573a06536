# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Runs the generated hook in bash, without Portage. The helpers set the variables that ebuild.sh would set.

[[ ${TOP-} ]] || TOP=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd -P)

# hook_make [EPREFIX]: generates the hook $HOOK, and the build directory $BUILDDIR as it is when pkg_setup runs
hook_make() {
	HOOK=$BATS_TEST_TMPDIR/phase.bash
	BUILDDIR=$BATS_TEST_TMPDIR/build
	mkdir -p "$BUILDDIR/.ipc" "$BUILDDIR/temp"
	"$TOP/bin/portcullis" hook --eprefix "${1-$BATS_TEST_TMPDIR}" >"$HOOK"
	export HOOK BUILDDIR
}

# hook_confine COMMAND: installs a program in place of confine that runs the command in sh
hook_confine() {
	local dir=$BATS_TEST_TMPDIR/usr/libexec/portcullis
	mkdir -p "$dir"
	printf '#!/bin/sh\n%s\n' "$1" >"$dir/confine"
	chmod 755 "$dir/confine"
}

# hook_stored NAME: prints the path of the file NAME that pkg_setup writes for the later phases
hook_stored() {
	if ((EUID == 0)); then
		printf '%s\n' "/run/portcullis.${BUILDDIR//\//%}-$1"
	else
		printf '%s\n' "$BUILDDIR/.ipc/portcullis-$1"
	fi
}

# hook_clean: removes the files of root's hook in /run; for teardown
hook_clean() {
	((EUID)) || rm -f -- "/run/portcullis.${BUILDDIR//\//%}-"*
}

# hook_run SCRIPT PHASE [NAME=VALUE...]: runs SCRIPT, which sources $HOOK, with the environment and arguments of ebuild.sh, because
# the hook reads both.
hook_run() {
	local script=$1 phase=$2
	printf '%s\n' "$script" >"$BATS_TEST_TMPDIR/ebuild.sh"
	env -i PATH="$PATH" HOOK="$HOOK" EBUILD_PHASE="$phase" EMERGE_FROM=ebuild CATEGORY=app-misc PF=foo-1 \
		PORTAGE_BUILDDIR="$BUILDDIR" T="$BUILDDIR/temp" PORTAGE_BIN_PATH="$BATS_TEST_TMPDIR" EBUILD_SH_ARGS="${phase:-other}" \
		"${@:3}" bash "$BATS_TEST_TMPDIR/ebuild.sh" "${HOOK_LAST-${phase:-other}}"
}
