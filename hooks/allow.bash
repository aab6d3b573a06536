# shellcheck shell=bash
# What PORTCULLIS_ALLOW lets through, as options for confine: looked up once a package, in setup, which has the host's network
# in all cases, and kept for the phases after it. The first line kept is the list that it was looked up for.
__portcullis_allow() {
	local list=${setting[PORTCULLIS_ALLOW]-} file=${PORTAGE_BUILDDIR-}/.ipc/portcullis-allow line
	local -a lines=()
	[[ $list && $features == *' network-sandbox '* && ${setting[PORTCULLIS_AUDIT]-} != only ]] || return 0
	[[ $EBUILD_PHASE == setup || ! -s $file ]] || { mapfile -t lines <"$file"; } 2>/dev/null
	[[ ${lines[0]-} == "$list" ]] || __portcullis_look_up
	[[ " ${options[*]} " == *' --net '* ]] || return 0
	for line in "${lines[@]:1}"; do
		options+=("${line%% *}" "${line#* }")
	done
	# Root's Portage has cut off the process that would make the connections, and runs this proxy outside for distcc.
	[[ ! -S ${PORTAGE_SOCKS5_PROXY-} ]] || options+=(--socks "$PORTAGE_SOCKS5_PROXY")
}

# Asks the program, unless it was asked together with what collides, says what it says, and leaves in lines what is kept.
__portcullis_look_up() {
	local text why=''
	local -a said=("${looked[@]}") words=()
	lines=("$list")
	((${#said[@]})) || mapfile -t said < <(
		HOME=${HOME-} SANDBOX_ON=0 "$portcullis" destinations --package "$package" --features "$features" "$list" 2>/dev/null
	)
	if [[ ${said[*]: -1} != 'done' ]]; then
		# portcullis needs Node, which may just be on its way out. Addresses need no looking up.
		read -ra words <<<"$list"
		said=()
		for text in "${words[@]}"; do
			if [[ $text == @(+([0-9.])?(/+([0-9]))|\[+([0-9A-Fa-f:.])\]?(/+([0-9]))):+([0-9]) ]]; then
				lines+=("--allow $text")
			else
				ewarn "Portcullis: $package: $text in PORTCULLIS_ALLOW stays blocked, as $portcullis does not start to look it up. An address needs no looking up. $doctor"
			fi
		done
	fi
	for line in "${said[@]}"; do
		[[ $line != --@(allow|name)' '* ]] || lines+=("$line")
	done
	__portcullis_say "${said[@]}"
	[[ ! $why ]] || die "$why"
	{ printf '%s\n' "${lines[@]}" >"$file"; } 2>/dev/null
}
