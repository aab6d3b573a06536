# shellcheck shell=bash
# What PORTCULLIS_ALLOW lets through, as options for confine: looked up once a package, in setup, which has the host's network
# in all cases, and kept for the phases after it. The first line kept is the list that it was looked up for.
__portcullis_allow() {
	local list=${setting[PORTCULLIS_ALLOW]-} file=$kept-allow line
	local -a lines=()
	[[ $list && $features == *' network-sandbox '* && ${setting[PORTCULLIS_AUDIT]-} != only ]] || return 0
	[[ $EBUILD_PHASE == setup ]] || __portcullis_kept "$file"
	[[ ${lines[0]-} == "$list" ]] || __portcullis_look_up
	[[ " ${options[*]} " == *' --net '* ]] || return 0
	for line in "${lines[@]:1}"; do
		__portcullis_option "$line" || __portcullis_foreign "$file" "$line"
		options+=("${line%% *}" "${line#* }")
	done
	# Root's Portage has cut off the process that would make the connections, and runs this proxy outside for distcc.
	[[ ! -S ${given[PORTAGE_SOCKS5_PROXY]-} ]] || options+=(--socks "${given[PORTAGE_SOCKS5_PROXY]}")
}

# Whether a line is an option that the program prints, in the form in which it prints it (src/confine/destinations.ts).
__portcullis_option() {
	[[ $1 == @('--allow '@(+([0-9.])|\[+([0-9A-Fa-f:.])\])?(/+([0-9])):+([0-9])|'--resolve '+([0-9A-Za-z._-])=+([0-9A-Fa-f:.])) ]]
}

# Asks the program, unless it was asked together with what collides, says what it says, and leaves in lines what is kept.
__portcullis_look_up() {
	local text why=''
	local -a said=("${looked[@]}") words=()
	lines=("$list")
	((${#said[@]})) || mapfile -t said < <(
		__portcullis_seen | __portcullis_start "$node" "$program" destinations --stdin --package "$package" --features "$features" "$list" 2>/dev/null
	)
	if [[ ${said[*]: -1} != 'done' ]]; then
		# portcullis needs Node, which may just be on its way out. Addresses need no looking up.
		read -ra words <<<"$list"
		said=()
		for text in "${words[@]}"; do
			if __portcullis_option "--allow $text"; then
				lines+=("--allow $text")
			else
				__portcullis_call ewarn "Portcullis: $package: $text in PORTCULLIS_ALLOW stays blocked, as $portcullis does not start to look it up. An address needs no looking up. $doctor"
			fi
		done
	fi
	for line in "${said[@]}"; do
		! __portcullis_option "$line" || lines+=("$line")
	done
	__portcullis_print "${said[@]}"
	[[ ! $why ]] || __portcullis_call die "$why"
	__portcullis_keep "$file" "${lines[@]}"
}
