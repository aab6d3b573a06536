#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Conflicts with a sandbox, except distcc, in a real emerge.

load ../lib/prefix

# message_count NAME PATTERN: prints how many messages about app-test/NAME-1 match
message_count() {
	grep -c "Portcullis: app-test/$1-1: .*$2" <<<"$output"
}

# emerge_with_fakeroot fakeroot-sysv|fakeroot-tcp: emerges a package that changes the owner of a file, with this alternative of Debian
emerge_with_fakeroot() {
	prefix_make user 'fakeroot ipc-sandbox network-sandbox cgroup'
	# scanelf fails under fakeroot-tcp, with and without Portcullis.
	prefix_env PORTAGE_NO_SCANELF_CHECK=1
	prefix_package app-test/probe-1 <<-'EOF'
		src_install() {
			record_namespaces
			touch "${ED}/owned" && chown 4711:4712 "${ED}/owned" || die
			[[ $(stat -c %u:%g "${ED}/owned") == 4711:4712 ]] || die
		}
	EOF
	prefix_install_portcullis
	if [[ /usr/bin/fakeroot -ef /usr/bin/$1 ]]; then
		run_with_fakeroot prefix_emerge --oneshot app-test/probe
		return
	fi
	cp -a /etc/alternatives "$PREFIX_ROOT"
	ln -sfn "/usr/bin/$1" "$PREFIX_ROOT/alternatives/fakeroot"
	{ declare -p "${!PREFIX@}" && declare -f prefix_{emerge,run,exec}; } >"$PREFIX_ROOT/emerge"
	run_with_fakeroot unshare --mount bash -c 'mount --bind "$1" /etc/alternatives && source "$2" && "${@:3}"' - "$PREFIX_ROOT/alternatives" \
		"$PREFIX_ROOT/emerge" prefix_emerge --oneshot app-test/probe
}

@test 'with FEATURES=fakeroot, if fakeroot is fakeroot-sysv, src_install keeps the IPC namespace of the host, because fakeroot would hang in a new IPC namespace' {
	emerge_with_fakeroot fakeroot-sysv
	assert_namespace install net own
	assert_namespace install ipc host
	assert_namespace compile net own
	assert_namespace compile ipc own
	(($(message_count probe 'fakeroot conflicts with FEATURES="ipc-sandbox" (FEATURES contains fakeroot') == 2))
	[[ $output != *fakeroot-tcp* ]]
}

@test 'with FEATURES=fakeroot, if fakeroot is fakeroot-tcp, src_install keeps the network namespace of the host, because fakeroot would fail in a new network namespace' {
	emerge_with_fakeroot fakeroot-tcp
	assert_namespace install net host
	assert_namespace install ipc own
	assert_namespace compile net own
	assert_namespace compile ipc own
	(($(message_count probe 'fakeroot-tcp conflicts with FEATURES="network-sandbox" (FEATURES contains fakeroot') == 2))
	[[ $output != *'fakeroot conflicts'* ]]
}

# Sets the variables of a desktop session for emerge and lists them in SESSION: a proxy on loopback, an SSH agent with a key, a GPG
# agent, and an X display whose server listens on an abstract socket.
start_session() {
	local agent=$PREFIX_LOG/agent number=$((5000 + RANDOM % 1000))
	prefix_run ssh-agent -a "$agent" >/dev/null
	prefix_run ssh-keygen -q -t ed25519 -N '' -f "$PREFIX_LOG/key"
	SSH_AUTH_SOCK=$agent ssh-add -q "$PREFIX_LOG/key"
	prefix_exec Xvfb ":$number" -screen 0 64x64x8 -nolisten unix >/dev/null 2>&1 3>&- &
	until_true 60 grep -q "@/tmp/.X11-unix/X$number\$" /proc/net/unix
	# Remove the lock file now, because the end of the test kills Xvfb with SIGKILL.
	rm "/tmp/.X$number-lock"
	SESSION=(http_proxy=http://127.0.0.1:3128 "SSH_AUTH_SOCK=$agent" "GPG_AGENT_INFO=$agent:1:1" "DISPLAY=:$number.0")
	prefix_env "${SESSION[@]}"
}

@test 'the hook reports each conflict of http_proxy, SSH_AUTH_SOCK, GPG_AGENT_INFO and DISPLAY with the sandbox once per run of emerge, and none with the ENV_UNSET that portcullis explain suggests' {
	local name fixes
	prefix_make user network-sandbox 'PORTCULLIS_ONFAILURE="die"'
	start_session
	for name in one two; do
		prefix_package app-test/$name-1 <<-EOF
			src_compile() {
				record_namespaces
				ssh-add -l > "$PREFIX_LOG/keys" 2>&1
				curl -sS http://example.org/ > "$PREFIX_LOG/proxy" 2>&1
				python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect("\0/tmp/.X11-unix/X" + sys.argv[1])' \
					"\$(sed 's/^:\(.*\)\.0/\1/' <<<"\$DISPLAY")" > "$PREFIX_LOG/display" 2>&1
			}
		EOF
	done
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/one app-test/two
	# Each message appears once in the phase and once in the summary of emerge.
	(($(message_count one "a proxy on loopback conflicts with .*(http_proxy is http://127.0.0.1:3128") == 2))
	(($(message_count one "ssh or gpg agent conflicts with .*(SSH_AUTH_SOCK is the socket .*; GPG_AGENT_INFO is the socket") == 2))
	(($(message_count one "X display conflicts with .*(DISPLAY is ") == 2))
	(($(message_count one 'PORTCULLIS_ONFAILURE has no effect, .*; did you mean PORTCULLIS_ON_FAILURE? ') == 2))
	[[ $(grep -c PORTCULLIS_ONFAILURE <<<"$output") == 2 ]]
	[[ $(grep -c 'conflicts with' <<<"$output") == 6 ]]
	[[ $(grep -c '^ \* Portcullis: .* For the fixes, run: .*/usr/bin/portcullis explain app-test/one-1$' <<<"$output") == 6 ]]
	grep -q ED25519 "$PREFIX_LOG/keys"
	grep -q 'port 3128' "$PREFIX_LOG/proxy"
	grep -q ConnectionRefusedError "$PREFIX_LOG/display"

	run -0 prefix_run env PORTAGE_PYTHON="$PREFIX_PORTAGE/bin/python" portcullis explain app-test/one
	mapfile -t fixes < <(grep -oE 'ENV_UNSET="[^"]*"' <<<"$output")
	((${#fixes[@]} == 3))
	prefix_conf 'FEATURES="network-sandbox"' "${fixes[@]}"
	run -0 prefix_ebuild app-test/one-1 clean compile
	[[ $output != *conflicts\ with* ]]
	grep -q 'Could not open a connection' "$PREFIX_LOG/keys"

	prefix_conf 'FEATURES="network-sandbox"' 'PORTCULLIS_CONFLICT="ignore"'
	run -0 prefix_ebuild app-test/one-1 clean compile
	[[ $output != *conflicts\ with* ]]
}

@test 'as root with FEATURES=pid-sandbox, which hides emerge from phases, the hook reports once per run of emerge that http_proxy conflicts with the sandbox, and portcullis report --last selects the last run' {
	prefix_make root 'network-sandbox pid-sandbox' 'http_proxy="http://127.0.0.1:3128"'
	prefix_package app-test/one-1 </dev/null
	prefix_package app-test/two-1 </dev/null
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/one app-test/two
	(($(grep -c 'a proxy on loopback conflicts with' <<<"$output") == 2))
	run -0 prefix_emerge --oneshot app-test/two
	(($(message_count two 'a proxy on loopback conflicts with') == 2))
	# Each of the two runs of emerge has made a marker file for the message.
	[[ $(compgen -G "/run/portcullis.${PREFIX//\//%}.reported-*" | wc -l) == 2 ]]
	run -0 prefix_run "$PREFIX/usr/bin/portcullis" report --last
	[[ ${lines[-1]} == '6 phases of 1 package since '* && $output == *app-test/two-1* ]]
}

@test 'with PORTCULLIS_CONFLICT=die, emerge stops before src_unpack if http_proxy, SSH_AUTH_SOCK, GPG_AGENT_INFO or DISPLAY conflicts with the sandbox' {
	local variable
	prefix_make user network-sandbox 'PORTCULLIS_CONFLICT="die"'
	start_session
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	for variable in "${SESSION[@]}"; do
		rm -f "$PREFIX_LOG/phases"
		prefix_env "$variable"
		run -1 prefix_emerge --oneshot app-test/probe
		[[ $output == *'app-test/probe-1: '*"conflicts with"*"${variable%%=*}"*'the build stops, because PORTCULLIS_CONFLICT="die" is set and a sandbox conflicts with: '*'portcullis explain app-test/probe-1'* ]]
		[[ $output != *'cannot reach'* ]]
		[[ ! $(prefix_phases) ]]
	done
}

@test 'with FEATURES=network-sandbox, the hook reports CCACHE_REMOTE_STORAGE as a conflict, and ccache does not try to connect to this storage' {
	prefix_make user 'ccache network-sandbox' 'CCACHE_REMOTE_STORAGE="http://10.213.1.1/cache"' 'PORTCULLIS_AUDIT="on"'
	mkdir -p "$PREFIX/usr/lib/ccache"
	ln -s /usr/lib/ccache "$PREFIX/usr/lib/ccache/bin"
	prefix_package app-test/probe-1 <<-'EOF'
		src_compile() {
			record_namespaces
			echo 'int main(void) { return 0; }' > a.c || die
			gcc -c a.c || die
		}
	EOF
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/probe
	(($(message_count probe 'remote storage conflicts with FEATURES="network-sandbox" (FEATURES contains ccache; CCACHE_REMOTE_STORAGE contains http://10.213.1.1/cache') == 2))
	# The phase made no connection attempt.
	[[ $(record_values "$RECORDS" compile '[r.watched, r.unreachable, r.blocked].join()') == 'yes,0,' ]]
}
