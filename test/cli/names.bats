#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Host names of PORTCULLIS_ALLOW, looked up by the C library.

load ../lib/bats

setup() {
	PROGRAM=$BATS_TEST_DIRNAME/../../dist/portcullis.js
	printf '%s\n' '127.0.0.1 localhost' '127.0.0.1 evil.example' '169.254.169.254 evil.example' '192.0.2.1 evil.example' \
		'::1 six.example' '64:ff9b::7f00:1 nat.example' '::ffff:192.0.2.9 mapped.example' '10.1.2.3 nas.example' >"$BATS_TEST_TMPDIR/hosts"
}

# destinations ENTRY...: prints how `portcullis check` resolves PORTCULLIS_ALLOW, run in a mount namespace with its own /etc/hosts
destinations() {
	# shellcheck disable=SC2016 # the shell that is started expands it
	unshare --mount bash -c 'mount --bind "$1" /etc/hosts && shift && exec "$@"' - "$BATS_TEST_TMPDIR/hosts" \
		node "$PROGRAM" check --package a/b-1 --resolve \
		< <(printf '%s\0' FEATURES='network-sandbox distcc' PORTCULLIS_ALLOW="$*" "${ENVIRONMENT[@]}")
}

@test 'a host name in PORTCULLIS_ALLOW does not allow loopback and link-local addresses to which it resolves, and a message shows the name, the address and the fix' {
	run -0 destinations evil.example:80 six.example:443 nat.example:1 mapped.example:80 nas.example:80
	[[ $(grep '^--' <<<"$output") == '--allow 192.0.2.1:80
--allow 192.0.2.9:80
--allow 10.1.2.3:80
--resolve evil.example=192.0.2.1
--resolve mapped.example=192.0.2.9
--resolve nas.example=10.1.2.3' ]]
	[[ $output == *'a part of evil.example:80 in PORTCULLIS_ALLOW stays blocked: evil.example resolves to 127.0.0.1 (loopback: this host)'* ]]
	[[ $output == *'evil.example resolves to 169.254.169.254 (link-local: '*'PORTCULLIS_ALLOW="${PORTCULLIS_ALLOW} 169.254.169.254:80"'* ]]
	[[ $output == *' six.example:443 in PORTCULLIS_ALLOW stays blocked: six.example resolves to ::1 ('*'PORTCULLIS_ALLOW="${PORTCULLIS_ALLOW} [::1]:443"'* ]]
	[[ $output == *'nat.example resolves to 64:ff9b::7f00:1 (loopback: this host)'* ]]
	[[ $output == *'elog Portcullis: a/b-1: nas.example:80 in PORTCULLIS_ALLOW allows private addresses: 10.1.2.3'* ]]
}

@test 'Portcullis treats 127.1, 0 and 2130706433 in PORTCULLIS_ALLOW as host names, which cannot allow loopback; addresses such as 127.0.0.1 can' {
	run -0 destinations 127.1:80 0:80 2130706433:80 localhost:80
	[[ $output != *--allow* ]]
	(($(grep -c 'stays blocked: .* resolves to \(127.0.0.1\|0.0.0.0\) (' <<<"$output") == 4))
	run -0 destinations 127.0.0.1:3633 '[::1]:80' 169.254.169.254:80
	[[ $output == $'--allow 127.0.0.1:3633\n--allow [::1]:80\n--allow 169.254.169.254:80\ndone' ]]
}

@test 'with PORTCULLIS_ALLOW=distcc, loopback and link-local addresses in DISTCC_HOSTS stay blocked, and a message shows the PORTCULLIS_ALLOW line that allows 127.0.0.1:3633' {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/bin/distcc"
	chmod +x "$BATS_TEST_TMPDIR/bin/distcc"
	ENVIRONMENT=(PATH="$BATS_TEST_TMPDIR/bin:$PATH" DISTCC_HOSTS='evil.example 169.254.1.1 0.0.0.0')
	run -0 destinations distcc
	[[ $(grep '^--' <<<"$output") == $'--allow 192.0.2.1:3632\n--resolve evil.example=192.0.2.1' ]]
	(($(grep -c 'distcc host .* stays blocked' <<<"$output") == 4))
	ENVIRONMENT=(PATH="$BATS_TEST_TMPDIR/bin:$PATH" DISTCC_HOSTS=127.0.0.1:3633)
	run -0 destinations distcc
	[[ $output == *'distcc host 127.0.0.1:3633 stays blocked'*'add to make.conf: PORTCULLIS_ALLOW="${PORTCULLIS_ALLOW} 127.0.0.1:3633"'* ]]
	[[ $output != *'no remote host'* ]]
}
