# shellcheck shell=bash
# Starts a program by its absolute path, and with no variable of the build: PATH, NODE_OPTIONS, LD_LIBRARY_PATH and their kind
# would choose what runs outside the sandbox. libsandbox looks at SANDBOX_ON.
__portcullis_start() {
	(exec -c @env@ SANDBOX_ON=0 "$@")
}

# Calls a function of Portage. Some versions start programs in it, and die calls what the build has registered.
__portcullis_call() {
	local -x PATH=@path@ LD_LIBRARY_PATH='' LD_AUDIT='' BASH_ENV='' PYTHONPATH=''
	# shellcheck disable=SC2034
	local EBUILD_DEATH_HOOKS=''
	"$@"
}

# Prints the variables that speak for a conflict, as data for the program.
__portcullis_seen() {
	local name
	for name in @seen@; do
		[[ ${!name@a} != *x* ]] || printf '%s=%s\0' "$name" "${!name}"
	done
}
