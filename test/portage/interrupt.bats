#!/usr/bin/env bats
# Who builds dies, one way or another: within a second nothing of the phase is left, and no cgroup.

load ../lib/prefix
load ../lib/phase_processes

# all_gone WHAT: within a second of now
all_gone() {
	local start=${EPOCHREALTIME/./}
	until_true 1 no_phase_processes || {
		echo "$1, and after a second there are still:"
		ps -o pid,ppid,stat,args -p "$(phase_processes | paste -sd,)"
		return 1
	}
	printf '# %-44s gone after %d ms\n' "$1" $(((${EPOCHREALTIME/./} - start) / 1000)) >&3
}

# Kills each of those who build, with SIGKILL, in a new phase each.
each_dies() {
	local what pattern pid
	while IFS=: read -r what pattern; do
		start_waiting emerge --oneshot app-test/waits
		case $pattern in
		emerge) pid=$STARTED ;;
		*) pid=$(named "$pattern" | eval "${what##*|}") ;;
		esac
		[[ $pid =~ ^[0-9]+$ ]] || {
			echo "no $what: $pid"
			pstree -pa "$STARTED"
			return 1
		}
		kill -KILL "$pid"
		all_gone "$1: kill -9 of ${what%|*}"
		# Without its phase emerge says so and ends; where confine alone was killed it may not have heard yet.
		until_true 20 ended "$STARTED"
		[[ ! $(cgroups_left waits) ]] || {
			# Its keeper was killed: the next run takes it away.
			"$CONFINE" --cgroup other -- true
			[[ ! $(cgroups_left waits) ]]
		}
	done <<-'EOF'
		emerge|:emerge
		ebuild.sh|head -n1:ebuild.sh compile $
		the shell of the hook|sed -n 2p:ebuild.sh compile $
		confine|head -n1:portcullis/confine --
		the init of confine|tail -n1:portcullis/confine --
		the inner ebuild.sh|head -n1:ebuild.sh compile portcullis-inside
	EOF
}

ended() {
	local stat
	# Gone between a look and the next is ended too.
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	[[ $stat == *') Z'* ]]
}

@test 'an ordinary user: kill -9 of whoever builds' {
	cgroup_prefix user ''
	waiting_package
	each_dies 'ordinary user'
}

@test 'root with the default FEATURES: kill -9 of whoever builds' {
	cgroup_prefix root ''
	waiting_package
	each_dies 'root, default FEATURES'
}

@test 'root, userpriv, without pid-sandbox: kill -9 of whoever builds' {
	cgroup_prefix root '-pid-sandbox -network-sandbox -ipc-sandbox'
	waiting_package
	each_dies 'root, no pid-sandbox'
}

@test 'root as root, without any sandbox: kill -9 of whoever builds' {
	cgroup_prefix root '-pid-sandbox -network-sandbox -ipc-sandbox -mount-sandbox -userpriv -usersandbox'
	waiting_package
	each_dies 'root, as root'
	[[ $(record_values "$RECORDS" compile r.tracking | tail -n1) == cgroup+pidns ]]
}

@test 'SIGTERM, SIGINT and SIGHUP to the process group' {
	local signal
	cgroup_prefix user ''
	waiting_package
	for signal in TERM INT HUP; do
		set -m
		start_waiting emerge --oneshot app-test/waits
		set +m
		kill "-$signal" -- "-$STARTED"
		all_gone "SIG$signal to the group"
		until_true 20 ended "$STARTED"
		[[ ! $(cgroups_left waits) ]]
	done
}

# Portage alone sends SIGTERM to ebuild.sh then, whose bash puts it off until the command that it waits for has ended.
@test "SIGTERM to emerge alone: Portage's own way of stopping a phase takes its course" {
	cgroup_prefix user ''
	resting_package
	start_waiting emerge --oneshot app-test/waits
	kill -TERM "$STARTED"
	touch "$PREFIX_LOG/go"
	until_true 10 ended "$STARTED"
	all_gone 'SIGTERM to emerge, and the end of the command'
	[[ $(<"$PREFIX_LOG/output") != *'exited unexpectedly'* && ! -e $PREFIX/var/db/pkg/app-test/waits-1 && ! $(cgroups_left waits) ]]
}

@test 'Ctrl-C at a terminal; a terminal that is closed' {
	local who
	for who in user root; do
		cgroup_prefix "$who" ''
		waiting_package
		prefix_run python3 "$TOP/test/lib/terminal.py" "file $PREFIX_LOG/waits.ready"$'\ntype \\x03\nend' -- \
			"$PREFIX_PORTAGE/bin/python" "$PREFIX_PORTAGE/lib/portage/bin/emerge" --oneshot app-test/waits >"$PREFIX_LOG/output" && return 1
		all_gone "$who: Ctrl-C"
		rm "$PREFIX_LOG/waits.ready"
		prefix_run python3 "$TOP/test/lib/terminal.py" "file $PREFIX_LOG/waits.ready"$'\nhang up' -- \
			"$PREFIX_PORTAGE/bin/python" "$PREFIX_PORTAGE/lib/portage/bin/emerge" --oneshot app-test/waits >"$PREFIX_LOG/output" || true
		all_gone "$who: closed terminal"
		prefix_clean
	done
}

# The shell whose terminal is gone sends SIGHUP to each of its jobs.
@test 'nohup emerge & survives a logout' {
	cgroup_prefix user ''
	resting_package
	cat >"$PREFIX_LOG/rc" <<-EOF
		PS1='prompt> '
		build() { nohup "$PREFIX_PORTAGE/bin/python" "$PREFIX_PORTAGE/lib/portage/bin/emerge" --oneshot app-test/waits >/dev/null 2>&1 & }
	EOF
	run -129 prefix_run python3 "$TOP/test/lib/terminal.py" "await prompt>
		type build\\n
		file $PREFIX_LOG/waits.ready
		hang up
		end" -- bash --noprofile --noediting --rcfile "$PREFIX_LOG/rc" -i 3>&-
	[[ $(phase_processes) ]]
	touch "$PREFIX_LOG/go"
	until_true 30 test -e "$PREFIX/var/db/pkg/app-test/waits-1/environment.bz2"
}

@test 'a phase that reads the terminal' {
	local who
	for who in user root; do
		cgroup_prefix "$who" ''
		prefix_package app-test/asks-1 <<-EOF
			PROPERTIES="interactive"
			src_compile() {
				local answer
				read -rp 'Accept? ' answer && echo "\${answer}" >"$PREFIX_LOG/answer"
			}
		EOF
		run -0 prefix_run python3 "$TOP/test/lib/terminal.py" $'await Accept?\ntype yes\\n\nend' -- \
			"$PREFIX_PORTAGE/bin/python" "$PREFIX_PORTAGE/lib/portage/bin/emerge" --oneshot app-test/asks
		[[ $(<"$PREFIX_LOG/answer") == yes && $(record_values "$RECORDS" compile r.status.exit) == 0 ]]
		prefix_clean
	done
}

@test 'Ctrl-Z at a terminal stops the phase, fg goes on with it' {
	cgroup_prefix user ''
	resting_package
	cat >"$PREFIX_LOG/rc" <<-EOF
		PS1='prompt> '
		build() { "$PREFIX_PORTAGE/bin/python" "$PREFIX_PORTAGE/lib/portage/bin/emerge" --oneshot app-test/waits; }
		states() {
			grep -lz '^PORTAGE_BUILDDIR=$PREFIX_TMP/' /proc/[0-9]*/environ 2>/dev/null | sed 's/environ/stat/' |
				xargs cat 2>/dev/null | sed 's/.*) \(.\).*/\1/' | sort -u | paste -sd' ' | sed 's/^/states: /'
		}
	EOF
	run -0 prefix_run python3 "$TOP/test/lib/terminal.py" "await prompt>
		type build\\n
		file $PREFIX_LOG/waits.ready
		type \\x1a
		await prompt>
		type jobs\\n
		await Stopped
		await prompt>
		type states\\n
		await states: T
		await prompt>
		type touch $PREFIX_LOG/go\\n
		await prompt>
		type fg\\n
		await prompt>
		type echo status=\$?\\n
		await status=0
		await prompt>
		type exit\\n
		end" -- bash --noprofile --noediting --rcfile "$PREFIX_LOG/rc" -i
	[[ -e $PREFIX/var/db/pkg/app-test/waits-1 ]]
}
