#!/usr/bin/env bats
# Eight builds at once, orphans everywhere, and kill -9 at random: each build has its own, and nothing is left.
# PORTCULLIS_KILLS says how many are killed: 20 unless it is set, 200 in npm run soak.

load ../lib/prefix
load ../lib/phase_processes

PACKAGES='app-test/par1 app-test/par2 app-test/par3 app-test/par4 app-test/par5 app-test/par6 app-test/par7 app-test/par8'

eight_packages() {
	local atom
	for atom in $PACKAGES; do
		prefix_package "$atom-1" <<-'EOF'
			leave() { setsid -f bash -c "trap '' HUP INT TERM; exec -a ${PN}-orphan sleep 1000" </dev/null >/dev/null 2>&1; }
			src_configure() { leave; }
			src_compile() { leave; local i; for i in {1..10}; do read -rt 0.03 <> <(:); done; return 0; }
		EOF
	done
}

@test 'emerge --jobs=8, eight packages that leave orphans: each is told its own, no record is lost' {
	local atom
	cgroup_prefix user ''
	eight_packages
	# shellcheck disable=SC2086 # words
	run -0 prefix_emerge --oneshot --jobs=8 --load-average=99 $PACKAGES
	no_phase_processes
	[[ ! $(cgroups_left) ]]
	for atom in $PACKAGES; do
		[[ $output == *"$atom-1: src_compile left a process behind, and it was killed: ${atom#*/}-orphan 1000 (pid "* ]]
	done
	run -0 node -e '
		const all = require("node:fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map((line) => JSON.parse(line));
		const told = all.filter((r) => r.phase === "compile" && r.orphans?.map((o) => o.argv[0]).join() === `${r.package.slice(9, -2)}-orphan`);
		console.log(all.length, new Set(told.map((r) => r.package)).size);' "$RECORDS"
	[[ $output == '48 8' ]]
}

@test 'a build that leaves nothing prints nothing' {
	cgroup_prefix user ''
	prefix_package app-test/clean-1 </dev/null
	run -0 prefix_emerge --oneshot app-test/clean
	[[ $output != *ortcullis:* ]]
}

# What may be killed just now: PID KIND PACKAGE. Of ebuild.sh the src_* phases: when it dies in `clean`, Portage itself stumbles
# over the folder that is gone (_init_ipc_fifos in _emerge/AbstractEbuildProcess.py), and takes the other builds down.
victims() {
	local pid kind
	local phase='ebuild\.sh (unpack|prepare|configure|compile|test|install) '
	phase_processes | while read -r pid; do
		line=$(tr '\0' ' ' <"/proc/$pid/cmdline") || continue
		kind=ebuild
		[[ $line != *portcullis/confine\ --* ]] || kind=confine
		[[ $kind == confine || $line =~ $phase ]] || continue
		# confine has no environment of the build, but a label.
		package=$(tr '\0' '\n' <"/proc/$pid/$([[ $kind == confine ]] && echo cmdline || echo environ)" |
			sed -n 's/^\(PORTAGE_BUILDDIR=.*\|package=.*\)\/\(.*\)-1$/\2/p')
		[[ ! $package ]] || echo "$pid $kind $package"
	done 2>/dev/null
}

emerge_lives() {
	local stat
	stat=$(cat "/proc/$STARTED/stat" 2>/dev/null) || return
	[[ $stat != *') Z'* ]]
}

# kill_at_random N LAST: N killed in one emerge of eight packages, the last one of them emerge itself where LAST is that
kill_at_random() {
	local count=$1 last=$2 wanted victim kind package atom killed=0 looks=0 emerge=no
	local -a TURNS=(confine ebuild)
	local -A hit=()
	rm -rf "$PREFIX/var/db/pkg/app-test"
	# shellcheck disable=SC2086 # words
	(prefix_exec emerge --oneshot --jobs=4 --load-average=99 --keep-going $PACKAGES >"$PREFIX_LOG/output" 2>&1 </dev/null 3>&-) &
	STARTED=$!
	while ((killed < count)) && emerge_lives; do
		read -rt "0.$((RANDOM % 4))$((RANDOM % 10))" <> <(:) || true
		if ((killed == count - 1)) && [[ $last == emerge ]]; then
			kill -KILL "$STARTED"
			emerge=killed
			killed=$((killed + 1))
			KINDS[emerge]=$((KINDS[emerge] + 1))
			break
		fi
		# By turns, as confine is there for less long; but not for ever.
		wanted=${TURNS[killed % 2]}
		((++looks % 5)) || wanted='.*'
		read -r victim kind package < <(victims | grep " $wanted " | shuf -n1) || continue
		kill -KILL "$victim" 2>/dev/null || continue
		hit[$package]=1
		KINDS[$kind]=$((KINDS[$kind] + 1))
		killed=$((killed + 1))
	done
	if [[ $emerge != killed ]]; then
		until_true 120 eval '! emerge_lives' || {
			echo "emerge goes on after ${!hit[*]}:"
			# shellcheck disable=SC2046 # words
			ps -o pid,ppid,stat,wchan:20,etimes,args $(below "$STARTED")
			tail -n 40 "$PREFIX_LOG/output"
			return 1
		}
	fi
	until_true 1 no_phase_processes || {
		echo "left after ${!hit[*]} emerge=$emerge:"
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
	[[ ! $(cgroups_left) ]]
	KILLED=$((KILLED + killed))
}

@test 'kill -9 at random, at emerge, ebuild.sh and confine: nothing is left, and no other build is disturbed' {
	local total=${PORTCULLIS_KILLS-20} who features last round=0 each
	local -A KINDS=([emerge]=0 [ebuild]=0 [confine]=0)
	KILLED=0
	while ((KILLED < total)); do
		while IFS=: read -r who features; do
			((KILLED < total)) || break
			[[ $who == user || $EUID == 0 ]] || continue
			cgroup_prefix "$who" "$features"
			eight_packages
			each=$((total - KILLED)) last=any
			# Every other time, and when all were through the other ones.
			(((round + round / 4) % 2)) || last=emerge
			kill_at_random "$((each > 5 ? 5 : each))" "$last"
			prefix_clean
			round=$((round + 1))
		done <<-'EOF'
			root:
			root:-pid-sandbox
			user:
			root:-pid-sandbox -userpriv -network-sandbox -ipc-sandbox
		EOF
	done
	echo "# $KILLED killed in $round runs: ${KINDS[emerge]} emerge, ${KINDS[ebuild]} ebuild.sh, ${KINDS[confine]} confine" >&3
	((KINDS[emerge] && KINDS[ebuild] && KINDS[confine]))
}
