# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2153,SC2154 # RECORDS is a variable of prefix.bash, and run sets output
# One real emerge in one situation of the table in README.md (scripts/situations). Load this file after prefix.bash.
#
#   situation_begin, situation_end        once per file: the host of the allowed destination
#   situation NAME PREFIX [FEATURES]      a prefix (prefix_make) with app-test/situation, whose src_compile looks a name up, connects to an
#                                         allowed destination, starts 300 processes and leaves one behind
#   situation_emerge [COMMAND...]         emerges the package by that command, and prints a line for each cell of the table

# shellcheck source-path=SCRIPTDIR source=../lib/remote_host.bash
source "${BASH_SOURCE[0]%/*}/../lib/remote_host.bash"

situation_begin() {
	prefix_host_begin
	remote_host_begin
	remote_host_serve 80
}

situation_end() {
	remote_host_end
	prefix_host_end
}

situation() {
	SITUATION=$1
	prefix_make "$2" "${3-} network-sandbox network-sandbox-proxy ipc-sandbox cgroup" "PORTCULLIS_ALLOW=\"$REMOTE:80\"" 'PORTCULLIS_PIDS_MAX="200"'
	prefix_install_portcullis
	cat >"$PREFIX_ROOT/start.py" <<-'EOF'
		import os, signal
		children = []
		try:
		    while len(children) < 300:
		        child = os.fork()
		        if child == 0:
		            signal.pause()
		        children.append(child)
		except OSError:
		    pass
		for child in children:
		    os.kill(child, signal.SIGKILL)
		    os.waitpid(child, 0)
		print(len(children))
	EOF
	chmod 644 "$PREFIX_ROOT/start.py"
	prefix_package app-test/situation-1 <<-EOF
		src_compile() {
			getent hosts files.example.org
			(exec 3<>/dev/tcp/$REMOTE/80) && echo connected >"$PREFIX_LOG/allowed"
			/usr/bin/python3 "$PREFIX_ROOT/start.py" >"$PREFIX_LOG/started"
			setsid -f bash -c 'exec -a situation-orphan sleep 1000' </dev/null >/dev/null 2>&1
		}
	EOF
}

# cell COLUMN VALUE: prints one cell of the table
cell() {
	echo "# cell|$SITUATION|$1|$2" >&3
}

# compile_value EXPRESSION: prints its value for the record of src_compile
compile_value() {
	record_values "$RECORDS" compile "$1"
}

situation_emerge() {
	local network names=no allowed=no limits=no
	run -0 "${@:-prefix_emerge}" --oneshot app-test/situation
	echo "$output"
	network=$(compile_value '({ portage: "namespace of Portage", confine: "namespace", filter: "filter" })[r.applied.net] ?? "no"')
	[[ $(compile_value '(r.names ?? []).some((n) => n.name === "files.example.org")') != true ]] || names=yes
	if [[ -e $PREFIX_LOG/allowed ]]; then
		allowed=$(compile_value 'r.route === "socks" ? "through the proxy of Portage" : "yes"')
	fi
	(($(<"$PREFIX_LOG/started") >= 300)) || limits=yes
	[[ $(compile_value 'r.orphans[0].argv[0]') == situation-orphan ]]
	cell network "$network"
	cell names "$names"
	cell 'allowed destinations' "$allowed"
	cell orphans "killed: $(compile_value '({ cgroup: "cgroup", pidns: "PID namespace", "cgroup+pidns": "cgroup, PID namespace",
		"cgroup+portage": "cgroup, PID namespace of Portage", portage: "PID namespace of Portage" })[r.tracking] ?? r.tracking')"
	cell limits "$limits"
}
