#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# portcullis explain and portcullis run --like use the configuration that Portage resolves for a package.

load ../lib/prefix
load screens

setup_file() {
	prefix_host_begin
	prefix_make user
	screens_environment
	prefix_conf 'FEATURES="cgroup"' 'USE="online"'
	prefix_install_portcullis
	prefix_package app-test/plain-1 </dev/null
	prefix_package app-test/tested-1 <<<'PROPERTIES="test_network"'
	prefix_package app-test/flagged-1 <<<$'IUSE="online offline"\nRESTRICT="online? ( network-sandbox ) offline? ( strip )"'
	prefix_package app-test/masked-2 <<<'KEYWORDS="~amd64"'
	mkdir -p "$PREFIX/etc/portage/env"
	echo 'FEATURES="-ipc-sandbox"' >"$PREFIX/etc/portage/env/ipc.conf"
	echo 'app-test/plain ipc.conf' >"$PREFIX/etc/portage/package.env"
	chown -R "$PREFIX_UID" "$PREFIX/etc/portage"
	screens_export
}

# explained_sandboxes PACKAGE PHASE: prints the sandboxes (net, ipc, pid, cgroup) of the phase, as `portcullis explain` shows them.
explained_sandboxes() {
	prefix_run portcullis explain --json "$1" "$2" | node -p '
		const { phases: [{ rules }] } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
		rules.filter((rule) => rule.confined).map((rule) => rule.what).join()
	'
}

# actual_sandboxes PACKAGE PHASE: prints the sandboxes that a command under `portcullis run --like` gets, according to its namespaces. It has a
# PID namespace of its own with pid-sandbox or cgroup, which all packages have.
actual_sandboxes() {
	prefix_run portcullis run --like "$1" "$2" -- bash -c '
		for kind in net ipc pid; do
			[[ $(readlink "/proc/self/ns/$kind") == "$1" ]] || echo "$kind"
			shift
		done' - "$(readlink /proc/self/ns/net)" "$(readlink /proc/self/ns/ipc)" "$(readlink /proc/self/ns/pid)" |
		sed 's/pid/pid,cgroup/' | paste -sd,
}

@test 'portcullis explain prints, and portcullis run --like applies, the sandboxes of a phase according to package.env, PROPERTIES, RESTRICT with USE conditions, and CCACHE_DIR in /dev/shm' {
	local package phase expected
	while read -r package phase expected; do
		[[ $(explained_sandboxes "$package" "$phase") == "$expected" ]]
		[[ $(actual_sandboxes "$package" "$phase") == "$expected" ]]
	done <<-'EOF'
		plain   src_compile net,pid,cgroup
		plain   src_unpack  pid,cgroup
		tested  src_test    ipc,pid,cgroup
		tested  src_compile net,ipc,pid,cgroup
		flagged src_compile ipc,pid,cgroup
		masked  src_compile net,ipc,pid,cgroup
	EOF
	[[ $(prefix_run portcullis explain tested src_test) == *'test_network'* ]]
	[[ $(prefix_run portcullis explain =app-test/plain-1 src_unpack src_test | grep -c '^src_') == 2 ]]
	# The file that removes a word from FEATURES is named.
	[[ $(prefix_run portcullis explain plain src_compile) == *"ipc-sandbox      no   $PREFIX/etc/portage/env/ipc.conf removes it from FEATURES"* ]]
	[[ $(prefix_run env FEATURES=-ipc-sandbox portcullis explain tested src_compile) == *'no   the environment removes it from FEATURES'* ]]
	[[ $(prefix_run env FEATURES='-* cgroup' portcullis explain plain src_compile) == *'network-sandbox  no   the environment removes it'*'cgroup           yes'* ]]
	# Without a package, only make.conf applies.
	[[ $(prefix_run portcullis explain) == 'Portage 3.'*': any package that package.env does not name'*'ipc-sandbox      yes'* ]]
	# Like a phase, the command keeps the /dev/shm of the host only if a folder that the package uses lies in it.
	[[ $(prefix_run portcullis run --like tested -- stat -c %d /dev/shm) != "$(stat -c %d /dev/shm)" ]]
	[[ $(prefix_run env CCACHE_DIR=/dev/shm/absent portcullis run --like tested -- stat -c %d /dev/shm) == "$(stat -c %d /dev/shm)" ]]
	# With --features, Portage is not started.
	[[ $(prefix_run env PORTAGE_PYTHON=/bin/false portcullis explain --features ipc-sandbox src_test) == *'ipc-sandbox      yes'* ]]
}

@test 'if make.conf or the make.defaults of a profile removes a sandbox from FEATURES, portcullis explain prints the path of that file' {
	local file
	for file in "$PREFIX_REPO/profiles/test/make.defaults" "$PREFIX/etc/portage/make.conf"; do
		sed -i.orig '$aFEATURES="-ipc-sandbox"' "$file"
		run -0 prefix_run portcullis explain tested src_compile
		mv "$file.orig" "$file"
		[[ $output == *"ipc-sandbox      no   $file removes it from FEATURES"* ]]
	done
}

@test 'portcullis explain, allow and run --like refuse an unknown package, an unknown phase and an invalid option value' {
	run -1 prefix_run portcullis explain no-such/package
	[[ $output == 'portcullis: Portage has no package no-such/package' ]]
	run -1 prefix_run portcullis allow --whole --write no-such
	[[ $output == 'portcullis: Portage has no package no-such' ]]
	run -1 prefix_run portcullis explain 'a b'
	[[ $output == 'portcullis: a b is not a package name' ]]
	run -2 prefix_run portcullis explain plain src_compiel
	[[ $output == *'did you mean src_compile?' ]]
	run -2 prefix_run portcullis run --like plain pkg_setup -- true
	run -2 prefix_run portcullis run --like plain --features cgroup -- true
	run -2 prefix_run portcullis explain --features cgroup --unpack both
	[[ $output == 'portcullis: PORTCULLIS_UNPACK="both" is invalid: use host or confine' ]]
}

# blocked_record CPV MEMBERS: prints a record with these members.
blocked_record() {
	printf '{"schema":1,"time":"2026-11-24T21:50:00.123Z","package":"%s","phase":"compile","applied":{"net":"confine"},"status":{"exit":0},%s}\n' "$1" "$2"
}

@test 'portcullis allow accepts a package name without category, marks ports that are guesses because only a DNS lookup was recorded, and writes only recorded destinations' {
	local etc=$PREFIX/etc/portage lookup='"names":[{"name":"files.example.org","type":"A","comm":"curl","argv":["curl","http://files.example.org/x"],"count":1},
		{"name":"guess.example.org","type":"A","comm":"get","count":1}]'
	cp "$etc/package.env" "$BATS_TEST_TMPDIR/package.env"
	blocked_record app-test/tested-1 "${lookup//$'\n\t\t'/}" >"$RECORDS"
	run -0 prefix_run portcullis allow --write tested
	[[ $output == "$etc/env/allow-app-test_tested.conf:
  + PORTCULLIS_ALLOW=\"files.example.org:80 guess.example.org:443\"
$etc/package.env:
  + app-test/tested allow-app-test_tested.conf
# The port is a guess, because only the lookup of the name is recorded: guess.example.org:443." ]]
	# If emerge runs as root, allowed connections are possible only through Portage's proxy.
	run -0 prefix_run_as_root portcullis allow tested
	[[ $output == *$'\n# PORTCULLIS_ALLOW has no effect, because Portage as root isolates the network before confine runs, and starts no proxy. To start '* ]]
	# A later record adds its destination to the line.
	blocked_record app-test/tested-1 '"blocked":[{"address":"198.51.100.7","port":80,"protocol":"tcp","comm":"x","count":1}]' >"$RECORDS"
	run -0 prefix_run portcullis allow --write app-test/tested
	[[ $output == *'  + PORTCULLIS_ALLOW="files.example.org:80 guess.example.org:443 198.51.100.7:80"'* ]]
	[[ $(wc -l <"$etc/env/allow-app-test_tested.conf") == 1 ]]
	# Portage reads the lines.
	[[ $(prefix_run portcullis explain --json tested) == *'"PORTCULLIS_ALLOW":"files.example.org:80 '* ]]

	# Without destinations nothing is written, and the message names --whole.
	run -1 prefix_run portcullis allow --write plain
	[[ $output == *'contain no destination'*'portcullis allow --whole app-test/plain' ]]
	run -0 prefix_run portcullis allow --whole --write plain
	[[ $output == *'  + FEATURES="-network-sandbox"'*'  + app-test/plain no-network-sandbox.conf' ]]
	run -0 prefix_run portcullis allow --remove plain
	run -0 prefix_run portcullis allow --remove app-test/tested
	[[ $output == *'  - app-test/tested allow-app-test_tested.conf'*'  - PORTCULLIS_ALLOW='* ]]
	# portcullis allow --remove keeps the lines of the user and their order.
	cmp "$etc/package.env" "$BATS_TEST_TMPDIR/package.env"
	[[ $(ls "$etc/env") == ipc.conf ]]
	run -1 prefix_run portcullis allow --remove tested
	[[ $output == *'package.env contains no line that portcullis allow has written for app-test/tested' ]]
	rm "$RECORDS"
}

@test 'if package.env is a directory, portcullis allow --write writes the file package.env/portcullis' {
	local env=$PREFIX/etc/portage/package.env
	mv "$env" "$BATS_TEST_TMPDIR/package.env"
	prefix_run mkdir "$env"
	run -0 prefix_run portcullis allow --whole --write plain
	[[ $(<"$env/portcullis") == 'app-test/plain no-network-sandbox.conf' ]]
	run -0 prefix_run portcullis allow --remove plain
	rmdir "$env"
	mv "$BATS_TEST_TMPDIR/package.env" "$env"
}

@test 'portcullis run applies the sandboxes of --features, and kills and reports processes that the command leaves running' {
	run -0 prefix_run portcullis run --features ipc-sandbox -- readlink /proc/self/ns/net
	[[ $output == "$(readlink /proc/self/ns/net)" ]]
	run -3 prefix_run portcullis run -- bash -c "$(declare -f until_true)"'
		setsid sleep 471142 &
		until_true 60 grep -qx sleep "/proc/$!/comm" && exit 3'
	[[ $output == 'portcullis: '*'1 leftover process killed: sleep 471142 (pid '* ]]
	run -1 pgrep -xf 'sleep 471142'
	# portcullis run writes no record.
	[[ ! -s $RECORDS ]]
}

@test 'portcullis run without a command starts a confined shell in the current directory, with a prefix in the prompt of bash, sh, zsh and fish' {
	PREFIX_ENV+=(SHELL=/bin/bash)
	echo "PS1='mine> '" >"$PREFIX_ROOT/home/.bashrc"
	terminal_open
	terminal_type 'cd /usr && portcullis run'
	terminal_wait_for $'\n(portcullis) mine>'
	terminal_type 'PS1="inside "; pwd; curl --silent https://198.51.100.7/; echo "curl $?"'
	terminal_wait_for 'curl 7'
	[[ $(terminal_text) == *$'\n/usr\n'* ]]
	terminal_type exit
	terminal_wait_for 'blocked (curl → 198.51.100.7:443)'
	# /bin/sh is dash on Debian.
	terminal_type 'SHELL=/bin/sh portcullis run --like tested; echo "status $?"'
	terminal_wait_for $'\n(tested) $'
	terminal_type 'exit 7'
	terminal_wait_for 'status 7'
	# zsh without this file starts a dialog.
	: >"$PREFIX_ROOT/home/.zshrc"
	# Without SHELL, bash starts.
	terminal_type 'env -u SHELL portcullis run --like masked; echo "status $?"'
	terminal_wait_for $'\n(masked) mine>'
	terminal_type exit
	terminal_wait_for 'status 0'
	terminal_type 'SHELL=/usr/bin/zsh portcullis run --like plain'
	terminal_wait_for $'\n(plain) $'
	terminal_type exit
	terminal_type 'SHELL=/usr/bin/fish portcullis run --like flagged'
	terminal_wait_for $'\n(flagged) '
}
