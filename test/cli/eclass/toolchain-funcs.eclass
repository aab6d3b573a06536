# Copyright 2026 Gentoo Authors
# Distributed under the terms of the GNU General Public License v2

# @ECLASS: toolchain-funcs.eclass
# @MAINTAINER:
# nobody@example.org
# @SUPPORTED_EAPIS: 8
# @BLURB: A stub of Gentoo's toolchain-funcs.eclass, for tests

# @FUNCTION: tc-getCC
# @RETURN: the C compiler
tc-getCC() {
	echo "${CC:-${CHOST}-gcc}"
}
