# Copyright 2026 Gentoo Authors
# Distributed under the terms of the GNU General Public License v2

EAPI=8

inherit linux-info shell-completion toolchain-funcs

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

# The npm packages that the program contains, as scripts/notice.js lists them.
NPM_PACKAGES="
	ansi-regex-6.6.0
	get-east-asian-width-1.7.0
	string-width-8.3.0
	strip-ansi-7.2.0
"
for npm in ${NPM_PACKAGES}; do
	SRC_URI+=" fetch+https://registry.npmjs.org/${npm%-*}/-/${npm}.tgz -> npm-${npm}.tgz"
done
unset npm

LICENSE="GPL-2+ MIT"
SLOT="0"
IUSE="suid test"
RESTRICT+=" !test? ( test )"

# confine is static.
DEPEND="
	elibc_glibc? ( sys-libs/glibc[static-libs(+)] )
	elibc_musl? ( sys-libs/musl )
"
RDEPEND="
	acct-group/portage
	>=net-libs/nodejs-20
	>=sys-apps/portage-3.0.52
"
BDEPEND="
	dev-util/esbuild
	>=net-libs/nodejs-20
"

CONFIG_CHECK="~CGROUPS ~IPC_NS ~NET_NS ~PID_NS ~SECCOMP_FILTER ~USER_NS"

pkg_nofetch() {
	einfo "Run 'npm run release' in a checkout and copy dist/${P}.tar.xz into DISTDIR."
}

src_unpack() {
	local npm
	if [[ ${PV} == 9999 ]]; then
		git-r3_src_unpack
	else
		unpack "${P}.tar.xz"
	fi
	for npm in ${NPM_PACKAGES}; do
		mkdir -p "${S}/node_modules/${npm%-*}" || die
		tar -xf "${DISTDIR}/npm-${npm}.tgz" --strip-components=1 -C "${S}/node_modules/${npm%-*}" || die
	done
}

src_compile() {
	ESBUILD=esbuild scripts/bundle || die
	emake -C native CC="$(tc-getCC)" WARNINGS=
}

src_test() {
	test/packaged || die "the built program does not work"
}

src_install() {
	exeinto /usr/libexec/portcullis
	doexe native/build/confine
	dobin bin/portcullis

	node dist/portcullis.js hook --eprefix "${EPREFIX}" >"${T}/phase.bash" || die
	insinto /usr/share/portcullis
	doins dist/{portcullis.js,NOTICE} "${T}/phase.bash"

	newbashcomp src/cli/completion/portcullis.bash portcullis
	newzshcomp src/cli/completion/portcullis.zsh _portcullis
	newfishcomp src/cli/completion/portcullis.fish portcullis.fish

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
	if [[ -z ${REPLACING_VERSIONS} ]]; then
		elog "FEATURES=\"network-sandbox ipc-sandbox cgroup\" in make.conf selects the"
		elog "sandboxes. \`portcullis doctor\` checks whether they work here."
		use prefix && elog "Portage's defaults name some of them: see eselect news."
		elog "confine is linked statically. After an update of the C library that fixes a"
		elog "security bug, run: emerge --oneshot ${CATEGORY}/${PN}"
	fi
}

pkg_config() {
	local bashrc=${EROOT}/etc/portage/bashrc
	if grep -qs '^# >>> portcullis >>>' "${bashrc}"; then
		einfo "${bashrc} already sources the hook."
		return
	fi
	# Write into the existing file, to keep its mode, owner and links.
	touch "${bashrc}" || die
	{ "${EROOT}/usr/bin/portcullis" hook --block && cat "${bashrc}"; } >"${bashrc}.new" || die
	cat "${bashrc}.new" >"${bashrc}" || die
	rm "${bashrc}.new" || die
	einfo "${bashrc} now sources the hook. To undo this, remove the three lines at its top."
}
