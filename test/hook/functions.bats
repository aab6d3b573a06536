#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A build can save functions and variables with names that the hook uses. The hook must not run these functions, and the phase must
# keep them.

load ../lib/bats
load hook

setup() {
	hook_make
	touch "$BUILDDIR/temp/environment"
	hook_confine 'echo started; exit 7'
}

teardown() {
	hook_clean
}

# Prints the names of all bash builtins except `source` and `.`, with which the test itself sources the hook.
builtins() {
	compgen -b | grep -vxE 'source|\.'
}

# source_with DEFINITION [NAME=VALUE...]: executes DEFINITION, which a build could have saved, and sources the hook
source_with() {
	hook_run "elog() { :; }
		die() { :; }
		$1
		source \"\$HOOK\"
		echo went on" compile "${@:2}"
}

@test 'if a build defines a function with the name of a bash builtin, the hook calls the builtin, not the function' {
	local name count=0
	for name in $(builtins) "$BATS_TEST_TMPDIR/usr/libexec/portcullis/confine" /usr/bin/env; do
		run source_with "$name() { /bin/echo shadow; }" PORTAGE_FEATURES=network-sandbox
		[[ $output == started && $status == 7 ]] || {
			echo "$name: $status $output"
			return 1
		}
		count=$((count + 1))
	done
	((count > 50))
}

@test 'if a build defines functions with the names of all bash builtins, the hook calls the builtins, not the functions' {
	local definitions=''
	local name
	for name in $(builtins | grep -vx export) export; do
		definitions+="$name() { /bin/echo shadow; }"$'\n'
	done
	run -7 source_with "$definitions" PORTAGE_FEATURES=network-sandbox
	echo "$output"
	[[ $output == started ]]
}

@test 'in a phase without sandboxes, the hook does not remove functions of the build that have the names of bash builtins' {
	local name count=0
	# Exclude the builtins that this test itself uses.
	for name in $(builtins | grep -vxE 'declare|echo|unset|\[|:'); do
		run -0 hook_run "$name() { /bin/echo shadow; }
			source \"\$HOOK\"
			declare -f \"$name\"" compile PORTAGE_FEATURES=network-sandbox PORTAGE_RESTRICT=network-sandbox
		[[ $output == "$name () "*shadow* && $(wc -l <<<"$output") -eq 4 ]] || {
			echo "$name: $output"
			return 1
		}
		count=$((count + 1))
	done
	((count > 50))
	run -0 hook_run 'read() { /bin/echo shadow; }
		declare() { builtin declare "$@"; }
		before=$(builtin declare -f)
		source "$HOOK"
		[[ $(builtin declare -f) == "$before" ]] && echo same' compile PORTAGE_FEATURES=network-sandbox PORTAGE_RESTRICT=network-sandbox
	[[ $output == same ]]
}

@test 'if a build declares a variable such as CC as a bash name reference with a command in the array subscript, the hook does not run the command, and a phase without sandboxes keeps the reference' {
	local name
	for name in CC DISPLAY CHOST DISTCC_HOSTS CCACHE_DIR IFS LAST_E_CMD line; do
		run source_with "declare -xn $name='elements[\$(/bin/echo evil >&2)]'" PORTAGE_FEATURES='network-sandbox ipc-sandbox'
		[[ $output == started && $status == 7 ]] || {
			echo "$name: $output"
			return 1
		}
	done
	# shellcheck disable=SC2016 # for the shell of the hook
	run -0 hook_run 'declare -n CC="elements[0]" LAST_E_CMD="elements[1 + 1]"
		before=$(declare -pn)
		f() { source "$HOOK"; }
		f
		[[ $before == *LAST_E_CMD* && $(declare -pn) == "$before" ]] && echo same' compile PORTAGE_FEATURES=network-sandbox PORTAGE_RESTRICT=network-sandbox
	[[ $output == same ]]
}

@test 'if a build declares a variable to which the hook assigns, such as POSIXLY_CORRECT or CATEGORY, as a bash name reference, integer or readonly, the hook stops the phase and runs no command of the build' {
	local definition
	for definition in 'declare -n '{POSIXLY_CORRECT,CATEGORY,PF}"='elements[\$(/bin/echo evil >&2)]'" 'declare -n '{POSIXLY_CORRECT,___portcullis_options} \
		"declare -i "{POSIXLY_CORRECT,___portcullis_options}"; y='elements[\$(/bin/echo evil >&2)]'" 'readonly POSIXLY_CORRECT' 'readonly ___portcullis_options'; do
		run source_with "export() { /bin/echo evil; }; mapfile() { /bin/echo evil; }; $definition" PORTAGE_FEATURES='network-sandbox ipc-sandbox'
		[[ $status != 0 && $output == *'the build stops, because the ebuild makes '* && $output != *$'\n'evil* &&
			$output != evil* && $output != *started* && $output != *'went on'* ]] || {
			echo "$definition: $status $output"
			return 1
		}
	done
}

@test 'if a build sets bash attributes (declare -i, -n, -u, -c or -A) on variables of the hook such as ___portcullis_name, the hook removes the attributes and runs no command of the build' {
	local definition
	for definition in 'declare -'{i,n,u,c,A}' ___portcullis_'{name,names,functions,text} \
		"declare -n ___portcullis_name='elements[\$(/bin/echo evil >&2)]'"; do
		run source_with "shopt() { /bin/echo evil; }; mapfile() { /bin/echo evil; }; $definition" PORTAGE_FEATURES='network-sandbox ipc-sandbox'
		[[ $output == started && $status == 7 ]] || {
			echo "$definition: $status $output"
			return 1
		}
	done
}

@test 'if the hook calls die of Portage, the programs that die starts get the environment of Portage, without variables and functions that the build has exported' {
	local file line ran=$BATS_TEST_TMPDIR/ran
	file=$(hook_stored settings)
	echo evil >"$file"
	for line in "TEXT=$'\\ndeclare -x elements[\$(>$ran)]=1'" initial=1 "TEXT=$'\\ndeclare -x initial=1'" \
		"TEXT=$'\\ninitial='" "TEXT=$'\\ndeclare -x POSIXLY_CORRECT=y'"; do
		run -1 hook_run 'declare -nx LD_PRELOAD="elements[ /evil.so ]" EBUILD_MASTER_PID="elements[\$(/bin/echo evil)]"
			export PORTAGE_COLORMAP=/evil PYTHONHOME=/evil BASH_ENV=/evil GCONV_PATH=/evil zz="elements[\$(>'"$ran"')]" '"$line"'
			evil() { :; }
			sed() { echo evil; }
			export -f evil
			die() { sed -n 1p /dev/null && /usr/bin/env && echo "master=$EBUILD_MASTER_PID" && exit 1; }
			source "$HOOK"' compile PORTAGE_FEATURES=network-sandbox PORTAGE_COLORMAP=colors HOME=/home
		echo "$line: $output"
		[[ ! -e $ran && $output != *evil* && $output == *$'\nPORTAGE_COLORMAP=colors\n'* && $output == *$'\nPYTHONNOUSERSITE=1\n'* && $output == *$'\nmaster='* ]]
	done
}

@test 'if a build sets the bash attribute readonly on a function or variable that the hook must define or change, the hook stops the phase with an error' {
	local definition
	for definition in 'mapfile() { :; }; readonly -f mapfile' '__portcullis_phase() { :; }; readonly -f __portcullis_phase' \
		'readonly confine=/bin/true' 'readonly -a options=()' 'readonly IFS' 'readonly EBUILD_DEATH_HOOKS=evil' 'readonly _PORTAGE_ORIG_PATH=evil' 'declare -rn CC=x'; do
		run source_with "$definition" PORTAGE_FEATURES=network-sandbox
		((status != 0))
		[[ $output == *'Portcullis: app-misc/foo-1: compile: the build stops, because the ebuild makes '*' readonly'* ]] || {
			echo "$definition: $output"
			return 1
		}
		[[ $output != *started* && $output != *'went on'* ]]
	done
}
