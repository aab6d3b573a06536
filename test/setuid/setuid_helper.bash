# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of a set-user-id confine, which is installed as root:GROUP 4710. Each test file has three users of its own.
#
#   setuid_begin              for setup_file: makes the users, the group ACCOUNT and the variables below
#   setuid_end                for teardown_file: kills the processes of the users, and removes users, group and TEST_DIR
#   as_caller COMMAND...      runs the command as CALLER, a member of the group
#   as_stranger COMMAND...    runs the command as a user outside the group
#   as_victim COMMAND...      runs the command as a user whose processes and files the caller attacks
#   work_begin                for setup: makes WORK, a directory of the caller, and changes to it
#   assert_clean              for teardown: fails if a process, cgroup, core or file of another user remains
#
# TEST_DIR is a folder with CONFINE, the binary, and TOOL, the compiled hostile.c.

TOP=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd -P)

# shellcheck source-path=SCRIPTDIR source=../lib/bats.bash
source "$TOP/test/lib/bats.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/record.bash
source "$TOP/test/lib/record.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/processes.bash
source "$TOP/test/lib/processes.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/wait.bash
source "$TOP/test/lib/wait.bash"

setuid_begin() {
	local name
	TEST_DIR=$(mktemp -d /var/tmp/pc-setuid.XXXXXX)
	chmod 711 "$TEST_DIR"
	# Fail on a file system that is mounted with nosuid, which disables the set-user-id bit.
	[[ ,$(findmnt -no OPTIONS --target "$TEST_DIR"), != *,nosuid,* ]]
	ACCOUNT=pcs$((RANDOM))$$
	groupadd --system "$ACCOUNT"
	for name in caller stranger victim; do
		useradd --system --no-create-home --home-dir /nonexistent --shell /bin/false --user-group "${ACCOUNT}${name:0:1}"
	done
	usermod --append --groups "$ACCOUNT" "${ACCOUNT}c"
	CALLER=$(id -u "${ACCOUNT}c")
	CONFINE=$TEST_DIR/confine
	TOOL=$TEST_DIR/hostile
	install -o root -g "$ACCOUNT" -m 4710 "$TOP/native/${CONFINE_BUILD:-build}/confine" "$CONFINE"
	# Link TOOL statically, so that variables such as LD_PRELOAD do not affect it.
	cc -static -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$TOOL" "$TOP"/test/setuid/hostile*.c
	export TEST_DIR ACCOUNT CALLER CONFINE TOOL
}

setuid_end() {
	local name
	[[ ${TEST_DIR-} ]] || return 0
	for name in c s v; do
		pkill -KILL -U "$(id -u "$ACCOUNT$name")" || (($? == 1))
		until_true 60 no_processes_of "$ACCOUNT$name"
		userdel "$ACCOUNT$name"
		# With USERGROUPS_ENAB in login.defs, userdel has already removed the group.
		! getent group "$ACCOUNT$name" >/dev/null || groupdel "$ACCOUNT$name"
	done
	groupdel "$ACCOUNT"
	# A test tries to create this file through confine. Remove the file, so that a successful attack does not affect the next run.
	rm -f -- "/etc/$ACCOUNT"
	rm -rf -- "$TEST_DIR"
}

as_account() {
	local who=$1
	shift
	setpriv --reuid="$who" --regid="$who" --init-groups --inh-caps=-all -- "$@"
}

as_caller() { as_account "${ACCOUNT}c" "$@"; }
as_stranger() { as_account "${ACCOUNT}s" "$@"; }
as_victim() { as_account "${ACCOUNT}v" "$@"; }

work_begin() {
	WORK=$TEST_DIR/$BATS_TEST_NUMBER
	install -d -o "${ACCOUNT}c" -g "${ACCOUNT}c" -m 755 "$WORK"
	cd "$WORK" || return
}

# processes_of USER: prints the PIDs of the live processes of the user
processes_of() {
	ps -o pid= -U "$1" -u "$1" | live_pids
}

no_processes_of() { [[ ! $(processes_of "$1") ]]; }

# confine_processes: prints /proc/PID/exe of the processes that run CONFINE
confine_processes() {
	local exe
	for exe in /proc/[0-9]*/exe; do
		[[ ! $exe -ef $CONFINE ]] || printf '%s\n' "$exe"
	done
}

no_confine_processes() { [[ ! $(confine_processes) ]]; }

account_cgroups() {
	find "$(findmnt -no TARGET -t cgroup2 | head -n1)" -type d -name "portcullis-$ACCOUNT*"
}

no_account_cgroups() { [[ ! $(account_cgroups) ]]; }

assert_clean() {
	[[ ${WORK-} ]] || return 0
	cd /
	until_true 60 no_confine_processes
	until_true 60 no_account_cgroups
	[[ ! $(find "$TEST_DIR" -mindepth 2 ! -user "${ACCOUNT}c" ! -user "${ACCOUNT}v") ]] || {
		find "$TEST_DIR" -mindepth 2 ! -user "${ACCOUNT}c" ! -user "${ACCOUNT}v" -ls
		return 1
	}
	[[ ! $(find "$TEST_DIR" -mindepth 2 -name 'core*') ]]
	until_true 60 no_processes_of "${ACCOUNT}c"
}

setup_file() {
	setuid_begin
}

teardown_file() {
	setuid_end
}

setup() {
	work_begin
}

teardown() {
	assert_clean
}
