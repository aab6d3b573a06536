# shellcheck shell=bash
#: banner

# As root on a pure v2 host Portage puts every phase into a cgroup, and kills it after the merge: with it the daemon that
# pkg_postinst has just restarted (CgroupManager in portage/util/cgroup.py). So a pkg_* phase goes back to where emerge is.
if [[ $EUID == 0 && ${EBUILD_PHASE-} == @(@pkg@) &&
	" ${PORTAGE_FEATURES-${FEATURES-}} " == *[[:space:]]cgroup[[:space:]]* ]]; then
	__portcullis_leave() {
		local line own=none path=none
		while IFS= read -r line; do
			[[ $line != 0::* ]] || own=${line#0::}
		done </proc/self/cgroup
		# The cgroup of the whole build, for __portcullis_limits.
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
			ewarn "Portcullis: ${CATEGORY-}/${PF-}: pkg_$EBUILD_PHASE stays in Portage's cgroup: a daemon that it starts dies after the merge. Start it again then, or put FEATURES=\"-cgroup\" into its package.env."
	}
	__portcullis_leave
	unset -f __portcullis_leave
fi

# The build is over, and with it what setup has kept for root's phases.
if [[ ${EBUILD_PHASE-} == clean && $EUID == 0 && ${PORTAGE_BUILDDIR-} && -e @run@.${PORTAGE_BUILDDIR//\//%}-settings ]]; then
	(exec -c @rm@ -f -- @run@."${PORTAGE_BUILDDIR//\//%}"-{@kept@})
fi

# Most phases ask for nothing and end here: no process, no function, no variable. (In `depend`, whose PATH is /dev/null,
# a command would mask the package as corrupt.)
[[ ${EBUILD_PHASE-} == @(pretend|setup|@src@) &&
	${EMERGE_FROM-ebuild} == ebuild && ${EBUILD_SH_ARGS-} ]] || return 0

# What to go on for: a src_* phase that FEATURES wants confined, the setup before such phases, where it is said what collides, or
# settings that were kept for it, or are to be kept for the later phases. Only where bashrc runs before a saved environment
# is loaded, the settings are those of make.conf and package.env as they are now (config.environ() in Portage's config.py).
[[ $EBUILD_PHASE != @(pretend|setup) && (@wanted@ ||
	" ${PORTAGE_FEATURES-${FEATURES-}} " == *[[:space:]]noauto[[:space:]]*) ||
	$EBUILD_PHASE == setup && " ${PORTAGE_FEATURES-${FEATURES-}} " == *[[:space:]]@(@features@)[[:space:]]* ]] ||
	[[ -s ${PORTAGE_BUILDDIR-}/.ipc/portcullis-settings ||
		(${PORTAGE_BUILDDIR-} && -s @run@.${PORTAGE_BUILDDIR//\//%}-settings) ||
		($EBUILD_PHASE == setup || ! -e ${T-}/environment) && (@any@) ]] ||
	return 0

#: guard
__portcullis_free 2>/dev/null ||
	___portcullis_name=${___portcullis_never:?Portcullis: ${CATEGORY-}/${PF-}: the build has made a variable readonly that the hook has to set. Remove it from the ebuild.}

__portcullis_phase() {
	local -
	set +eu
	local confine=@confine@ portcullis=@portcullis@ node=@node@ program=@program@ logs=@logs@
	local IFS=$' \t\n' marker=@marker@ package=${CATEGORY-}/${PF-} wanted='' last
	local out=@out@ doctor=@doctor@
	local kept state features restrict properties fakeroot='' found=''
	local -a options=() argv=() looked=()
	local -A setting=() given=()
	# For what this shell itself writes; the phase gets the value that Portage gave.
	local -x SANDBOX_ON=0
	__portcullis_places

	# A variable would be believed because it is set, and could be saved; the arguments of this process can't.
	{ mapfile -d '' -t argv </proc/self/cmdline; } 2>/dev/null
	last=${argv[*]: -1}
	if [[ $last == "$marker" ]]; then
		[[ $EUID == 0 && -L $state-inside ]] || { echo inside >"$state-inside"; } 2>/dev/null
		__portcullis_inside "${argv[*]: -2:1}"
		return
	fi

	features=" ${PORTAGE_FEATURES-${FEATURES-}} "
	restrict=" ${PORTAGE_RESTRICT-${RESTRICT-}} "
	properties=" ${PORTAGE_PROPERTIES-${PROPERTIES-}} "
	features=${features//[$'\t\n']/ } restrict=${restrict//[$'\t\n']/ } properties=${properties//[$'\t\n']/ }
	__portcullis_given
	__portcullis_settings
	[[ ${given[LD_PRELOAD]-} != *libfakeroot* ]] || __portcullis_fakeroot
	[[ $EBUILD_PHASE == @(pretend|setup) ]] || __portcullis_decide
	((${#options[@]})) || [[ $EBUILD_PHASE == setup ]] || return 0
	__portcullis_limits
	__portcullis_conflicts
	__portcullis_allow
	((${#options[@]})) || return 0
	[[ ! $fakeroot ]] || options+=(--label "fakeroot=$fakeroot" --chown-eperm)

	# Reading the marker back has to work before anything is started with it: else this would go round for ever.
	if [[ $last != "${EBUILD_SH_ARGS##* }" ]]; then
		__portcullis_failed '/proc/self/cmdline does not show the arguments of ebuild.sh'
	elif [[ ! -x $confine ]]; then
		__portcullis_failed "there is no program $confine"
	else
		__portcullis_confine
	fi
}

# Fills given with what Portage started this shell with. The variables may be what a build has saved.
__portcullis_given() {
	local line
	local -a lines=()
	{ mapfile -d '' -t lines </proc/self/environ; } 2>/dev/null
	for line in "${lines[@]}"; do
		[[ $line != [A-Z_]*=* ]] || given[${line%%=*}]=${line#*=}
	done
}

# Sets setting[NAME] for what make.conf and package.env say now.
__portcullis_settings() {
	local name value line source=''
	local -a lines=() words=()
	if [[ $EBUILD_PHASE == setup || ! -e ${T-}/environment ]]; then
		for name in @names@; do
			[[ ! ${!name-} ]] || lines+=("$name=${!name//$'\n'/ }")
		done
	elif [[ $features == *' noauto '* && ($features == *' keeptemp '* || $kept == */.ipc/*) ]] && __portcullis_ask; then
		:
	else
		source=$kept-settings
		__portcullis_kept "$source"
	fi
	for line in "${lines[@]}"; do
		name=${line%%=*}
		read -ra words <<<"${line#*=}"
		value=${words[*]}
		[[ ! $source || " @names@ " == *" $name "* ]] || __portcullis_foreign "$source" "$line"
		[[ ! $value ]] || __portcullis_check
	done
	[[ $EBUILD_PHASE == setup || ! -e ${T-}/environment ]] || return 0

	# Kept where the build's environment doesn't reach, and where Portage's clean phase removes it.
	lines=()
	for name in "${!setting[@]}"; do
		lines+=("$name=${setting[$name]}")
	done
	# In root's emerge the file also tells the later phases where to look.
	if [[ ${lines[*]} || -s $kept-settings || $kept != */.ipc/* ]]; then
		__portcullis_keep "$kept-settings" "${lines[@]}" ||
			__portcullis_call die "Portcullis: $package: $kept-settings can't be written, which keeps PORTCULLIS_* of make.conf for the later phases. Make room there, or remove ${PORTAGE_BUILDDIR-} if it is somebody else's."
	fi
	[[ $EBUILD_PHASE != setup ]] || __portcullis_sweep
}

# Under noauto nothing runs setup before a phase, and under keeptemp the saved environment is older than make.conf may be
# (prepare_build_dirs.py removes T otherwise). Fills lines; half a second, that only developers pay.
__portcullis_ask() {
	mapfile -t lines < <(
		__portcullis_start PORTAGE_CONFIGROOT="${given[PORTAGE_CONFIGROOT]-}" PORTAGE_OVERRIDE_EPREFIX="${given[PORTAGE_OVERRIDE_EPREFIX]-}" \
			"${given[PORTAGE_PYTHON]:-@python@}" -I -c @ask@ \
			"${given[PORTAGE_PYM_PATH]-}" "$package" "${SLOT:-0}" "${PORTAGE_REPO_NAME-}" "${EAPI:-0}" @names@
	)
	# The last line tells a complete answer from a broken one.
	[[ ${lines[*]: -1} == complete ]] || return
	unset 'lines[-1]'
}

# Takes a value over, or stops the phase that would have been built against its owner's will.
__portcullis_check() {
	local good pattern bad word
	case $name in
	#: checks
	*) return ;;
	esac || __portcullis_call die "Portcullis: $package: $name=\"${value//\\/\\\\}\" is not known: it can be $good. Correct it in make.conf or package.env."
	setting[$name]=$value
}

# Sets fakeroot to what this phase asks fakeroot's daemon over (fakerootOf() in src/rules/phase_context.ts).
__portcullis_fakeroot() {
	local one key=${given[FAKEROOTKEY]-} preloaded=${given[LD_PRELOAD]-}
	local -a lines=()
	fakeroot=tcp
	case ${key:+key}$preloaded in
	key*libfakeroot-tcp*) ;;
	key*libfakeroot-sysv*) fakeroot=sysv ;;
	key*)
		{ mapfile -t lines </proc/sysvipc/msg; } 2>/dev/null
		for one in "${lines[@]}"; do
			read -r one _ <<<"$one"
			[[ $one != "$key" ]] || fakeroot=sysv
		done
		;;
	*) fakeroot=alone ;;
	esac
}

# The law table (src/rules/phases.ts): fills options for confine, and wanted, their names in FEATURES.
__portcullis_decide() {
	#: decide
	wanted=${wanted#, }
}

# Becomes the phase: runs it once more, inside, and ends as it did.
__portcullis_confine() {
	local environment status why='' refused='' here='' shell=$BASHPID
	local -a names=()
	# What Portage gave this shell, not what profile.bashrc files have made of it since.
	if ! { exec {environment}</proc/self/environ; } 2>/dev/null; then
		__portcullis_failed '/proc/self/environ can not be read'
		return
	fi
	if [[ $EUID == 0 && (-L $state-inside || -L $state-notice) ]] || ! { : >"$state-inside" && : >"$state-notice"; } 2>/dev/null; then
		__portcullis_failed "$state-notice can not be written"
		return
	fi
	if [[ ${setting[PORTCULLIS_ON_FAILURE]-} == die ]]; then
		options+=(--require)
	else
		options+=(--best-effort)
	fi
	# An argument for the inner run: a variable could be saved.
	read -ra names <<<"$found"
	[[ " ${options[*]} " != *' --net '* ]] || ((${#names[@]} == 0)) || printf -v here '%s' @here@ "${names[@]/#/+}"
	[[ ! -w $logs ]] || options+=(--record "$logs/records.jsonl")
	# With these the phase ends: this ebuild.sh, what started it, and emerge, which pid-sandbox hides. The lock is emerge's
	# own, on the build directory (EbuildBuildDir in _emerge/EbuildBuildDir.py).
	[[ " ${options[*]} " != *' --cgroup '* ]] ||
		options+=(--die-with "$$" --die-with "$shell" --die-with "$PPID" --die-with-lock "${PORTAGE_BUILDDIR%/*}/.$PF.portage_lockfile")
	__portcullis_start "$confine" "${options[@]}" --environ "$environment" --notice-file "$state-notice" \
		--label "package=$package" --label "phase=$EBUILD_PHASE" -- "$BASH" "$PORTAGE_BIN_PATH/ebuild.sh" "$EBUILD_SH_ARGS" ${here:+"$here"} "$marker"
	status=$?
	# These are confine's own, unless the phase has begun: `missing-command || die` ends with 127 as well.
	((status < 125 || status > 127)) || [[ -s $state-inside ]] || refused=--refused
	[[ ! -s $state-notice ]] || __portcullis_report
	if [[ $refused ]]; then
		__portcullis_call die "Portcullis: $package: src_$EBUILD_PHASE was not started: ${why:-confine ended with status $status}. $doctor"
	fi
	# Somebody who stops a build with a signal knows why.
	if ((status > 0 && status < 128)) && [[ " $features " != *' fail-clean '* ]]; then
		__portcullis_call elog "To look into it as it was confined: ${portcullis#/usr/bin/} shell =$package src_$EBUILD_PHASE"
	fi
	exit "$status"
}

# Says what the record of this phase has to say, through Portage's own elog and ewarn.
__portcullis_report() {
	local line
	local -a lines=()
	mapfile -t lines < <(__portcullis_start "$node" "$program" messages ${refused:+"$refused"} --once "$PORTAGE_BUILDDIR/.ipc" "$state-notice" 2>/dev/null)
	__portcullis_print "${lines[@]}"
	((${#lines[@]} == 0)) || return
	# portcullis needs Node, which may just be on its way out: then what matters is said from here.
	read -r line <"$state-notice"
	if [[ $line == *'"missing":[{'* ]]; then
		why=${line#*'"why":"'} why=${why%%'"'*}
		[[ $refused ]] || __portcullis_once "$why"
	else
		__portcullis_call ewarn "Portcullis: $package: src_$EBUILD_PHASE left something to tell, and $portcullis does not start: see $logs/records.jsonl"
	fi
}

# Says what the program has answered, a line each, through Portage's own functions. What ends the phase is left in why.
__portcullis_print() {
	local line
	for line; do
		case ${line%% *} in
		elog | ewarn | eqawarn) __portcullis_call "${line%% *}" "${line#* }" ;;
		die) why=${line#* } ;;
		esac
	done
}

# A sandbox that was asked for can't be had.
__portcullis_failed() {
	if [[ ${setting[PORTCULLIS_ON_FAILURE]-} == die ]]; then
		__portcullis_call die "Portcullis: $package: src_$EBUILD_PHASE was not started: $1. $doctor"
	fi
	__portcullis_once "$1"
}

# Once a package: without Node nothing here can know which emerge this is.
__portcullis_once() {
	[[ ! -s $state-reported ]] || return 0
	__portcullis_keep "$state-reported"
	__portcullis_call elog "Portcullis: $package is built without $wanted: ${1//\\/\\\\}. $doctor"
}

#: start
#: keep
#: conflicts
#: allow
#: limits
__portcullis_phase
unset -f @functions@
eval "unset -v ___portcullis_name ___portcullis_names ___portcullis_options ___portcullis_functions ___portcullis_leaf
$___portcullis_functions"
