# Copyright 2026 Gentoo Authors
# Distributed under the terms of the GNU General Public License v2

EAPI=8

inherit shell-completion toolchain-funcs

DESCRIPTION="Confines each src_* phase of a build from outside the package manager"
HOMEPAGE="https://wiki.gentoo.org/wiki/No_homepage"

# There is no public home yet. `npm run release` makes the tarball;
# EGIT_OVERRIDE_REPO_PORTCULLIS in make.conf sets the repository.
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
	einfo "Run 'npm run release' in a checkout and copy dist/${P}.tar.xz into DISTDIR."
}

# src_unpack has the network: npm fetches the bundler and the bundled packages here.
src_unpack() {
	if [[ ${PV} == 9999 ]]; then
		git-r3_src_unpack
		cd "${S}" || die
		npm ci --omit=dev --ignore-scripts --no-audit --no-fund || die
	else
		default
	fi
}

# The tarball contains the bundled program.
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

# After src_install, Portage changes files of group portage to root.
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
		elog "To make ${EROOT}/etc/portage/bashrc source the hook, run:"
		elog "emerge --config ${CATEGORY}/${PN}"
	fi
	elog "FEATURES=\"network-sandbox ipc-sandbox cgroup\" in make.conf selects the"
	elog "sandboxes. \`portcullis doctor\` checks whether they work here."
}

pkg_config() {
	local bashrc=${EROOT}/etc/portage/bashrc
	if grep -qs '^# >>> portcullis >>>' "${bashrc}"; then
		einfo "${bashrc} already sources the hook."
		return
	fi
	# Write into the existing file, to keep its mode, owner and links.
	touch "${bashrc}" || die
	{ "${EROOT}/usr/bin/portcullis" hook --block && cat "${bashrc}"; } >"${T}/bashrc" || die
	cat "${T}/bashrc" >"${bashrc}" || die
	einfo "${bashrc} now sources the hook. To undo this, remove the three lines at its top."
}
