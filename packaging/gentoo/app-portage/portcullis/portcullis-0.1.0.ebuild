# Copyright 2026 Gentoo Authors
# Distributed under the terms of the GNU General Public License v2

EAPI=8

inherit shell-completion toolchain-funcs

DESCRIPTION="Confines each src_* phase of a build from outside the package manager"
HOMEPAGE="https://wiki.gentoo.org/wiki/No_homepage"

# There is no public place yet: `npm run release` makes the tarball, and
# EGIT_OVERRIDE_REPO_PORTCULLIS in make.conf says where the repository is.
if [[ ${PV} == 9999 ]]; then
	inherit git-r3
	EGIT_REPO_URI="https://portcullis.invalid/portcullis.git"
else
	SRC_URI="${P}.tar.xz"
	KEYWORDS="~amd64"
	RESTRICT="fetch"
fi

LICENSE="GPL-2"
SLOT="0"
IUSE="suid test"
RESTRICT+=" !test? ( test )"

# confine is static.
DEPEND="|| ( sys-libs/glibc[static-libs(+)] sys-libs/musl )"
RDEPEND="
	acct-group/portage
	>=net-libs/nodejs-20
"
BDEPEND=">=net-libs/nodejs-20"
[[ ${PV} == 9999 ]] && BDEPEND+=" net-libs/nodejs[npm(+)]"

pkg_nofetch() {
	einfo "'npm run release' in a checkout makes dist/${P}.tar.xz: copy that into DISTDIR."
}

# In the phase that may reach the network: the bundler, and what is bundled, come from npm.
src_unpack() {
	if [[ ${PV} == 9999 ]]; then
		git-r3_src_unpack
		cd "${S}" || die
		npm ci --omit=dev --ignore-scripts --no-audit --no-fund || die
	else
		default
	fi
}

# The tarball carries the compiled program.
src_compile() {
	if [[ ${PV} == 9999 ]]; then
		scripts/bundle || die
	fi
	emake -C native CC="$(tc-getCC)" WARNINGS=
}

src_test() {
	test/packaged || die "the built program does not work"
}

src_install() {
	local shell
	exeinto /usr/libexec/portcullis
	doexe native/build/confine
	insinto /usr/lib/portcullis
	doins dist/portcullis.js
	dobin bin/portcullis

	node dist/portcullis.js hook --eprefix "${EPREFIX}" >"${T}/phase.bash" || die
	insinto /etc/portage/portcullis
	doins "${T}/phase.bash"
	# A hook of another version than the program would be worse than an edit that is lost.
	echo 'CONFIG_PROTECT_MASK="/etc/portage/portcullis"' >"${T}/50portcullis" || die
	doenvd "${T}/50portcullis"

	for shell in bash zsh fish; do
		node dist/portcullis.js completion "${shell}" >"${T}/${shell}" || die
	done
	newbashcomp "${T}/bash" portcullis
	newzshcomp "${T}/zsh" _portcullis
	newfishcomp "${T}/fish" portcullis.fish

	doman docs/man/*.[158]
	dodoc README.md SECURITY.md docs/*.md

	keepdir /var/log/portcullis
}

# After src_install Portage gives root what belongs to group portage.
pkg_preinst() {
	[[ ${EUID} -eq 0 ]] || return
	chown root:portage "${ED}/var/log/portcullis" || die
	chmod 2775 "${ED}/var/log/portcullis" || die
	if use suid; then
		chown root:portage "${ED}/usr/libexec/portcullis/confine" || die
		chmod 4710 "${ED}/usr/libexec/portcullis/confine" || die
	fi
}

pkg_postinst() {
	if ! grep -qs '^# >>> portcullis >>>' "${EROOT}/etc/portage/bashrc"; then
		elog "One step is left: emerge --config ${CATEGORY}/${PN}"
		elog "makes ${EROOT}/etc/portage/bashrc read the hook."
	fi
	elog "FEATURES=\"network-sandbox ipc-sandbox cgroup\" in make.conf says what is"
	elog "confined; \`portcullis doctor\` says whether it can be."
}

pkg_config() {
	local bashrc=${EROOT}/etc/portage/bashrc
	if grep -qs '^# >>> portcullis >>>' "${bashrc}"; then
		einfo "${bashrc} reads the hook already."
		return
	fi
	# Into the file that is there: its mode, its owner and what links to it stay.
	touch "${bashrc}" || die
	{ "${EROOT}/usr/bin/portcullis" hook --block && cat "${bashrc}"; } >"${T}/bashrc" || die
	cat "${T}/bashrc" >"${bashrc}" || die
	einfo "${bashrc} reads the hook now; to undo it take out the three lines at its top."
}
