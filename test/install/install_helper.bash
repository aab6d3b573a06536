# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # some variables come from bats, some go to the tests
# Helpers for tests of install.sh: a built tree like a release tarball, a directory for each test, and snapshots.
#
#   TREE    a built copy of the tree that all users can read; SCRATCH is its parent directory
#   EP      a new EPREFIX for each test, with a space in its name
#   INSTALL words before install.sh: empty, or a setpriv command for an ordinary user

TOP=$(cd -- "${BASH_SOURCE[0]%/*}/../.." && pwd -P)

# shellcheck source=test/lib/bats.bash
source "$TOP/test/lib/bats.bash"
# shellcheck source=test/lib/prefix_host.bash
source "$TOP/test/lib/prefix_host.bash"
readonly BEGIN='# >>> portcullis >>>' END='# <<< portcullis <<<'

install_setup_file() {
	[[ -f $TOP/dist/portcullis.js && -x $TOP/native/build/confine ]] || "$TOP/scripts/build"
	SCRATCH=$(mktemp -d "/var/tmp/pc-install.XXXXXX")
	chmod 755 "$SCRATCH"
	TREE=$SCRATCH/tree
	mkdir -p "$TREE/native/build"
	cp -a -- "$TOP"/{install.sh,install.d,bin,dist,package.json} "$TREE/"
	mkdir -p "$TREE/docs" "$TREE/src/cli"
	cp -a -- "$TOP/docs/man" "$TREE/docs/"
	cp -a -- "$TOP/src/cli/completion" "$TREE/src/cli/"
	cp -a -- "$TOP/native/build/confine" "$TREE/native/build/"
	touch -- "$TREE/dist/portcullis.js" "$TREE/native/build/confine"
	export SCRATCH TREE
	# Tests in parallel create and remove the group portage, which decides the mode of /var/log/portcullis.
	((EUID != 0)) || prefix_accounts_borrow
}

# Puts a fake node in PATH that prints recorded output of portcullis.js, for tests that do not test the hook. The real node takes most
# of the time of an installation. A test that tests the hook sets PATH=$REAL_PATH.
install_quick_node() {
	local dir=$SCRATCH/node
	mkdir -p "$dir/files"
	node "$TREE/dist/portcullis.js" hook --eprefix "$SCRATCH/prefix N" >"$dir/files/hook"
	node "$TREE/dist/portcullis.js" hook --eprefix "$SCRATCH/prefix N" --block >"$dir/files/hook--block"
	cat >"$dir/node" <<-END
		#!/bin/bash
		case "\$*" in
		--version) echo v20.0.0 ;;
		*"/portcullis.js hook --eprefix $SCRATCH/prefix "*) sed "s/prefix N/\${4##*/}/g" "$dir/files/hook\$5" ;;
		*) exec "$(command -v node)" "\$@" ;;
		esac
	END
	chmod +x "$dir/node"
	export REAL_PATH=$PATH
	PATH=$dir:$PATH
}

install_teardown_file() {
	[[ -z ${SCRATCH-} ]] || rm -rf -- "$SCRATCH"
	((EUID != 0)) || prefix_accounts_return
}

install_setup() {
	EP="$SCRATCH/prefix $BATS_TEST_NUMBER"
	BASHRC=$EP/etc/portage/bashrc
	INSTALL=()
	mkdir -p -- "$EP/etc/portage"
	# Make a link to a missing directory, as if the repository of the profile were not installed.
	ln -s ../../profile "$EP/etc/portage/make.profile"
	# Use a TMPDIR that the test removes, because an install.sh that was killed leaves its work directory there.
	export TMPDIR=$SCRATCH/tmp
	mkdir -p "$TMPDIR"
	chmod 1777 "$TMPDIR"
}

setup_file() {
	install_setup_file
}

teardown_file() {
	install_teardown_file
}

setup() {
	install_setup
}

# Runs install.sh in the rest of the test as an ordinary user, with a Prefix of that user.
be_ordinary() {
	if ((EUID == 0)); then
		INSTALL=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all -- env "HOME=$EP")
		chown -R 65534:65534 -- "$EP"
	fi
}

run_install() {
	run "${INSTALL[@]}" "$TREE/install.sh" "$@"
}

# Fails if install.sh has left its work directory.
left_nothing() {
	[[ -z $(find "$TMPDIR" -name 'portcullis-install.*') ]] || {
		echo "left in $TMPDIR: $(ls "$TMPDIR")"
		return 1
	}
}

# did_install ARG...: runs install.sh, which must succeed.
did_install() {
	run_install "$@"
	[[ $status == 0 ]] || {
		echo "install.sh $* ended with $status:"
		echo "$output"
		return 1
	}
	left_nothing
}

# refuses STATUS PATTERN ARG...: install.sh must exit with STATUS, print one line that matches PATTERN, and change nothing below EP, with
# and without --dry-run.
refuses() {
	refuses_once "$@" && refuses_once "$1" "$2" --dry-run "${@:3}"
}

refuses_once() {
	local wanted=$1 pattern=$2 before after
	shift 2
	before=$(snapshot_exactly "$EP")
	run_install "$@"
	after=$(snapshot_exactly "$EP")
	[[ $status == "$wanted" ]] || {
		echo "$*: status $status, not $wanted: $output"
		return 1
	}
	[[ ${#lines[@]} == 1 && $output == 'install.sh: '* && $output =~ $pattern ]] || {
		echo "$*: output: $output"
		return 1
	}
	same "$before" "$after" && left_nothing
}

# snapshot DIR: prints the names, types, modes, owners, link targets, contents and extended attributes of all files below DIR.
snapshot() {
	(
		cd -- "$1" || exit
		find . -printf '%P %y %m %U:%G %n %l\n' | sort
		find . -type f -exec cksum {} + | sort
		find . -print0 | sort -z | xargs -0r getfattr -h -d -m - -- 2>/dev/null
	)
}

# snapshot_exactly DIR: prints the same as snapshot, and also inodes and modification times.
snapshot_exactly() {
	snapshot "$1"
	(cd -- "$1" && find . -printf '%P %i %T@ %C@\n' | sort)
}

same() {
	diff <(printf '%s\n' "$1") <(printf '%s\n' "$2")
}

# path_without NAME...: prints a directory for PATH that contains all commands except NAME.
path_without() {
	local dir=$SCRATCH/path.$BATS_TEST_NUMBER name
	mkdir -p "$dir"
	local -a from
	IFS=: read -ra from <<<"$PATH"
	find "${from[@]}" -maxdepth 1 -mindepth 1 -not -type d -print0 2>/dev/null | xargs -0 ln -sft "$dir" 2>/dev/null
	for name; do rm -f -- "$dir/$name"; done
	printf '%s\n' "$dir"
}
