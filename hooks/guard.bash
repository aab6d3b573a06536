# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Protects the hook from the build. ebuild.sh has loaded the saved environment, and functions in it must not shadow the builtins that
# the hook uses. In POSIX mode, bash finds special builtins such as unset before functions. Assigning POSIXLY_CORRECT turns POSIX mode on,
# and no function can replace an assignment. Assigning to a name reference or to an integer variable can run code of the build. So first
# check that the variables assigned below are neither, with keywords and expansions only, which no function can replace. Read no attributes if
# nounset is set, because reading those of an unset variable then fails. The build has not set nounset, because Portage saves no shell options. To end this
# shell without a builtin, expand an element of BASH_VERSINFO that does not exist, with :?. BASH_VERSINFO is readonly, so the build cannot set it.
if [[ -R POSIXLY_CORRECT || -R ___portcullis_options || -R CATEGORY || -R PF ||
	! -o nounset && ${POSIXLY_CORRECT@a}${___portcullis_options@a} == *[!x]* ]]; then
	[[ ${BASH_VERSINFO[99]:?Portcullis: ${PORTAGE_BUILDDIR-}: $EBUILD_PHASE: the build stops, because the ebuild makes CATEGORY, PF, POSIXLY_CORRECT or ___portcullis_options a name reference, an integer or readonly. Remove this from the ebuild.} ]]
fi
# [[ -R ]] does not find a name reference without a target. Assigning a name to such a reference only sets its target. So first assign
# the name y, which has no other effect: then -R finds the reference.
___portcullis_options=y
if [[ ! -R ___portcullis_options ]]; then
	___portcullis_options=$BASHOPTS
fi
POSIXLY_CORRECT=y
# Unset the hook's own global variables, because with an attribute such as -i or -u an assignment to them could run code of the build or store another text.
if [[ ! -o posix || -R ___portcullis_options ]] || ! { unset -n @state@ && unset -v @state@; } 2>/dev/null; then
	[[ ${BASH_VERSINFO[99]:?Portcullis: ${CATEGORY-}/${PF-}: $EBUILD_PHASE: the build stops, because the ebuild makes POSIXLY_CORRECT or ___portcullis_* a name reference or readonly. Remove this from the ebuild.} ]]
fi
___portcullis_names=() ___portcullis_functions=''
for ___portcullis_name in @builtins@; do
	# shellcheck disable=SC2163 # export -f fails if there is no function of that name
	if export -f "$___portcullis_name"; then
		___portcullis_names+=("$___portcullis_name")
	fi
done 2>/dev/null
if [[ ${___portcullis_names[*]} ]]; then
	# Save the text of these functions of the build, so that the hook can restore them if the phase continues in this shell. If the build has a function
	# `declare`, the first subshell unsets it and prints the other functions with the builtin declare; the second subshell prints it with the builtin typeset.
	___portcullis_functions=$(unset -f declare && declare -f "${___portcullis_names[@]}")
	if [[ ${___portcullis_names[*]} == *declare* ]]; then
		# shellcheck disable=SC2316
		___portcullis_functions+=$'\n'$(unset -f typeset && typeset -f declare)
	fi
fi 2>/dev/null
# Bash cannot unset a readonly function, and such a function may shadow even `exit`. So end this shell with an expansion instead.
if ! unset -f "${___portcullis_names[@]}" @functions@; then
	[[ ${BASH_VERSINFO[99]:?Portcullis: ${CATEGORY-}/${PF-}: $EBUILD_PHASE: the build stops, because the ebuild makes a function readonly whose name the hook of Portcullis needs. Remove this readonly from the ebuild.} ]]
fi
unset -v POSIXLY_CORRECT
# Restore the shell options that bash changed when the assignment to POSIXLY_CORRECT turned POSIX mode on (posix_initialize() in bash's general.c).
for ___portcullis_name in expand_aliases inherit_errexit interactive_comments shift_verbose sourcepath; do
	if [[ :$___portcullis_options: == *:$___portcullis_name:* ]]; then
		shopt -s "$___portcullis_name"
	else
		shopt -u "$___portcullis_name"
	fi
done 2>/dev/null

# A name reference to an array element makes bash run the commands in the subscript whenever bash expands the reference. So unset
# those variables that are name references and that the hook, or Portage's elog, ewarn or die, reads. Restore them when the hook ends.
for ___portcullis_name in @references@ S "${!PORTAGE_@}" "${!RC_@}"; do
	[[ -R $___portcullis_name ]] || continue
	___portcullis_text=$(declare -p "$___portcullis_name")
	# Portage sources bashrc in a function, where declare without -g would make a local variable.
	___portcullis_functions+=$'\n'"declare -g ${___portcullis_text#declare }"
	unset -n "$___portcullis_name" 2>/dev/null ||
		[[ ${BASH_VERSINFO[99]:?Portcullis: ${CATEGORY-}/${PF-}: $EBUILD_PHASE: the build stops, because the ebuild makes the name reference $___portcullis_name readonly. Remove this readonly from the ebuild.} ]]
done

# Fails if the build has made a variable readonly that the hook declares with local, because bash then refuses the local variable.
__portcullis_check_readonly() {
	local @locals@
}

# __portcullis_start PROGRAM ARG...: starts a program by its absolute path, without variables of the build. PATH, NODE_OPTIONS or
# LD_LIBRARY_PATH of the build could change which code runs outside the sandbox. SANDBOX_ON=0 disables libsandbox in the program.
__portcullis_start() {
	(exec -c @env@ SANDBOX_ON=0 "$@")
}

# __portcullis_call FUNCTION ARG...: calls elog, ewarn, eqawarn or die of Portage. With Portage 3.0.66 and older, die starts programs, and an
# exported variable or function of the build could change which code these programs run. So these programs get the environment with which Portage started
# this shell, except PATH. The local EBUILD_DEATH_HOOKS, EBUILD_MASTER_PID and _PORTAGE_ORIG_PATH hide commands of the build from die.
# Doubles each backslash, because these functions print their arguments with `echo -e`.
__portcullis_call() {
	local name
	local -a lines=()
	mapfile -t lines < <(export -p)
	for name in "${lines[@]}"; do
		[[ ${#initial[@]} != 0 && $name == 'declare -'* ]] || continue
		name=${name#declare -* } name=${name%%=*}
		# A value with several lines can contain any line, such as `declare -x elements[$(COMMAND)]=1`, so accept only names without a subscript.
		# Do not replace variables of the hook, which have the attribute -x if the build has exported a variable with this name: with `initial` as
		# a text, the subscript $name would be an arithmetic expression, which can run code of the build. POSIXLY_CORRECT would turn POSIX mode on.
		[[ $name != +([A-Za-z0-9_]) || ' @locals@ POSIXLY_CORRECT ' == *" $name "* ]] || local -x "$name=${initial[$name]-}"
	done 2>/dev/null
	# PYTHONNOUSERSITE=1 keeps Python from loading modules in HOME, where the build can write.
	local -x PATH=@path@ SANDBOX_ON=0 PYTHONNOUSERSITE=1
	# elog, ewarn and die of Portage assign these global variables. If the build has declared one with -i, an assignment can run code of the build. So make them local.
	# shellcheck disable=SC2034
	local EBUILD_DEATH_HOOKS='' EBUILD_MASTER_PID='' _PORTAGE_ORIG_PATH='' LAST_E_CMD sourcefile lineno args newarg j
	# Unexport functions only for die, which does not return: after the other functions, the phase needs its exported functions.
	mapfile -t lines < <(declare -Fx)
	[[ $1 != die || ! ${lines[*]} ]] || export -nf -- "${lines[@]##* }"
	"${@//\\/\\\\}"
}
