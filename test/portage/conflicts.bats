#!/usr/bin/env bats
# Conflicts with a sandbox, except distcc, in a real emerge.

load ../lib/prefix

said() {
	grep -c "Portcullis: app-test/$1-1: .*$2" <<<"$output"
}

# Emerges a package that gives a file away, with this fakeroot as Debian's alternative.
emerge_under() {
	prefix_make user
	# fakeroot's own filter knows nothing of what fakeroot-tcp calls in its place, with us or without.
	prefix_env PORTAGE_NO_SCANELF_CHECK=1
	prefix_conf 'FEATURES="fakeroot ipc-sandbox network-sandbox cgroup"'
	prefix_package app-test/probe-1 <<-'EOF'
		src_install() {
			note_namespaces
			touch "${ED}/owned" && chown 4711:4712 "${ED}/owned" || die
			[[ $(stat -c %u:%g "${ED}/owned") == 4711:4712 ]] || die
		}
	EOF
	prefix_install_portcullis
	if [[ /usr/bin/fakeroot -ef /usr/bin/$1 ]]; then
		run_faked prefix_emerge --oneshot app-test/probe
		return
	fi
	((EUID == 0)) || skip 'only root can make it the alternative'
	cp -a /etc/alternatives "$PREFIX_ROOT"
	ln -sfn "/usr/bin/$1" "$PREFIX_ROOT/alternatives/fakeroot"
	{ declare -p "${!PREFIX@}" && declare -f prefix_{emerge,run,exec}; } >"$PREFIX_ROOT/emerge"
	run_faked unshare --mount bash -c 'mount --bind "$1" /etc/alternatives && source "$2" && "${@:3}"' - "$PREFIX_ROOT/alternatives" \
		"$PREFIX_ROOT/emerge" prefix_emerge --oneshot app-test/probe
}

@test 'fakeroot: src_install, which would hang, keeps the IPC of the host, and nothing else does' {
	emerge_under fakeroot-sysv
	expect_kind install net apart
	expect_kind install ipc host
	expect_kind compile net apart
	expect_kind compile ipc apart
	(($(said probe 'fakeroot conflicts with FEATURES="ipc-sandbox": FEATURES contains fakeroot') == 2))
	[[ $output != *fakeroot-tcp* ]]
}

@test 'fakeroot-tcp: src_install, which would fail, keeps the network of the host, and nothing else does' {
	emerge_under fakeroot-tcp
	expect_kind install net host
	expect_kind install ipc apart
	expect_kind compile net apart
	expect_kind compile ipc apart
	(($(said probe 'fakeroot-tcp conflicts with FEATURES="network-sandbox": FEATURES contains fakeroot') == 2))
	[[ $output != *'fakeroot conflicts'* ]]
}

# Everything that a session leaves in an environment: a proxy on loopback, an agent with a key, another socket, and a display
# whose server listens on an abstract socket. Sets SESSION.
session() {
	local agent=$PREFIX_LOG/agent number=$((5000 + RANDOM % 1000))
	prefix_run ssh-agent -a "$agent" >/dev/null
	prefix_run ssh-keygen -q -t ed25519 -N '' -f "$PREFIX_LOG/key"
	SSH_AUTH_SOCK=$agent ssh-add -q "$PREFIX_LOG/key"
	prefix_exec Xvfb ":$number" -screen 0 64x64x8 -nolisten unix >/dev/null 2>&1 3>&- &
	until grep -q "@/tmp/.X11-unix/X$number\$" /proc/net/unix; do sleep 0.05; done
	SESSION=(http_proxy=http://127.0.0.1:3128 "SSH_AUTH_SOCK=$agent" "GPG_AGENT_INFO=$agent:1:1" "DISPLAY=:$number.0")
	prefix_env "${SESSION[@]}"
}

@test 'what a session leaves in the environment: said for each package, with what becomes of it, until the line that is named is written' {
	local name cures
	prefix_make user
	session
	prefix_conf 'FEATURES="network-sandbox"'
	for name in one two; do
		prefix_package app-test/$name-1 <<-EOF
			src_compile() {
				note_namespaces
				ssh-add -l > "$PREFIX_LOG/keys" 2>&1
				curl -sS http://example.org/ > "$PREFIX_LOG/proxy" 2>&1
				python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect("\0/tmp/.X11-unix/X" + sys.argv[1])' \
					"\$(sed 's/^:\(.*\)\.0/\1/' <<<"\$DISPLAY")" > "$PREFIX_LOG/display" 2>&1
			}
		EOF
	done
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/one app-test/two
	for name in one two; do
		# In the phase, and once more in the summary.
		(($(said "$name" "a proxy on loopback conflicts with .*: http_proxy is http://127.0.0.1:3128") == 2))
		(($(said "$name" "ssh or gpg agent conflicts with .*: SSH_AUTH_SOCK is the socket .*; GPG_AGENT_INFO is the socket") == 2))
		(($(said "$name" "X display conflicts with .*: DISPLAY is ") == 2))
	done
	grep -q ED25519 "$PREFIX_LOG/keys"
	grep -q 'port 3128' "$PREFIX_LOG/proxy"
	grep -q ConnectionRefusedError "$PREFIX_LOG/display"

	mapfile -t cures < <(grep -oE 'ENV_UNSET="[^"]*"' <<<"$output" | sort -u | sed 's/.*="//; s/"//')
	prefix_conf 'FEATURES="network-sandbox"' "ENV_UNSET=\"${cures[*]}\""
	run -0 prefix_emerge --oneshot app-test/one
	[[ $output != *conflicts\ with* ]]
	grep -q 'Could not open a connection' "$PREFIX_LOG/keys"

	prefix_conf 'FEATURES="network-sandbox"' 'PORTCULLIS_CONFLICT="ignore"'
	run -0 prefix_emerge --oneshot app-test/one
	[[ $output != *conflicts\ with* ]]
}

@test 'PORTCULLIS_CONFLICT=die stops for each of these before unpacking, with the same text' {
	local one
	prefix_make user
	session
	prefix_conf 'FEATURES="network-sandbox"' 'PORTCULLIS_CONFLICT="die"'
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	for one in "${SESSION[@]}"; do
		rm -f "$PREFIX_LOG/phases"
		prefix_env "$one"
		run -1 prefix_emerge --oneshot app-test/probe
		[[ $output == *'app-test/probe-1: not built, because PORTCULLIS_CONFLICT="die" is set: '*"${one%%=*}"*"set ENV_UNSET=\"${one%%=*}\" in make.conf"* ]]
		[[ $(prefix_phases) == pretend ]]
	done
}

@test 'a build that tries its compiler cache on another host: told not to' {
	prefix_make user
	mkdir -p "$PREFIX/usr/lib/ccache"
	ln -s /usr/lib/ccache "$PREFIX/usr/lib/ccache/bin"
	prefix_conf 'FEATURES="ccache network-sandbox"' 'CCACHE_REMOTE_STORAGE="http://10.213.1.1/cache"' 'PORTCULLIS_AUDIT="on"'
	prefix_package app-test/probe-1 <<-'EOF'
		src_compile() {
			note_namespaces
			echo 'int main(void) { return 0; }' > a.c || die
			gcc -c a.c || die
		}
	EOF
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/probe
	(($(said probe 'remote storage conflicts with FEATURES="network-sandbox": FEATURES contains ccache; CCACHE_REMOTE_STORAGE contains http://10.213.1.1/cache') == 2))
	# Nobody tried to reach it.
	[[ $(record_values "$RECORDS" compile '[r.watched, r.unreachable, r.blocked].join()') == 'yes,0,' ]]
}

@test 'FEATURES=cgroup without any tracking method is a conflict, and PORTCULLIS_CONFLICT=die stops for it' {
	local -a nowhere emerge=("$PREFIX_PORTAGE/bin/python" "$PREFIX_PORTAGE/lib/portage/bin/emerge" --oneshot app-test/probe)
	prefix_make user
	prefix_conf 'FEATURES="cgroup -network-sandbox -ipc-sandbox"'
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	# In a user namespace that allows no other.
	nowhere=(prefix_run unshare --user --map-current-user --keep-caps -- bash -c
		'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --ambient-caps=-all --inh-caps=-all -- "$@" </dev/null' -)
	run -0 "${nowhere[@]}" "${emerge[@]}"
	(($(said probe 'this system (no cgroup, no PID namespace) conflicts with FEATURES="cgroup": ') == 2))
	[[ $output == *'a daemon may escape'*'To end the conflict, set FEATURES="-cgroup" in make.conf'* ]]
	[[ $(record_values "$RECORDS" compile r.tracking) == subreaper ]]
	run -0 "${nowhere[@]}" "$PREFIX/usr/bin/portcullis" explain --features cgroup compile
	[[ $output == *'this system (no cgroup, no PID namespace) conflicts with FEATURES="cgroup": '* ]]
	prefix_conf 'FEATURES="cgroup -network-sandbox -ipc-sandbox"' 'PORTCULLIS_CONFLICT="die"'
	run -1 "${nowhere[@]}" "${emerge[@]}"
	[[ $output == *'app-test/probe-1: not built, because PORTCULLIS_CONFLICT="die" is set: this system'* ]]
	# With user namespaces there is no conflict.
	run -0 prefix_run "${emerge[@]}"
	[[ $output != *conflicts\ with* ]]
}
