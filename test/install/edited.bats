#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# If the user has edited a file or block of Portcullis, install.sh refuses to run, or saves a copy and prints a note.

load install_helper

setup_file() {
	install_setup_file
	install_quick_node
}

setup() {
	install_setup
	printf 'FOO=1\n' >"$BASHRC"
}

# edit_NAME: edits the managed block in bashrc, as a user could.
edit_added_line() { sed -i '2i BAR=mine' "$BASHRC"; }
edit_commented_out() { sed -i '2s/^/#/' "$BASHRC"; }
edit_first_line() { sed -i '1s/$/ !/' "$BASHRC"; }
edit_last_line() { sed -i '3s/$/ !/' "$BASHRC"; }
edit_crlf() { sed -i 's/$/\r/' "$BASHRC"; }
edit_indented() { sed -i '1,3s/^/\t/' "$BASHRC"; }
edit_emptied() { sed -i 2d "$BASHRC"; }

is_detected() {
	did_install --eprefix "$EP"
	"edit_$1"
	refuses 6 'the managed block was edited.*--save-edits' --eprefix "$EP"
	refuses 6 'the managed block was edited.*--save-edits' --eprefix "$EP" --uninstall
	cp "$BASHRC" "$SCRATCH/edited"
	did_install --eprefix "$EP" --save-edits
	[[ $output == *"saved as $BASHRC.portcullis-edited"* ]]
	# The edited block is saved, the correct block is in its place, the rest is unchanged.
	head -n "$(grep -c '' "$BASHRC.portcullis-edited")" "$SCRATCH/edited" | cmp - "$BASHRC.portcullis-edited"
	head -n 3 "$BASHRC" | cmp - <(base64 -d < <(sed -n 's/^block //p' "$EP/usr/share/portcullis/installed"))
	[[ $(tail -n +4 "$BASHRC") == "$(tail -n 1 "$SCRATCH/edited")" ]]
}

for edit in added_line commented_out first_line last_line crlf indented emptied; do
	bats_test_function --description "install.sh refuses a bashrc whose managed block has been edited ($edit), and with --save-edits saves a copy of the edited block" -- is_detected "$edit"
done

@test "install.sh --save-edits does not overwrite the copy of an edited block that an earlier run has saved" {
	did_install --eprefix "$EP"
	edit_added_line
	did_install --eprefix "$EP" --save-edits
	sed -i '2i AGAIN=1' "$BASHRC"
	did_install --eprefix "$EP" --uninstall --save-edits
	[[ $(cat "$BASHRC") == 'FOO=1' ]]
	grep -qx 'BAR=mine' "$BASHRC.portcullis-edited"
	grep -qx 'AGAIN=1' "$BASHRC.portcullis-edited.1"
}

# break_NAME: changes the marker lines in bashrc, so that they do not delimit one block.
break_no_end() { sed -i 3d "$BASHRC"; }
break_no_begin() { sed -i 1d "$BASHRC"; }
break_twice() { head -n 3 "$BASHRC" >"$SCRATCH/block" && cat "$SCRATCH/block" >>"$BASHRC"; }
break_reversed() {
	printf '%s\n%s\nFOO=1\n' "$END" "$BEGIN" >"$BASHRC"
}

is_refused() {
	did_install --eprefix "$EP"
	"break_$1"
	local mode
	for mode in --uninstall --save-edits; do
		refuses 6 "are not a pair" --eprefix "$EP" ${mode:+"$mode"}
	done
}

for broken in no_end no_begin twice reversed; do
	bats_test_function --description "install.sh --uninstall and install.sh --save-edits refuse a bashrc with unpaired markers of the managed block ($broken)" -- is_refused "$broken"
done

@test "if bashrc has mode 0600, install.sh --save-edits saves the edited managed block with mode 0600" {
	did_install --eprefix "$EP"
	chmod 600 "$BASHRC"
	edit_added_line
	did_install --eprefix "$EP" --save-edits
	[[ $(stat -c %a "$BASHRC.portcullis-edited") == 600 ]]
}

@test "an upgrade by install.sh saves a copy of an edited phase.bash, and prints a note" {
	local phase=$EP/usr/share/portcullis/phase.bash
	did_install --eprefix "$EP"
	cp "$phase" "$SCRATCH/shipped"
	echo '# mine' >>"$phase"
	cp "$phase" "$SCRATCH/mine"
	did_install --eprefix "$EP"
	[[ $output == *"$phase was edited by hand: the edited version is saved as $phase.edited"* ]]
	cmp "$phase" "$SCRATCH/shipped"
	cmp "$phase.edited" "$SCRATCH/mine"
	did_install --eprefix "$EP"
	[[ $output == 'nothing to do'* ]]

	# install.sh saves another copy after another edit, and no copy if the content is already saved.
	echo '# other' >>"$phase"
	did_install --eprefix "$EP"
	[[ $(tail -n 1 "$phase.edited.1") == '# other' ]]
	cp "$SCRATCH/mine" "$phase"
	did_install --eprefix "$EP"
	[[ ! -e $phase.edited.2 ]]
}

@test "install.sh --uninstall saves a copy of an edited phase.bash, and prints a note" {
	local phase=$EP/usr/share/portcullis/phase.bash
	did_install --eprefix "$EP"
	echo '# mine' >>"$phase"
	did_install --eprefix "$EP" --uninstall
	[[ ! -e $phase && $(tail -n 1 "$phase.edited") == '# mine' ]]
	[[ $output == *"$phase was edited"* && $output == *"kept $EP/usr/share/portcullis: it is not empty"* ]]
}

@test "install.sh exits with 9 if a file to install already exists, was not installed by install.sh and has another content" {
	mkdir -p "$EP/usr/bin" "$EP/usr/libexec/portcullis"
	echo 'something else' >"$EP/usr/bin/portcullis"
	refuses 9 'usr/bin/portcullis exists and was not installed by install.sh' --eprefix "$EP"
	cp "$TREE/bin/portcullis" "$EP/usr/bin/portcullis"
	cp "$TREE/native/build/confine" "$EP/usr/libexec/portcullis/confine"
	did_install --eprefix "$EP"
	rm -rf "${EP:?}/usr"
	mkdir -p "$EP/usr/libexec/portcullis/confine"
	refuses 9 'confine is a directory' --eprefix "$EP"
}

@test "if the record of the installation is missing and bashrc has the managed block, install.sh --uninstall fails, and with --save-edits prints a command that removes the other files" {
	did_install --eprefix "$EP"
	rm "$EP/usr/share/portcullis/installed"
	refuses 6 'installed is missing, so install.sh cannot check' --eprefix "$EP" --uninstall
	# The existing files equal the new ones, so that a new installation accepts them without a record.
	did_install --eprefix "$EP"
	did_install --eprefix "$EP" --uninstall
	[[ $(cat "$BASHRC") == 'FOO=1' ]]
	did_install --eprefix "$EP"
	rm "$EP/usr/share/portcullis/installed"
	did_install --eprefix "$EP" --uninstall --save-edits
	eval "$(sed -n 's/^install.sh: note: .* run: rm /rm /p' <<<"$output")"
	[[ ! $(find "$EP/usr" -type f) ]]
}

@test "install.sh --uninstall refuses a record of the installation that lists a path outside the Prefix" {
	did_install --eprefix "$EP"
	echo x >"$SCRATCH/precious"
	printf 'file %s ../precious\n' "$(sha256sum <"$SCRATCH/precious" | cut -d' ' -f1)" >>"$EP/usr/share/portcullis/installed"
	refuses 9 'lists a path that install.sh does not install: ../precious' --eprefix "$EP" --uninstall
	[[ -e $SCRATCH/precious ]]
	sed -i '1s/1$/2/' "$EP/usr/share/portcullis/installed"
	refuses 9 'use the install.sh of the installed version' --eprefix "$EP"
}
