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
# Clones the repository, or that of the variable that Gentoo's looks at before it.
git-r3_src_unpack() {
	local override=EGIT_OVERRIDE_REPO_${PN^^}
	git clone --quiet "${!override:-${EGIT_REPO_URI}}" "${WORKDIR}/${P}" || die
}

EXPORT_FUNCTIONS src_unpack
