#!/usr/bin/env bats
# `portcullis phase -- COMMAND`: the whole step in TypeScript, with this checkout's confine.

bats_require_minimum_version 1.5.0
load hook

# phase [NAME=VALUE...] -- COMMAND... ; phase_exec becomes it
phase() {
	(phase_exec "$@")
}

phase_exec() {
	local -a assignments=()
	while [[ $1 != -- ]]; do
		assignments+=("$1")
		shift
	done
	exec env -i PATH="$PATH" EBUILD_PHASE=compile EMERGE_FROM=ebuild CATEGORY=app-misc PF=foo-1 "${assignments[@]}" \
		"$TOP/bin/portcullis" phase "$@"
}

@test 'isolates as the law says, and leaves the rest alone' {
	run -0 phase PORTAGE_FEATURES=network-sandbox -- readlink /proc/self/ns/net /proc/self/ns/ipc
	[[ ${lines[0]} != "$(readlink /proc/self/ns/net)" ]]
	[[ ${lines[1]} == "$(readlink /proc/self/ns/ipc)" ]]
	run -0 phase PORTAGE_FEATURES=network-sandbox PORTAGE_RESTRICT=network-sandbox -- readlink /proc/self/ns/net
	[[ $output == "$(readlink /proc/self/ns/net)" ]]
}

@test 'passes arguments, status, signals and file descriptors on' {
	local features pid
	for features in '' 'network-sandbox ipc-sandbox'; do
		run -7 phase PORTAGE_FEATURES="$features" -- bash -c 'printf "<%s>" "$@"; exit 7' - 'two words' '' '*'
		[[ $output == '<two words><><*>' ]]
		run -137 phase PORTAGE_FEATURES="$features" -- bash -c 'kill -KILL $BASHPID'
		# shellcheck disable=SC2016 # for the inner shell
		phase PORTAGE_FEATURES="$features" -- bash -c 'echo >&21; [[ ! -e /proc/self/fd/22 ]]' 21>"$BATS_TEST_TMPDIR/fd"
		[[ -s $BATS_TEST_TMPDIR/fd ]]

		mkfifo "$BATS_TEST_TMPDIR/fifo" "$BATS_TEST_TMPDIR/never"
		# shellcheck disable=SC2016
		phase_exec PORTAGE_FEATURES="$features" -- bash -c 'trap "echo caught; exit 3" TERM; echo ready; while :; do read -rt 0.1 <>"$1"; done' - "$BATS_TEST_TMPDIR/never" \
			>"$BATS_TEST_TMPDIR/fifo" 3>&- &
		pid=$!
		exec {out}<"$BATS_TEST_TMPDIR/fifo"
		read -ru "$out" line
		[[ $line == ready ]]
		kill -TERM "$pid"
		read -ru "$out" line
		[[ $line == caught ]]
		exec {out}<&-
		status=0
		wait "$pid" || status=$?
		((status == 3))
		rm "$BATS_TEST_TMPDIR/fifo" "$BATS_TEST_TMPDIR/never"
	done
}

@test 'a wrong setting is one line, and nothing is started' {
	run -1 phase PORTCULLIS_UNPACK=maybe -- echo started
	[[ $output == 'portcullis: app-misc/foo-1: PORTCULLIS_UNPACK="maybe" is not known: it can be host or confine. Correct it in make.conf or package.env.' ]]
}

@test 'bad usage is one line and status 2' {
	run -2 phase --
	run -2 "$TOP/bin/portcullis" phase echo
	[[ $output == 'portcullis: put -- before the command "echo"' ]]
	run -2 "$TOP/bin/portcullis" phsae
	[[ $output == 'portcullis: unknown command phsae; did you mean phase?' ]]
	run -2 "$TOP/bin/portcullis" hook --eprefxi /x
	[[ $output == 'portcullis: hook: unknown option --eprefxi; did you mean --eprefix?' ]]
	run -2 "$TOP/bin/portcullis" hook --eprefix
	[[ $output == 'portcullis: hook: --eprefix needs a value' ]]
}

@test 'no Node, or one that is too old: said in one line' {
	local bin=$BATS_TEST_TMPDIR/bin
	mkdir "$bin"
	ln -s "$(command -v bash)" "$bin/bash"
	run -1 env -i PATH="$bin" "$TOP/bin/portcullis" --help
	[[ $output == 'portcullis: Node is missing: emerge net-libs/nodejs (20 or newer)' ]]
	echo "Object.defineProperty(process.versions, 'node', { value: '18.20.1' })" >"$BATS_TEST_TMPDIR/old.cjs"
	printf '#!/bin/bash\nexec %q --require %q "$@"\n' "$(command -v node)" "$BATS_TEST_TMPDIR/old.cjs" >"$bin/node"
	chmod 755 "$bin/node"
	run -1 env -i PATH="$bin" "$TOP/bin/portcullis" --help
	[[ $output == "portcullis: Node 20 or newer is needed, and $(node -p process.execPath) is 18.20.1: emerge net-libs/nodejs" ]]
}

@test 'it is found through links, and by its neighbours once installed' {
	local root=$BATS_TEST_TMPDIR/root
	mkdir -p "$root/usr/bin" "$root/usr/lib/portcullis" "$root/links"
	cp "$TOP/bin/portcullis" "$root/usr/bin/"
	cp "$TOP/dist/portcullis.js" "$root/usr/lib/portcullis/"
	ln -s ../usr/bin/portcullis "$root/links/one"
	ln -s "$root/links/one" "$root/links/two"
	run -0 "$root/links/two" hook
	[[ $output == *"confine=$root/usr/libexec/portcullis/confine "* ]]
	rm "$root/usr/lib/portcullis/portcullis.js"
	run -1 "$root/links/two" hook
	[[ $output == *'is missing: run install.sh again'* ]]
}
