# shellcheck shell=bash
# Screens as a person sees them: a command at a terminal of 80 columns, in a prefix where real packages were emerged.

# Packages that leave something to see: one whose tests reach out and leave a process, one that fails.
screens_begin() {
	prefix_make user
	prefix_env PATH="$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
	prefix_conf 'FEATURES="test cgroup"'
	prefix_package dev-python/greeter-1.2 <<-'EOF'
		src_test() {
			(setsid sleep 300 >/dev/null 2>&1 &)
			curl --silent --max-time 5 https://files.example.org/data
			curl --silent --max-time 5 https://198.51.100.7/data
			true
		}
	EOF
	prefix_package app-misc/broken-2 <<<'src_compile() { die "the compiler gave up"; }'
	printf '%s\n' dev-python app-misc >>"$PREFIX_REPO/profiles/categories"
	prefix_install_portcullis
	prefix_emerge --oneshot dev-python/greeter >"$PREFIX_LOG/greeter" 2>&1 || return
	! prefix_emerge --oneshot app-misc/broken >"$PREFIX_LOG/broken" 2>&1
}

# screen COMMAND...: what a terminal of 80 columns and 24 lines shows; the status is the command's.
screen() {
	local status
	prefix_run script --quiet --return --command "stty cols 80 rows 24; $(printf '%q ' "$@")" /dev/null </dev/null >"$PREFIX_LOG/screen" 2>&1
	status=$?
	tr -d '\r' <"$PREFIX_LOG/screen" | sed "s|$PREFIX||g; s|$PREFIX_ROOT||g; s|$PREFIX_PORTAGE||g"
	return "$status"
}

# What differs from run to run, and from machine to machine, is no difference.
shape() {
	sed -E 's/just now|[0-9]+ (min|h|d) ago/AGO/g; s/[0-9]+(\.[0-9]+)* (s|min [0-9]+ s)\b/TIME/g; s/[0-9.]+ ?(B|KiB|MiB|GiB)\b/SIZE/g
		s/[0-9]+(\.[0-9]+)*/N/g; s/[[:space:]]+/ /g; s/ $//
		s/^ [a-z-]+\/[a-z]+-N (src_[a-z]+ TIME cpu TIME SIZE)/ THE SLOWEST/'
}

# kept NAME: the screen on standard input is that of docs/screens; with SCREENS_UPDATE=1 it becomes that.
kept() {
	local file=$TOP/docs/screens/$1.txt
	cat >"$BATS_TEST_TMPDIR/screen"
	[[ ${SCREENS_UPDATE-} != 1 ]] || cp "$BATS_TEST_TMPDIR/screen" "$file"
	diff <(shape <"$file") <(shape <"$BATS_TEST_TMPDIR/screen")
}

# wide FILE: no line is wider than the screen
narrow() {
	! LC_ALL=C.UTF-8 grep -nE '^.{81}' "$BATS_TEST_TMPDIR/screen"
}
