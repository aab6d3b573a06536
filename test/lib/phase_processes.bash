# shellcheck shell=bash
# A package whose phase leaves processes, for tests with a real emerge under FEATURES=cgroup. To be loaded after emerge.bash.

# shellcheck source-path=SCRIPTDIR source=wait.bash
source "${BASH_SOURCE[0]%/*}/wait.bash"

teardown() {
	[[ ! ${STARTED-} ]] || kill -KILL "$STARTED" 2>/dev/null || true
	prefix_clean
}

# cgroup_prefix WHO FEATURES [LINE...]: with Portcullis, and app-test/leaves-1, whose src_compile leaves an orphan and waits
cgroup_prefix() {
	[[ $1 == user ]] || ((EUID == 0)) || skip 'only root can emerge as root'
	prefix_make "$1"
	prefix_conf "FEATURES=\"cgroup $2\"" "${@:3}"
	prefix_install_portcullis
}

# waiting_package [NAME]: says that it is there by a line in PREFIX_LOG/NAME.ready, then stays, with a child that is deaf
waiting_package() {
	local name=${1-waits}
	prefix_package "app-test/$name-1" <<-EOF
		src_compile() {
			setsid -f bash -c 'trap "" HUP INT TERM; exec -a deaf sleep 1000' </dev/null >/dev/null 2>&1
			echo ready >"$PREFIX_LOG/$name.ready"
			sleep 1000
		}
	EOF
}

# resting_package: app-test/waits, which goes on once there is PREFIX_LOG/go
resting_package() {
	prefix_package app-test/waits-1 <<-EOF
		src_compile() {
			echo ready >"$PREFIX_LOG/waits.ready"
			bash -c 'until [[ -e "$PREFIX_LOG/go" ]]; do read -rt 0.05 <> <(:); done'
		}
	EOF
}

# The live processes of the prefix' src_* phases, and of confine, which has no environment of the build. Not what Portage runs between
# the phases (misc-functions.sh and the like).
phase_processes() {
	{
		grep -lzE "^(PORTAGE_BUILDDIR|T)=$PREFIX_TMP/" /proc/[0-9]*/environ 2>/dev/null |
			xargs -r grep -lzE '^EBUILD_PHASE=(unpack|prepare|configure|compile|test|install)$' 2>/dev/null
		grep -lzxF "$CONFINE" /proc/[0-9]*/cmdline 2>/dev/null
	} | cut -d/ -f3 | sort -u | while read -r pid; do
		stat=$(<"/proc/$pid/stat") || continue
		[[ ${stat##*) } == [ZX]* ]] || echo "$pid"
	done 2>/dev/null
}

no_phase_processes() {
	[[ ! $(phase_processes) ]]
}

# The cgroups that confine has made for phases of these packages and that are still there.
cgroups_left() {
	find /sys/fs/cgroup -type d -name "portcullis-*_app-test_${1-}*" 2>/dev/null
}

# start_waiting COMMAND...: starts emerge in a session of its own and sets STARTED, once the phase is there
start_waiting() {
	rm -f "$PREFIX_LOG/waits.ready"
	(prefix_exec "$@" >"$PREFIX_LOG/output" 2>&1 </dev/null 3>&-) &
	STARTED=$!
	until_true 30 test -s "$PREFIX_LOG/waits.ready" || {
		cat "$PREFIX_LOG/output"
		return 1
	}
}

# That process and all below it.
below() {
	local pid=$1 child
	local -a children
	echo "$pid"
	read -rd '' -a children < <(cat "/proc/$pid/task"/*/children 2>/dev/null) || true
	for child in "${children[@]}"; do
		below "$child"
	done
}

# The process of the waiting phase whose command line matches; several, with the topmost first.
named() {
	local pid
	for pid in $(below "$STARTED"); do
		[[ $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) =~ $1 ]] && echo "$pid"
	done
	return 0
}
