#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031 # each test runs in its own process
# Messages that the hook itself prints, mostly if Node does not start.

load ../lib/bats
load hook

setup() {
	hook_make
}

teardown() {
	hook_clean
}

# source_hook PHASE [NAME=VALUE...]: sources the hook. Portage's functions print their names and arguments.
source_hook() {
	run hook_run 'ewarn() { echo "ewarn $*"; }; elog() { echo "elog $*"; }; die() { echo "die $*"; exit 1; }; source "$HOOK"' "$@"
}

@test 'if Node does not start, the hook allows addresses in PORTCULLIS_ALLOW, and warns that host names, and UNIX sockets after the first 64, stay blocked' {
	local list='192.0.2.7:443 far.example:80 10.1.0.0/16:1 [2001:db8::7]:80 [2001:db8::]/32:80 distcc' text
	text='stays blocked, because Node or portcullis.js, which resolve host names, failed. To find the cause, run: '
	source_hook setup PORTAGE_FEATURES=network-sandbox PORTCULLIS_ALLOW="$list"
	((status == 0))
	[[ ${#lines[@]} == 2 ]]
	[[ ${lines[0]} == "ewarn Portcullis: app-misc/foo-1: far.example:80 in PORTCULLIS_ALLOW $text"*/portcullis\ doctor ]]
	[[ ${lines[1]} == "ewarn Portcullis: app-misc/foo-1: distcc in PORTCULLIS_ALLOW $text"*/portcullis\ doctor ]]
	[[ $(<"$(hook_stored allow)") == "$BUILDDIR"$'\n'"$list"$'\n'"$(printf -- '--allow %s\n' 192.0.2.7:443 10.1.0.0/16:1 '[2001:db8::7]:80' '[2001:db8::]/32:80')" ]]
	# confine accepts at most 64 addresses and 64 UNIX sockets.
	source_hook setup PORTAGE_FEATURES=network-sandbox PORTCULLIS_ALLOW="$(printf 'unix:/run/%s ' {1..65}) 192.0.2.7:443"
	[[ $output == 'ewarn Portcullis: app-misc/foo-1: the rest of PORTCULLIS_ALLOW stays blocked: only the first 64 addresses and 64 UNIX sockets are supported. Remove unused entries.' ]]
	[[ $(grep -c '^--allow-socket ' "$(hook_stored allow)") == 64 && $(tail -n 65 "$(hook_stored allow)") == $'--allow 192.0.2.7:443\n--allow-socket /run/1\n'* ]]
}

@test 'if Node does not start, the hook still reports misspelled variables PORTCULLIS_* in pkg_setup, and only in this phase' {
	source_hook setup PORTCULLIS_ONFAILURE=die PORTCULLIS_UNPACK=host
	[[ $output == 'ewarn Portcullis: app-misc/foo-1: Portcullis ignores these unknown variables: PORTCULLIS_ONFAILURE. For a list of the variables, run: man 5 portcullis' ]]
	source_hook compile PORTCULLIS_ONFAILURE=die
	[[ ! $output ]]
}

@test 'under Paludis, which sources bashrc in a phase named init, the hook reports that no phase is confined' {
	source_hook init PALUDIS_EBUILD_DIR=/usr/libexec/paludis FEATURES=network-sandbox
	[[ $output == 'ewarn Portcullis: app-misc/foo-1: Portcullis confines no phase of pkgcore and Paludis, whatever FEATURES contains. To confine this build, run: emerge --oneshot =app-misc/foo-1' ]]
	source_hook init PALUDIS_EBUILD_DIR=/usr/libexec/paludis FEATURES=sandbox
	[[ ! $output ]]
}

@test 'if the hook cannot write the file that stores PORTCULLIS_* settings for later phases, the hook stops the build' {
	local BUILDDIR
	printf -v BUILDDIR '/nonexistent/%0300d' 1
	source_hook setup PORTCULLIS_UNPACK=confine
	((status == 1))
	[[ $output == "die Portcullis: app-misc/foo-1: the hook cannot write $(hook_stored settings), which stores PORTCULLIS_* for the later phases. Free space there, or remove the build directory if another user owns it: rm -r $BUILDDIR" ]]
}

@test 'in pkg_setup, the hook starts Node only once, also if it has to check conflicts and to resolve PORTCULLIS_ALLOW' {
	local program=$BATS_TEST_TMPDIR/usr/share/portcullis/portcullis.js stored
	stored=$(hook_stored allow)
	mkdir -p "${program%/*}"
	printf 'require("fs").appendFileSync("%s", process.argv[2] + "\\n");\nrequire("%s");\n' \
		"$BATS_TEST_TMPDIR/starts" "$TOP/dist/portcullis.js" >"$program"
	source_hook setup PORTAGE_FEATURES=network-sandbox CC='distcc gcc' DISTCC_HOSTS=192.0.2.9 PORTCULLIS_ALLOW=distcc
	[[ $output == 'elog Portcullis: app-misc/foo-1: the sandbox lets distcc reach 192.0.2.9:3632 (DISTCC_HOSTS)' ]]
	[[ $(<"$stored") == "$BUILDDIR"$'\ndistcc\n--allow 192.0.2.9:3632' && $(<"$BATS_TEST_TMPDIR/starts") == check ]]
	source_hook setup PORTAGE_FEATURES=network-sandbox PORTCULLIS_ALLOW=192.0.2.7:80
	[[ $(<"$stored") == "$BUILDDIR"$'\n192.0.2.7:80\n--allow 192.0.2.7:80' && $(<"$BATS_TEST_TMPDIR/starts") == $'check\ncheck' ]]
}

# fake_confine STATUS MISSING...: installs a confine that writes a record whose list "missing" has the elements MISSING, and exits with STATUS
fake_confine() {
	local confine=$BATS_TEST_TMPDIR/usr/libexec/portcullis/confine missing
	missing=$(IFS=, && echo "${*:2}")
	mkdir -p "${confine%/*}"
	# shellcheck disable=SC2016 # the script expands it
	printf '#!/bin/bash\nwhile [[ $1 != --notice-file ]]; do shift; done\necho %q >"$2"\nexit %s\n' "{\"missing\":[$missing]}" "$1" >"$confine"
	chmod 755 "$confine"
}

@test 'if Node does not start, the hook prints why network-sandbox is missing; for other recorded events, such as a limit that is not applied, only the command that prints the events' {
	local what
	for what in memory.max own-sockets net; do
		fake_confine 0 '{"what":"pids.max","why":"no cgroup"}' '{"what":"'"$what"'","why":"no right"}' '{"what":"cpu.max","why":"no cgroup"}'
		source_hook compile PORTAGE_FEATURES='network-sandbox ipc-sandbox'
		[[ $what == net || $output == 'ewarn Portcullis: app-misc/foo-1: src_compile: Portcullis recorded events of this phase and cannot print them, because Node or portcullis.js failed. To print them, run: '* ]]
	done
	[[ $output == 'ewarn Portcullis: app-misc/foo-1: src_compile runs without network-sandbox, ipc-sandbox: no right. '* ]]
	# Without PORTCULLIS_ON_FAILURE=die, the message that stops the build does not name this setting.
	fake_confine 125 '{"what":"net","why":"no right"}'
	source_hook compile PORTAGE_FEATURES=network-sandbox
	[[ $output == *'die Portcullis: app-misc/foo-1: src_compile: the build stops, because confine exited with status 125 and did not start the phase. '* ]]
}

@test "the hook doubles each backslash in messages, with and without Node, because Portage's ewarn and die interpret backslashes" {
	local program=$BATS_TEST_TMPDIR/usr/share/portcullis/portcullis.js
	fake_confine 0 '{"what":"net","why":"no \u0041 right"}'
	source_hook compile PORTAGE_FEATURES=network-sandbox
	[[ $output == 'ewarn Portcullis: app-misc/foo-1: src_compile runs without network-sandbox: no \\u0041 right. '* ]]
	fake_confine 125 '{"what":"net","why":"no \u0041 right"}'
	source_hook compile PORTAGE_FEATURES=network-sandbox PORTCULLIS_ON_FAILURE=die
	[[ $output == 'die Portcullis: app-misc/foo-1: src_compile: the build stops, because PORTCULLIS_ON_FAILURE="die" is set and the phase cannot be confined: no \\u0041 right. '* ]]
	fake_confine 0
	mkdir -p "${program%/*}"
	printf '%s\n' 'console.log("ewarn no \\u0041 right\ndone")' >"$program"
	source_hook compile PORTAGE_FEATURES=network-sandbox
	[[ $output == 'ewarn no \\u0041 right' ]]
}

@test 'with FEATURES=cgroup, the hook moves a pkg_* phase of root to the cgroup of emerge, so that Portage does not kill daemons that the phase starts, and warns if this fails' {
	# Portage makes cgroups only on a host with cgroup v2 only. So a tmpfs in a mount namespace stands for /sys/fs/cgroup.
	# shellcheck disable=SC2016 # the inner shell expands it
	local script='[[ ${INSIDE-} ]] || INSIDE=1 exec unshare --mount bash "$0" "$@"
		mount -t tmpfs none /sys/fs/cgroup && mkdir -p "/sys/fs/cgroup$CGROUP/emerge-$$"
		echo "0::$CGROUP/emerge-$$/app-misc_foo-1" >"$T/cgroup" && mount --bind "$T/cgroup" "/proc/$$/cgroup"
		[[ ! $CGROUP ]] || mkdir "/sys/fs/cgroup$CGROUP/emerge-$$/app-misc_foo-1"
		ewarn() { echo "ewarn $*"; }
		source "$HOOK"
		cat "/sys/fs/cgroup$CGROUP/emerge-$$/app-misc_foo-1/cgroup.procs" 2>/dev/null'
	run hook_run "$script" postinst PORTAGE_FEATURES=cgroup CGROUP=/portage
	[[ $output == 0 ]]
	run hook_run "$script" postinst PORTAGE_FEATURES=cgroup CGROUP=
	[[ $output == "ewarn Portcullis: app-misc/foo-1: pkg_postinst: Portage kills the daemons that this phase starts, because Portcullis could not move the phase out of Portage's cgroup. Restart them after the merge, or add to make.conf: FEATURES=\"\${FEATURES} -cgroup\"" ]]
}
