#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031 # bats runs each test in a subshell
# Root runs install.sh for a Prefix that another user owns and attacks. Each test creates the files that must stay unchanged.

load install_helper
load bashrc_variants.bash

# The UIDs of the owner of the Prefix and of a third user. Both users have an entry in /etc/passwd.
readonly OWNER=65534 THIRD=1

setup_file() {
	install_setup_file
	install_quick_node
}

setup() {
	install_setup
	VAULT=$SCRATCH/vault.$BATS_TEST_NUMBER
	SECRET=$VAULT/secret
	ATTACKED=$TMPDIR/attacked.$BATS_TEST_NUMBER
	mkdir -m 700 "$VAULT"
	(umask 077 && echo sacrificial >"$SECRET")
	touch -d @0 "$SECRET"
	shape_plain "$BASHRC"
	chown -R "$OWNER:$OWNER" "$EP"
}

as_user() {
	setpriv --reuid="$1" --regid="$1" --clear-groups --inh-caps=-all -- "${@:2}"
}

vault_is_safe() {
	[[ $(stat -c '%a %u:%g %h %Y' "$SECRET") == '600 0:0 1 0' && $(cat "$SECRET") == sacrificial ]]
	[[ $(stat -c '%a %u:%g' "$VAULT") == '700 0:0' && $(ls -A "$VAULT") == secret ]]
	run grep -rlF sacrificial "$EP"
	[[ $status == 1 ]] || {
		echo "read a root-only file: $output"
		return 1
	}
}

# attack_before SCRIPT TOOL...: runs SCRIPT as the owner before each call of TOOL, with the arguments of TOOL, so that the owner
# wins every race. SCRIPT writes what it replaced to $ATTACKED.
attack_before() {
	local tool dir=$SCRATCH/hostile.$BATS_TEST_NUMBER
	rm -rf "$dir"
	mkdir "$dir"
	printf 'PATH=/usr/bin:/bin EP=%q VAULT=%q SECRET=%q ATTACKED=%q\n%s\n' "$EP" "$VAULT" "$SECRET" "$ATTACKED" "$1" >"$dir/attack"
	for tool in "${@:2}"; do
		cat >"$dir/$tool" <<-END
			#!/bin/bash
			attack=(/bin/bash "$dir/attack" "\$@")
			((EUID)) || attack=(/usr/bin/setpriv --reuid=$OWNER --regid=$OWNER --clear-groups --inh-caps=-all -- "\${attack[@]}")
			"\${attack[@]}" >/dev/null 2>&1
			exec "$(command -v "$tool")" "\$@"
		END
		chmod +x "$dir/$tool"
	done
	PATH=$dir:$PATH
}

staged_symbolic_link() {
	attack_before 'for path; do
		[[ $path == "$EP"/*.portcullis.?????? ]] && ln -sf -- "$SECRET" "$path" && echo "$path" >>"$ATTACKED"
	done' "$@"
	run_install --eprefix "$EP"
	[[ -s $ATTACKED ]]
	vault_is_safe
}

for tool in install cp touch mv sync; do
	bats_test_function --description "if the Prefix owner replaces a temporary file of root's install.sh by a symbolic link before install.sh runs $tool, files of root stay unchanged" -- staged_symbolic_link "$tool"
done

# The kernel lets users make hard links to files that they can write (fs.protected_hardlinks).
@test "if the Prefix owner replaces a temporary file of root's install.sh by a hard link to a file of root, the file of root keeps its mode and owner" {
	local shared=$SCRATCH/shared.$BATS_TEST_NUMBER
	echo shared >"$shared"
	chmod 666 "$shared"
	attack_before 'for path; do
		[[ $path == "$EP"/*.portcullis.?????? ]] && ln -f -- '"$shared"' "$path" && echo "$path" >>"$ATTACKED"
	done' install cp touch
	run_install --eprefix "$EP"
	[[ -s $ATTACKED ]]
	[[ $(stat -c '%a %u:%g' "$shared") == '666 0:0' ]]
}

@test "if the Prefix owner, in a loop, replaces temporary files of root's install.sh by symbolic links to a file of root, the file of root stays unchanged" {
	local pid i
	as_user "$OWNER" /bin/bash -c 'shopt -s nullglob
		while [[ -d ${3%/*} && ! -e $3 ]]; do
			for path in "$1"/usr/*/.*.portcullis.?????? "$1"/usr/*/portcullis/.*.portcullis.??????; do
				ln -sf -- "$2" "$path" && echo "$path"
			done
		done
		exit 0' - "$EP" "$SECRET" "$TMPDIR/stop" >"$ATTACKED" 2>"$TMPDIR/errors" 3>&- &
	pid=$!
	# Run install.sh at least three times, and until the owner has replaced a temporary file.
	for ((i = 0; i < 30; i++)); do
		[[ ! -s $ATTACKED || $i -lt 3 ]] || break
		run_install --eprefix "$EP"
		# Repeat rm, because the attacker may add a link to a directory that rm is about to remove.
		until_true 60 as_user "$OWNER" rm -rf "$EP/usr"
	done
	touch "$TMPDIR/stop"
	wait "$pid"
	rm "$TMPDIR/stop"
	[[ -s $ATTACKED ]]
	vault_is_safe
}

# forge_record LINE...: writes a forged record of an installation, which belongs to the owner of the Prefix.
forge_record() {
	mkdir -p "$EP/usr/share/portcullis"
	printf '%s\n' 'portcullis-record 1' 'version 0.1.0' 'setuid no' 'bashrc edited' 'block ' "$@" >"$EP/usr/share/portcullis/installed"
	chown -R "$OWNER:$OWNER" "$EP"
}

@test "if the Prefix owner has forged the record of the installation and made the log directory a symbolic link to a directory of root, root's install.sh leaves that directory unchanged" {
	forge_record 'log 700 0:0'
	mkdir -p "$EP/var/log"
	ln -s "$VAULT" "$EP/var/log/portcullis"
	run_install --eprefix "$EP"
	vault_is_safe
	run_install --eprefix "$EP" --uninstall
	vault_is_safe
}

@test "if phase.bash is a symbolic link of the Prefix owner to a file that only root can read, root's install.sh does not copy the content of that file into the Prefix" {
	local mode
	forge_record "file $(printf '%064d' 0) usr/share/portcullis/phase.bash"
	for mode in '' --uninstall; do
		ln -sfn "$SECRET" "$EP/usr/share/portcullis/phase.bash"
		run_install --eprefix "$EP" ${mode:+"$mode"}
		vault_is_safe
	done
}

@test "with a forged record of the installation and symbolic links to files of root, root's install.sh --uninstall changes nothing outside the Prefix and copies no file of root into the Prefix" {
	local path sum
	for sum in "$(sha256sum <"$SECRET" | cut -d' ' -f1)" "$(printf '%064d' 0)"; do
		forge_record "file $sum usr/libexec/portcullis/secret" "file $sum usr/share/portcullis/secret" 'dir usr/libexec/portcullis' 'dir usr/libexec'
		mkdir -p "$EP/usr/libexec"
		ln -s "$VAULT" "$EP/usr/libexec/portcullis"
		ln -s "$SECRET" "$EP/usr/share/portcullis/secret"
		[[ $EP/usr/libexec/portcullis/secret -ef $SECRET && $EP/usr/share/portcullis/secret -ef $SECRET ]]
		did_install --eprefix "$EP" --uninstall
		[[ -L $EP/usr/libexec/portcullis && ! -L $EP/usr/share/portcullis/secret ]]
		vault_is_safe
		rm "$EP/usr/libexec/portcullis"
	done
	for path in usr/share/secret etc/portage/secret; do
		forge_record "file $sum $path" "dir ${path%/*}"
		ln -s "$SECRET" "$EP/$path"
		refuses 9 'lists a path' --eprefix "$EP" --uninstall
		vault_is_safe
	done
}

@test "for another user's Prefix, root's install.sh refuses a bashrc that is a symbolic link to a file that only root can read" {
	ln -sfn "$SECRET" "$BASHRC"
	refuses 5 'is a broken symbolic link' --eprefix "$EP"
	vault_is_safe
}

@test "if the Prefix owner replaces usr/share/portcullis by a symbolic link while root runs install.sh, the destination of the link stays unchanged" {
	attack_before 'mv -T -- "$EP/usr/share/portcullis" "$EP/away" && ln -s -- "$VAULT" "$EP/usr/share/portcullis" && echo >>"$ATTACKED"' mktemp sync mv
	run_install --eprefix "$EP"
	[[ -s $ATTACKED ]]
	vault_is_safe
}

# log_tools TOOL...: logs each call of TOOL with its user. For each sync that runs as the owner of the Prefix, also logs its status,
# environment and terminal, and the descriptors of sync and of install.sh.
log_tools() {
	local tool dir=$SCRATCH/hostile.$BATS_TEST_NUMBER
	mkdir "$dir"
	(umask 0 && : >"$ATTACKED" && : >"$ATTACKED.state")
	for tool; do
		cat >"$dir/$tool" <<-END
			#!/bin/bash
			echo "\$EUID $tool \$*" >>"$ATTACKED"
			((EUID)) || echo "root \$(/usr/bin/cut -d ' ' -f 7 /proc/self/stat)" >>"$ATTACKED.state"
			if [[ $tool == sync ]] && ((EUID)); then
				{
					/usr/bin/cat /proc/self/status
					# /proc/self/environ would be empty: it shows the memory of the shell that opened it, which exec replaces.
					/usr/bin/tr '\0' '\n' <"/proc/\$\$/environ"
					for fd in /proc/{\$\$,\$PPID}/fd/*; do echo "fd \${fd##*/} \$(/usr/bin/readlink "\$fd")"; done
					echo "tty \$(/usr/bin/cut -d ' ' -f 7 /proc/self/stat)"
				} >>"$ATTACKED.state"
			fi
			exec "$(command -v "$tool")" "\$@"
		END
		chmod +x "$dir/$tool"
	done
	PATH=$dir:$PATH
}

@test "if root runs install.sh for another user's Prefix, only an unprivileged process of that user accesses the Prefix" {
	local pattern
	log_tools install cp mv ln rm rmdir mkdir mktemp chmod chown touch tail head cat cmp sha256sum grep find sync
	exec 7<"$SECRET"
	export SECRET_OF_ROOT=1
	run setpriv --inh-caps=+chown script -qec "$(printf '%q ' "$TREE/install.sh" --eprefix "$EP")" /dev/null
	[[ $status == 0 ]]
	left_nothing
	did_install --eprefix "$EP" --uninstall
	PATH=${PATH#*:}
	grep -q '^root [1-9]' "$ATTACKED.state"
	grep -qF "$OWNER mv -fT -- $EP/" "$ATTACKED"
	grep -q '^0 cp ' "$ATTACKED"
	run grep -F "$EP/" <(grep '^0 ' "$ATTACKED")
	[[ $status == 1 ]] || {
		echo "$output"
		return 1
	}
	for pattern in 'CapEff:\s*0*' 'CapPrm:\s*0*' 'CapInh:\s*0*' 'NoNewPrivs:\s*1' "Uid:\s*$OWNER\s*$OWNER\s*$OWNER\s*$OWNER" 'tty 0'; do
		grep -qx "$pattern" "$ATTACKED.state"
	done
	# No line of either run shows a privilege, variable, descriptor or terminal of root.
	run grep -E '^SECRET_OF_ROOT|^TMPDIR|^fd [^ ]+ (/dev/(tty|pts)|.*/vault)|^tty [^0]|^Cap(Eff|Prm|Inh):.*[1-9a-f]|^NoNewPrivs:.*0' "$ATTACKED.state"
	[[ $status == 1 ]] || {
		echo "$output"
		return 1
	}
}

@test "root's install.sh prints no control characters from a record of the installation in another user's Prefix" {
	forge_record "file $(printf '%064d' 0) ../$(printf '\033]0;x\007\302\233')"
	run_install --eprefix "$EP"
	[[ $status == 9 && $output == *'lists a path'* ]]
	[[ $output != *[[:cntrl:]]* && $output != *$'\302\233'* ]]
}

@test "if install.sh, run by root for another user's Prefix, gets SIGTERM, its process that runs as the owner of the Prefix ends too, and the previous state is restored" {
	local before
	before=$(snapshot "$EP")
	# shellcheck disable=SC2016 # the script expands it
	attack_before 'true' sync
	printf '#!/bin/bash\n%s\ntouch "%s"\nuntil_true 60 test ! -e "%s"\n' "$(declare -f until_true)" "$ATTACKED" "$ATTACKED" \
		>"$SCRATCH/hostile.$BATS_TEST_NUMBER/sync"
	"$TREE/install.sh" --eprefix "$EP" >"$SCRATCH/out" 2>&1 3>&- &
	local pid=$!
	until_true 60 test -e "$ATTACKED"
	kill -TERM "$pid"
	rm "$ATTACKED"
	status=0
	wait "$pid" || status=$?
	[[ $status == 143 ]]
	left_nothing
	same "$before" "$(snapshot "$EP")"
}

@test "if root runs install.sh --setuid for another user's Prefix, install.sh exits with 8; --no-setuid clears the setuid bit that install.sh 0.1.0 set" {
	refuses 8 "--setuid: $EP belongs to nobody, who could replace confine" --eprefix "$EP" --setuid
	did_install --eprefix "$EP"
	# Create the state that install.sh 0.1.0 left.
	sed -i 's/^setuid no/setuid yes/' "$EP/usr/share/portcullis/installed"
	chown 0:7 "$EP/usr/libexec/portcullis/confine"
	chmod 4710 "$EP/usr/libexec/portcullis/confine"
	refuses 8 'run install.sh with --no-setuid' --eprefix "$EP"
	did_install --eprefix "$EP" --no-setuid
	[[ -z $(find "$EP" -perm /6000) && -z $(find "$EP" -not -uid "$OWNER") ]]
}

@test "as root, if the owner of the Prefix has no entry in passwd, install.sh exits with 10 and prints a setpriv command that runs install.sh as the owner" {
	chown -R 12345:23456 "$EP"
	refuses 10 'setsid --wait setpriv --reuid=12345 --regid=23456 --clear-groups' --eprefix "$EP"
}

@test "as root, install.sh exits with 10 if another user can write to a directory above one of the installed files" {
	chown -R 0:0 "$EP"
	mkdir "$EP/usr" "$EP/home"
	chown "$OWNER" "$EP/usr"
	refuses 10 "$EP/usr belongs to nobody" --eprefix "$EP"
	refuses 10 "$EP/usr belongs to nobody" --destdir "$EP"
	refuses 10 "$EP/usr belongs to nobody" --destdir "$EP" --uninstall
	chown 0:7 "$EP/usr"
	chmod 775 "$EP/usr"
	refuses 10 "$EP/usr can be written by group lp" --eprefix "$EP"
	chmod 757 "$EP/usr"
	refuses 10 "$EP/usr can be written by every user" --eprefix "$EP"
	# install.sh refuses even a sticky directory usr, because another user could create usr/lib in it before install.sh.
	chmod 1777 "$EP/usr"
	refuses 10 "$EP/usr can be written by every user" --eprefix "$EP"
	chmod 755 "$EP/usr"
	# An ACL that grants user nobody write access, as of `setfacl -m u:nobody:rwx`.
	chown 0:0 "$EP/usr"
	setfattr -n system.posix_acl_access -v 0x0200000001000700ffffffff02000700feff000004000500ffffffff10000700ffffffff20000500ffffffff "$EP/usr"
	refuses 10 "$EP/usr can be written by other users" --eprefix "$EP"
	setfattr -x system.posix_acl_access "$EP/usr"
	# The same check applies to the destination of a symbolic link bashrc.
	mv "$BASHRC" "$EP/home/bashrc"
	chown "$OWNER" "$EP/home"
	ln -s ../../home/bashrc "$BASHRC"
	refuses 10 "$EP/home belongs to nobody" --eprefix "$EP"
	chown 0 "$EP/home"
	did_install --eprefix "$EP"
	[[ -L $BASHRC && $(head -n 1 "$EP/home/bashrc") == "$BEGIN"* ]]
}

@test "as root, install.sh exits with 10 if a directory above the Prefix belongs to a user other than root and the Prefix owner" {
	mkdir "$EP/home"
	chown "$THIRD" "$EP"
	chown "$OWNER" "$EP/home"
	refuses 10 "$EP belongs to" --eprefix "$EP/home" --force
	chown "$OWNER" "$EP"
	chown 0:0 "$EP/home"
	refuses 10 "$EP belongs to nobody" --eprefix "$EP/home" --force
}

@test "as root, install.sh exits with 10 if another user can write to the record of the installation" {
	chown -R 0:0 "$EP"
	did_install --eprefix "$EP"
	chown "$OWNER" "$EP/usr/share/portcullis/installed"
	refuses 10 'installed belongs to nobody' --eprefix "$EP"
	refuses 10 'installed belongs to nobody' --eprefix "$EP" --uninstall
	chown 0:7 "$EP/usr/share/portcullis/installed"
	chmod 664 "$EP/usr/share/portcullis/installed"
	refuses 10 'installed can be written by' --eprefix "$EP" --uninstall
}

# refuses_line LINE PATTERN: fails unless install.sh refuses a record with LINE and prints PATTERN. In a record, only paths that install.sh installs,
# and files in directories of Portcullis, are valid.
refuses_line() {
	chown -R 0:0 "$EP"
	did_install --eprefix "$EP"
	echo '# mine' >"$EP/etc/portage/make.conf"
	mkdir -p "$EP/usr/share/empty"
	printf '%s\n' "$1" >>"$EP/usr/share/portcullis/installed"
	refuses 9 "$2" --eprefix "$EP" --uninstall
	[[ -e $EP/etc/portage/make.conf ]]
}

sha=0000000000000000000000000000000000000000000000000000000000000000
bats_test_function --description "install.sh --uninstall refuses a record of the installation that lists a file outside the directories of Portcullis" -- refuses_line "file $sha etc/portage/make.conf" 'lists a path'
bats_test_function --description "install.sh --uninstall refuses a record of the installation that lists a file in a subdirectory of usr/share/portcullis" -- refuses_line "file $sha usr/share/portcullis/a/b" 'lists a path'
bats_test_function --description "install.sh --uninstall refuses a record of the installation that lists a directory that install.sh never creates" -- refuses_line 'dir usr/share/empty' 'lists a path'
bats_test_function --description "install.sh --uninstall refuses a record of the installation with an invalid checksum" -- refuses_line 'file x usr/bin/portcullis' 'cannot read the record'
bats_test_function --description "install.sh --uninstall refuses a record of the installation with an invalid owner of the log directory" -- refuses_line 'log 755 root' 'cannot read the record'
bats_test_function --description "install.sh --uninstall refuses a record of the installation with an unknown line" -- refuses_line 'chown etc/shadow' 'cannot read the record'

@test "if the log directory is a symbolic link, install.sh does not change the link and prints a note" {
	chown -R 0:0 "$EP"
	mkdir -p "$EP/var/log"
	ln -s "$VAULT" "$EP/var/log/portcullis"
	did_install --eprefix "$EP"
	[[ $output == *"$EP/var/log/portcullis is a symbolic link, so install.sh does not set its mode and owner"* ]]
	[[ $(readlink "$EP/var/log/portcullis") == "$VAULT" ]]
	did_install --eprefix "$EP" --uninstall
	[[ $(readlink "$EP/var/log/portcullis") == "$VAULT" ]]
	vault_is_safe
}

@test "if a group other than root can write to /var/log, root's install.sh creates no log directory and prints a note" {
	chown -R 0:0 "$EP"
	mkdir -p "$EP/var/log"
	chown 0:7 "$EP/var/log"
	chmod 775 "$EP/var/log"
	did_install --eprefix "$EP"
	[[ $output == *"$EP/var/log can be written by group lp"*"$EP/var/log/portcullis"* ]]
	[[ ! -e $EP/var/log/portcullis ]]
	did_install --eprefix "$EP" --uninstall
}

@test "install.sh works while another user holds a flock(2) lock on the directory of the Prefix or of the source tree" {
	local directory line
	chown -R 0:0 "$EP"
	for directory in "$EP" "$TREE"; do
		coproc HOLD { exec setpriv --reuid="$THIRD" --regid="$THIRD" --clear-groups flock "$directory" /bin/bash -c 'echo locked; read -r'; } 3>&-
		local pid=$HOLD_PID
		read -r line <&"${HOLD[0]}"
		[[ $line == locked ]]
		run flock --nonblock "$directory" true
		[[ $status == 1 ]]
		touch -d '1 hour ago' "$TREE/native/build/confine"
		did_install --eprefix "$EP"
		did_install --eprefix "$EP" --uninstall
		echo >&"${HOLD[1]}"
		wait "$pid"
	done
}

@test "the lock directory of install.sh belongs to the owner of the Prefix and has mode 0700" {
	local lock
	attack_before 'ls -ld --time-style=+ /run/portcullis-lock.* /run/user/*/portcullis-lock.* /tmp/portcullis-lock.* >>"$ATTACKED"' sync
	did_install --eprefix "$EP"
	lock=".$OWNER.$(stat -c %d.%i "$EP")"
	grep -q "^drwx------ . nobody *nogroup .*$lock\$" "$ATTACKED"
	rm "$ATTACKED"
	did_install --eprefix "$EP" --uninstall
	chown -R 0:0 "$EP"
	did_install --eprefix "$EP"
	grep -q "^drwx------ . root *root .*/run/portcullis-lock.0.$(stat -c %d.%i "$EP")\$" "$ATTACKED"
	run ls -d /run/portcullis-lock.0."$(stat -c %d.%i "$EP")" "/tmp/portcullis-lock$lock"
	[[ $status != 0 && $output != *portcullis-lock*$'\n/'* ]]
}

@test "if another user owns the lock directory of install.sh in TMPDIR, install.sh exits with 4; with another TMPDIR, install.sh succeeds" {
	local lock
	be_ordinary
	lock=$TMPDIR/portcullis-lock.$OWNER.$(stat -c %d.%i "$EP")
	mkdir -m 777 "$lock"
	chown "$THIRD" "$lock"
	refuses 4 "$lock is not your directory: remove it, or set TMPDIR" --eprefix "$EP"
	mkdir "$SCRATCH/own"
	chown "$OWNER" "$SCRATCH/own"
	TMPDIR=$SCRATCH/own did_install --eprefix "$EP"
	rmdir "$lock"
}

@test "an upgrade or removal by install.sh sets the mode of the old setuid confine to 0, so that hard links to this confine cannot be executed" {
	local kept=$EP/kept confine=$EP/usr/libexec/portcullis/confine
	chown -R 0:0 "$EP"
	did_install --eprefix "$EP"
	for mode in '' --uninstall; do
		ln -f "$confine" "$kept"
		chmod 4710 "$confine"
		did_install --eprefix "$EP" ${mode:+"$mode"}
		[[ $(stat -c %a "$kept") == 0 ]]
	done
	[[ ! -e $confine ]]
}

@test "if an upgrade fails, install.sh restores the mode of the old setuid confine" {
	local confine=$EP/usr/libexec/portcullis/confine
	chown -R 0:0 "$EP"
	did_install --eprefix "$EP"
	chmod 4710 "$confine"
	mkdir "$SCRATCH/nomv"
	# shellcheck disable=SC2016 # the script expands it
	printf '#!/bin/bash\n[[ ${!#} != */bashrc ]] && exec %s "$@"\nexit 1\n' "$(command -v mv)" >"$SCRATCH/nomv/mv"
	chmod +x "$SCRATCH/nomv/mv"
	sed -i 2d "$BASHRC"
	PATH=$SCRATCH/nomv:$PATH run_install --eprefix "$EP" --save-edits
	[[ $status == 1 ]]
	[[ $(stat -c '%a %u:%g' "$confine") == '4710 0:0' ]]
}
