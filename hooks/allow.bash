# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Converts PORTCULLIS_ALLOW to options of confine. The hook resolves host names in pkg_setup, because pkg_setup always has the host's
# network, and stores the options in a file. The first line of that file is the value of PORTCULLIS_ALLOW.

# __portcullis_allow ANSWER...: returns in REPLY the options of confine for PORTCULLIS_ALLOW and for Portage's proxy. Without arguments,
# runs portcullis.js if no stored file has the options. The arguments are lines that portcullis.js has already printed about
# PORTCULLIS_ALLOW: then this function does not run portcullis.js again.
__portcullis_allow() {
	local list=${setting[PORTCULLIS_ALLOW]-} file=$store-allow line
	local -a result=()
	REPLY=()
	if [[ $list && $features == *' network-sandbox '* && ${setting[PORTCULLIS_AUDIT]-} != only ]]; then
		[[ $EBUILD_PHASE == setup ]] || __portcullis_load "$file"
		[[ ${REPLY[0]-} == "$list" ]] || __portcullis_resolve_allow "$file" "$list" "$@"
	fi
	if [[ " ${options[*]} " == *' --net '* ]]; then
		for line in "${REPLY[@]:1}"; do
			__portcullis_is_option "$line" || __portcullis_tampered "$file" "$line"
			result+=("${line%% *}" "${line#* }")
		done
		# If emerge runs as root, Portage has already isolated the network of this process. confine can then make allowed connections only
		# through the SOCKS proxy that Portage runs on the host for distcc. --socks is the path of the proxy's UNIX socket.
		[[ ! -S ${initial[PORTAGE_SOCKS5_PROXY]-} ]] || result+=(--socks "${initial[PORTAGE_SOCKS5_PROXY]}")
	fi
	REPLY=("${result[@]}")
}

# __portcullis_is_option LINE: succeeds if LINE is an option of confine, in the format that src/confine/destinations.ts writes.
__portcullis_is_option() {
	[[ $1 == @('--allow '@(+([0-9.])|\[+([0-9A-Fa-f:.])\])?(/+([0-9])):+([0-9])|'--allow-socket /'+([0-9A-Za-z/._@+-])|'--resolve '+([0-9A-Za-z._-])=+([0-9A-Fa-f:.])) ]]
}

# __portcullis_resolve_allow FILE LIST ANSWER...: converts LIST, the value of PORTCULLIS_ALLOW, to options of confine, and stores the
# options in FILE and REPLY. Prints the messages of portcullis.js. Runs portcullis.js, unless its output is passed as ANSWER.
__portcullis_resolve_allow() {
	local file=$1 list=$2 line
	local -a answer=("${@:3}") lines=("$2") words=() addresses=() sockets=()
	((${#answer[@]})) || mapfile -t answer < <(
		__portcullis_print_variables |
			__portcullis_start "$node" "$program" destinations --package "$package" --features "$features" \
				--once "$PORTAGE_BUILDDIR/.ipc" "$list" 2>/dev/null
	)
	if [[ ${answer[*]: -1} != 'done' ]]; then
		# The program, which resolves host names, did not finish: probably Node does not start, for example while it is updated. Permit
		# only IP addresses and UNIX sockets, which need no resolution.
		read -ra words <<<"$list"
		answer=()
		for line in "${words[@]}"; do
			if __portcullis_is_option "--allow $line"; then
				addresses+=("--allow $line")
			elif [[ $line == unix:/* ]]; then
				sockets+=("--allow-socket ${line#unix:}")
			else
				__portcullis_call ewarn "Portcullis: $package: $line in PORTCULLIS_ALLOW stays blocked, because Node, which resolves host names, does not start. To repair Node, run: emerge net-libs/nodejs"
			fi
		done
		lines+=("${addresses[@]::64}" "${sockets[@]::64}")
		((${#addresses[@]} <= 64 && ${#sockets[@]} <= 64)) ||
			__portcullis_call ewarn "Portcullis: $package: the rest of PORTCULLIS_ALLOW stays blocked: it has more than 64 addresses or UNIX sockets. Remove unused entries."
	fi
	for line in "${answer[@]}"; do
		! __portcullis_is_option "$line" || lines+=("$line")
	done
	__portcullis_print "${answer[@]}"
	[[ ! ${REPLY[0]-} ]] || __portcullis_call die "${REPLY[0]}"
	__portcullis_store "$file" "${lines[@]}"
	REPLY=("${lines[@]}")
}
