#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Paths of the files that install.sh installs in a Prefix and below --destdir. Second runs, upgrades and parallel runs.

load install_helper
load bashrc_variants.bash

setup_file() {
	install_setup_file
	install_quick_node
}

setup() {
	install_setup
	shape_plain "$BASHRC"
}

readonly FILES='755 usr/bin/portcullis
755 usr/libexec/portcullis/confine
644 usr/share/portcullis/portcullis.js
644 usr/share/portcullis/NOTICE
644 usr/share/portcullis/installed
644 usr/share/portcullis/phase.bash
644 usr/share/man/man1/portcullis.1
644 usr/share/man/man5/portcullis.5
644 usr/share/man/man8/confine.8
644 usr/share/bash-completion/completions/portcullis
644 usr/share/zsh/site-functions/_portcullis
644 usr/share/fish/vendor_completions.d/portcullis.fish
644 etc/portage/bashrc'

files_are_there() {
	local mode path
	while read -r mode path; do
		[[ -f $1/$path && $(stat -c %a -- "$1/$path") == "$mode" ]] || {
			echo "$path is missing, or its mode is not $mode"
			return 1
		}
	done <<<"$FILES"
}

in_a_prefix() {
	local uid=$EUID mode=755
	PATH=$REAL_PATH
	[[ $1 == root ]] || be_ordinary
	[[ $1 == root ]] || ((EUID != 0)) || uid=65534
	did_install --eprefix "$EP"
	files_are_there "$EP"
	cmp "$EP/usr/libexec/portcullis/confine" "$TREE/native/build/confine"
	# The hook contains the path of the Prefix and is valid bash, and the managed block sources the hook.
	[[ $(sed -n 2p "$BASHRC") == *"'$EP/usr/share/portcullis/phase.bash'"* ]]
	bash -n "$EP/usr/share/portcullis/phase.bash"
	grep -qF "$EP" "$EP/usr/share/portcullis/phase.bash"
	# Phases of root's emerge run as the user portage, if it exists.
	[[ $1 != root ]] || ! getent group portage || mode=2775
	[[ $(stat -c '%a %u' "$EP/var/log/portcullis") == "$mode $uid" ]]
	[[ -z $(find "$EP" -not -uid "$uid") ]]
	[[ -z $(find "$EP" -perm /7000 -not -path "$EP/var/log/portcullis") ]]
	# The umask of the caller does not affect the modes of the files.
	did_install --eprefix "$EP" --uninstall
	(umask 077 && "${INSTALL[@]}" "$TREE/install.sh" --eprefix "$EP")
	files_are_there "$EP"
}

@test "if root installs in a Prefix of root, root owns all installed files" { in_a_prefix root; }
@test "if an ordinary user installs in a Prefix of that user, that user owns all installed files" { in_a_prefix ordinary; }

@test "if root installs in a Prefix of an ordinary user, that user owns all installed files" {
	chown -R 65534:65534 "$EP"
	did_install --eprefix "$EP"
	[[ -z $(find "$EP" -not -uid 65534 -o -not -gid 65534) ]]
	[[ $(stat -c '%a %u:%g' "$EP/var/log/portcullis") == '755 65534:65534' ]]
	files_are_there "$EP"
	did_install --eprefix "$EP" --uninstall
	cmp "$BASHRC" <(shape_plain /dev/stdout | cat)
}

@test "the portcullis command that install.sh installs in a Prefix starts and prints the hook for that Prefix" {
	PATH=$REAL_PATH did_install --eprefix "$EP"
	cmp <(PATH=$REAL_PATH "$EP/usr/bin/portcullis" hook --eprefix "$EP") "$EP/usr/share/portcullis/phase.bash"
}

@test "install.sh --destdir DIR writes all files below DIR, and no file contains the path DIR" {
	did_install --destdir "$EP" --eprefix /opt/gentoo
	files_are_there "$EP/opt/gentoo"
	run -1 grep -rF "$EP" "$EP/opt"
	grep -qF ' /opt/gentoo/usr/share/portcullis/phase.bash ]]' "$EP/opt/gentoo/etc/portage/bashrc"
	cmp "$BASHRC" <(shape_plain /dev/stdout | cat)
	did_install --destdir "$EP" --eprefix /opt/gentoo --uninstall
	[[ -z $(find "$EP/opt" -type f) ]]
}

@test "with --destdir DIR and without --eprefix, install.sh adds to bashrc a block that sources /usr/share/portcullis/phase.bash, without DIR in the path" {
	did_install --destdir "$EP"
	files_are_there "$EP"
	[[ $(sed -n 2p "$BASHRC") == 'if [[ -r /usr/share/portcullis/phase.bash ]]; then source /usr/share/portcullis/phase.bash; fi' ]]
	did_install --destdir "$EP" --uninstall
	cmp "$BASHRC" <(shape_plain /dev/stdout | cat)
}

@test "install.sh --destdir DIR refuses a symbolic link in DIR that leads outside DIR" {
	mkdir "$SCRATCH/outside.$BATS_TEST_NUMBER"
	shape_plain "$SCRATCH/outside.$BATS_TEST_NUMBER/bashrc"
	ln -sf "$SCRATCH/outside.$BATS_TEST_NUMBER/bashrc" "$BASHRC"
	refuses 5 "which is outside $EP" --destdir "$EP"
	rm "$BASHRC"
	ln -s "$SCRATCH/outside.$BATS_TEST_NUMBER" "$EP/usr"
	refuses 9 "which is outside $EP" --destdir "$EP"
	[[ $(ls "$SCRATCH/outside.$BATS_TEST_NUMBER") == bashrc ]]
}

@test "install.sh creates a missing Prefix directory, and removes the directory if the installation fails" {
	local dir=$EP/not/yet
	# After the failure, the prefix and its parent directories do not exist.
	mkdir "$SCRATCH/nosync"
	printf '#!/bin/sh\nexit 1\n' >"$SCRATCH/nosync/sync"
	chmod +x "$SCRATCH/nosync/sync"
	PATH=$SCRATCH/nosync:$PATH run_install --eprefix "$dir" --force
	[[ $status == 1 && ! -e $EP/not ]]
	did_install --eprefix "$dir" --force
	files_are_there "$dir"
}

@test "install.sh can be started through a symbolic link, with bash install.sh, and from the directory of install.sh" {
	local before
	did_install --eprefix "$EP"
	before=$(snapshot_exactly "$EP")
	ln -s "$TREE/install.sh" "$SCRATCH/portcullis-install"
	"$SCRATCH/portcullis-install" --eprefix "$EP"
	(cd "$TREE" && bash install.sh --eprefix "../${EP##*/}" && ./install.sh --eprefix "$EP")
	same "$before" "$(snapshot_exactly "$EP")"
}

@test "a second run of install.sh replaces no file and changes no modification time" {
	local before
	did_install --eprefix "$EP"
	before=$(snapshot_exactly "$EP")
	did_install --eprefix "$EP"
	[[ ${lines[0]} == 'nothing to do'* && ${lines[1]} == 'To check this machine, run: '*'/usr/bin/portcullis doctor' && ${#lines[@]} == 2 ]]
	# The last line is a command that works in a shell.
	[[ $(bash -c "${lines[1]#*run: } --help") == 'usage: portcullis doctor'* ]]
	same "$before" "$(snapshot_exactly "$EP")"
	did_install "--eprefix=$EP/../${EP##*/}/"
	same "$before" "$(snapshot_exactly "$EP")"
}

@test "an upgrade by install.sh replaces only those files of Portcullis that have changed" {
	local before after
	did_install --eprefix "$EP"
	# Create the state that an older version leaves: a different program and an obsolete file, which the record contains.
	echo '// older' >"$EP/usr/share/portcullis/portcullis.js"
	echo 'old' >"$EP/usr/share/portcullis/gone.js"
	sed -i -E "s|^file [0-9a-f]+ (usr/share/portcullis/portcullis.js)|file $(sha256sum <"$EP/usr/share/portcullis/portcullis.js" | cut -d' ' -f1) \1|
		\$a file $(sha256sum <"$EP/usr/share/portcullis/gone.js" | cut -d' ' -f1) usr/share/portcullis/gone.js" "$EP/usr/share/portcullis/installed"
	echo 'foreign' >"$EP/usr/share/portcullis/plugin.js"
	echo '{}' >"$EP/var/log/portcullis/records.jsonl"
	before=$(cd "$EP" && find . -type f -printf '%P %i %T@\n' | sort | grep -v 'usr/share/portcullis/\(portcullis.js\|gone.js\|installed\)')
	did_install --eprefix "$EP"
	cmp "$EP/usr/share/portcullis/portcullis.js" "$TREE/dist/portcullis.js"
	[[ ! -e $EP/usr/share/portcullis/gone.js && -z $(find "$EP" -name '*.edited') ]]
	after=$(cd "$EP" && find . -type f -printf '%P %i %T@\n' | sort | grep -v 'usr/share/portcullis/\(portcullis.js\|installed\)')
	same "$before" "$after"
	# install.sh --uninstall keeps files that it has not installed, and settings of the user, and prints a message about them.
	echo 'PORTCULLIS_AUDIT="off"' >"$EP/etc/portage/make.conf"
	did_install --eprefix "$EP" --uninstall --dry-run
	[[ $output == *"would keep $EP/etc/portage/make.conf"* ]]
	did_install --eprefix "$EP" --uninstall
	[[ $(find "$EP" -type f -printf '%P\n' | sort | paste -sd' ') == 'etc/portage/bashrc etc/portage/make.conf usr/share/portcullis/plugin.js var/log/portcullis/records.jsonl' ]]
	[[ $output == *"kept $EP/var/log/portcullis: it contains the records of builds"* && $(grep -c '^kept .*/log/portcullis' <<<"$output") == 1 && $output == *"kept $EP/usr/share/portcullis"* ]]
	[[ $output == *"kept $EP/etc/portage/make.conf: it contains settings for Portcullis" ]]
}

@test "install.sh --dry-run prints the steps and changes nothing" {
	local before wanted
	before=$(snapshot_exactly "$EP")
	did_install --eprefix "$EP" --dry-run
	same "$before" "$(snapshot_exactly "$EP")"
	wanted=$(sed -nE 's/^would (create|edit|replace) //p' <<<"$output")
	did_install --eprefix "$EP"
	# --dry-run printed every file and directory that the installation then created.
	same "$(sort <<<"$wanted")" "$(find "$EP" -mindepth 1 | grep -vxF "$EP/etc
$EP/etc/portage
$EP/etc/portage/make.profile" | sort)"
	before=$(snapshot_exactly "$EP")
	did_install --eprefix "$EP" --dry-run
	[[ $output == 'would change nothing'* ]]
	did_install --eprefix "$EP" --dry-run --uninstall
	[[ $output == *"would remove $EP/usr/bin/portcullis"* && $output == *"would edit $BASHRC"* ]]
	same "$before" "$(snapshot_exactly "$EP")"
}

@test "install.sh --uninstall needs neither Node nor a compiler, and a second --uninstall does nothing" {
	did_install --eprefix "$EP"
	PATH=$(path_without node npm gcc cc make) run_install --eprefix "$EP" --uninstall
	[[ $status == 0 ]]
	[[ $(find "$EP" -type f -printf '%P\n') == etc/portage/bashrc ]]
	did_install --eprefix "$EP" --uninstall
	[[ $output == 'nothing to do'* ]]
}

@test "if four install.sh processes run in parallel, the installation is complete; each process succeeds or exits with 7, because another one is running" {
	local -a pids=()
	local i status_of wins=0
	for i in 1 2 3 4; do
		"$TREE/install.sh" --eprefix "$EP" >"$SCRATCH/out.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in 1 2 3 4; do
		status_of=0
		wait "${pids[i - 1]}" || status_of=$?
		case $status_of in
		0) wins=$((wins + 1)) ;;
		7) grep -q "another install.sh is running for $EP" "$SCRATCH/out.$i" ;;
		*) cat "$SCRATCH/out.$i" && return 1 ;;
		esac
	done
	((wins > 0))
	files_are_there "$EP"
	did_install --eprefix "$EP"
	[[ $output == 'nothing to do'* ]]
	[[ $(grep -c "$BEGIN" "$BASHRC") == 1 && -z $(find "$EP" -name '.*portcullis.*') ]]
}

@test "while another install.sh holds the lock of the same Prefix, install.sh exits with 7 and prints that another install.sh is running" {
	local fd lock
	lock=$TMPDIR/portcullis-lock.$EUID.$(stat -c %d.%i "$EP")
	((EUID)) || lock=/run/${lock##*/}
	mkdir -m 700 "$lock"
	exec {fd}<"$lock"
	flock "$fd"
	refuses 7 'another install.sh is running' --eprefix "$EP"
	refuses 7 'another install.sh is running' --eprefix "$EP" --uninstall
	exec {fd}<&-
	did_install --eprefix "$EP"
	[[ ! -e $lock ]]
}
