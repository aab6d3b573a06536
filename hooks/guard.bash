# shellcheck shell=bash
# ebuild.sh has loaded the build's saved environment. Its functions must not shadow the builtins that the hook uses. In POSIX mode
# bash finds special builtins before functions, and an assignment turns that mode on.
___portcullis_options=$BASHOPTS ___portcullis_names=() ___portcullis_functions=''
POSIXLY_CORRECT=y
for ___portcullis_name in @builtins@; do
	# shellcheck disable=SC2163 # it fails for a name that is no function
	if export -f "$___portcullis_name"; then
		___portcullis_names+=("$___portcullis_name")
	fi
done 2>/dev/null
if [[ ${___portcullis_names[*]} ]]; then
	# They come back if the phase goes on in this shell. Each subshell removes what prints the text of the others.
	___portcullis_functions=$(unset -f declare && declare -f "${___portcullis_names[@]}")
	if [[ ${___portcullis_names[*]} == *declare* ]]; then
		# shellcheck disable=SC2316
		___portcullis_functions+=$'\n'$(unset -f typeset && typeset -f declare)
	fi
fi 2>/dev/null
# A readonly function stays. An expansion that fails ends this shell without a builtin.
if ! unset -f "${___portcullis_names[@]}" @functions@; then
	___portcullis_name=${___portcullis_never:?Portcullis: ${CATEGORY-}/${PF-}: the build has made a function readonly that the hook has to replace. Remove it from the ebuild.}
fi
unset -v POSIXLY_CORRECT
# What that mode has changed besides (posix_initialize() in bash's general.c).
for ___portcullis_name in expand_aliases inherit_errexit interactive_comments shift_verbose sourcepath; do
	if [[ :$___portcullis_options: == *:$___portcullis_name:* ]]; then
		shopt -s "$___portcullis_name"
	else
		shopt -u "$___portcullis_name"
	fi
done 2>/dev/null

# Fails for a readonly variable, which no local one can hide. The names are all that the hook declares.
__portcullis_free() {
	local @locals@
}
