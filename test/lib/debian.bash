# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Downloads source and binary packages of Debian, for the long tests (npm run soak).
#
#   debian_begin              download Debian's lists of sources into the current directory; sources.list of this machine stays as it is
#   debian_source PACKAGE[=VERSION]   unpack the upstream sources of the package into the new directory PACKAGE
#   debian_installed PACKAGE  print the installed version

debian_begin() {
	local release
	release=$(. /etc/os-release && echo "$VERSION_CODENAME")
	mkdir -p lists/partial
	printf 'deb-src http://deb.debian.org/%s main\n' "debian $release" "debian-security $release-security" >sources.list
	debian_apt update
}

debian_apt() {
	apt-get -qq -o "Dir::Etc::sourcelist=$PWD/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$PWD/lists" \
		-o APT::Sandbox::User=root "$@"
}

debian_source() {
	local package=${1%%=*}
	debian_apt source --download-only "$1"
	mkdir "$package"
	tar -xf "${package}"_*.orig.tar.* -C "$package" --strip-components=1
}

debian_installed() {
	# shellcheck disable=SC2016 # for dpkg-query
	dpkg-query --show --showformat '${Version}' "$1"
}
