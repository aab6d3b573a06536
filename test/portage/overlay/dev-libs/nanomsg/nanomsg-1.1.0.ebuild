# Distributed under the terms of the GNU General Public License v2

EAPI=8

DESCRIPTION="Socket library that provides several common communication patterns"
HOMEPAGE="https://nanomsg.org/"
# The npm package of that name carries nanomsg's own release as it is; scripts/demo puts it into DISTDIR.
SRC_URI="nanomsg-4.2.1.tgz"
S="${WORKDIR}/package/deps/nanomsg"

LICENSE="MIT"
SLOT="0"
KEYWORDS="amd64"
RESTRICT="fetch"

# "key=value", to where the demo reads it.
tell() {
	local port queue log
	source "${EPREFIX}/etc/demo" || die
	echo "$1=$2" >>"${log}" || die
}

tell_namespaces() {
	local kind
	for kind in net ipc; do
		tell "${FUNCNAME[1]}-${kind}" "$(readlink "/proc/self/ns/${kind}")"
	done
}

src_unpack() {
	tell_namespaces
	default
}

src_configure() {
	tell_namespaces
	mkdir build && cd build || die
	../configure --prefix="${EPREFIX}/usr" || die
}

src_compile() {
	tell_namespaces
	emake -C build
}

# nanomsg's own tests talk to servers that they start, over TCP, WebSocket and IPC; the one after them tries what a
# careless test suite does.
src_test() {
	local port queue log answer
	tell_namespaces
	emake -C build test ARGS=-j4 >"${T}/tests.log" || die "nanomsg's tests failed"
	tell tests "$(sed -n 's/.*, \([0-9]*\) tests failed out of \([0-9]*\)/\2 run, \1 failed/p' "${T}/tests.log")"

	source "${EPREFIX}/etc/demo" || die
	answer=$({ exec 3<>"/dev/tcp/127.0.0.1/${port}" && head -n1 <&3; } 2>&1)
	[[ ${answer} != *connect:* ]] || answer=$(sed -n 's/.*connect: //p;q' <<<"${answer}")
	tell service "${answer}"
	ipcs -q | grep -q "^[^ ]* *${queue} " && answer=visible || answer='not there'
	tell queue "${answer}"
	tell interfaces "$(sed -n 's/^ *\([^:]*\):.*/\1/p' /proc/self/net/dev | sort | paste -sd' ')"
}

src_install() {
	tell_namespaces
	emake -C build DESTDIR="${D}" install
}

pkg_postinst() {
	tell_namespaces
}
