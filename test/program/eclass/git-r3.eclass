# Copyright 2026 Gentoo Authors
# Distributed under the terms of the GNU General Public License v2

# @ECLASS: git-r3.eclass
# @MAINTAINER:
# nobody@example.org
# @SUPPORTED_EAPIS: 8
# @BLURB: A stub of Gentoo's, for tests

PROPERTIES+=" live"

# @FUNCTION: git-r3_src_unpack
# @DESCRIPTION:
# Does nothing.
git-r3_src_unpack() { :; }

EXPORT_FUNCTIONS src_unpack
