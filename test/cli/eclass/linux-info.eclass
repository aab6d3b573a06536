# Copyright 2026 Gentoo Authors
# Distributed under the terms of the GNU General Public License v2

# @ECLASS: linux-info.eclass
# @MAINTAINER:
# nobody@example.org
# @SUPPORTED_EAPIS: 8
# @BLURB: A stub of Gentoo's linux-info.eclass, for tests

# @ECLASS_VARIABLE: CONFIG_CHECK
# @DESCRIPTION:
# the options of the kernel, with ~ before optional ones

EXPORT_FUNCTIONS pkg_setup

# @FUNCTION: linux-info_pkg_setup
# @DESCRIPTION:
# prints the options instead of checking them
linux-info_pkg_setup() {
	einfo "Kernel options: ${CONFIG_CHECK}"
}
