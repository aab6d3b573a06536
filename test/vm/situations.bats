#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The table of situations in README.md: each test emerges one package and prints the cells of one row (scripts/situations).

load ../lib/prefix
load ../confine/container
load emerge_in_situation

setup_file() {
	situation_begin
}

teardown_file() {
	situation_end
}

teardown() {
	permit_user_namespaces 1
	prefix_clean
}

# permit_user_namespaces 1|0: permits user namespaces to ordinary users, or refuses them
permit_user_namespaces() {
	echo "$1" >/proc/sys/kernel/unprivileged_userns_clone
}

# in_container COMMAND...: runs the command in the environment of emerge, in a container with Docker's default profile
in_container() {
	# shellcheck disable=SC2034 # run_in_container reads it
	local TEST_DIR=$PREFIX_HOST
	export CONTAINER_NETWORK=host
	run_in_container docker "$PREFIX_UID" bash -c "$(
		declare -p "${!PREFIX@}"
		declare -f prefix_exec situation_exec
	); unset PREFIX_LOCK; situation_exec \"\$@\"" - "$@"
}

@test 'as root without userpriv, Portcullis records exactly the IPC, PID and mount sandboxes that isolate src_compile; the test prints a README.md table row' {
	situation root root -userpriv
	situation_emerge
}

@test 'as root with userpriv, Portcullis records exactly the IPC, PID and mount sandboxes that isolate src_compile; the test prints a README.md table row' {
	situation 'root with userpriv' root userpriv
	situation_emerge
}

@test 'as root with userpriv and a setuid confine, but without user namespaces, Portcullis records exactly the IPC, PID and mount sandboxes that isolate src_compile; the test prints a README.md table row' {
	permit_user_namespaces 0
	situation 'userpriv, no user namespaces, setuid confine' root userpriv
	chown root:portage "$CONFINE"
	chmod 4710 "$CONFINE"
	situation_emerge
}

@test 'as an ordinary user, Portcullis records exactly the IPC, PID and mount sandboxes that isolate src_compile; the test prints a README.md table row' {
	situation 'Prefix user' user
	situation_emerge
}

@test 'as an ordinary user without user namespaces, Portcullis records exactly the IPC, PID and mount sandboxes that isolate src_compile; the test prints a README.md table row' {
	permit_user_namespaces 0
	situation 'Prefix user, no user namespaces' user
	situation_emerge
}

@test "as root in a container with Docker's default seccomp profile, Portcullis records exactly the IPC, PID and mount sandboxes that isolate src_compile; the test prints a README.md table row" {
	situation 'container, root' root
	prefix_env PORTAGE_PYTHON="$PREFIX_PORTAGE/bin/python"
	situation_emerge in_container
}

@test "as an ordinary user in a container with Docker's default seccomp profile, Portcullis records exactly the IPC, PID and mount sandboxes that isolate src_compile; the test prints a README.md table row" {
	situation 'container, ordinary user' user
	prefix_env PORTAGE_PYTHON="$PREFIX_PORTAGE/bin/python"
	situation_emerge in_container
}

@test 'as root with the oldest supported Portage, Portcullis records exactly the IPC, PID and mount sandboxes that isolate src_compile; the test prints a README.md table row' {
	local version
	version=$(tail -n1 "$TOP/test/portage/versions")
	PREFIX_PORTAGE=$(PORTAGE_VERSION=${version%% *} "$TOP/scripts/portage")
	situation "root, Portage ${version%% *}" root
	situation_emerge
}
