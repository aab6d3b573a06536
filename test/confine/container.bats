#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# confine in a container: with parts of /proc masked, as in all containers, and with the default seccomp profiles of Docker and Podman.

load confine_helper
load container

setup_file() {
	confine_begin survivor
}

setup() {
	record_begin
}

KINDS='double_fork closed_files ignores_signals stopped bomb renamed chain slow_chain sibling adopted traced tracer leaderless'

# Runs confine for each kind of survivor in $1, and prints the live survivors inside the container, because the end of the container kills them.
# shellcheck disable=SC2016
RUN_EACH_KIND='for kind in $1; do
	"$2/confine" --cgroup x --record "$3" -- "$2/survivor" "$kind" >/dev/null || echo "$kind: $?"
done
for process in /proc/[0-9]*; do
	! grep -qx "Name:	survivor" "$process/status" 2>/dev/null || grep -qE "^State:	[ZX]" "$process/status" || cat "$process/stat"
done'

# assert_survivors_killed SECCOMP METHOD USER [KIND]: fails unless confine, run by USER in a container, kills every kind of survivor by the tracking method METHOD
assert_survivors_killed() {
	local kinds="$KINDS ${4-}"
	run -0 run_in_container "$1" "$3" bash -c "$RUN_EACH_KIND" - "$kinds" "$TEST_DIR" "$RECORD"
	[[ ! $output && $(grep -c "\"tracking\":\"$2\"" "$RECORD") == $(wc -w <<<"$kinds") ]] || {
		head -n 20 <<<"$3: $output"
		cut -c1-400 "$RECORD"
		return 1
	}
}

# Runs programs that read /proc, trace a child or look for processes, and prints their output. The files of the programs are in the folder $1.
# shellcheck disable=SC2016
RUN_PROGRAMS='
	cd "$1" && folder=$(mktemp -d "$1/programs.XXXXXX") || exit
	gcc -g -fsanitize=address -o "$folder/leak" leak.c && "$folder/leak" 2>&1 && echo "no leak"
	# With sanitizers, ASAN_OPTIONS sends the reports of confine to a file.
	env -u ASAN_OPTIONS "$folder/leak" leak 2>&1 | grep -o "^SUMMARY: .*"
	gdb -nx -batch -ex "break main" -ex run -ex "info breakpoints" "$folder/leak" 2>&1 | grep -o "breakpoint already hit 1 time"
	bash -c "ps -o args= -p \$\$; true" found-by-ps | grep -o found-by-ps
	node -p "[process.title, require(\"fs\").readFileSync(\"/proc/\" + process.pid + \"/comm\", \"utf8\").trim()].join(\" \")"
	python3 -c "import os; print(open(f\"/proc/{os.getpid()}/comm\").read().strip())"
	[[ ! $2 ]] || java -cp "$1" Command
'

# assert_programs_run PROFILE: fails unless RUN_PROGRAMS prints the same in phases of root and of an ordinary user, in a container with PROFILE, as outside of confine
assert_programs_run() {
	local expected=$'no leak\nSUMMARY: AddressSanitizer: 1 byte(s) leaked in 1 allocation(s).\nbreakpoint already hit 1 time\nfound-by-ps\nnode node\npython3'
	printf '%s\n' '#include <stdlib.h>' 'void *volatile block;' \
		'int main(int argc, char **argv) { (void)argv; block = malloc(1); if (argc == 1) free(block); block = NULL; }' >"$TEST_DIR/leak.c"
	# A JDK is large, so only `npm run soak` needs one.
	if [[ ${CONFINE_SOAK-} ]]; then
		echo 'class Command { public static void main(String[] a) { System.out.println(ProcessHandle.current().info().command().get()); } }' >"$TEST_DIR/Command.java"
		javac -d "$TEST_DIR" "$TEST_DIR/Command.java"
		expected+=$'\n'$(readlink -f "$(type -P java)")
	fi
	# shellcheck disable=SC2016 # for the shell in the container
	run -0 run_in_container "$1" 0 bash -c '"${@:2}" && setpriv --reuid="$1" --regid="$1" --clear-groups --inh-caps=-all -- "${@:2}"' - "$TEST_UID" \
		"$CONFINE" --cgroup x --record "$RECORD" -- bash -c "$RUN_PROGRAMS" - "$TEST_DIR" "${CONFINE_SOAK-}"
	[[ $output == "$expected"$'\n'"$expected" ]] || {
		echo "$output"
		return 1
	}
	[[ $(record_values "$RECORD" all r.tracking) == subreaper$'\n'subreaper ]]
}

@test 'if a container masks parts of /proc, confine --cgroup creates no PID namespace, mounts no /proc, and tracks processes as a subreaper instead' {
	local user
	for user in 0 "$TEST_UID"; do
		# shellcheck disable=SC2016
		run -0 run_in_container unconfined "$user" bash -c 'grep -c " /proc" /proc/self/mounts && "$@"' - "$CONFINE" --cgroup x \
			--record "$RECORD" -- bash -c 'echo "$(grep -c " /proc" /proc/self/mounts) $(ps -o comm= -p $$) $(wc -c </proc/timer_list)"'
		[[ $output =~ ^([0-9]+)$'\n'([0-9]+)\ bash\ 0$ && ${BASH_REMATCH[1]} == "${BASH_REMATCH[2]}" ]] || {
			echo "$user: $output"
			return 1
		}
		[[ $(record_value "$RECORD" '[r.tracking, r.applied.cgroup, r.missing.length, r.refused_steps].join()') == 'subreaper,confine,0,mounting /proc: Operation not permitted' ]]
	done
	run -0 run_in_container unconfined "$TEST_UID" "$CONFINE" --probe
	[[ $output == *'pid=yes'*'proc=no: mounting /proc: Operation not permitted'* ]]
}

@test 'confine kills all processes that the command leaves running, also if a container masks parts of /proc' {
	assert_survivors_killed unconfined subreaper 0
	: >"$RECORD"
	# RLIMIT_NPROC does not stop a fork bomb of root.
	assert_survivors_killed unconfined subreaper "$TEST_UID" live_bomb
}

@test "with Docker's default seccomp profile, confine as subreaper kills all processes that the command leaves running" {
	assert_survivors_killed docker subreaper 0
	: >"$RECORD"
	assert_survivors_killed docker subreaper "$TEST_UID" live_bomb
}

@test "with Docker's default seccomp profile, confine --net uses a seccomp filter instead of a namespace; --ipc is not available, so --require does not run the command, and --best-effort records ipc as missing" {
	local user
	for user in 0 "$TEST_UID"; do
		run -0 run_in_container docker "$user" "$CONFINE" --net --ipc --cgroup x --best-effort --record "$RECORD" -- echo ran
		[[ $output == ran && $(record_value "$RECORD" '[r.applied.net, r.missing.map((m) => m.what)].join()') == filter,ipc ]]
		[[ $(record_value "$RECORD" '[...new Set([r.filter_why, ...r.missing.map((m) => m.why)])].join()') == 'unshare(CLONE_NEWUSER): Operation not permitted' ]]
		run -125 run_in_container docker "$user" "$CONFINE" --net --ipc --cgroup x --require -- echo ran
		[[ $output == "confine: ipc is not available: unshare(CLONE_NEWUSER): Operation not permitted" ]]
		run -0 run_in_container docker "$user" "$CONFINE" --net --require -- echo ran
		[[ $output == ran ]]
		run -0 run_in_container docker "$user" "$CONFINE" --probe
		[[ $output == *$'\nnet=filter: unshare(CLONE_NEWUSER): Operation not permitted\nipc=no: '* ]]
	done
}

@test "with Docker's default seccomp profile, confine --audit records the connections of a phase that runs as root" {
	gcc -O1 -pthread -o "$TEST_DIR/client" "$TOP/test/confine/audit/attempts.c"
	run -0 run_in_container docker 0 "$CONFINE" --audit --record "$RECORD" -- "$TEST_DIR/client" connect 3
	[[ $(record_value "$RECORD" 'r.unreadable') == undefined && $(record_value "$RECORD" 'r.observed.map((t) => t.address + " " + t.count).join()') == '198.51.100.7 3' ]]
}

@test "with Docker's default seccomp profile, AddressSanitizer, gdb, ps, Node and Python work under confine --cgroup" {
	assert_programs_run docker
}

@test "with Podman's default seccomp profile, AddressSanitizer, gdb, ps, Node and Python work under confine --cgroup" {
	assert_programs_run podman
}

@test 'in a container without a seccomp profile, AddressSanitizer, gdb, ps, Node and Python work under confine --cgroup' {
	assert_programs_run unconfined
}
