# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Converts PORTCULLIS_ALLOW to options of confine. The hook resolves host names in pkg_setup, because pkg_setup always has the host's
# network, and stores the options in a file. The first line of that file is the value of PORTCULLIS_ALLOW.

# __portcullis_allow LINE...: returns in REPLY the options of confine for PORTCULLIS_ALLOW, which are in the lines, and for Portage's proxy.
__portcullis_allow() {
	local line
	REPLY=()
	[[ " ${options[*]} " == *' --net '* ]] || return 0
	for line; do
		__portcullis_is_option "$line" || __portcullis_tampered "$store-allow" "$line"
		REPLY+=("${line%% *}" "${line#* }")
	done
	# If emerge runs as root, Portage has already isolated the network of this process. confine can then make allowed connections only
	# through the SOCKS proxy that Portage runs on the host for distcc. --socks is the path of the proxy's UNIX socket.
	[[ ! -S ${initial[PORTAGE_SOCKS5_PROXY]-} ]] || REPLY+=(--socks "${initial[PORTAGE_SOCKS5_PROXY]}")
}

# __portcullis_is_option LINE: succeeds if LINE is an option of confine, in the format that src/confine/destinations.ts writes.
__portcullis_is_option() {
	[[ $1 == @('--allow '@(+([0-9.])|\[+([0-9A-Fa-f:.])\])?(/+([0-9])):+([0-9])|'--allow-socket /'+([0-9A-Za-z/._@+-])|'--resolve '+([0-9A-Za-z._-])=+([0-9A-Fa-f:.])) ]]
}
