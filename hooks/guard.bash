# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Protects the hook from the build. ebuild.sh has loaded the saved environment, and functions in it must not shadow the builtins that
# the hook uses. In POSIX mode, bash finds special builtins before functions. Assigning POSIXLY_CORRECT turns POSIX mode on,
# and no function can replace an assignment.
# Assigning to a name reference or to an integer variable can run code of the build, and assigning to a readonly variable fails. Check this with
# keywords and expansions only, because each builtin may be a function. The saved environment cannot set the option nounset, with which the
# attributes of an unset variable cannot be read. BASH_VERSINFO is readonly and has no element 99, so its expansion ends this shell.
if [[ ${!___portcullis_*} != @(|___portcullis_leaf) || -R POSIXLY_CORRECT || -R CATEGORY || -R PF ]] || [[ ! -o nounset &&
	${POSIXLY_CORRECT@a}${___portcullis_options@a}${___portcullis_names@a}${___portcullis_functions@a}${___portcullis_name@a}${___portcullis_text@a} == *[ir]* ]]; then
	[[ ${BASH_VERSINFO[99]:?Portcullis: ${PORTAGE_BUILDDIR-}: $EBUILD_PHASE: the build stops, because the ebuild sets ___portcullis_*, or makes CATEGORY, PF or POSIXLY_CORRECT a name reference, an integer or readonly. Remove this from the ebuild.} ]]
fi
___portcullis_options=$BASHOPTS ___portcullis_names=() ___portcullis_functions=''
POSIXLY_CORRECT=y
for ___portcullis_name in @builtins@; do
	# shellcheck disable=SC2163 # export -f fails if there is no function of that name
	if export -f "$___portcullis_name"; then
		___portcullis_names+=("$___portcullis_name")
	fi
done 2>/dev/null
if [[ ${___portcullis_names[*]} ]]; then
	# Save the text of these functions of the build, so that the hook can restore them if the phase continues in this shell. The builtin
	# declare prints all of them except a function `declare`, which its subshell must unset first. The builtin typeset prints that one.
	___portcullis_functions=$(unset -f declare && declare -f "${___portcullis_names[@]}")
	if [[ ${___portcullis_names[*]} == *declare* ]]; then
		# shellcheck disable=SC2316
		___portcullis_functions+=$'\n'$(unset -f typeset && typeset -f declare)
	fi
fi 2>/dev/null
# Bash cannot unset a readonly function, and such a function may shadow even `exit`. Therefore end this shell without a builtin: by an
# expansion that fails.
if ! unset -f "${___portcullis_names[@]}" @functions@; then
	___portcullis_name=${___portcullis_never:?Portcullis: ${CATEGORY-}/${PF-}: $EBUILD_PHASE: the build stops, because the ebuild makes a function readonly whose name the hook of Portcullis needs. Remove this readonly from the ebuild.}
fi
unset -v POSIXLY_CORRECT
# Restore the shell options that POSIX mode has also changed (posix_initialize() in bash's general.c).
for ___portcullis_name in expand_aliases inherit_errexit interactive_comments shift_verbose sourcepath; do
	if [[ :$___portcullis_options: == *:$___portcullis_name:* ]]; then
		shopt -s "$___portcullis_name"
	else
		shopt -u "$___portcullis_name"
	fi
done 2>/dev/null

# A name reference to an array element makes bash run the commands in the subscript whenever bash expands the reference. So remove the
# references among the variables that the hook reads, and restore them together with the functions.
for ___portcullis_name in @references@; do
	[[ -R $___portcullis_name ]] || continue
	___portcullis_text=$(declare -p "$___portcullis_name")
	# Portage sources bashrc in a function, where declare without -g would make a local variable.
	___portcullis_functions+=$'\n'"declare -g ${___portcullis_text#declare }"
	unset -n "$___portcullis_name" 2>/dev/null ||
		___portcullis_name=${___portcullis_never:?Portcullis: ${CATEGORY-}/${PF-}: $EBUILD_PHASE: the build stops, because the ebuild makes the name reference $___portcullis_name readonly. Remove this readonly from the ebuild.}
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

# __portcullis_call FUNCTION ARG...: calls elog, ewarn, eqawarn or die of Portage, without the variables of the build that decide which
# code these functions run: programs in PATH (in _PORTAGE_ORIG_PATH with Portage 3.0.66 and older), and the commands in
# EBUILD_DEATH_HOOKS, which die runs.
__portcullis_call() {
	local -x PATH=@path@ LD_LIBRARY_PATH='' LD_AUDIT='' BASH_ENV='' PYTHONPATH=''
	# shellcheck disable=SC2034
	local EBUILD_DEATH_HOOKS='' _PORTAGE_ORIG_PATH=''
	"$@"
}

# Prints the exported variables that can indicate a conflict, for the standard input of portcullis.js.
__portcullis_print_variables() {
	local name
	for name in @variables@; do
		[[ ${!name@a} != *x* ]] || printf '%s=%s\0' "$name" "${!name}"
	done
}
