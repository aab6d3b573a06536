# Copyright 2026 Gentoo Authors
# Distributed under the terms of the GNU General Public License v2

# @ECLASS: git-r3.eclass
# @MAINTAINER:
# nobody@example.org
# @SUPPORTED_EAPIS: 8
# @BLURB: A stub of Gentoo's git-r3.eclass, for tests

PROPERTIES+=" live"

# @FUNCTION: git-r3_src_unpack
# @DESCRIPTION:
# Clones EGIT_REPO_URI, or the repository in EGIT_OVERRIDE_REPO_*, which has precedence in Gentoo's git-r3.eclass.
git-r3_src_unpack() {
	local override=EGIT_OVERRIDE_REPO_${PN^^}
	git clone --quiet "${!override:-${EGIT_REPO_URI}}" "${WORKDIR}/${P}" || die
}

EXPORT_FUNCTIONS src_unpack
