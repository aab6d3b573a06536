# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of confine.
#
#   confine_begin [TOOL...]   for setup_file: sets CONFINE, a copy that every user may run; TEST_DIR, a folder that every user may write;
#                             TEST_UID, the id of an unprivileged user; compiles the C tools of test/confine/ into TEST_DIR
#   confine_end               for teardown_file: kills the remaining processes of the tests and removes TEST_DIR
#   record_begin              for setup: sets RECORD, an empty file that every user may write, and CGROUP, a name for --cgroup
#   as_user COMMAND...        runs the command as TEST_UID without privileges
#   live_processes WORD|UID   prints the PIDs with that word in environment or arguments, or of that user
#   print_namespaces          prints the namespaces of the shell, one per line: KIND ID
#
# CONFINE_BUILD=build/sanitized tests the confine of that folder.

TOP=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd -P)

# shellcheck source-path=SCRIPTDIR source=../lib/bats.bash
source "$TOP/test/lib/bats.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/record.bash
source "$TOP/test/lib/record.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/processes.bash
source "$TOP/test/lib/processes.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/wait.bash
source "$TOP/test/lib/wait.bash"

confine_begin() {
	local tool
	TEST_DIR=$(mktemp -d /var/tmp/pc-confine.XXXXXX)
	chmod 1777 "$TEST_DIR"
	CONFINE=$TEST_DIR/confine
	install -m 755 "$TOP/native/${CONFINE_BUILD:-build}/confine" "$CONFINE"
	for tool; do
		cc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$TEST_DIR/$tool" "$TOP/test/confine/$tool"*.c || return
	done
	TEST_UID=$UID
	((UID != 0)) || TEST_UID=$(free_id)
	export TEST_DIR CONFINE TEST_UID
}

confine_end() {
	local -a pids
	[[ ${TEST_DIR-} ]] || return 0
	mapfile -t pids < <(live_processes "$TEST_DIR")
	((${#pids[@]} == 0)) || kill -KILL "${pids[@]}" 2>/dev/null || true
	rm -rf -- "$TEST_DIR"
}

setup_file() {
	confine_begin
}

teardown_file() {
	confine_end
}

setup() {
	record_begin
}

record_begin() {
	RECORD=$TEST_DIR/record.$BATS_TEST_NUMBER
	# shellcheck disable=SC2034 # the tests read it
	CGROUP=${TEST_DIR##*.}-$BATS_TEST_NUMBER
	: >"$RECORD"
	chmod 666 "$RECORD"
}

as_user() {
	if ((UID == 0)); then
		setpriv --reuid="$TEST_UID" --regid="$TEST_UID" --clear-groups --inh-caps=-all -- "$@"
	else
		"$@"
	fi
}

live_processes() {
	local word=$1
	{
		if [[ $word =~ ^[0-9]+$ ]]; then
			# Use grep, because awk would stop at the first process that has ended.
			grep -l $'^Uid:\t'"$word"$'\t' /proc/[0-9]*/status
		else
			grep -lF -- "$word" /proc/[0-9]*/{environ,cmdline}
		fi
	} 2>/dev/null | cut -d/ -f3 | sort -nu | live_pids
}

print_namespaces() {
	local kind
	for kind in net ipc uts user pid mnt cgroup; do
		echo "$kind $(readlink "/proc/self/ns/$kind")"
	done
}
