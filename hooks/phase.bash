# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#: banner

# With FEATURES=cgroup as root, on a host with cgroup v2 only, Portage runs all phases of a package in a cgroup and kills the processes in
# this cgroup after the merge (CgroupManager in portage/util/cgroup.py). This would kill a daemon that pkg_postinst has just restarted.
# Therefore the hook moves pkg_* phases to the cgroup of emerge.
if [[ $EUID == 0 && ${EBUILD_PHASE-} == @(@pkg@) &&
	${PORTAGE_FEATURES-${FEATURES-}} == *cgroup* && " ${PORTAGE_FEATURES-${FEATURES-}} " == *[[:space:]]cgroup[[:space:]]* ]]; then
	__portcullis_leave() {
		local line own=none path=none
		while IFS= read -r line; do
			[[ $line != 0::* ]] || own=${line#0::}
		done </proc/self/cgroup
		# Keep the path of the cgroup that Portage made for the whole build, because __portcullis_limits sets the limits in this cgroup.
		if [[ $EBUILD_PHASE == setup && ${EMERGE_FROM-ebuild} == ebuild && ${EBUILD_SH_ARGS-} ]]; then
			___portcullis_leaf=$own
			[[ ${own##*/} == "${CATEGORY-}_${PF-}" ]] || ___portcullis_leaf=''
		fi
		own=${own%/*}
		[[ $own == */emerge-+([0-9]) && -r /proc/${own##*/emerge-}/cgroup ]] || return 0
		while IFS= read -r line; do
			[[ $line != 0::* ]] || path=${line#0::}
		done <"/proc/${own##*/emerge-}/cgroup"
		{ echo 0 >"/sys/fs/cgroup$path/cgroup.procs"; } 2>/dev/null ||
			ewarn "Portcullis: ${CATEGORY-}/${PF-}: pkg_$EBUILD_PHASE: Portage kills the daemons that this phase starts, because Portcullis could not move the phase out of Portage's cgroup. Restart them after the merge, or add to make.conf: FEATURES=\"\${FEATURES} -cgroup\""
	}
	__portcullis_leave
	unset -f __portcullis_leave
fi

# In Portage's clean phase as root, remove the files in /run that pkg_setup stored for the later phases of this build.
if [[ ${EBUILD_PHASE-} == clean && $EUID == 0 && ${PORTAGE_BUILDDIR-} && -e @run@.${PORTAGE_BUILDDIR//\//%}-settings ]]; then
	(exec -c @rm@ -f -- @run@."${PORTAGE_BUILDDIR//\//%}"-{@stored@})
fi

# In most phases the hook returns here. Up to this point, define no function or variable and start no process: in the phase `depend`,
# whose PATH is /dev/null, a command would make Portage mask the package as corrupt.
[[ ${EBUILD_PHASE-} == @(pretend|setup|init|@src@) &&
	(${EMERGE_FROM-ebuild} == ebuild && ${EBUILD_SH_ARGS-} || ${PKGCORE_EBD_PATH-}${PALUDIS_EBUILD_DIR-}) ]] || return 0

# Continue in three cases: FEATURES has a sandbox for this src_* phase; this pkg_setup precedes such phases, and has to report conflicts; or the
# hook has to load or store settings. The hook stores PORTCULLIS_* variables only in pkg_setup and in a phase without a saved environment.
# In other phases, they may come from the saved environment, which the build can change (config.environ() in Portage's config.py).
[[ $EBUILD_PHASE != @(pretend|setup) && (@confinable@ ||
	${PORTAGE_FEATURES-${FEATURES-}} == *noauto* && " ${PORTAGE_FEATURES-${FEATURES-}} " == *[[:space:]]noauto[[:space:]]*) ||
	$EBUILD_PHASE == @(setup|init) && " ${PORTAGE_FEATURES-${FEATURES-}} " == *[[:space:]]@(@features@)[[:space:]]* ]] ||
	[[ -s ${PORTAGE_BUILDDIR-}/.ipc/portcullis-settings ||
		(${PORTAGE_BUILDDIR-} && -s @run@.${PORTAGE_BUILDDIR//\//%}-settings) ||
		($EBUILD_PHASE == setup || ! -e ${T-}/environment) && ${!PORTCULLIS_*} ]] ||
	return 0

# Print a message in phases of pkgcore and Paludis, which the hook cannot confine. pkgcore sources bashrc too, and Paludis does so in its
# phase "init" if PALUDIS_PORTAGE_BASHRC names bashrc. Neither sets EBUILD_SH_ARGS, which Portage always sets. In Portage, EMERGE_FROM is `ebuild`, or `binary` for a binary package.
if [[ $EBUILD_PHASE == init || ${EMERGE_FROM-ebuild} != ebuild || ! ${EBUILD_SH_ARGS-} ]]; then
	[[ $EBUILD_PHASE != @(setup|init) || " ${FEATURES-} " != *[[:space:]]@(@features@)[[:space:]]* ]] ||
		(
			#: emerge
			__portcullis_find_emerge
			exec -c @env@ SANDBOX_ON=0 @node@ @program@ printed --once "${T%/*}/.ipc" --run "${REPLY[0]}" other
		) 2>/dev/null ||
		ewarn "Portcullis: ${CATEGORY-}/${PF-}: Portcullis confines no phase of pkgcore and Paludis, whatever FEATURES contains. To confine this build, run: emerge --oneshot =${CATEGORY-}/${PF-}"
	return 0
fi

#: guard
__portcullis_check_readonly 2>/dev/null ||
	[[ ${BASH_VERSINFO[99]:?Portcullis: ${CATEGORY-}/${PF-}: $EBUILD_PHASE: the build stops, because the ebuild makes a variable readonly that the hook of Portcullis needs. Remove this readonly from the ebuild.} ]]

# The functions below read the local variables of __portcullis_phase. A function that returns values returns them in the array REPLY,
# and its comment names REPLY.
__portcullis_phase() {
	local -
	set +eu
	# Paths and texts that `portcullis hook` inserts here when it generates phase.bash.
	local confine=@confine@ node=@node@ program=@program@ logs=@logs@
	local IFS=$' \t\n' marker=@marker@ package=${CATEGORY-}/${PF-}
	# shellcheck disable=SC1003 # the command, quoted for a shell, in quotes
	local command=@command@
	local doctor="To find the cause, run: $command doctor"
	# features, restrict and properties: values of Portage's variables, with spaces between the words and at both ends. store and state: the
	# beginnings of the paths of files that the hook writes in pkg_setup (store) and in this phase (state). initial: the environment with which Portage
	# started this shell. setting: the values of PORTCULLIS_* by name.
	local features restrict properties store state
	local -A initial=() setting=()
	# The options with which the hook starts confine. Without options, the hook does not confine the phase.
	local -a options=()
	local fakeroot='' found last
	local -a REPLY=() argv=()
	# SANDBOX_ON=0 permits this shell to write files that libsandbox would refuse. The phase gets the value that Portage has set.
	local -x SANDBOX_ON=0
	__portcullis_paths
	store=${REPLY[0]} state=${REPLY[1]}

	# If the last argument of this process is the marker (`portcullis-inside`), this is the shell inside confine. A variable would be no proof,
	# because the build could set it.
	{ mapfile -d '' -t argv </proc/self/cmdline; } 2>/dev/null
	last=${argv[*]: -1}
	if [[ $last == "$marker" ]]; then
		[[ $EUID == 0 && -L $state-inside ]] || { echo inside >"$state-inside"; } 2>/dev/null
		__portcullis_wrap_phase "${argv[*]: -2:1}"
		return
	fi

	features=" ${PORTAGE_FEATURES-${FEATURES-}} "
	restrict=" ${PORTAGE_RESTRICT-${RESTRICT-}} "
	properties=" ${PORTAGE_PROPERTIES-${PROPERTIES-}} "
	features=${features//[$'\t\n']/ } restrict=${restrict//[$'\t\n']/ } properties=${properties//[$'\t\n']/ }
	__portcullis_read_environ
	__portcullis_settings
	[[ $EBUILD_PHASE != setup ]] || __portcullis_store_emerge
	if [[ ${initial[LD_PRELOAD]-} == *libfakeroot* ]]; then
		__portcullis_fakeroot
		fakeroot=${REPLY[0]}
	fi
	[[ $EBUILD_PHASE == @(pretend|setup) ]] || __portcullis_decide
	((${#options[@]})) || [[ $EBUILD_PHASE == setup ]] || return 0
	__portcullis_limits
	__portcullis_check
	((${#options[@]})) || return 0
	found=${REPLY[0]}
	__portcullis_allow "${REPLY[@]:1}"
	options+=("${REPLY[@]}")
	[[ ! $fakeroot ]] || options+=(--label "fakeroot=$fakeroot")

	# Add --mknod if src_install of root may create device files, which is impossible in a user namespace: confine then refuses to use one.
	# Without --mknod, confine uses a user namespace if root lacks CAP_SYS_ADMIN, as in many containers.
	[[ $EUID$EBUILD_PHASE != 0install || $(declare -f src_install) != *mknod* ]] || options+=(--mknod)

	# Start confine only if /proc/self/cmdline shows the arguments of this process. Otherwise the hook inside confine could not find the marker
	# `portcullis-inside` there, and would start confine again, in an endless recursion.
	if [[ $last != "${EBUILD_SH_ARGS##* }" ]]; then
		__portcullis_unavailable '/proc/self/cmdline does not contain the arguments of ebuild.sh'
	elif [[ ! -x $confine ]]; then
		__portcullis_unavailable "$confine does not exist or is not executable"
	else
		__portcullis_confine "$found"
	fi
}

# Fills the array `initial` with the environment in /proc/self/environ, because variables of this shell may come from the saved environment.
__portcullis_read_environ() {
	local line
	{ mapfile -d '' -t REPLY </proc/self/environ; } 2>/dev/null
	for line in "${REPLY[@]}"; do
		[[ $line != [A-Z_]*=* ]] || initial[${line%%=*}]=${line#*=}
	done
}

# Fills the array `setting` with PORTCULLIS_* of make.conf and package.env. The first phase, usually pkg_setup, stores these settings in a file, from which later phases load them.
__portcullis_settings() {
	local name line source=''
	local -a lines=() words=()
	if [[ $EBUILD_PHASE == setup || ! -e ${T-}/environment ]]; then
		for name in @settings@; do
			[[ ! ${!name-} ]] || lines+=("$name=${!name//$'\n'/ }")
		done
	elif [[ $features == *' noauto '* && ($features == *' keeptemp '* || $store == */.ipc/*) ]] && __portcullis_ask_portage; then
		lines=("${REPLY[@]}")
	else
		source=$store-settings
		__portcullis_load "$source"
		lines=("${REPLY[@]}")
	fi
	for line in "${lines[@]}"; do
		name=${line%%=*}
		read -ra words <<<"${line#*=}"
		[[ ! $source || " @settings@ " == *" $name "* ]] || __portcullis_tampered "$source" "$line"
		[[ ! ${words[*]} ]] || __portcullis_set "$name" "${words[*]}"
	done
	[[ $EBUILD_PHASE == setup || ! -e ${T-}/environment ]] || return 0

	# Store the settings in a file, because the build can change variables. In the clean phase, Portage removes a file in .ipc, and the hook removes one in /run.
	lines=()
	for name in "${!setting[@]}"; do
		lines+=("$name=${setting[$name]}")
	done
	# If emerge runs as root, the hook always writes the file, because its existence shows later phases that the stored files are in /run.
	if [[ ${lines[*]} || -s $store-settings || $store != */.ipc/* ]]; then
		__portcullis_store "$store-settings" "${lines[@]}" ||
			__portcullis_call die "Portcullis: $package: the hook cannot write $store-settings, which stores PORTCULLIS_* for the later phases. Free space there, or remove the build directory if another user owns it: rm -r ${PORTAGE_BUILDDIR-}"
	fi
	[[ $EBUILD_PHASE != setup ]] || __portcullis_remove_stale
}

# Returns in REPLY the settings that Portage reads now from make.conf and package.env, as NAME=VALUE lines. Stored settings can be older:
# with FEATURES=noauto, no pkg_setup runs before a phase to store them, and with keeptemp a saved environment outlives a change of
# make.conf (otherwise prepare_build_dirs.py removes it). Fails if the query fails. The query takes half a second, but only developers use these FEATURES.
__portcullis_ask_portage() {
	mapfile -t REPLY < <(
		__portcullis_start PORTAGE_CONFIGROOT="${initial[PORTAGE_CONFIGROOT]-}" \
			PORTAGE_OVERRIDE_EPREFIX="${initial[PORTAGE_OVERRIDE_EPREFIX]-}" "${initial[PORTAGE_PYTHON]:-@python@}" -I -c @query@ \
			"${initial[PORTAGE_PYM_PATH]-}" "$package" "${SLOT:-0}" "${PORTAGE_REPO_NAME-}" "${EAPI:-0}" @settings@
	)
	# If the last line is not `complete`, the query failed before it had printed all settings.
	[[ ${REPLY[*]: -1} == complete ]] || return
	unset 'REPLY[-1]'
}

# __portcullis_set NAME VALUE: sets `setting[NAME]` to VALUE. Stops the phase if VALUE is invalid.
__portcullis_set() {
	local name=$1 value=$2 valid pattern invalid word
	local -a words=()
	read -ra words <<<"$value"
	case $name in
	#: checks
	*) return ;;
	esac || __portcullis_call die "Portcullis: $package: $name=\"$value\" is invalid: use $valid. Correct it in make.conf or /etc/portage/env."
	setting[$name]=$value
}

# Returns in REPLY[0] how this phase reaches the fakeroot daemon: sysv (message queues), tcp (loopback), or alone (no daemon). On Debian,
# the name of the preloaded library contains sysv or tcp. On Gentoo, the result is sysv if a message queue with the key FAKEROOTKEY exists,
# otherwise tcp. Without FAKEROOTKEY the result is alone: with `fakeroot emerge`, Portage removes this variable from the environment of phases
# (environ_filter in special_env_vars.py); with FEATURES=fakeroot, it is set afterwards.
__portcullis_fakeroot() {
	local line id key=${initial[FAKEROOTKEY]-} preloaded=${initial[LD_PRELOAD]-} mode=tcp
	local -a lines=()
	case ${key:+key}$preloaded in
	key*libfakeroot-tcp*) ;;
	key*libfakeroot-sysv*) mode=sysv ;;
	key*)
		{ mapfile -t lines </proc/sysvipc/msg; } 2>/dev/null
		for line in "${lines[@]}"; do
			read -r id _ <<<"$line"
			[[ $id != "$key" ]] || mode=sysv
		done
		;;
	*) mode=alone ;;
	esac
	REPLY=("$mode")
}

# Sets `options`, the options of confine for this phase, by code that is generated from src/rules/phases.ts.
__portcullis_decide() {
	#: decide
}

# __portcullis_confine CONFLICTS: starts ebuild.sh for this phase inside confine, and exits with the status of confine. Returns only if it
# cannot start confine. CONFLICTS is a list of the names of conflicts, separated by spaces.
__portcullis_confine() {
	local environment status refused='' conflicts='' shell=$BASHPID folder
	local -a names=()
	# The phase inside confine starts with the environment that Portage has set, without the changes of profile.bashrc files, because the phase sources these files again.
	if ! { exec {environment}</proc/self/environ; } 2>/dev/null; then
		__portcullis_unavailable 'the hook cannot read /proc/self/environ'
		return
	fi
	if [[ $EUID == 0 && (-L $state-inside || -L $state-notice) ]] || ! { : >"$state-inside" && : >"$state-notice"; } 2>/dev/null; then
		__portcullis_unavailable "the hook cannot write $state-notice"
		return
	fi
	if [[ ${setting[PORTCULLIS_ON_FAILURE]-} == die ]]; then
		options+=(--require)
	else
		options+=(--best-effort)
	fi
	# Pass the names of the conflicts to the ebuild.sh inside confine as an argument: the build could change a variable through the saved
	# environment.
	read -ra names <<<"$1"
	[[ " ${options[*]} " != *' --net '* ]] || ((${#names[@]} == 0)) || printf -v conflicts '%s' @inside@ "${names[@]/#/+}"
	if [[ -w $logs ]]; then
		__portcullis_find_run
		options+=(--record "$logs/records.jsonl" --label "run=${REPLY[0]-}")
	fi
	if [[ " ${options[*]} " == *' --ipc '* ]]; then
		for folder in @folders@; do
			[[ $folder != /* ]] || options+=(--uses "$folder")
		done
	fi
	# confine kills the phase if this ebuild.sh, its parent or emerge ends. With pid-sandbox the PID of emerge is not visible, so confine watches
	# the lock that emerge holds on the build directory (EbuildBuildDir in _emerge/EbuildBuildDir.py). If emerge is killed, a second emerge of this
	# package can get the lock at once. It deletes .ipc in its clean phase (unless FEATURES contains keepwork), so confine also watches .ipc.
	[[ " ${options[*]} " != *' --cgroup '* ]] ||
		options+=(--die-with "$$" --die-with "$shell" --die-with "$PPID" --die-with-lock "${PORTAGE_BUILDDIR%/*}/.$PF.portage_lockfile"
			--die-with-file "$PORTAGE_BUILDDIR/.ipc")
	__portcullis_start "$confine" "${options[@]}" --environ "$environment" --notice-file "$state-notice" \
		--label "package=$package" --label "phase=$EBUILD_PHASE" -- "$BASH" "$PORTAGE_BIN_PATH/ebuild.sh" "$EBUILD_SH_ARGS" ${conflicts:+"$conflicts"} "$marker"
	status=$?
	# confine exits with 125 to 127 if it could not start the phase. A phase that started may exit with 127 too, but then the hook inside
	# confine has written $state-inside.
	((status < 125 || status > 127)) || [[ -s $state-inside ]] || refused="Portcullis: $package: src_$EBUILD_PHASE: the build stops, because"
	REPLY=()
	[[ ! -s $state-notice ]] || __portcullis_report "$refused"
	[[ ! $refused ]] || __portcullis_call die "${REPLY[0]:-$refused confine exited with status $status and did not start the phase. $doctor}"
	# Print no advice if SIGHUP, SIGINT or SIGTERM has ended the phase (the user has interrupted emerge), or with FEATURES=fail-clean, which deletes the build.
	if [[ $status != @(0|129|130|143) && " $features " != *' fail-clean '* ]]; then
		__portcullis_call elog "Portcullis: $package: src_$EBUILD_PHASE failed. For a shell with the same confinement, run: $command shell $package src_$EBUILD_PHASE"
	fi
	exit "$status"
}

# __portcullis_report REFUSED: prints the messages about the record of this phase. REFUSED is '' if confine started the phase, otherwise the
# first words of the message with which the caller stops the build. If REFUSED is not '', returns in REPLY[0] this message in full if a
# sandbox was missing and PORTCULLIS_ON_FAILURE=die is set, or '' if confine failed for another reason. If REFUSED is '', the caller ignores REPLY.
__portcullis_report() {
	local refused=$1 line what reason='' sandbox=''
	local -a lines=()
	[[ ${setting[PORTCULLIS_ON_FAILURE]-} == die ]] || refused=''
	__portcullis_find_run
	mapfile -t lines < <(__portcullis_start "$node" "$program" messages ${refused:+--refused} --features "$features" \
		--once "$PORTAGE_BUILDDIR/.ipc" --run "${REPLY[0]-}" "$state-notice" 2>/dev/null)
	__portcullis_print "${lines[@]}"
	((${#lines[@]} == 0)) || return
	# portcullis.js printed no line, so Node or portcullis.js failed, for example during an update of Node. Print the most important message without Node.
	read -r line <"$state-notice"
	if [[ $line == *'"missing":[{'* ]]; then
		reason=${line#*'"why":"'} reason=${reason%%'"'*}
	fi
	# The first element of "missing" can be a limit. __portcullis_report_unconfined needs the reason of a missing sandbox, so search "missing" for a sandbox.
	for what in @confinements@; do
		sandbox=${line#*'{"what":"'"$what"'","why":"'}
		[[ $sandbox == "$line" ]] || break
	done
	if [[ ! $refused && $sandbox != "$line" ]]; then
		__portcullis_report_unconfined "${sandbox%%'"'*}"
	elif [[ ! $refused || ! $reason ]]; then
		__portcullis_call ewarn "Portcullis: $package: src_$EBUILD_PHASE: Portcullis recorded events of this phase and cannot print them, because Node or portcullis.js failed. To print them, run: $command report $package"
	fi
	REPLY=("${refused:+${reason:+$refused PORTCULLIS_ON_FAILURE=\"die\" is set and the phase cannot be confined: $reason. $doctor}}")
}

# __portcullis_print LINE...: prints lines of portcullis.js with Portage's functions. Returns in REPLY[0] the text of the first `die` line, or '' if there is none.
__portcullis_print() {
	local line reason=''
	for line; do
		case ${line%% *} in
		elog | ewarn | eqawarn) __portcullis_call "${line%% *}" "${line#* }" ;;
		die) reason=${reason:-${line#* }} ;;
		esac
	done
	REPLY=("$reason")
}

# __portcullis_unavailable REASON: reports that the hook cannot confine this phase or, with PORTCULLIS_ON_FAILURE=die, stops the build.
__portcullis_unavailable() {
	if [[ ${setting[PORTCULLIS_ON_FAILURE]-} == die ]]; then
		__portcullis_call die "Portcullis: $package: src_$EBUILD_PHASE: the build stops, because PORTCULLIS_ON_FAILURE=\"die\" is set and $1. $doctor"
	fi
	__portcullis_report_unconfined "$1"
}

# __portcullis_report_unconfined REASON: reports that no phase of this package is confined. Prints the message once per package, not once per
# run of emerge: only portcullis.js knows whether this run has already printed a message, and it cannot run if Node does not start.
__portcullis_report_unconfined() {
	local word missing=''
	[[ ! -s $state-reported ]] || return 0
	__portcullis_store "$state-reported"
	for word in @sandboxes@; do
		[[ $features != *" $word "* ]] || missing+=${missing:+, }$word
	done
	[[ ${setting[PORTCULLIS_AUDIT]-} != only ]] || missing='the audit'
	__portcullis_call ewarn "Portcullis: $package: src_$EBUILD_PHASE runs without $missing: $1. $doctor"
}

#: emerge
#: storage
#: check
#: limits
__portcullis_phase
unset -f @functions@
eval "unset -v @state@ ___portcullis_options ___portcullis_leaf
$___portcullis_functions"
