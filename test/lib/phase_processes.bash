# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Packages with a phase that waits, and functions that list the processes and cgroups of phases. Load this file after prefix.bash.

teardown() {
	[[ ! ${EMERGE_PID-} ]] || kill -KILL "$EMERGE_PID" 2>/dev/null || true
	prefix_clean
}

# waiting_package [NAME [PHASE]]: writes the ebuild app-test/NAME (default: waits), whose src_PHASE (default: src_compile) starts a child that
# ignores signals, writes PREFIX_LOG/NAME.ready and sleeps.
waiting_package() {
	local name=${1-waits}
	prefix_package "app-test/$name-1" <<-EOF
		src_${2-compile}() {
			setsid -f bash -c 'trap "" HUP INT TERM; exec -a ignores-signals sleep 1000' </dev/null >/dev/null 2>&1
			echo ready >"$PREFIX_LOG/$name.ready"
			sleep 1000
		}
	EOF
}

# resumable_package: writes the ebuild app-test/waits, whose src_compile writes PREFIX_LOG/waits.ready and waits for PREFIX_LOG/go.
resumable_package() {
	prefix_package app-test/waits-1 <<-EOF
		$(declare -f until_true)
		src_compile() {
			echo ready >"$PREFIX_LOG/waits.ready"
			(until_true 300 test -e "$PREFIX_LOG/go")
		}
	EOF
}

# phase_processes [NAME]: prints the live processes of src_* phases of app-test/NAME-1 or, without NAME, of all packages. Finds them by their
# environment, and confine, which has another environment, by its command line. Omits processes that Portage starts between phases, such
# as misc-functions.sh.
phase_processes() {
	local package=${1+app-test/$1-1}
	{
		grep -lzE "^(PORTAGE_BUILDDIR|T)=$PREFIX_TMP/${package:+portage/$package(/|\$)}" /proc/[0-9]*/environ 2>/dev/null |
			xargs -r grep -lzE '^EBUILD_PHASE=(unpack|prepare|configure|compile|test|install)$' 2>/dev/null
		grep -lzxF "$CONFINE" /proc/[0-9]*/cmdline 2>/dev/null | xargs -r grep -lzF "package=$package" 2>/dev/null
	} | cut -d/ -f3 | sort -u | live_pids
}

# no_phase_processes [NAME]: succeeds if phase_processes [NAME] would print no process. To save time, calls phase_processes,
# which reads the environment of all processes on the machine, only if all processes that the previous call printed have ended.
no_phase_processes() {
	local pid
	for pid in ${PHASE_PROCESSES-}; do
		! is_alive "$pid" || return
	done
	PHASE_PROCESSES=$(phase_processes "$@")
	[[ ! $PHASE_PROCESSES ]]
}

# phase_cgroups NAME: prints the cgroups that confine made for phases of app-test packages whose name starts with NAME, and that still exist.
phase_cgroups() {
	find /sys/fs/cgroup -type d -name "portcullis-*_app-test_$1*" 2>/dev/null
}

# start_emerge ARG...: starts emerge in the background and sets EMERGE_PID. Its output goes to PREFIX_LOG/output.
start_emerge() {
	(prefix_exec emerge "$@" >"$PREFIX_LOG/output" 2>&1 </dev/null 3>&-) &
	EMERGE_PID=$!
}

# Starts emerge for app-test/waits and returns when src_compile waits.
start_waiting_emerge() {
	rm -f "$PREFIX_LOG/waits.ready"
	start_emerge --oneshot app-test/waits
	until_true 60 test -s "$PREFIX_LOG/waits.ready" || {
		cat "$PREFIX_LOG/output"
		return 1
	}
}

emerge_ended() {
	! is_alive "$EMERGE_PID"
}

# process_tree PID: prints PID and all its descendants, parents first.
process_tree() {
	local file child
	local -a children
	echo "$1"
	for file in "/proc/$1/task"/*/children; do
		read -rd '' -a children <"$file" || true
		for child in "${children[@]}"; do
			process_tree "$child"
		done
	done 2>/dev/null
}

# build_processes NAME PATTERN: prints the processes of the build of app-test/NAME whose command line matches PATTERN, parents
# first. Searches only ebuild.sh, the first process with the environment of the build, and its descendants: confine, one of the
# descendants, does not have this environment.
build_processes() {
	local pid first
	local -a words
	mapfile -t words < <(process_tree "$EMERGE_PID")
	words=("${words[@]/#//proc/}")
	first=$(grep -lzxF "PORTAGE_BUILDDIR=$PREFIX_TMP/portage/app-test/$1-1" "${words[@]/%//environ}" 2>/dev/null | head -n1 | cut -d/ -f3)
	for pid in ${first:+$(process_tree "$first")}; do
		mapfile -d '' -t words <"/proc/$pid/cmdline"
		[[ ! "${words[*]} " =~ $2 ]] || echo "$pid"
	done 2>/dev/null
}
