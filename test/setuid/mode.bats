#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A set-user-id confine with a benign caller: the command is isolated and keeps the identity of the caller.

load setuid_helper

# Shell code that prints the identity of its process. The output includes whether the process has seccomp filters, so confine runs with --families any, without one.
# shellcheck disable=SC2016 # the inner shell's
PRINT_IDENTITY='id; grep -E "^(Uid|Gid|Groups|Cap|Seccomp:)" /proc/self/status; umask; ulimit -a; stat -c "%u %g" /proc/self/status . /'

@test 'with a set-user-id confine --net --ipc --cgroup, the command has the ids, groups, capabilities and rlimits of the caller, and stat(1) shows the same file owners' {
	as_caller bash -c "$PRINT_IDENTITY" >"$BATS_TEST_TMPDIR/without"
	as_caller "$CONFINE" --net --families any --ipc --cgroup "$ACCOUNT" --record record -- bash -c "$PRINT_IDENTITY" >"$BATS_TEST_TMPDIR/within"
	diff "$BATS_TEST_TMPDIR"/{without,within}
	[[ $(record_value record 'r.mode + " " + r.tracking + JSON.stringify(r.applied) + JSON.stringify(r.missing)') == 'setuid pidns{"net":"confine","ipc":"confine","cgroup":"confine"}[]' ]]
	[[ $(stat -c %U record) == "${ACCOUNT}c" ]]
}

@test 'with a set-user-id confine --net --ipc, the command has the ids, groups, capabilities and rlimits of the caller, and stat(1) shows the same file owners' {
	as_caller bash -c "$PRINT_IDENTITY" >"$BATS_TEST_TMPDIR/without"
	as_caller "$CONFINE" --net --families any --ipc -- bash -c "$PRINT_IDENTITY" >"$BATS_TEST_TMPDIR/within"
	diff "$BATS_TEST_TMPDIR"/{without,within}
}

@test 'a set-user-id confine --net --ipc --cgroup creates net, ipc, pid, uts and mnt namespaces, but no user namespace; the host name is localhost, and lo has the address 10.0.0.1' {
	local kind inside
	# shellcheck disable=SC2016
	as_caller "$CONFINE" --net --ipc --cgroup "$ACCOUNT" -- bash -c '
		for kind in net ipc pid uts mnt user; do readlink /proc/self/ns/$kind; done
		uname -n' >"$BATS_TEST_TMPDIR/within"
	for kind in net ipc pid uts mnt; do
		inside=$(grep "^$kind:" "$BATS_TEST_TMPDIR/within")
		[[ $inside != "$(readlink "/proc/self/ns/$kind")" ]]
	done
	grep -F "$(readlink /proc/self/ns/user)" "$BATS_TEST_TMPDIR/within"
	grep -x localhost "$BATS_TEST_TMPDIR/within"
	run -0 as_caller "$CONFINE" --net --ipc -- cat /proc/net/fib_trie
	[[ $output == *10.0.0.1* ]]
}

@test 'with a set-user-id confine, /proc/PID/environ of a process of the command belongs to the caller' {
	# shellcheck disable=SC2016
	run -0 as_caller "$CONFINE" --net --cgroup "$ACCOUNT" -- bash -c 'sleep 100 & stat -c %U /proc/$!/environ; kill $!'
	[[ $output == "${ACCOUNT}c" ]]
}

@test 'a set-user-id confine exits with the status of the command, with 128 + N after signal N, with 126 if the command cannot be executed, and with 127 if the command is not found' {
	run -7 as_caller "$CONFINE" --net --cgroup "$ACCOUNT" -- sh -c 'exit 7'
	# shellcheck disable=SC2016
	run -143 as_caller "$CONFINE" --net --cgroup "$ACCOUNT" -- sh -c 'kill -TERM $$'
	run -127 as_caller "$CONFINE" --net -- /nonexistent
	run -126 as_caller "$CONFINE" --net -- /etc/passwd
}

@test 'if a set-user-id confine runs a set-user-id program, the program gains no privileges, and the record states this (setuid_inert)' {
	install -o root -m 4755 "$(type -P id)" "$TEST_DIR/id"
	[[ $(as_caller "$TEST_DIR/id" -u) == 0 ]]
	[[ $(as_caller "$CONFINE" --net --cgroup "$ACCOUNT" --record record -- "$TEST_DIR/id" -u) == "$CALLER" ]]
	[[ $(as_caller "$CONFINE" --net -- "$TEST_DIR/id" -u) == "$CALLER" ]]
	[[ $(record_value record r.setuid_inert) == true ]]
	rm "$TEST_DIR/id"
}

@test 'a set-user-id confine kills and records the processes that the command leaves running' {
	as_caller "$CONFINE" --cgroup "$ACCOUNT" --record record -- bash -c "$(declare -f until_true)"'
		setsid -f sleep 1000 </dev/null >/dev/null 2>&1
		until_true 60 pgrep -x sleep'
	[[ $(record_value record 'r.orphans[0].argv.join(" ")') == 'sleep 1000' ]]
}

# loader_stripped_names: prints the variables that the loader of this system removes from the environment of a set-user-id program
loader_stripped_names() {
	local loader
	local -a names
	loader=$(readlink -f "$(LC_ALL=C readelf -l "$BASH" | sed -n 's/.*interpreter: \(.*\)]/\1/p')")
	install -o root -m 4755 "$(type -P env)" "$TEST_DIR/env"
	# Try all words in the binary of the loader that can be names of variables, because it contains the names as strings.
	mapfile -t names < <(grep -aoE '[A-Z][A-Z0-9_]{4,}' "$loader" | sort -u)
	as_caller env -i "${names[@]/%/=kept}" "$TEST_DIR/env" | sed 's/=.*//' >"$BATS_TEST_TMPDIR/kept"
	rm "$TEST_DIR/env"
	printf '%s\n' "${names[@]}" | grep -vxFf "$BATS_TEST_TMPDIR/kept"
}

@test 'with --environ or CONFINE_ENV_NAME, a set-user-id confine gives the command also the variables that the dynamic loader removes from the environment of set-user-id programs' {
	local -a lost
	mapfile -t lost < <(loader_stripped_names)
	printf '%s\n' "${lost[@]}" | grep -x LD_PRELOAD
	printf '%s\n' "${lost[@]}" | grep -x TMPDIR
	((${#lost[@]} > 15))
	printf '%s=kept\n' "${lost[@]}" | sort >"$BATS_TEST_TMPDIR/expected"
	printf '%s=kept\0' "${lost[@]}" >"$WORK/variables"
	chown "$CALLER" "$WORK/variables"
	as_caller bash -c 'exec "$1" --net --environ 9 -- "$2" variables environ 9<variables' - "$CONFINE" "$TOOL"
	sort environ | diff "$BATS_TEST_TMPDIR/expected" -
	local -a encoded=("${lost[@]/#/CONFINE_ENV_}")
	as_caller env -i "${encoded[@]/%/=kept}" "$CONFINE" --net -- "$TOOL" variables encoded
	sort encoded | diff "$BATS_TEST_TMPDIR/expected" -
	# encodeSecureEnvironment() of the TypeScript code must encode each variable that the loader removes.
	run -0 "$TOP/node_modules/.bin/tsx" -e '
		const [file, ...names] = process.argv.slice(1);
		import(file).then(({ encodeSecureEnvironment }) => {
			const kept = encodeSecureEnvironment(Object.fromEntries(names.map((name) => [name, "kept"])));
			console.log(names.filter((name) => kept[`CONFINE_ENV_${name}`] !== "kept").join(" "));
		});
	' "$TOP/src/confine/options.ts" "${lost[@]}"
	[[ ! $output ]]
}

@test 'a set-user-id confine keeps the command in the cgroup of the caller, and records a limit that confine cannot apply' {
	as_caller cat /proc/self/cgroup >"$BATS_TEST_TMPDIR/without"
	as_caller "$CONFINE" --net --cgroup "$ACCOUNT" --limit pids.max=100 --best-effort --record record -- \
		cat /proc/self/cgroup >"$BATS_TEST_TMPDIR/within"
	diff "$BATS_TEST_TMPDIR"/{without,within}
	[[ $(record_value record 'r.mode + r.tracking + r.missing.map(({ what }) => what)') == setuidpidnspids.max ]]
	[[ $(record_value record 'r.missing[0].why') == 'the cgroup of this process is not delegated to this user'* ]]
	run -125 as_caller "$CONFINE" --cgroup "$ACCOUNT" --limit pids.max=100 --require -- touch ran
	[[ $output == "confine: pids.max is not available: "* && ! -e ran ]]
}

@test 'no process of a set-user-id confine is root while the command runs, and all processes end if confine is killed' {
	local exe
	as_caller "$CONFINE" --net --cgroup "$ACCOUNT" -- bash -c 'setsid -f sleep 1000; exec sleep 1000' &
	until_true 60 sleepers 2
	[[ $(confine_processes) ]]
	for exe in $(confine_processes); do
		run -1 grep -P '^[UG]id:.*\t0(\t|$)' "${exe%exe}status"
		grep -P '^CapPrm:\t0{16}$' "${exe%exe}status"
	done
	kill -KILL "$(pgrep -o -u "${ACCOUNT}c" -x confine)"
	until_true 60 sleepers 0
	until_true 60 no_confine_processes
}

sleepers() { [[ $(pgrep -c -u "${ACCOUNT}c" -x sleep) == "$1" ]]; }

@test 'if parts of /proc are masked, they stay masked under a set-user-id confine, which then tracks the processes of the command as a subreaper and counts those that the command leaves running' {
	# shellcheck disable=SC2016
	run -0 unshare --mount --propagation private bash -c 'mount --bind /dev/null /proc/version
		exec setpriv --reuid "$1" --regid "$1" --init-groups --inh-caps=-all "$2" --net --cgroup "$3" --record record -- \
			sh -c "wc -c </proc/version; setsid -f sleep 1000 >/dev/null 2>&1 </dev/null"' - "${ACCOUNT}c" "$CONFINE" "$ACCOUNT"
	[[ $output == 0 ]]
	[[ $(record_value record 'r.mode + r.tracking + r.orphan_count') == setuidsubreaper1 ]]
}

@test 'if /proc is mounted with hidepid=2, a set-user-id confine mounts a new /proc for its PID namespace' {
	# shellcheck disable=SC2016
	run -0 unshare --mount --propagation private bash -c 'mount -t proc -o hidepid=2 proc /proc
		exec setpriv --reuid "$1" --regid "$1" --init-groups --inh-caps=-all "$2" --net --cgroup "$3" --record record -- \
			bash -c "read -r number _ </proc/self/stat; echo \$((number - \$\$))"' - "${ACCOUNT}c" "$CONFINE" "$ACCOUNT"
	[[ $output == 0 && $(record_value record 'r.mode + r.tracking') == setuidpidns ]]
}

@test 'if the caller of a set-user-id confine has set no_new_privs, confine uses a user namespace' {
	as_caller setpriv --no-new-privs "$CONFINE" --net --ipc --cgroup "$ACCOUNT" --best-effort --record record -- true
	[[ $(record_value record 'r.mode + JSON.stringify(r.applied.net)') == 'userns"confine"' ]]
}

@test 'a user who is not in the group of the set-user-id program confine cannot run confine' {
	run -126 as_stranger bash -c "exec $CONFINE --net -- true"
}

@test 'confine --probe prints mode=root if the caller is root, and mode=setuid if the caller is another user and the set-user-id bit of confine is in effect' {
	run -0 "$CONFINE" --probe
	[[ $output == *mode=root* ]]
	run -0 as_caller "$CONFINE" --probe
	[[ $output == *mode=setuid* && $output == *net=yes* && $output == *proc=yes* ]]
	# confine does not treat a caller whose effective uid is 0 and whose real uid is another one as root.
	run -0 setpriv --ruid "$CALLER" --euid 0 --clear-groups "$CONFINE" --probe
	[[ $output == *mode=setuid* ]]
}

@test 'if the bounding set lacks CAP_SYS_ADMIN, a set-user-id confine drops its privileges and uses a user namespace' {
	# shellcheck disable=SC2016
	run -0 setpriv --bounding-set=-sys_admin setpriv --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" --init-groups --inh-caps=-all \
		"$CONFINE" --net --ipc --record record -- sh -c 'id -u; readlink /proc/self/ns/net; grep CapEff /proc/self/status'
	[[ $output != *"$(readlink /proc/self/ns/net)"* && $output == *"$CALLER"* && $output == *0000000000000000* ]]
	[[ $(record_value record r.mode) == userns ]]
}

@test 'a set-user-id confine records DNS lookups, and its DNS server has the ids of the caller and no capabilities' {
	# shellcheck disable=SC2016
	run -0 as_caller "$CONFINE" --net --audit --record record -- bash -c '
		getent hosts files.example.org
		init=$(sed "s/.*) . //" /proc/$PPID/stat) supervisor=${init%% *}
		server=$(cat /proc/[0-9]*/stat 2>/dev/null | sed -n "s/ (confine-dns) . $supervisor .*//p")
		awk "/^(Uid|CapPrm|NoNewPrivs)/ { print \$1, \$2, \$4 }" "/proc/$server/status"'
	[[ $output == "Uid: $CALLER $CALLER"$'\n''CapPrm: 0000000000000000 '$'\n''NoNewPrivs: 1 ' ]]
	[[ $(record_value record 'r.mode + " " + r.names.map(({ name, type }) => name + type)') == 'setuid files.example.orgAAAA,files.example.orgA' ]]
}

@test 'if the bounding set lacks CAP_NET_ADMIN, a set-user-id confine isolates the network in a user namespace, and the record states that set-user-id programs gain no privileges (setuid_inert)' {
	run -0 setpriv --bounding-set=-net_admin setpriv --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" --init-groups --inh-caps=-all \
		"$CONFINE" --net --ipc --best-effort --record record -- sh -c 'id -u; grep NoNewPrivs /proc/self/status'
	[[ $output == "$CALLER"$'\nNoNewPrivs:\t1' ]]
	[[ $(record_value record 'r.mode + JSON.stringify(r.applied) + r.missing.length + r.setuid_inert') == 'userns{"net":"confine","ipc":"confine"}0true' ]]
}

@test 'if unshare(2) fails, a set-user-id confine drops its privileges and uses a seccomp filter instead of a network namespace, and the record lists ipc as missing' {
	cc -O1 -Wall -Wextra -Werror -o "$TEST_DIR/refuse" "$TOP/test/setuid/refuse_unshare.c"
	# shellcheck disable=SC2016
	run -0 "$TEST_DIR/refuse" setpriv --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" --init-groups --inh-caps=-all \
		"$CONFINE" --net --ipc --cgroup "$ACCOUNT" --best-effort --record record -- grep Uid /proc/self/status
	[[ $output == Uid:*"$CALLER"*"$CALLER"*"$CALLER"*"$CALLER" ]]
	[[ $(record_value record 'r.mode + r.applied.net + r.missing.map(({ what }) => what)') == nonefilteripc ]]
	run -125 "$TEST_DIR/refuse" setpriv --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" --init-groups --inh-caps=-all "$CONFINE" --ipc -- true
	[[ $output == *'Operation not permitted' ]]
	rm "$TEST_DIR/refuse"
}

@test 'if confine can get neither privileges nor a user namespace, confine --require prints the system call that failed and does not run the command, and confine --best-effort runs the command' {
	# $deny runs confine in a user namespace in which the set-user-id bit has no effect and no nested user namespace can be created.
	local deny='echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "$@"'
	run -125 as_caller unshare --user --map-root-user bash -c "$deny" - "$CONFINE" --ipc --require -- true
	[[ $output == 'confine: ipc is not available: unshare(CLONE_NEWUSER): No space left on device' ]]
	[[ ${#lines[@]} == 1 ]]
	as_caller unshare --user --map-root-user bash -c "$deny" - "$CONFINE" --ipc --best-effort --record record -- touch ran
	[[ -e ran && $(record_value record 'r.mode + r.missing[0].what') == noneipc ]]
}

@test 'a set-user-id confine inside the PID namespace of Portage creates a nested PID namespace' {
	local portage
	portage=$("$TOP/scripts/portage")
	run -0 "$portage/bin/python" "$TOP/test/lib/portage_spawn.py" unshare_pid,unshare_mount "$(type -P setpriv)" --reuid "${ACCOUNT}c" --regid "${ACCOUNT}c" --init-groups --inh-caps=-all \
		"$CONFINE" --cgroup "$ACCOUNT" --record record -- bash -c '[[ $(</proc/1/comm) == confine ]] && setsid -f sleep 1000 </dev/null >/dev/null 2>&1'
	[[ $(record_value record 'r.mode + r.tracking + r.orphan_count + r.orphans[0].stuck') == setuidpidns1undefined ]]
}
