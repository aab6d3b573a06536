# Distributed under the terms of the GNU General Public License v2

EAPI=8

DESCRIPTION="Socket library that provides several common communication patterns"
HOMEPAGE="https://nanomsg.org/"
# The npm package nanomsg contains the unchanged upstream release. scripts/demo copies it to DISTDIR.
SRC_URI="nanomsg-4.2.1.tgz"
S="${WORKDIR}/package/deps/nanomsg"

LICENSE="MIT"
SLOT="0"
KEYWORDS="amd64"
RESTRICT="fetch"

# record KEY VALUE: writes a line of the table of scripts/demo.
record() {
	local port queue log
	source "${EPREFIX}/etc/demo" || die
	echo "$1=$2" >>"${log}" || die
}

record_namespaces() {
	local kind
	for kind in net ipc; do
		record "${FUNCNAME[1]}-${kind}" "$(readlink "/proc/self/ns/${kind}")"
	done
}

src_unpack() {
	record_namespaces
	default
}

src_configure() {
	record_namespaces
	mkdir build && cd build || die
	../configure --prefix="${EPREFIX}/usr" || die
}

src_compile() {
	record_namespaces
	emake -C build
}

# The tests of nanomsg start servers and connect to them over TCP, WebSocket and IPC. The rest imitates a careless test suite, which
# connects to services of the host.
src_test() {
	local port queue log answer
	record_namespaces
	emake -C build test ARGS=-j4 >"${T}/tests.log" || die "nanomsg's tests failed"
	record tests "$(sed -n 's/.*, \([0-9]*\) tests failed out of \([0-9]*\)/\2 run, \1 failed/p' "${T}/tests.log")"

	source "${EPREFIX}/etc/demo" || die
	answer=$({ exec 3<>"/dev/tcp/127.0.0.1/${port}" && head -n1 <&3; } 2>&1)
	[[ ${answer} != *connect:* ]] || answer=$(sed -n 's/.*connect: //p;q' <<<"${answer}")
	record service "${answer}"
	ipcs -q | grep -q "^[^ ]* *${queue} " && answer=visible || answer='not there'
	record queue "${answer}"
	record interfaces "$(sed -n 's/^ *\([^:]*\):.*/\1/p' /proc/self/net/dev | sort | paste -sd' ')"
}

src_install() {
	record_namespaces
	emake -C build DESTDIR="${D}" install
}

pkg_postinst() {
	record_namespaces
}
