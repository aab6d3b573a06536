#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Parallel builds that leave orphans, and random kill -9.
# PORTCULLIS_KILLS is the number of processes to kill: 8 by default, 200 in `npm run soak`. The test
# kills two processes in each run of emerge with three packages or, in `npm run soak`, five in each run with eight packages.

load ../lib/prefix
load ../lib/phase_processes

# orphan_packages COUNT: makes that many packages whose phases leave a process behind, and lists them in PACKAGES. Their names begin with
# NAME, which no test that runs at the same time uses, so that their cgroups can be found.
orphan_packages() {
	local number
	PACKAGES='' NAME=par${PREFIX_ROOT##*/}
	for ((number = 1; number <= $1; number++)); do
		PACKAGES+=" app-test/$NAME$number"
		prefix_package "app-test/$NAME$number-1" <<-'EOF'
			leave() { setsid -f bash -c "trap '' HUP INT TERM; exec -a ${PN}-orphan sleep 1000" </dev/null >/dev/null 2>&1; }
			src_configure() { leave; }
			src_compile() { leave; local i; for i in {1..10}; do read -rt 0.03 <> <(:); done; return 0; }
		EOF
	done
}

@test 'with emerge --jobs, Portcullis records each src_* phase, reports the orphaned processes of each package, prints nothing about other packages, and reports once that http_proxy conflicts with the sandbox' {
	local atom count=$((${PORTCULLIS_KILLS-8} > 20 ? 8 : 3))
	prefix_make user cgroup 'http_proxy="http://127.0.0.1:3128"'
	prefix_install_portcullis
	orphan_packages "$count"
	prefix_package app-test/clean-1 </dev/null
	# shellcheck disable=SC2086 # PACKAGES is a list
	run -0 prefix_emerge --oneshot --jobs="$count" --load-average=99 $PACKAGES app-test/clean
	no_phase_processes
	[[ ! $(phase_cgroups "$NAME") && $output != *"Portcullis: app-test/clean-1: src_"* ]]
	# Only one of the packages reports the conflict, and only once, because Portage with --jobs prints messages only in its summary.
	[[ $(grep -c 'a proxy on loopback conflicts with' <<<"$output") == 1 ]]
	for atom in $PACKAGES; do
		[[ $output == *"$atom-1: src_compile: 1 leftover process killed: ${atom#*/}-orphan 1000 (pid "* ]]
	done
	(($(record_values "$RECORDS" all r.phase | wc -l) == 6 * (count + 1)))
	run -0 record_values "$RECORDS" compile 'r.package.slice(0, -2) + " " + r.orphans?.map((o) => o.argv[0])'
	diff <(echo 'app-test/clean undefined' && tr " " "\n" <<<"${PACKAGES# }" | sed -E 's|.*/(.*)|& \1-orphan|') <(sort <<<"$output")
}

# Prints the processes that may be killed now: PID KIND PACKAGE. Includes ebuild.sh only in src_* phases: if it dies in `clean`, Portage
# fails on the removed directory (_init_ipc_fifos in _emerge/AbstractEbuildProcess.py) and stops the other builds.
kill_candidates() {
	local pid kind file IFS=$'\n'
	local phase=$'ebuild\\.sh\n(unpack|prepare|configure|compile|test|install)(\n|$)'
	local -a words
	phase_processes | while read -r pid; do
		mapfile -d '' -t words <"/proc/$pid/cmdline" || continue
		kind=ebuild file=environ
		[[ ${words[*]} != *$'portcullis/confine\n--'* ]] || kind=confine file=cmdline
		[[ $kind == confine || ${words[*]} =~ $phase ]] || continue
		# confine does not have the environment of the build, but its option --label contains the package.
		mapfile -d '' -t words <"/proc/$pid/$file" || continue
		[[ $'\n'${words[*]}$'\n' =~ $'\n'(PORTAGE_BUILDDIR|package)=[^$'\n']*/([^/$'\n']*)-1$'\n' ]] || continue
		echo "$pid $kind ${BASH_REMATCH[2]}"
	done 2>/dev/null
}

# kill_at_random COUNT any|emerge: emerges PACKAGES and kills COUNT processes of this run at random moments. With `emerge`, the last
# killed process is emerge itself. Counts the killed processes in KILLED and KINDS.
kill_at_random() {
	local count=$1 last=$2 wanted victim kind package atom killed=0 attempts=0 emerge=no
	local -a turns=(confine ebuild)
	local -A hit=()
	rm -rf "$PREFIX/var/db/pkg/app-test"
	# shellcheck disable=SC2086 # PACKAGES is a list
	start_emerge --oneshot --jobs=4 --load-average=99 --keep-going $PACKAGES
	while ((killed < count)) && ! emerge_ended; do
		read -rt "0.$((RANDOM % 4))$((RANDOM % 10))" <> <(:) || true
		if ((killed == count - 1)) && [[ $last == emerge ]]; then
			kill -KILL "$EMERGE_PID"
			emerge=killed
			killed=$((killed + 1))
			KINDS[emerge]=$((KINDS[emerge] + 1))
			break
		fi
		# Kill ebuild.sh and confine in turn, and begin with the other one in later rounds. After five attempts, kill either, if both have been killed before.
		wanted=${turns[(killed + round / 2) % 2]}
		if ((KINDS[confine] == 0)); then
			wanted=confine
		elif ((KINDS[ebuild] == 0)); then
			wanted=ebuild
		elif ((++attempts % 5 == 0)); then
			wanted='.*'
		fi
		read -r victim kind package < <(kill_candidates | grep " $wanted " | shuf -n1) || continue
		kill -KILL "$victim" 2>/dev/null || continue
		hit[$package]=1
		KINDS[$kind]=$((KINDS[$kind] + 1))
		killed=$((killed + 1))
	done
	if [[ $emerge != killed ]]; then
		until_true 120 emerge_ended || {
			echo "emerge is still running; killed: ${!hit[*]}"
			# shellcheck disable=SC2046 # a list
			ps -o pid,ppid,stat,wchan:20,etimes,args $(process_tree "$EMERGE_PID")
			tail -n 40 "$PREFIX_LOG/output"
			return 1
		}
	fi
	until_true 60 no_phase_processes || {
		echo "processes remain; killed: ${!hit[*]} emerge=$emerge"
		ps -o pid,ppid,stat,args -p "$(phase_processes | paste -sd,)"
		return 1
	}
	if [[ $emerge != killed ]]; then
		for atom in $PACKAGES; do
			[[ ${hit[${atom#*/}]-} || -e $PREFIX/var/db/pkg/$atom-1 ]] || {
				echo "$atom was disturbed; killed: ${!hit[*]}"
				tail -n 40 "$PREFIX_LOG/output"
				return 1
			}
		done
	fi
	((EUID != 0)) || "$CONFINE" --gc >/dev/null
	[[ ! $(phase_cgroups "$NAME") ]]
	KILLED=$((KILLED + killed))
}

@test 'after kill -9 of emerge, ebuild.sh or confine at random times, all processes of the phases end, and confine --gc of root removes the cgroups; if emerge was not killed, the other builds succeed' {
	local total=${PORTCULLIS_KILLS-8} user features last round=0 each
	local -A KINDS=([emerge]=0 [ebuild]=0 [confine]=0)
	KILLED=0
	while ((KILLED < total)); do
		while IFS=: read -r user features; do
			((KILLED < total)) || break
			[[ $user == user || $EUID == 0 ]] || continue
			prefix_make "$user" "cgroup $features"
			prefix_install_portcullis
			each=$((total > 20 ? 5 : 2)) last=any
			orphan_packages $((total > 20 ? 8 : 3))
			((each <= total - KILLED)) || each=$((total - KILLED))
			# Kill emerge in every second round. The shift by round / 4 gives each configuration rounds with and without this.
			(((round + round / 4) % 2)) || last=emerge
			kill_at_random "$each" "$last"
			prefix_clean
			round=$((round + 1))
		done <<-'EOF'
			root:
			root:-pid-sandbox
			user:
			root:-pid-sandbox -userpriv -network-sandbox -ipc-sandbox
		EOF
	done
	echo "# killed $KILLED processes in $round emerges: ${KINDS[emerge]} emerge, ${KINDS[ebuild]} ebuild.sh, ${KINDS[confine]} confine" >&3
	((KINDS[emerge] && KINDS[ebuild] && KINDS[confine]))
}
