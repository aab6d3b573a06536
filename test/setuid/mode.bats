#!/usr/bin/env bats
# Mode setuid, as a caller in good faith has it: isolated, and nobody else than before.

load helper

# What a process is to the kernel, but for what confine is for. The filter of socket families is in test/confine/families.bats.
# shellcheck disable=SC2016 # the inner shell's
WHO='id; grep -E "^(Uid|Gid|Groups|Cap|Seccomp:)" /proc/self/status; umask; ulimit -a; stat -c "%u %g" /proc/self/status . /'

@test 'net, ipc and tracking as the caller: ids, groups, capabilities, limits and owners of files as without' {
	caller bash -c "$WHO" >"$BATS_TEST_TMPDIR/without"
	caller "$CONFINE" --net --families any --ipc --cgroup "$ACCOUNT" --record record -- bash -c "$WHO" >"$BATS_TEST_TMPDIR/within"
	diff "$BATS_TEST_TMPDIR"/{without,within}
	[[ $(record_value record 'r.mode + " " + r.tracking + JSON.stringify(r.applied) + JSON.stringify(r.missing)') == 'setuid pidns{"net":"confine","ipc":"confine","cgroup":"confine"}[]' ]]
	[[ $(stat -c %U record) == "${ACCOUNT}c" ]]
}

@test 'without a supervisor too' {
	caller bash -c "$WHO" >"$BATS_TEST_TMPDIR/without"
	caller "$CONFINE" --net --families any --ipc -- bash -c "$WHO" >"$BATS_TEST_TMPDIR/within"
	diff "$BATS_TEST_TMPDIR"/{without,within}
}

@test 'namespaces of its own, but no user namespace; lo is up with the addresses that Portage gives it' {
	local kind
	# shellcheck disable=SC2016
	caller "$CONFINE" --net --ipc --cgroup "$ACCOUNT" -- bash -c '
		for kind in net ipc pid uts mnt user; do readlink /proc/self/ns/$kind; done
		uname -n' >"$BATS_TEST_TMPDIR/within"
	for kind in net ipc pid uts mnt; do
		run ! grep -F "$(readlink "/proc/self/ns/$kind")" "$BATS_TEST_TMPDIR/within"
	done
	grep -F "$(readlink /proc/self/ns/user)" "$BATS_TEST_TMPDIR/within"
	grep -x localhost "$BATS_TEST_TMPDIR/within"
	run -0 caller "$CONFINE" --net --ipc -- cat /proc/net/fib_trie
	[[ $output == *10.0.0.1* ]]
}

@test 'the command can be traced and dumps core as the caller would' {
	# shellcheck disable=SC2016
	run -0 caller "$CONFINE" --net --cgroup "$ACCOUNT" -- bash -c 'sleep 100 & stat -c %U /proc/$!/environ; kill $!'
	[[ $output == "${ACCOUNT}c" ]]
}

@test 'exit status and death by signal are those of the command' {
	run -7 caller "$CONFINE" --net --cgroup "$ACCOUNT" -- sh -c 'exit 7'
	# shellcheck disable=SC2016
	run -143 caller "$CONFINE" --net --cgroup "$ACCOUNT" -- sh -c 'kill -TERM $$'
	run -127 caller "$CONFINE" --net -- /nonexistent
	run -126 caller "$CONFINE" --net -- /etc/passwd
}

@test 'set-user-id programs are inert inside, and the record says so' {
	install -o root -m 4755 "$(type -P id)" "$PLACE/id"
	[[ $(caller "$PLACE/id" -u) == 0 ]]
	[[ $(caller "$CONFINE" --net --cgroup "$ACCOUNT" --record record -- "$PLACE/id" -u) == "$CALLER" ]]
	[[ $(caller "$CONFINE" --net -- "$PLACE/id" -u) == "$CALLER" ]]
	[[ $(record_value record r.setuid_inert) == true ]]
	rm "$PLACE/id"
}

@test 'what is left behind is killed, counted and named' {
	caller "$CONFINE" --cgroup "$ACCOUNT" --record record -- bash -c 'setsid -f sleep 1000 </dev/null >/dev/null 2>&1
		until pgrep -x sleep >/dev/null; do :; done'
	[[ $(record_value record 'r.orphans[0].argv.join(" ")') == 'sleep 1000' ]]
}

# What the loader takes from a set-id program is asked of the one that runs here, name by name.
stripped_names() {
	local loader
	local -a names
	loader=$(readlink -f "$(LC_ALL=C readelf -l "$BASH" | sed -n 's/.*interpreter: \(.*\)]/\1/p')")
	install -o root -m 4755 "$(type -P env)" "$PLACE/env"
	# Those names are strings of the loader.
	mapfile -t names < <(grep -aoE '[A-Z][A-Z0-9_]{4,}' "$loader" | sort -u)
	caller env -i "${names[@]/%/=kept}" "$PLACE/env" | sed 's/=.*//' >"$BATS_TEST_TMPDIR/kept"
	rm "$PLACE/env"
	printf '%s\n' "${names[@]}" | grep -vxFf "$BATS_TEST_TMPDIR/kept"
}

@test 'every variable that the loader strips reaches the command, by --environ and as CONFINE_ENV_*' {
	local -a lost
	mapfile -t lost < <(stripped_names)
	printf '%s\n' "${lost[@]}" | grep -x LD_PRELOAD
	printf '%s\n' "${lost[@]}" | grep -x TMPDIR
	((${#lost[@]} > 15))
	printf '%s=kept\n' "${lost[@]}" | sort >"$BATS_TEST_TMPDIR/expected"
	printf '%s=kept\0' "${lost[@]}" >"$WORK/variables"
	chown "$CALLER" "$WORK/variables"
	caller bash -c 'exec "$1" --net --environ 9 -- "$2" variables environ 9<variables' - "$CONFINE" "$TOOL"
	sort environ | diff "$BATS_TEST_TMPDIR/expected" -
	local -a carried=("${lost[@]/#/CONFINE_ENV_}")
	caller env -i "${carried[@]/%/=kept}" "$CONFINE" --net -- "$TOOL" variables carried
	sort carried | diff "$BATS_TEST_TMPDIR/expected" -
	# And `portcullis phase` carries each of them.
	run -0 "$TOP/node_modules/.bin/tsx" -e '
		const [file, ...names] = process.argv.slice(1);
		import(file).then(({ carried }) => {
			const kept = carried(Object.fromEntries(names.map((name) => [name, "kept"])));
			console.log(names.filter((name) => kept[`CONFINE_ENV_${name}`] !== "kept").join(" "));
		});
	' "$TOP/src/confine/options.ts" "${lost[@]}"
	[[ ! $output ]]
}

@test 'the command stays in the cgroup of its caller, and a limit that cannot be applied is reported' {
	caller cat /proc/self/cgroup >"$BATS_TEST_TMPDIR/without"
	caller "$CONFINE" --net --cgroup "$ACCOUNT" --limit pids.max=100 --best-effort --record record -- \
		cat /proc/self/cgroup >"$BATS_TEST_TMPDIR/within"
	diff "$BATS_TEST_TMPDIR"/{without,within}
	[[ $(record_value record 'r.mode + r.tracking + r.missing.map(({ what }) => what)') == setuidpidnspids.max ]]
	[[ $(record_value record 'r.missing[0].why') == 'the cgroup that this was started in is not delegated to this user'* ]]
	run -125 caller "$CONFINE" --cgroup "$ACCOUNT" --limit pids.max=100 --require -- touch ran
	[[ $output == "confine: pids.max is not available: "* && ! -e ran ]]
}

@test 'no process of confine is root while a command runs, and with the supervisor all of them die' {
	local exe
	caller "$CONFINE" --net --cgroup "$ACCOUNT" -- bash -c 'setsid -f sleep 1000; exec sleep 1000' &
	until_true 10 sleepers 2
	[[ $(running) ]]
	for exe in $(running); do
		run ! grep -P '^[UG]id:.*\t0(\t|$)' "${exe%exe}status"
		grep -P '^CapPrm:\t0{16}$' "${exe%exe}status"
	done
	kill -KILL "$(pgrep -o -u "${ACCOUNT}c" -x confine)"
	until_true 10 sleepers 0
	until_true 10 nobody_runs
}

sleepers() { [[ $(pgrep -c -u "${ACCOUNT}c" -x sleep) == "$1" ]]; }

@test 'where parts of /proc are masked they stay masked, and the phase is tracked all the same' {
	# shellcheck disable=SC2016
	run -0 unshare --mount --propagation private bash -c 'mount --bind /dev/null /proc/version
		exec setpriv --reuid "$1" --regid "$1" --init-groups --inh-caps=-all "$2" --net --cgroup "$3" --record record -- \
			sh -c "wc -c </proc/version; setsid -f sleep 1000 >/dev/null 2>&1 </dev/null"' - "${ACCOUNT}c" "$CONFINE" "$ACCOUNT"
	[[ $output == 0 ]]
	[[ $(record_value record 'r.mode + r.tracking + r.orphan_count') == setuidpidns1 ]]
}

@test 'hidepid hides nothing that is in a PID namespace of its own: /proc is mounted anew' {
	# shellcheck disable=SC2016
	run -0 unshare --mount --propagation private bash -c 'mount -t proc -o hidepid=2 proc /proc
		exec setpriv --reuid "$1" --regid "$1" --init-groups --inh-caps=-all "$2" --net --cgroup "$3" --record record -- \
			bash -c "read -r number _ </proc/self/stat; echo \$((number - \$\$))"' - "${ACCOUNT}c" "$CONFINE" "$ACCOUNT"
	[[ $output == 0 && $(record_value record 'r.mode + r.tracking') == setuidpidns ]]
}

@test 'under no_new_privs the bit is inert, and a user namespace takes over' {
	caller setpriv --no-new-privs "$CONFINE" --net --ipc --cgroup "$ACCOUNT" --best-effort --record record -- true
	[[ $(record_value record 'r.mode + JSON.stringify(r.applied.net)') == 'userns"confine"' ]]
}

@test 'a caller outside the group can not run it' {
	run -126 stranger bash -c "exec $CONFINE --net -- true"
}

@test 'root is never taken for a set-user-id start, nor one for root' {
	run -0 "$CONFINE" --probe
	[[ $output == *mode=root* ]]
	run -0 caller "$CONFINE" --probe
	[[ $output == *mode=setuid* && $output == *net=yes* && $output == *proc=yes* ]]
	# Effective uid 0 of a caller who is root in nothing else: the file's bit or not, it is not the root that called.
	run -0 setpriv --ruid "$CALLER" --euid 0 --clear-groups "$CONFINE" --probe
	[[ $output == *mode=setuid* ]]
}

@test 'without a right to unshare, root is given up and a user namespace is tried' {
	# shellcheck disable=SC2016
	run -0 setpriv --bounding-set=-sys_admin setpriv --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" --init-groups --inh-caps=-all \
		"$CONFINE" --net --ipc --record record -- sh -c 'id -u; readlink /proc/self/ns/net; grep CapEff /proc/self/status'
	[[ $output != *"$(readlink /proc/self/ns/net)"* && $output == *"$CALLER"* && $output == *0000000000000000* ]]
	[[ $(record_value record r.mode) == userns ]]
}

@test 'without CAP_NET_ADMIN in the bounding set, confine isolates the network in a user namespace' {
	run -0 setpriv --bounding-set=-net_admin setpriv --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" --init-groups --inh-caps=-all \
		"$CONFINE" --net --ipc --best-effort --record record -- id -u
	[[ $output == "$CALLER" ]]
	[[ $(record_value record 'r.mode + JSON.stringify(r.applied) + r.missing.length') == 'userns{"net":"confine","ipc":"confine"}0' ]]
}

@test 'where root is refused, root is given up, and what is missing is said' {
	cc -O1 -Wall -Wextra -Werror -o "$PLACE/refuse" "$TOP/test/setuid/refuse_unshare.c"
	# shellcheck disable=SC2016
	run -0 "$PLACE/refuse" setpriv --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" --init-groups --inh-caps=-all \
		"$CONFINE" --net --ipc --cgroup "$ACCOUNT" --best-effort --record record -- grep Uid /proc/self/status
	[[ $output == Uid:*"$CALLER"*"$CALLER"*"$CALLER"*"$CALLER" ]]
	[[ $(record_value record 'r.mode + r.missing.map(({ what }) => what)') == nonenet,ipc ]]
	run -125 "$PLACE/refuse" setpriv --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" --init-groups --inh-caps=-all "$CONFINE" --net -- true
	[[ $output == *'Operation not permitted' ]]
	rm "$PLACE/refuse"
}

@test 'neither set-user-id nor user namespaces: one clear message, and --best-effort goes on' {
	# In a user namespace that may have none below it, where the bit is inert.
	local deny='echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "$@"'
	run -125 caller unshare --user --map-root-user bash -c "$deny" - "$CONFINE" --net --require -- true
	[[ $output == 'confine: unshare(CLONE_NEWUSER): No space left on device' ]]
	[[ ${#lines[@]} == 1 ]]
	caller unshare --user --map-root-user bash -c "$deny" - "$CONFINE" --net --best-effort --record record -- touch ran
	[[ -e ran && $(record_value record 'r.mode + r.missing[0].what') == nonenet ]]
}

@test 'inside the PID namespace that Portage makes, a phase gets one of its own all the same' {
	local portage
	portage=$("$TOP/scripts/portage")
	cat >"$PLACE/spawn.py" <<-'PYTHON'
		import os, sys
		import portage.process
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(portage.process.spawn(
		    sys.argv[1:], unshare_pid=True, unshare_mount=True, returnpid=True)[0], 0)[1]))
	PYTHON
	run -0 "$portage/bin/python" "$PLACE/spawn.py" "$(type -P setpriv)" --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" --init-groups --inh-caps=-all \
		"$CONFINE" --cgroup "$ACCOUNT" --record record -- bash -c '[[ $(</proc/1/comm) == confine ]] && setsid -f sleep 1000 </dev/null >/dev/null 2>&1'
	[[ $(record_value record 'r.mode + r.tracking + r.orphan_count + r.orphans[0].stuck') == setuidpidns1undefined ]]
	rm "$PLACE/spawn.py"
}
