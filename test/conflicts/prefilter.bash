# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Sources the hook as pkg_setup does, in the environment of this process. Instead of Node, the hook starts a program that prints a
# line.
#   prefilter.bash HOOK FEATURES
hook=$1
unset EBUILD_SH_ARGS
export CATEGORY=app-misc PF=foo-1 EBUILD_PHASE=setup EMERGE_FROM=ebuild EBUILD_SH_ARGS=setup PORTAGE_FEATURES=$2
ewarn() { echo "$1"; }
die() { :; }
# shellcheck source=/dev/null
source "$hook"
