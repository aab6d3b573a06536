#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Real emerges whose phases use UNIX sockets of the host and of their own. A server of root stands for Docker.

load ../lib/prefix

setup_file() {
	prefix_host_begin
	cp "$TOP/test/confine/audit/unix_server.py" "$PREFIX_HOST"
	/usr/bin/python3 "$PREFIX_HOST/unix_server.py" "$PREFIX_HOST/docker.sock" 3>&- &
	export SERVER=$! DOCKER=$PREFIX_HOST/docker.sock
	until_true 60 test -e "$DOCKER.ready"
}

teardown_file() {
	kill "$SERVER"
	prefix_host_end
}

teardown() {
	prefix_clean
}

# asking_prefix root|user: creates a prefix with app-test/host and app-test/own. Their src_compile connects to DOCKER and to sockets of its own, and
# writes the results to PREFIX_LOG/PN. PORTCULLIS_SOCKETS is own for app-test/own.
asking_prefix() {
	local name
	prefix_make "$1" 'network-sandbox ipc-sandbox cgroup'
	mkdir "$PREFIX/etc/portage/env"
	echo 'PORTCULLIS_SOCKETS="own"' >"$PREFIX/etc/portage/env/own"
	echo 'app-test/own own' >"$PREFIX/etc/portage/package.env"
	for name in host own; do
		prefix_package app-test/$name-1 <<-EOF
			$(declare -f until_true)
			src_compile() {
				record_namespaces
				{
					/usr/bin/python3 -c 'import errno, socket, sys; print("docker", errno.errorcode.get(socket.socket(socket.AF_UNIX).connect_ex(sys.argv[1]), "ok"))' "$DOCKER"
					getent passwd root | cut -d: -f1
					getent ahosts localhost | sed -n '1s/.* //p'
					redis-server --port 0 --unixsocket "\${T}/redis.sock" --save "" >/dev/null &
					until_true 60 redis-cli -s "\${T}/redis.sock" ping 2>/dev/null
					redis-cli -s "\${T}/redis.sock" shutdown
					dbus-run-session -- dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames | tr -d '\n '
				} >"$PREFIX_LOG/\${PN}" 2>&1
			}
		EOF
	done
	prefix_install_portcullis
}

readonly OWN_RESULTS=$'root\nlocalhost\nPONG\narray[org.freedesktop.DBus:1.0]'

# sockets_of PACKAGE: prints the requests in the record of src_compile: PATH COMM COUNT REFUSED
sockets_of() {
	record_values "$RECORDS" compile "r.package === 'app-test/$1' ? (r.sockets ?? []).map((s) => [s.path, s.comm, s.count, s.refused].join(' ')).join() : ''" | grep .
}

@test 'by default, a phase can connect to a UNIX socket of a root process; with PORTCULLIS_SOCKETS=own, connect fails with ECONNREFUSED, but name lookups, and Redis and D-Bus servers of the phase, work' {
	asking_prefix user
	run -0 prefix_emerge --oneshot app-test/host app-test/own
	[[ $(<"$PREFIX_LOG/host") == $'docker ok\n'"$OWN_RESULTS" && $(<"$PREFIX_LOG/own") == $'docker ECONNREFUSED\n'"$OWN_RESULTS" ]]
	[[ $(sockets_of host-1) == "$DOCKER python3 1 " && $(sockets_of own-1) == "$DOCKER python3 1 true" ]]
	[[ $output == *"app-test/host-1: src_compile: 1 request to services of the host that hold keys or start programs (python3 → $DOCKER). Details: "* ]]
	[[ $output == *"app-test/own-1: src_compile: 1 request to sockets of the host refused (python3 → $DOCKER). Details: "* ]]
	run -0 prefix_run "$PREFIX/usr/bin/portcullis" report app-test/host
	[[ $output == *'Requests to the host: '*"$DOCKER"*'container engine: It starts containers as root'* ]]
}

@test 'as root, in a network namespace that Portage has created, PORTCULLIS_SOCKETS=own refuses connections to a UNIX socket of a root process, but name lookups, and Redis and D-Bus servers of the phase, work' {
	asking_prefix root
	run -0 prefix_emerge --oneshot app-test/own
	[[ $(<"$PREFIX_LOG/own") == $'docker ECONNREFUSED\n'"$OWN_RESULTS" && $(sockets_of own-1) == "$DOCKER python3 1 true" ]]
	[[ $(record_values "$RECORDS" compile 'r.applied.net') == portage ]]
}
