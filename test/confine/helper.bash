# shellcheck shell=bash
# What the tests of confine share: a copy of it that every user may run, an ordinary user, and who is left.
#
#   confine_begin [TOOL...]   for a setup_file with tools: CONFINE, PLACE (everybody's), ORDINARY (a user id nobody has), and the C tools
#   confine_end               for teardown_file: ends whatever runs as ORDINARY, removes PLACE
#   only_root                 skips a test that an ordinary user can't run
#   ordinary COMMAND...       as an ordinary user, without a privilege
#   ours_here KIND PID        whether that process is in our namespace of that kind
#
# CONFINE_BUILD=build/sanitized tests that one instead.

bats_require_minimum_version 1.5.0

TOP=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd -P)

# shellcheck source-path=SCRIPTDIR source=../lib/record.bash
source "$TOP/test/lib/record.bash"
# shellcheck source-path=SCRIPTDIR source=../lib/wait.bash
source "$TOP/test/lib/wait.bash"

confine_begin() {
	local tool
	PLACE=$(mktemp -d /var/tmp/pc-confine.XXXXXX)
	chmod 1777 "$PLACE"
	CONFINE=$PLACE/confine
	install -m 755 "$TOP/native/${CONFINE_BUILD:-build}/confine" "$CONFINE"
	for tool; do
		cc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$PLACE/$tool" "$TOP/test/confine/$tool"*.c || return
	done
	ORDINARY=$UID
	while ((UID == 0)); do
		ORDINARY=$((20000 + RANDOM))
		getent passwd "$ORDINARY" >/dev/null || pgrep -U "$ORDINARY" >/dev/null || break
	done
	export PLACE CONFINE ORDINARY
}

confine_end() {
	local -a pids
	[[ ${PLACE-} ]] || return 0
	mapfile -t pids < <(marked "$PLACE")
	((${#pids[@]} == 0)) || kill -KILL "${pids[@]}" 2>/dev/null || true
	rm -rf -- "$PLACE"
}

setup_file() {
	confine_begin
}

teardown_file() {
	confine_end
}

setup() {
	# shellcheck disable=SC2034 # the tests read it
	RECORD=$PLACE/record.$BATS_TEST_NUMBER
}

only_root() {
	((UID == 0)) || skip 'only root can do that'
}

ordinary() {
	if ((UID == 0)); then
		setpriv --reuid="$ORDINARY" --regid="$ORDINARY" --clear-groups --inh-caps=-all -- "$@"
	else
		"$@"
	fi
}

# The live processes with a word in their environment or arguments, or of the user of that number.
marked() {
	local word=$1 status
	local -a fields
	{
		if [[ $word =~ ^[0-9]+$ ]]; then
			# awk would end at the first process that is gone meanwhile.
			grep -l $'^Uid:\t'"$word"$'\t' /proc/[0-9]*/status
		else
			grep -lF -- "$word" /proc/[0-9]*/{environ,cmdline}
		fi
	} 2>/dev/null | cut -d/ -f3 | sort -nu | while read -r pid; do
		status=$(<"/proc/$pid/stat") || continue
		# The state, and further on the number of threads: one whose first thread has ended lives all the same.
		read -ra fields <<<"${status##*) }"
		[[ ${fields[0]} == [ZX] && ${fields[17]} == 1 || $pid == "$BASHPID" ]] || echo "$pid"
	done 2>/dev/null
}

namespaces() {
	local kind
	for kind in net ipc uts user pid mnt cgroup; do
		echo "$kind $(readlink "/proc/self/ns/$kind")"
	done
}
