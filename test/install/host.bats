#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Installation into / as root, and --setuid. Each test has its own host: a mount namespace with overlays over /etc, /usr and /var,
# with or without the group portage.

load install_helper

setup_file() {
	install_setup_file
	# Build a small program that stands for confine and prints mode=setuid if it runs setuid, because this file tests only install.sh.
	gcc -x c -o "$SCRATCH/confine" - <<-'END'
		#include <stdio.h>
		#include <unistd.h>
		int main(void) { return puts(geteuid() == 0 && getuid() != 0 ? "mode=setuid" : "mode=userns") < 0; }
	END
}

setup() {
	install_setup
	TREE_SETUID=$TMPDIR/setuid.$BATS_TEST_NUMBER
	cp -a "$TREE" "$TREE_SETUID"
	cp "$SCRATCH/confine" "$TREE_SETUID/native/build/confine"
}

# host SCRIPT: runs SCRIPT in a mount namespace with its own /etc, /usr, /var and /run. The function `portage ID` in SCRIPT creates the group portage.
host() {
	run unshare -m --propagation private bash -c '
		set -eu
		mount -t tmpfs none "$1"
		for dir in etc usr var; do
			mkdir -p "$1/$dir" "$1/$dir.work"
			mount -t overlay -o "lowerdir=/$dir,upperdir=$1/$dir,workdir=$1/$dir.work" none "/$dir"
		done
		sed -i /^portage:/d /etc/group
		rm -rf /etc/portage /var/log/portcullis
		# Use another /run, which has the lock of install.sh, so that runs of this file at the same time do not wait for each other.
		mount -t tmpfs none /run
		# Portage reads this file too.
		touch /etc/make.conf
		TREE=$2 TREE_SETUID=$3 TOP=$1
		portage() { echo "portage:x:$1:" >>/etc/group; }
		refuses() {
			local status=0 out
			out=$("$TREE/install.sh" "${@:3}" 2>&1) || status=$?
			echo "$out"
			[[ $status == "$1" && $out =~ $2 ]]
			[[ -z $(find "$TOP/usr" "$TOP/var" /etc/portage -newer "$TOP/mark" -type f 2>/dev/null) ]]
		}
		touch "$TOP/mark"
		is() { [[ $(stat -c "%a %u:%g" "$1") == "$2" ]] || { stat "$1"; exit 1; }; }
		set -x
		eval "$4"' - "$TMPDIR" "$TREE" "$TREE_SETUID" "$1"
	[[ $status == 0 ]] || {
		echo "$output"
		return 1
	}
}

@test "if root runs install.sh without --eprefix and --destdir, root owns all installed files and group portage can write to the log directory" {
	host '
		portage 250
		umask 077
		"$TREE/install.sh"
		is /usr/bin/portcullis "755 0:0"
		is /usr/libexec/portcullis/confine "755 0:0"
		is /usr/share/portcullis/portcullis.js "644 0:0"
		is /usr/share/portcullis/phase.bash "644 0:0"
		is /etc/portage/bashrc "644 0:0"
		is /var/log/portcullis "2775 0:250"
		setpriv --reuid=65534 --regid=250 --clear-groups touch /var/log/portcullis/records.jsonl
		[[ $("$TREE/install.sh") == "nothing to do"* ]]
		"$TREE/install.sh" --uninstall
		[[ ! -e /etc/portage && ! -e /usr/bin/portcullis && -e /var/log/portcullis/records.jsonl ]]
		rm /var/log/portcullis/records.jsonl'
}

@test "if group portage does not exist, install.sh leaves the log directory to root; after the group is created, the next run of install.sh gives the directory to the group" {
	host '
		"$TREE/install.sh" 2>&1 | tee "$TOP/out"
		grep "group portage does not exist, so /var/log/portcullis belongs to root" "$TOP/out"
		is /var/log/portcullis "755 0:0"
		portage 77
		"$TREE/install.sh"
		is /var/log/portcullis "2775 0:77"
		chmod 750 /var/log/portcullis
		"$TREE/install.sh" 2>&1 | grep "has a mode or owner that install.sh did not set"
		is /var/log/portcullis "2750 0:77"
		"$TREE/install.sh" --uninstall
		[[ ! -e /var/log/portcullis ]]'
}

@test "install.sh neither changes nor removes a log directory that existed before the installation" {
	host '
		portage 250
		mkdir -m 700 /var/log/portcullis
		for i in 1 2; do
			"$TREE/install.sh" 2>&1
			is /var/log/portcullis "700 0:0"
		done
		"$TREE/install.sh" --uninstall
		is /var/log/portcullis "700 0:0"'
}

@test "install.sh --setuid installs confine as root:portage with mode 4710, an upgrade keeps owner and mode, and --no-setuid clears the setuid bit" {
	host '
		portage 250
		confine=/usr/libexec/portcullis/confine
		"$TREE_SETUID/install.sh"
		is $confine "755 0:0"
		"$TREE_SETUID/install.sh" --setuid
		is $confine "4710 0:250"
		[[ $(setpriv --reuid=65534 --regid=250 --clear-groups $confine) == mode=setuid ]]
		# Start confine by a shell: setpriv itself still has capabilities of root when it calls exec, so that exec would ignore the mode of the file.
		status=0
		setpriv --reuid=65534 --regid=65534 --clear-groups bash -c "exec $confine" || status=$?
		[[ $status == 126 ]]
		[[ $("$TREE_SETUID/install.sh") == "nothing to do"* ]]
		echo >>"$TREE_SETUID/native/build/confine"
		"$TREE_SETUID/install.sh"
		is $confine "4710 0:250"
		"$TREE_SETUID/install.sh" --no-setuid
		is $confine "755 0:0"
		[[ -z $(find /usr/libexec/portcullis -perm /6000) ]]
		"$TREE_SETUID/install.sh" --setuid
		"$TREE_SETUID/install.sh" --uninstall
		[[ ! -e $confine ]]'
}

@test "after install.sh --setuid, confine --probe reports mode=setuid to an ordinary user in group portage" {
	host '
		portage 250
		"$TREE/install.sh" --setuid
		setpriv --reuid=65534 --regid=250 --clear-groups --inh-caps=-all /usr/libexec/portcullis/confine --probe | grep -x mode=setuid'
}

@test "if group portage is missing, the file system is mounted with nosuid, or confine does not report mode=setuid, install.sh --setuid exits with 8 and keeps or restores the previous state" {
	host '
		refuses 8 "needs the group portage" --setuid
		portage 250
		mkdir /usr/libexec/portcullis
		mount -t tmpfs -o nosuid,mode=755 none /usr/libexec/portcullis
		refuses 8 "mounted with nosuid" --setuid
		umount /usr/libexec/portcullis
		# This confine prints no mode, so that install.sh fails after its test of confine and restores the previous state.
		TREE=$TREE_SETUID
		cp "$(type -P true)" "$TREE/native/build/confine"
		refuses 8 "printed no mode instead of mode=setuid; the previous state was restored" --setuid
		[[ ! -e /etc/portage && ! -e /usr/bin/portcullis ]]'
}

@test "under no_new_privs, install.sh --setuid installs confine and prints that the setuid bit has not been tested" {
	host '
		portage 250
		setpriv --no-new-privs "$TREE_SETUID/install.sh" --setuid 2>&1 | tee "$TOP/out"
		grep "no_new_privs is set for install.sh" "$TOP/out"
		is /usr/libexec/portcullis/confine "4710 0:250"'
}

@test "install.sh --setuid --destdir sets the owner and mode of confine and does not start confine" {
	host '
		portage 250
		# If install.sh started this confine, the installation would fail, because it prints no mode.
		TREE=$TREE_SETUID
		cp "$(type -P true)" "$TREE/native/build/confine"
		"$TREE/install.sh" --setuid --destdir "$TOP/image"
		is "$TOP/image/usr/libexec/portcullis/confine" "4710 0:250"
		is "$TOP/image/var/log/portcullis" "2775 0:250"'
}
