# shellcheck shell=bash
# Portcullis in a test's prefix: what prefix_make made, and the hook, the program and confine as an installation has them.

# Puts this checkout's build into PREFIX. CONFINE is where confine is then.
prefix_install_portcullis() {
	CONFINE=$PREFIX/usr/libexec/portcullis/confine
	RECORDS=$PREFIX/var/log/portcullis/records.jsonl
	install -D -m 755 "$TOP/native/build/confine" "$CONFINE"
	install -D -m 755 "$TOP/bin/portcullis" "$PREFIX/usr/bin/portcullis"
	install -D -m 644 "$TOP/dist/portcullis.js" "$PREFIX/usr/lib/portcullis/portcullis.js"
	mkdir -p "$PREFIX/etc/portage/portcullis" "${RECORDS%/*}"
	"$PREFIX/usr/bin/portcullis" hook >"$PREFIX/etc/portage/portcullis/phase.bash"
	{
		"$PREFIX/usr/bin/portcullis" hook --block
		[[ ! -e $PREFIX/etc/portage/bashrc ]] || cat "$PREFIX/etc/portage/bashrc"
	} >"$PREFIX_ROOT/bashrc"
	cat "$PREFIX_ROOT/bashrc" >"$PREFIX/etc/portage/bashrc"
	if ((PREFIX_UID == 0)); then
		# As install.sh makes it on a host: phases of root and of the portage user write there.
		chgrp portage "${RECORDS%/*}"
		chmod 2775 "${RECORDS%/*}"
	elif ((EUID == 0)); then
		chown -R "$PREFIX_UID:$PREFIX_UID" "$PREFIX"
	fi
}

# Whether a phase was where we are, kind by kind: all of them.
in_ours() {
	local phase=$1 kind
	for kind in "${@:2}"; do
		[[ $(prefix_seen "$phase" "$kind") == "$(prefix_here "$kind")" ]] || return
	done
}

# Fails, with what the phase saw, unless it was where we are in this kind (host), or was not (apart).
expect_kind() {
	local phase=$1 kind=$2 where=$3 seen here
	seen=$(prefix_seen "$phase" "$kind") here=$(prefix_here "$kind")
	if [[ $where == host && $seen != "$here" || $where == apart && $seen == "$here" || ! $seen ]]; then
		echo "$phase: $kind is $seen, here it is $here; expected: $where"
		return 1
	fi
}

# The members of the record of a phase, one line each: record PHASE FILTER (of node: r is the record)
record() {
	node -e '
		const lines = require("node:fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map((l) => JSON.parse(l));
		for (const r of lines.filter((l) => l.phase === process.argv[2])) console.log(eval(process.argv[3]));
	' "$RECORDS" "$1" "$2"
}

# run -0 for a build under fakeroot, and again where it was fakeroot-tcp's daemon that failed, with us or without: it answers what nobody
# waits for, and dies of SIGPIPE where who told it something, mkdir say, has ended by then (fakeroot 1.31, seen with strace).
# shellcheck disable=SC2154 # bats' run sets status and output
run_faked() {
	local tries
	for ((tries = 0; tries < 5; tries++)); do
		rm -rf -- "${PREFIX_LOG:?}"/* "$RECORDS"
		run "$@"
		((status == 0)) && return
		[[ $output == *'libfakeroot: '* ]] || break
	done
	echo "$output"
	return 1
}
