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
# CONFINE is the binary, TOOL the compiled hostile.c, PLACE what is around them.

bats_require_minimum_version 1.5.0

TOP=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd -P)

# shellcheck source-path=SCRIPTDIR source=../lib/record.bash
source "$TOP/test/lib/record.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/wait.bash
source "$TOP/test/lib/wait.bash"

setuid_begin() {
	local name
	((EUID == 0)) || return 0
	PLACE=$(mktemp -d /var/tmp/pc-setuid.XXXXXX)
	chmod 711 "$PLACE"
	# Where the file system ignores the bit nothing here would test anything.
	[[ ,$(findmnt -no OPTIONS --target "$PLACE"), != *,nosuid,* ]]
	ACCOUNT=pcs$((RANDOM))$$
	groupadd --system "$ACCOUNT"
	for name in caller stranger victim; do
		useradd --system --no-create-home --home-dir /nonexistent --shell /bin/false --user-group "${ACCOUNT}${name:0:1}"
	done
	usermod --append --groups "$ACCOUNT" "${ACCOUNT}c"
	CALLER=$(id -u "${ACCOUNT}c")
	CONFINE=$PLACE/confine
	TOOL=$PLACE/hostile
	install -o root -g "$ACCOUNT" -m 4710 "$TOP/native/${CONFINE_BUILD:-build}/confine" "$CONFINE"
	# Static, so that no variable of a test means anything to its loader.
	cc -static -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$TOOL" "$TOP"/test/setuid/hostile*.c
	export PLACE ACCOUNT CALLER CONFINE TOOL
}

setuid_end() {
	local name
	[[ ${PLACE-} ]] || return 0
	for name in c s v; do
		pkill -KILL -U "$(id -u "$ACCOUNT$name")" || (($? == 1))
		until_true 10 nobody_of "$ACCOUNT$name"
		userdel "$ACCOUNT$name"
		# Which takes the group along, or not: USERGROUPS_ENAB in login.defs.
		! getent group "$ACCOUNT$name" >/dev/null || groupdel "$ACCOUNT$name"
	done
	groupdel "$ACCOUNT"
	# What a test tries to have made there: should it succeed, it fails the test and not the next run.
	rm -f -- "/etc/$ACCOUNT"
	rm -rf -- "$PLACE"
}

as() {
	local who=$1
	shift
	setpriv --reuid="$who" --regid="$who" --init-groups --inh-caps=-all -- "$@"
}

caller() { as "${ACCOUNT}c" "$@"; }
stranger() { as "${ACCOUNT}s" "$@"; }
victim() { as "${ACCOUNT}v" "$@"; }

work() {
	((EUID == 0)) || skip 'only root can make a set-user-id program'
	WORK=$PLACE/$BATS_TEST_NUMBER
	install -d -o "${ACCOUNT}c" -g "${ACCOUNT}c" -m 755 "$WORK"
	cd "$WORK" || return
}

# The processes of a user that still run.
living() {
	ps -o stat=,pid= -U "$1" -u "$1" | awk '$1 !~ /^Z/ { print $2 }'
}

nobody_of() { [[ ! $(living "$1") ]]; }

# The processes that run our binary.
running() {
	local exe
	for exe in /proc/[0-9]*/exe; do
		[[ ! $exe -ef $CONFINE ]] || printf '%s\n' "$exe"
	done
}

nobody_runs() { [[ ! $(running) ]]; }

cgroups() {
	find "$(findmnt -no TARGET -t cgroup2 | head -n1)" -type d -name "portcullis-$ACCOUNT*"
}

no_cgroups() { [[ ! $(cgroups) ]]; }

# No process, no cgroup, no file of root's in the caller's directories, no core.
harmless() {
	[[ ${WORK-} ]] || return 0
	cd /
	until_true 10 nobody_runs
	until_true 10 no_cgroups
	[[ ! $(find "$PLACE" -mindepth 2 ! -user "${ACCOUNT}c" ! -user "${ACCOUNT}v") ]] || {
		find "$PLACE" -mindepth 2 ! -user "${ACCOUNT}c" ! -user "${ACCOUNT}v" -ls
		return 1
	}
	[[ ! $(find "$PLACE" -mindepth 2 -name 'core*') ]]
	until_true 10 nobody_of "${ACCOUNT}c"
}

setup_file() {
	setuid_begin
}

teardown_file() {
	setuid_end
}

setup() {
	work
}

teardown() {
	harmless
}
