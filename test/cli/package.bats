#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The Gentoo package: Portage builds, tests and installs it, confined by Portcullis. pkgcheck checks the ebuilds.

load ../lib/prefix
# shellcheck disable=SC2034 # prefix.bash reads it
PREFIX_COMPLETE=yes

setup_file() {
	prefix_host_begin
	PKGCHECK=$("$TOP/scripts/pkgcheck")
	# Make the tarball of the release once per file, with fast compression.
	export XZ_OPT=-0
	RELEASE=$("$TOP/scripts/release")
	RELEASE_SUM=$(sha256sum <"$RELEASE")
	export PKGCHECK RELEASE RELEASE_SUM
	npm_tarballs
}

# Fetches the npm tarballs of the ebuilds' SRC_URI. npm ci has filled the cache.
npm_tarballs() {
	local name
	cd "$BATS_FILE_TMPDIR" || return
	bundled_packages | sed -E 's/-([^-]*) .*/@\1/' | xargs npm pack --silent --prefer-offline >/dev/null
	for name in *.tgz; do
		mv "$name" "npm-$name"
	done
}

# Prints NAME-VERSION and license of each npm package in the bundle.
bundled_packages() {
	(cd "$TOP" && node scripts/notice.js dist/inputs.json --list)
}

readonly ATOM=app-portage/portcullis

# Prints the version in package.json, which is also that of the release ebuild.
version() {
	node -p 'require(process.argv[1]).version' "$TOP/package.json"
}

# setup_package [user|root]: creates a prefix with Portcullis, which the package later replaces, and a repository with the package.
setup_package() {
	prefix_make "${1-user}"
	# Without optimization, which the hardening options of native/Makefile would require, gcc takes half of the CPU time.
	prefix_conf 'FEATURES="test cgroup"' CC=gcc 'CFLAGS="-O0 -U_FORTIFY_SOURCE"' 'ACCEPT_KEYWORDS="**"' 'ACCEPT_LICENSE="*"'
	prefix_command_path
	cp -r "$TOP/packaging/gentoo/app-portage" "$PREFIX_REPO/"
	echo app-portage >>"$PREFIX_REPO/profiles/categories"
	mkdir -p "$PREFIX_REPO/licenses" "$PREFIX_REPO/eclass"
	cp "$TOP/test/cli/eclass"/*.eclass "$PREFIX_REPO/eclass/"
	cp "$TOP/LICENSE" "$PREFIX_REPO/licenses/GPL-2+"
	cp "$TOP/dist/NOTICE" "$PREFIX_REPO/licenses/MIT"
	# Gentoo's base profile has these lines.
	printf '%s\n' IUSE_IMPLICIT=prefix USE_EXPAND=ELIBC USE_EXPAND_IMPLICIT=ELIBC 'USE_EXPAND_VALUES_ELIBC="glibc musl"' ELIBC=glibc \
		>>"$PREFIX_REPO/profiles/test/make.defaults"
	# Provide what the ebuild depends on: the program of dev-util/esbuild, and the npm tarballs of SRC_URI.
	ln -s "$TOP/node_modules/.bin/esbuild" "$PREFIX/usr/bin/esbuild"
	cp "$BATS_FILE_TMPDIR"/npm-*.tgz "$PREFIX_DISTDIR/"
	prefix_install_portcullis
	chown -R "$PREFIX_UID:$PREFIX_UID" "$PREFIX_REPO"
}

# assert_builds VERSION: emerge installs the package, every phase is confined, and the installed program works.
assert_builds() {
	local phase
	run -0 prefix_emerge --oneshot --nodeps "=$ATOM-$1"
	[[ $output != *'QA Notice'* ]]
	[[ $output == *'8 passed, 0 failed'* ]]
	for phase in compile test install; do
		# No phase tried to reach the network.
		[[ $(record_values "$RECORDS" "$phase" '[r.package, JSON.stringify(r.applied) + JSON.stringify(r.missing), (r.attempts ?? 0) + (r.lookups ?? 0)].join(" ")') == "$ATOM-$1"' {"net":"confine","ipc":"confine","pid":"confine","cgroup":"confine"}[] 0' ]]
	done
	# Only src_unpack, which may fetch sources, has the network of the host.
	[[ $(record_values "$RECORDS" unpack 'Object.keys(r.applied).join()') == ipc,pid,cgroup ]]
	grep -q "usr/libexec/portcullis/confine" "$PREFIX/var/db/pkg/$ATOM-$1/CONTENTS"
	run -1 grep -q "etc/portage/bashrc" "$PREFIX/var/db/pkg/$ATOM-$1/CONTENTS"
	run -0 prefix_run portcullis doctor
	run -0 prefix_run portcullis hook --check
}

@test 'the release ebuild builds without network, passes src_test, and installs a working program' {
	local version ebuild
	version=$(version)
	setup_package
	ebuild=$PREFIX_REPO/$ATOM/portcullis-$version.ebuild
	cp "$RELEASE" "$PREFIX_DISTDIR/"
	chown -R "$PREFIX_UID:$PREFIX_UID" "$PREFIX_DISTDIR"
	run -0 prefix_run ebuild "$ebuild" manifest
	grep -q "^DIST portcullis-$version.tar.xz " "$PREFIX_REPO/$ATOM/Manifest"
	mv "$PREFIX_DISTDIR/portcullis-$version.tar.xz" "$PREFIX_LOG/"
	run -1 prefix_emerge --oneshot --nodeps "=$ATOM-$version"
	[[ $output == *"npm run release"*"dist/portcullis-$version.tar.xz into DISTDIR"* ]]
	mv "$PREFIX_LOG/portcullis-$version.tar.xz" "$PREFIX_DISTDIR/"
	assert_builds "$version"

	# The installed program confines the next emerge.
	prefix_package app-test/probe-1
	run -0 prefix_emerge --oneshot app-test/probe
	assert_namespace compile net own
	[[ -e $PREFIX/usr/share/man/man1/portcullis.1 || -e $PREFIX/usr/share/man/man1/portcullis.1.bz2 ]]

	# emerge --config can run twice, and keeps the other lines of bashrc.
	printf '%s\n' 'mine=1' >"$PREFIX/etc/portage/bashrc"
	run -0 prefix_run emerge --config "=$ATOM-$version"
	run -0 prefix_run emerge --config "=$ATOM-$version"
	[[ $(grep -c '>>> portcullis >>>' "$PREFIX/etc/portage/bashrc") == 1 ]]
	[[ $(tail -n 1 "$PREFIX/etc/portage/bashrc") == mine=1 ]]
	run -0 prefix_run portcullis hook --check
}

@test 'with USE=suid, emerge installs confine as root:portage with mode 4710, and a folder of records for group portage' {
	setup_package root
	printf '%s\n' 'USE="suid"' 'FEATURES="cgroup"' >>"$PREFIX/etc/portage/make.conf"
	cp "$RELEASE" "$PREFIX_DISTDIR/"
	run -0 prefix_run ebuild "$PREFIX_REPO/$ATOM/portcullis-$(version).ebuild" manifest
	rm -r "${RECORDS%/*}"
	run -0 prefix_emerge --oneshot --nodeps "=$ATOM-$(version)"
	[[ $(stat -c '%a %U %G' "$CONFINE" "${RECORDS%/*}") == $'4710 root portage\n2775 root portage' ]]
	run -0 prefix_run portcullis doctor
	run -0 setpriv --reuid=portage --regid=portage --clear-groups --inh-caps=-all "$CONFINE" --net --require -- true
	# env runs confine, because setpriv still has capabilities that bypass file modes.
	run -126 setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all env "$CONFINE" --probe
}

@test 'the live ebuild clones the repository, builds without network, passes src_test, and installs a working program' {
	setup_package
	# The repository that the live ebuild clones has the current files of this tree, committed or not.
	mkdir "$PREFIX_ROOT/tree"
	# shellcheck disable=SC2016 # the inner shell expands it
	bash -c 'source "$1" && source_files' - "$TOP/scripts/lib.bash" | tar -C "$TOP" -c --files-from=- | tar -C "$PREFIX_ROOT/tree" -x
	git -C "$PREFIX_ROOT/tree" init --quiet
	git -C "$PREFIX_ROOT/tree" add --all
	git -C "$PREFIX_ROOT/tree" -c user.name=test -c user.email=test@example.org commit --quiet --message='all of it'
	chown -R "$PREFIX_UID:$PREFIX_UID" "$PREFIX_ROOT/tree"
	echo "EGIT_OVERRIDE_REPO_PORTCULLIS=\"$PREFIX_ROOT/tree\"" >>"$PREFIX/etc/portage/make.conf"
	rm "$PREFIX_REPO/$ATOM/portcullis-$(version).ebuild"
	run -0 prefix_run ebuild "$PREFIX_REPO/$ATOM/portcullis-9999.ebuild" manifest
	assert_builds 9999
	# The release ebuild and the live ebuild have the same text, which tests PV.
	cmp "$TOP/packaging/gentoo/$ATOM"/*.ebuild
}

@test 'the file NOTICE and the ebuild name each npm package that the program contains, and the license of each package' {
	local ebuild=$TOP/packaging/gentoo/$ATOM/portcullis-9999.ebuild name license licenses=GPL-2+
	[[ $(node -p 'require(process.argv[1]).license' "$TOP/package.json") == GPL-2.0-or-later ]]
	while read -r name license; do
		grep -q "^${name%-*} ${name##*-} ($license)$" "$TOP/dist/NOTICE"
		[[ " $licenses " == *" $license "* ]] || licenses+=" $license"
	done < <(bundled_packages)
	[[ $(bundled_packages | cut -d' ' -f1) == "$(sed -n '/^NPM_PACKAGES="$/,/^"$/{s/^\t//p}' "$ebuild")" ]]
	grep -qx "LICENSE=\"$licenses\"" "$ebuild"
}

@test 'Portage accepts the news item in packaging/, and shows this item only where app-portage/portcullis is installed' {
	run -0 "$PREFIX_PORTAGE/bin/python" - "$TOP"/packaging/gentoo/metadata/news/*/*.txt <<-'EOF'
		import sys
		from portage.news import NewsItem
		item = NewsItem(sys.argv[1], sys.argv[1].split("/")[-2])
		assert item.isValid(), "not valid"
		assert [r.atom for rs in item.restrictions.values() for r in rs] == ["app-portage/portcullis"], item.restrictions
	EOF
}

@test 'scripts/release creates a reproducible tarball, which contains dist/portcullis.js but not packaging/' {
	[[ $(sha256sum <"$("$TOP/scripts/release")") == "$RELEASE_SUM" ]]
	tar -tf "$RELEASE" >"$BATS_TEST_TMPDIR/names"
	grep -qx "portcullis-$(version)/dist/portcullis.js" "$BATS_TEST_TMPDIR/names"
	grep -q "/native/main.c$" "$BATS_TEST_TMPDIR/names"
	run -1 grep -E '/(packaging|node_modules|\.git)/' "$BATS_TEST_TMPDIR/names"
}

@test 'pkgcheck accepts the release ebuild, the live ebuild and metadata.xml' {
	local overlay=$BATS_TEST_TMPDIR/overlay
	"$TOP/test/cli/overlay" "$overlay" "$RELEASE" "$BATS_FILE_TMPDIR"/npm-*.tgz
	run -0 env HOME="$BATS_TEST_TMPDIR" XDG_CACHE_HOME="$BATS_TEST_TMPDIR/cache" \
		"$PKGCHECK" --config no scan --repo "$overlay" --exit error,warning "$ATOM"
	[[ ! $output ]]
	# pkgcheck rejects an ebuild without SLOT.
	sed -i 's/^SLOT=.*//' "$overlay/$ATOM/portcullis-$(version).ebuild"
	run -1 env HOME="$BATS_TEST_TMPDIR" XDG_CACHE_HOME="$BATS_TEST_TMPDIR/cache" \
		"$PKGCHECK" --config no scan --repo "$overlay" --exit error,warning "$ATOM"
}
