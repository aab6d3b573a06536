# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash

# in_portage_network [OPTION...] -- COMMAND...: runs COMMAND in a network as Portage makes it for FEATURES=network-sandbox (_exec in
# portage/process.py). OPTION is an option of unshare(1) for a further namespace, such as --ipc.
in_portage_network() {
	local -a options=()
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	# shellcheck disable=SC2016
	unshare --net --uts "${options[@]}" -- bash -c '
		hostname localhost && ip link set lo up && ip address add 10.0.0.1/8 dev lo && ip address add fd::1/8 dev lo && exec "$@"
	' "$@"
}
