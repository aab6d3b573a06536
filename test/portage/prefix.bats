#!/usr/bin/env bats
# The throwaway prefix itself, without Portcullis: what it shows of plain Portage is what the other tests start from.

load ../lib/prefix

OFF='-network-sandbox -ipc-sandbox'
BARE='-ipc-sandbox -mount-sandbox -network-sandbox -pid-sandbox -sandbox -userfetch -userpriv -usersandbox'
SRC='unpack prepare configure compile test install'
PHASES="pretend setup $SRC preinst postinst"

as() {
	[[ $1 == user ]] || ((EUID == 0)) || skip 'only root can emerge as root'
	prefix_make "$1"
	prefix_conf "FEATURES=\"test $2\""
}

emerges() {
	as "$1" "$2"
	prefix_package app-test/probe-1 </dev/null
	run -0 prefix_emerge --oneshot app-test/probe
	[[ $(prefix_phases | paste -sd' ') == "$PHASES" ]]
	[[ -e $PREFIX/var/db/pkg/app-test/probe-1/environment.bz2 ]]
}

in_ours() {
	local phase=$1 kind
	for kind in "${@:2}"; do
		[[ $(prefix_seen "$phase" "$kind") == "$(prefix_here "$kind")" ]] || return
	done
}

@test 'root, the network and IPC sandboxes off: those namespaces are ours in every phase' {
	local phase
	emerges root "$OFF"
	for phase in $PHASES; do
		in_ours "$phase" net ipc user
	done
	[[ $(prefix_seen compile uid) == "$(id -u portage)" ]]
}

@test 'root, the default FEATURES: Portage isolates src_*, and drops to its user' {
	local phase
	emerges root ''
	for phase in $SRC; do
		run ! in_ours "$phase" net
		run ! in_ours "$phase" ipc
		run ! in_ours "$phase" pid
	done
	for phase in pretend setup preinst postinst; do
		in_ours "$phase" net ipc
	done
	[[ $(prefix_seen compile uid) == "$(id -u portage)" ]]
}

@test 'root, every sandbox off: all as ours' {
	local phase
	emerges root "$BARE"
	for phase in $PHASES; do
		in_ours "$phase" net ipc pid mnt uts cgroup user uid
	done
}

@test 'an ordinary user: Portage isolates nothing, whatever FEATURES says' {
	local features phase
	for features in "$OFF" '' "$BARE"; do
		emerges user "$features"
		for phase in $PHASES; do
			in_ours "$phase" net ipc pid mnt uts cgroup user uid
		done
		prefix_clean
	done
}

@test 'emerge starts without a complaint but for the absent sandbox program' {
	local complaints
	as user ''
	prefix_package app-test/probe-1 </dev/null
	run -0 --separate-stderr prefix_emerge --oneshot app-test/probe
	complaints=$(grep -v '^$' <<<"${stderr-}" | grep -v 'Problem with sandbox binary' || true)
	[[ ! $complaints ]] || {
		echo "$complaints"
		return 1
	}
}

@test 'a phase that dies fails emerge, with its message' {
	as user ''
	prefix_package app-test/dies-1.2-r3 <<-'EOF'
		src_compile() {
			note_namespaces
			( die 'this one dies' )
		}
	EOF
	run -1 prefix_emerge --oneshot app-test/dies
	[[ $output == *'this one dies'* ]]
	[[ $(prefix_phases | tail -n1) == compile ]]
}

@test 'ebuild runs single phases' {
	as user ''
	prefix_package app-test/probe-1 </dev/null
	run -0 prefix_ebuild app-test/probe-1 clean compile
	[[ $(prefix_phases | paste -sd' ') == 'pretend setup unpack prepare configure compile' ]]
}

@test 'uninstalling runs prerm and postrm' {
	as user ''
	prefix_package app-test/probe-1 </dev/null
	run -0 prefix_emerge --oneshot app-test/probe
	run -0 prefix_emerge --unmerge app-test/probe
	[[ $(prefix_phases | tail -n2 | paste -sd' ') == 'prerm postrm' ]]
}

@test 'variables for one emerge' {
	as user ''
	prefix_env MAKEOPTS=-j7
	prefix_package app-test/probe-1 <<<'src_compile() { echo "with ${MAKEOPTS}"; }'
	run -0 prefix_emerge --oneshot app-test/probe
	[[ $output == *'with -j7'* ]]
}

@test 'cleaning up ends what a phase left running and removes the folder' {
	local root
	as user ''
	prefix_package app-test/probe-1 <<<'src_compile() { setsid -f sleep 1000 >/dev/null 2>&1 </dev/null; }'
	run -0 prefix_emerge --oneshot app-test/probe
	[[ $(prefix_processes "$PREFIX_ROOT") ]]
	root=$PREFIX_ROOT
	prefix_clean
	[[ ! $(prefix_processes "$root") && ! -e $root ]]
}
