#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031 # subshells set EP on purpose
# Installation, upgrade and removal keep every byte of bashrc outside the managed block.

load install_helper
load bashrc_variants.bash

setup_file() {
	install_setup_file
	install_quick_node
}

# round_trip VARIANT USER: installs and uninstalls with that variant of bashrc. Fails if bashrc changes. Only the link count may
# change, because install.sh replaces the file.
round_trip() {
	local shape=$1 who=$2 before after content=''
	"shape_$shape" "$BASHRC"
	[[ $who == root ]] || be_ordinary
	before=$(snapshot "$EP" | sed -E 's/^((.* f [0-7]+ [0-9:]+) [0-9]+ )$/\2/')
	[[ ! -e $BASHRC ]] || {
		cp -- "$BASHRC" "$SCRATCH/content"
		content=$SCRATCH/content
	}

	did_install --eprefix "$EP"
	# bashrc now has the managed block first, then exactly the old content.
	[[ $(head -n 1 -- "$BASHRC") == "$BEGIN"* ]]
	[[ $(head -n 3 -- "$BASHRC" | tail -n 1) == "$END" ]]
	tail -n +4 -- "$BASHRC" | cmp - "${content:-/dev/null}"
	if [[ $shape == *symlink* ]]; then [[ -L $BASHRC ]]; fi
	[[ -z $content ]] || same "$(stat -L -c '%a %u:%g' "$BASHRC")" "$(stat -c '%a %u:%g' "$(shape_original "$shape")")"

	did_install --eprefix "$EP" --uninstall
	after=$(snapshot "$EP" | sed -E 's/^((.* f [0-7]+ [0-9:]+) [0-9]+ )$/\2/')
	same "$before" "$after"
	[[ $shape != hard_link ]] || cmp "$EP/backup/bashrc" "$EP/backup/bashrc.0"
}

# Creates a file with the mode and owner of the original.
shape_original() {
	(
		EP=$SCRATCH/original.$BATS_TEST_NUMBER
		mkdir -p "$EP/etc/portage"
		"shape_$1" "$EP/etc/portage/bashrc"
		((${#INSTALL[@]} == 0)) || chown -RL 65534:65534 -- "$EP"
		readlink -f "$EP/etc/portage/bashrc"
	)
}

for shape in $SHAPES; do
	bats_test_function --description "install.sh and then install.sh --uninstall, both run by root, leave bashrc unchanged (variant of bashrc: $shape)" -- round_trip "$shape" root
done

for shape in absent symlink read_only; do
	bats_test_function --description "install.sh and then install.sh --uninstall, both run by an ordinary user, leave bashrc unchanged (variant of bashrc: $shape)" -- round_trip "$shape" ordinary
done

@test "install.sh --uninstall keeps a line that was added to bashrc outside the managed block" {
	shape_plain "$BASHRC"
	did_install --eprefix "$EP"
	printf 'BAR=mine' >>"$BASHRC"
	did_install --eprefix "$EP"
	[[ $output == 'nothing to do'* ]]
	did_install --eprefix "$EP" --uninstall
	shape_plain "$SCRATCH/wanted"
	printf 'BAR=mine' | cat "$SCRATCH/wanted" - | cmp - "$BASHRC"
}

@test "install.sh --uninstall keeps a bashrc that install.sh created if lines have been added to this file" {
	did_install --eprefix "$EP"
	echo 'BAR=mine' >>"$BASHRC"
	did_install --eprefix "$EP" --uninstall
	[[ $(cat "$BASHRC") == 'BAR=mine' ]]
}

@test "if lines have been added above the managed block in bashrc, install.sh keeps the position of the block and prints a note" {
	shape_plain "$BASHRC"
	did_install --eprefix "$EP"
	{
		echo 'ABOVE=1'
		cat "$BASHRC"
	} >"$SCRATCH/moved"
	cp "$SCRATCH/moved" "$BASHRC"
	did_install --eprefix "$EP"
	cmp "$SCRATCH/moved" "$BASHRC"
	[[ $output == *'not at the top'*'twice'* ]]
	did_install --eprefix "$EP" --uninstall
	[[ $(head -n 1 "$BASHRC") == 'ABOVE=1' ]]
}

@test "install.sh adds the managed block to bashrc again if the block has been removed" {
	shape_plain "$BASHRC"
	did_install --eprefix "$EP"
	shape_plain "$BASHRC"
	did_install --eprefix "$EP"
	[[ $(head -n 1 "$BASHRC") == "$BEGIN"* ]]
}

@test "an upgrade by install.sh replaces the managed block of an older version at the same position in bashrc" {
	shape_plain "$BASHRC"
	did_install --eprefix "$EP"
	cp "$BASHRC" "$SCRATCH/new"
	# Create the state that an older version leaves: a different block, which the record contains.
	printf '%s another text\nold\n%s\n' "$BEGIN" "$END" >"$SCRATCH/old.block"
	{
		echo 'ABOVE=1'
		cat "$SCRATCH/old.block"
		tail -n +4 "$SCRATCH/new"
	} >"$BASHRC"
	sed -i "s/^block .*/block $(base64 -w 0 "$SCRATCH/old.block")/" "$EP/usr/share/portcullis/installed"
	did_install --eprefix "$EP"
	{
		echo 'ABOVE=1'
		cat "$SCRATCH/new"
	} | cmp - "$BASHRC"
}

@test "install.sh refuses a bashrc that is a directory, a FIFO or a broken symbolic link" {
	mkdir "$BASHRC"
	refuses 5 'is a directory, which Portage ignores' --eprefix "$EP"
	rmdir "$BASHRC"
	ln -s ../../x "$BASHRC"
	mkdir "$EP/x"
	refuses 5 'is a directory, which Portage ignores' --eprefix "$EP"
	rm "$BASHRC"
	mkfifo "$BASHRC"
	refuses 5 'is not a regular file' --eprefix "$EP"
	rm "$BASHRC"
	ln -s bashrc "$BASHRC"
	refuses 5 'is a broken symbolic link' --eprefix "$EP"
	ln -sfn no/such/folder/bashrc "$BASHRC"
	refuses 5 'is a broken symbolic link' --eprefix "$EP"
}
