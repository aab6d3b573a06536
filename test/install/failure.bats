#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031 # bats runs each test in a subshell
# After a failure or a signal, install.sh restores the previous state. After SIGKILL, the next run completes the installation.

load install_helper
load bashrc_variants.bash

setup_file() {
	install_setup_file
	install_quick_node
}

# failing_tools TOOL...: makes $SCRATCH/failing, a directory for PATH. Its tools count their calls together, and fail in the call whose
# number is in the file "fails". They start no other program, because a run of install.sh calls them 30 times.
failing_tools() {
	local tool dir=$SCRATCH/failing
	mkdir -p "$dir"
	for tool; do
		cat >"$dir/$tool" <<-END
			#!/bin/sh
			read -r count <"$dir/count"
			read -r fails <"$dir/fails"
			echo "\$((count += 1))" >"$dir/count"
			echo "$tool \$*" >>"$dir/calls"
			if [ "\$count" = "\$fails" ]; then
				echo "$tool: injected: No luck today" >&2
				exit 1
			fi
			exec "$(command -v "$tool")" "\$@"
		END
		chmod +x "$dir/$tool"
	done
}

# Prints the state of the Prefix, with the inodes and modification times of all files except directories.
state() {
	snapshot "$EP"
	(cd -- "$EP" && find . -not -type d -printf '%P %i %T@\n' | sort)
}

# fails_everywhere STEP LEAST ARG...: runs install.sh repeatedly and fails each STEPth call of a changing tool, one in each run, until a
# run succeeds. It must have called these tools at least LEAST times. Most calls repeat for each of the 13 files, so that STEP 5 reaches
# each kind of call. `npm run soak` fails each call.
fails_everywhere() {
	local n step=$1 least=$2 before after
	shift 2
	[[ ${INSTALL_FAILURES-} != all ]] || step=1
	before=$(state)
	failing_tools mkdir mktemp install cp chmod mv sync touch
	for ((n = 1; n < 100; n += step)); do
		: >"$SCRATCH/failing/calls"
		echo 0 >"$SCRATCH/failing/count"
		echo "$n" >"$SCRATCH/failing/fails"
		PATH=$SCRATCH/failing:$PATH run_install "$@" --eprefix "$EP"
		(($(wc -l <"$SCRATCH/failing/calls") >= n)) || break
		[[ $status == 1 ]]
		[[ ${#lines[@]} == 1 && $output == 'install.sh: cannot '*'nothing was changed' ]] || {
			echo "call $n: $output"
			return 1
		}
		after=$(state)
		same "$before" "$after" || {
			sed -n "${n}p" "$SCRATCH/failing/calls"
			return 1
		}
	done
	# The last run must have succeeded, and must have called sync before its first rename.
	[[ $status == 0 ]]
	[[ $(grep -nm 1 '^sync ' "$SCRATCH/failing/calls" | cut -d: -f1) -lt $(grep -nm 1 '^mv ' "$SCRATCH/failing/calls" | cut -d: -f1) ]]
	((n > least)) || {
		echo "only $n calls"
		return 1
	}
}

@test "if any step of a first installation by install.sh fails, install.sh restores the previous state" {
	shape_symlink "$BASHRC"
	# Create common directories, because each missing directory causes further calls of tools, and so further runs.
	mkdir -p "$EP"/usr/{bin,lib,libexec} "$EP/var"
	fails_everywhere 5 25
}

@test "if any step of an upgrade by install.sh fails, install.sh restores the previous state" {
	shape_attributes "$BASHRC"
	did_install --eprefix "$EP"
	echo '# mine' >>"$EP/usr/share/portcullis/phase.bash"
	sed -i '1i // older' "$EP/usr/share/portcullis/portcullis.js"
	fails_everywhere 1 10
}

@test "if any step of install.sh --uninstall fails, install.sh restores the previous state" {
	shape_plain "$BASHRC"
	did_install --eprefix "$EP"
	fails_everywhere 5 6 --uninstall
}

@test "if the file system has no hard links, install.sh keeps copies of the old files, and restores them after a failure" {
	local before
	shape_plain "$BASHRC"
	did_install --eprefix "$EP"
	sed -i '1i // older' "$EP/usr/share/portcullis/portcullis.js"
	mkdir "$SCRATCH/nolink"
	printf '#!/bin/sh\nexit 1\n' >"$SCRATCH/nolink/ln"
	chmod +x "$SCRATCH/nolink/ln"
	# The rename of phase.bash fails, so that install.sh restores the files that it replaced before from their copies.
	echo '# mine' >>"$EP/usr/share/portcullis/phase.bash"
	before=$(snapshot "$EP")
	cat >"$SCRATCH/nolink/mv" <<-END
		#!/bin/sh
		case "\$*" in *.portcullis.??????\ *phase.bash) exit 1 ;; esac
		exec "$(command -v mv)" "\$@"
	END
	chmod +x "$SCRATCH/nolink/mv"
	PATH=$SCRATCH/nolink:$PATH run_install --eprefix "$EP"
	[[ $status == 1 ]]
	same "$before" "$(snapshot "$EP")"
	rm "$SCRATCH/nolink/mv"
	PATH=$SCRATCH/nolink:$PATH did_install --eprefix "$EP"
	cmp "$TREE/dist/portcullis.js" "$EP/usr/share/portcullis/portcullis.js"
	[[ -z $(find "$EP" -name '.*portcullis.*') ]]
}

# read_only_at DIR: makes an ordinary user's Prefix with an unwritable DIR.
read_only_at() {
	mkdir -p "$EP/$1"
	shape_plain "$BASHRC"
	be_ordinary
	((EUID != 0)) || chown 0:0 "$EP/$1"
	chmod 555 "$EP/$1"
	refuses 4 "$EP/$1 is not writable" --eprefix "$EP"
	chmod 755 "$EP/$1"
}

for dir in etc/portage usr usr/bin usr/share/portcullis usr/libexec var/log; do
	bats_test_function --description "if an ordinary user cannot write to the directory $dir of the Prefix, install.sh exits with 4 and changes nothing" -- read_only_at "$dir"
done

@test "if an ordinary user cannot write to one directory of the installation, install.sh --uninstall exits with 4 and changes nothing" {
	shape_plain "$BASHRC"
	be_ordinary
	did_install --eprefix "$EP"
	((EUID != 0)) || chown 0:0 "$EP/usr/libexec/portcullis"
	chmod 555 "$EP/usr/libexec/portcullis"
	refuses 4 'usr/libexec/portcullis is not writable' --eprefix "$EP" --uninstall
}

@test "on a read-only file system, install.sh fails and changes nothing" {
	shape_plain "$BASHRC"
	mkdir -p "$EP/usr"
	unshare -m bash -c 'mount -t tmpfs -o ro,mode=755 none "$1/usr" && exec "$2" --eprefix "$1"' - "$EP" "$TREE/install.sh" \
		>"$SCRATCH/out" 2>&1 && false
	[[ $(cat "$SCRATCH/out") == "install.sh: $EP/usr is not writable"*'nothing was changed' ]]
	[[ -z $(ls -A "$EP/usr") && ! -e $EP/usr/share/portcullis ]]
}

# Installs into a tmpfs that becomes larger in each round, until all files fit.
full_file_system() {
	local before after kib
	# shellcheck disable=SC2030,SC2031 # the whole test is in that subshell
	for ((kib = 16; kib < 4096; kib = kib * 3 / 2)); do
		mount -t tmpfs -o "size=${kib}k,mode=755" none "$EP"
		mkdir -p "$EP/etc/portage"
		shape_no_final_newline "$BASHRC"
		before=$(state)
		run_install --eprefix "$EP" --force
		if [[ $status == 0 ]]; then
			umount "$EP"
			((kib > 16)) && return 0
			echo 'it was never full'
			return 1
		fi
		[[ $status == 1 && ${#lines[@]} == 1 && $output == *'No space left on device; nothing was changed' ]] || {
			echo "$kib KiB: $status $output"
			return 1
		}
		after=$(state)
		same "$before" "$after" || return 1
		umount "$EP"
	done
	return 1
}

@test "if the file system becomes full while install.sh writes any of the files, install.sh restores the previous state" {
	export EP BASHRC
	unshare -m bash -c "set -u; INSTALL=(); $(declare -f run_install run state snapshot same full_file_system shape_no_final_newline)
		run() { output=\$(\"\$@\" 2>&1); status=\$?; mapfile -t lines <<<\"\$output\"; }
		full_file_system"
}

# stopped_by SIGNAL STATUS: interrupts install.sh by a tool that sends SIGNAL to it, and expects the exit status STATUS.
stopped_by() {
	local before after dir=$SCRATCH/stopping tool
	# bash cannot trap a signal that is ignored when bash starts, as SIGHUP is under nohup.
	# shellcheck disable=SC2034 # for run_install
	local -a INSTALL=(env '--default-signal=HUP,INT,TERM')
	shape_plain "$BASHRC"
	before=$(state)
	for tool in mv sync ${3-mkdir}; do
		rm -rf "$dir"
		mkdir "$dir"
		cat >"$dir/$tool" <<-END
			#!/bin/bash
			"$(command -v "$tool")" "\$@"
			kill -s $1 "\$(ps -o ppid= -p "\$PPID" | tr -d ' ')"
		END
		chmod +x "$dir/$tool"
		PATH=$dir:$PATH run_install --eprefix "$EP"
		[[ $status == "$2" ]] || {
			echo "$tool: $status $output"
			return 1
		}
		after=$(state)
		if [[ $1 == KILL ]]; then
			rm -rf -- "$TMPDIR"/portcullis-install.*
		else
			same "$before" "$after"
			left_nothing
			run compgen -G "/run/portcullis-lock.$EUID.$(stat -c %d.%i "$EP")"
			[[ $status == 1 ]]
		fi
	done
}

for signal in 'INT 130' 'TERM 143' 'HUP 129'; do
	bats_test_function --description "if SIG${signal% *} interrupts an installation, install.sh restores the previous state" -- stopped_by "${signal% *}" "${signal#* }"
done

@test "if SIGKILL ends install.sh, bashrc is complete, and the next run of install.sh completes the installation" {
	stopped_by KILL 137 mv
	[[ -n $(find "$EP" -name '.*portcullis.*') ]]
	tail -n 4 "$BASHRC" | cmp - <(shape_plain /dev/stdout | cat)
	did_install --eprefix "$EP"
	[[ -z $(find "$EP" -name '.*portcullis.*') ]]
	did_install --eprefix "$EP"
	[[ $output == 'nothing to do'* ]]
	did_install --eprefix "$EP" --uninstall
	cmp "$BASHRC" <(shape_plain /dev/stdout | cat)
	[[ $(find "$EP" -type f) == "$BASHRC" ]]
}

@test "if another process writes to bashrc during the installation, install.sh fails, removes the installed files and keeps the new content of bashrc" {
	local dir=$SCRATCH/meanwhile
	shape_plain "$BASHRC"
	mkdir "$dir"
	printf '#!/bin/bash\necho LATE=1 >>"%s"\nexec %s "$@"\n' "$BASHRC" "$(command -v touch)" >"$dir/touch"
	chmod +x "$dir/touch"
	PATH=$dir:$PATH run_install --eprefix "$EP"
	[[ $status == 1 && $output == *'was changed by another process'* ]]
	[[ $(tail -n 1 "$BASHRC") == LATE=1 && $(head -n 1 "$BASHRC") == FOO=1 && ! -e $EP/usr ]]
}
