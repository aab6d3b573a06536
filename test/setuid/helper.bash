# shellcheck shell=bash
# What the tests of mode setuid share: the real binary, root:GROUP 4710, and three users made for this file.
#
#   setuid_begin              for setup_file: sets the names below
#   setuid_end                for teardown_file: ends and removes all of it
#   caller COMMAND...         as somebody who may run it; stranger COMMAND... as somebody outside the group
#   victim COMMAND...         as a third user, who wants to be left alone
#   work                      for setup: WORK, a fresh directory of the caller's, and into it
#   harmless                  for teardown: fails where something was left that no caller may have
#
# CONFINE is the binary, TOOL the compiled hostile.c, TEST_DIR what is around them.

bats_require_minimum_version 1.5.0

TOP=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd -P)

# shellcheck source-path=SCRIPTDIR source=../lib/record.bash
source "$TOP/test/lib/record.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/wait.bash
source "$TOP/test/lib/wait.bash"

setuid_begin() {
	local name
	((EUID == 0)) || return 0
	TEST_DIR=$(mktemp -d /var/tmp/pc-setuid.XXXXXX)
	chmod 711 "$TEST_DIR"
	# Where the file system ignores the bit nothing here would test anything.
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
	# Static, so that no variable of a test means anything to its loader.
	cc -static -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$TOOL" "$TOP"/test/setuid/hostile*.c
	export TEST_DIR ACCOUNT CALLER CONFINE TOOL
}

setuid_end() {
	local name
	[[ ${TEST_DIR-} ]] || return 0
	for name in c s v; do
		pkill -KILL -U "$(id -u "$ACCOUNT$name")" || (($? == 1))
		until_true 10 no_processes_of "$ACCOUNT$name"
		userdel "$ACCOUNT$name"
		# Which takes the group along, or not: USERGROUPS_ENAB in login.defs.
		! getent group "$ACCOUNT$name" >/dev/null || groupdel "$ACCOUNT$name"
	done
	groupdel "$ACCOUNT"
	# What a test tries to have made there: should it succeed, it fails the test and not the next run.
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
	((EUID == 0)) || skip 'only root can make a set-user-id program'
	WORK=$TEST_DIR/$BATS_TEST_NUMBER
	install -d -o "${ACCOUNT}c" -g "${ACCOUNT}c" -m 755 "$WORK"
	cd "$WORK" || return
}

# The processes of a user that still run.
processes_of() {
	ps -o stat=,pid= -U "$1" -u "$1" | awk '$1 !~ /^Z/ { print $2 }'
}

no_processes_of() { [[ ! $(processes_of "$1") ]]; }

# The processes that run our binary.
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

# No process, no cgroup, no file of root's in the caller's directories, no core.
assert_clean() {
	[[ ${WORK-} ]] || return 0
	cd /
	until_true 10 no_confine_processes
	until_true 10 no_account_cgroups
	[[ ! $(find "$TEST_DIR" -mindepth 2 ! -user "${ACCOUNT}c" ! -user "${ACCOUNT}v") ]] || {
		find "$TEST_DIR" -mindepth 2 ! -user "${ACCOUNT}c" ! -user "${ACCOUNT}v" -ls
		return 1
	}
	[[ ! $(find "$TEST_DIR" -mindepth 2 -name 'core*') ]]
	until_true 10 no_processes_of "${ACCOUNT}c"
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
