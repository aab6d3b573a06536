# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Runs the jobs of test/run and test/soak. Twice as many jobs as processors run at a time, because most jobs wait. Each job has its own log.

PASSED=0
FAILED=0
SKIPPED=0
RUN_WITH=''
AT_ONCE=$(($(nproc) * 2))
declare -A JOBS=() MATCHED=() WITH=()

# run_begin [FOLDER|PATTERN...]: selects the jobs; all of them without an argument.
run_begin() {
	local word
	ONLY=()
	for word in "${@%/}"; do
		# If the word is a folder of test/, such as `egress`, select only the files in that folder, not other names that contain `egress`.
		[[ ! -d test/${word#test/} ]] || word=test/${word#test/}
		ONLY+=("$word")
	done
	LOGS=$(mktemp -d)
	trap 'rm -rf -- "$LOGS"' EXIT
	trap 'run_stop 130' INT
	trap 'run_stop 143' TERM
	START=$SECONDS
	# Each job is a process group, so that Ctrl-C can end it. Otherwise background processes ignore SIGINT.
	set -m
}

run_stop() {
	local pid
	for pid in "${!JOBS[@]}"; do
		kill -TERM -- "-$pid"
	done 2>/dev/null
	# The jobs still write their logs, which the trap of EXIT removes.
	wait 2>/dev/null
	exit "$1"
}

# run_chosen NAME: succeeds if the caller of test/run has selected the job NAME. Stores in MATCHED the words that select it.
run_chosen() {
	local word chosen=$((${#ONLY[@]} > 0))
	for word in "${ONLY[@]}"; do
		if [[ (-d $word && $1/ == "$word"/*) || (! -d $word && $1 == *"$word"*) ]]; then
			MATCHED[$word]=1 chosen=0
		fi
	done
	return "$chosen"
}

# run_first NAME COMMAND...: runs a job that all others need, and waits for it. If the job fails, the whole run ends.
run_first() {
	local name=$1
	if "${@:2}" >"$LOGS/first" 2>&1; then
		printf 'ok    %s\n' "$name"
		PASSED=$((PASSED + 1))
	else
		FAILED=$((FAILED + 1))
		run_print 'FAIL ' "$name" "$LOGS/first"
		printf '      To repeat:%s\n' "$(printf ' %q' "${@:2}")"
		ONLY=()
		run_end
	fi
}

# run_job stage|vitest|bats NAME COMMAND...: starts the job NAME in the background, if the caller of test/run has selected it. The first
# argument selects how to count the tests in the output. RUN_WITH has the words that bats_run and vitest_run put before the command:
# variables as NAME=VALUE, or a command that executes its arguments.
run_job() {
	local kind=$1 name=$2 log status
	run_chosen "$name" || return 0
	((${#JOBS[@]} < AT_ONCE)) || run_reap
	log=$LOGS/${name//\//_}
	(
		exec >"$log" 2>&1 </dev/null
		[[ ! ${RECORD_SERVER_OPEN-} ]] || exec {RECORD_SERVER_OPEN}>&-
		RESULTS=$log.results "${@:3}"
		status=$?
		times >"$log.cpu"
		exit "$status"
	) &
	JOBS[$!]="$SECONDS $kind $name"
	WITH[$!]=$RUN_WITH
}

run_wait() {
	while ((${#JOBS[@]})); do
		run_reap
	done
}

run_reap() {
	local pid status start kind name log took passed failed skipped
	wait -n -p pid "${!JOBS[@]}"
	status=$?
	read -r start kind name <<<"${JOBS[$pid]}"
	unset "JOBS[$pid]"
	log=$LOGS/${name//\//_}
	took="$((SECONDS - start))s, $(run_cpu "$log.cpu")s CPU"
	read -r passed failed skipped < <("run_count_$kind" "$status" "$log")
	# A job with a nonzero exit status counts as failed.
	((status == 0 || failed)) || failed=1
	if [[ ${CI-} == true ]]; then
		failed=$((failed + skipped))
	fi
	PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed)) SKIPPED=$((SKIPPED + skipped))
	if ((failed)); then
		run_print 'FAIL ' "$name ($took)" "$log"
		"run_repeat_$kind" "$name" "$log" "${WITH[$pid]:+${WITH[$pid]} }" | sed 's/^/      To repeat: /'
	else
		printf 'ok    %s (%s, %d passed%s)\n' "$name" "$took" "$passed" "$( ((skipped)) && echo ", $skipped skipped")"
	fi
}

# Prints the CPU time of a job: user and system, of the shell and of its children.
run_cpu() {
	awk '{ for (i = 1; i <= 2; i++) { split($i, t, "m"); sum += t[1] * 60 + t[2] } } END { printf "%.0f", sum }' "$1"
}

# run_print RESULT NAME LOG: prints the result and the log of a job, without the tests of bats that passed.
run_print() {
	printf '%s %s\n' "$1" "$2"
	sed -E '/^ok [0-9]+ /d; s/^/      /' "$3"
}

# run_repeat_stage|vitest|bats NAME LOG PREFIX: prints commands that repeat the failed tests, each with PREFIX.
run_repeat_stage() {
	printf '%s %s\n' "$0" "$1"
}

run_repeat_vitest() {
	node -e '
		const r = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
		const files = r.testResults.filter((t) => t.status === "failed").map((t) => require("node:path").relative(".", t.name));
		for (const file of files) console.log(`${process.argv[2]}node_modules/.bin/vitest run ${file}`);
	' "$2.results" "$3" 2>/dev/null || printf '%s %s\n' "$0" "$1"
}

# Escapes the titles of tests, because `bats -f` interprets a title as a regular expression.
run_repeat_bats() {
	local file=${1%% *} with=$3 title
	[[ ! ${SANITIZE-} && $1 != *' with sanitizers' ]] || with='CONFINE_BUILD=build/sanitized ASAN_OPTIONS=verify_asan_link_order=0 '
	local -a titles
	mapfile -t titles < <(sed -nE '/ setup_file failed$/d; s/^not ok [0-9]+ (.*)$/\1/p' "$2" | sed -E 's/ # timeout after .*$//; s/ in [0-9]+ms$//; s/[][\.*^$+?(){}|]/\\&/g')
	((${#titles[@]})) || printf '%snode_modules/bats/bin/bats %s\n' "$with" "$file"
	for title in "${titles[@]}"; do
		printf '%snode_modules/bats/bin/bats -f %q %s\n' "$with" "^$title\$" "$file"
	done
}

run_count_stage() {
	(($1 == 0)) && echo '1 0 0' || echo '0 1 0'
}

# Counts the results in the TAP output of bats. Output without a plan counts as one failure.
run_count_bats() {
	awk '
		/^1\.\.[0-9]+$/ { planned = substr($0, 4) }
		/^ok [0-9]+ .*# skip/ { skipped++; next }
		/^ok [0-9]+ / { passed++ }
		/^not ok [0-9]+ / { failed++ }
		END {
			missing = planned - passed - failed - skipped
			if (missing > 0) failed += missing
			if (planned == 0 && failed == 0) failed = 1
			print passed + 0, failed + 0, skipped + 0
		}
	' "$2"
}

run_count_vitest() {
	node -e '
		const r = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
		const broken = r.testResults.filter((t) => t.status === "failed" && t.assertionResults.length === 0).length;
		console.log(r.numPassedTests, r.numFailedTests + broken, r.numPendingTests + r.numTodoTests);
	' "$2.results" 2>/dev/null || echo '0 1 0'
}

vitest_run() {
	# shellcheck disable=SC2086 # words
	env $RUN_WITH node_modules/.bin/vitest run --reporter=default --reporter=json --outputFile.json="$RESULTS" "$@"
}

# Limits the time of a file, so that a hanging test does not block the run. (With BATS_TEST_TIMEOUT, bats waits for the whole timeout
# after each failed test.)
bats_run() {
	local status=0
	((EUID == 0)) || {
		echo 'run this test as root: it makes users, namespaces and containers'
		return 1
	}
	[[ ! ${SANITIZE-} ]] || sanitize_begin
	# shellcheck disable=SC2086 # words
	timeout --kill-after=10 "${BATS_FILE_TIMEOUT:-400}" env $RUN_WITH node_modules/bats/bin/bats --formatter tap --timing "$1" &
	# timeout creates a process group and forwards the signal to it.
	trap 'kill "$!" && wait "$!"' TERM
	wait "$!" || status=$?
	[[ ! ${SANITIZE-} ]] || sanitize_end || status=1
	return "$status"
}

# With SANITIZE=1 the tests use a confine with ASan and UBSan. Most of its processes have closed standard error, so reports go to
# files. fakeroot and sandbox preload a library before the sanitizer's, hence verify_asan_link_order=0.
sanitized_run() {
	SANITIZE=1 bats_run "$1"
}

sanitize_begin() {
	SANITIZER_REPORTS=$(mktemp -d) || return
	# Processes of every user write reports in this directory.
	chmod 1777 "$SANITIZER_REPORTS"
	export CONFINE_BUILD=build/sanitized ASAN_OPTIONS=verify_asan_link_order=0:log_path=$SANITIZER_REPORTS/report
	export UBSAN_OPTIONS=print_stacktrace=1:log_path=$SANITIZER_REPORTS/report
}

# Returns 1 and prints the reports if a sanitizer has written any, even if no test failed.
sanitize_end() {
	local status=0
	if compgen -G "$SANITIZER_REPORTS/*" >/dev/null; then
		cat "$SANITIZER_REPORTS"/*
		status=1
	fi
	rm -rf -- "$SANITIZER_REPORTS"
	return "$status"
}

run_end() {
	local word command
	run_wait
	for word in "${ONLY[@]}"; do
		[[ ! ${MATCHED[$word]-} ]] || continue
		printf 'FAIL  no check or test matches %s\n' "$word"
		# test/vm, test/fuzz and test/soak have programs of their own.
		for command in "$word/run" "test/$word"; do
			[[ ! -f $command || ! -x $command ]] || printf '      Run: %s\n' "$command"
		done
		FAILED=$((FAILED + 1))
	done
	printf '\n%d s' "$((SECONDS - START))"
	((SKIPPED == 0)) || printf ', %d skipped' "$SKIPPED"
	printf '\n%d passed, %d failed\n' "$PASSED" "$FAILED"
	exit "$((FAILED > 0))"
}
