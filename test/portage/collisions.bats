#!/usr/bin/env bats
# What collides with a sandbox besides distcc, in a real emerge.

load emerge

said() {
	grep -c "Portcullis: app-test/$1-1: .*$2" <<<"$output"
}

@test 'fakeroot: src_install, which would hang, keeps the IPC of the host, and nothing else does' {
	prefix_make user
	prefix_conf 'FEATURES="fakeroot ipc-sandbox network-sandbox cgroup"'
	prefix_package app-test/probe-1 <<-'EOF'
		src_install() {
			note_namespaces
			touch "${ED}/owned" && chown 4711:4712 "${ED}/owned" || die
			[[ $(stat -c %u:%g "${ED}/owned") == 4711:4712 ]] || die
		}
	EOF
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/probe
	expect_kind install net apart
	expect_kind install ipc host
	expect_kind compile net apart
	expect_kind compile ipc apart
	(($(said probe 'fakeroot collides with FEATURES="ipc-sandbox": FEATURES names fakeroot') == 2))
}

@test 'what every package would say is said once an emerge, and PORTCULLIS_COLLISION=die does not stop for it' {
	local name
	prefix_make user
	prefix_conf 'FEATURES="network-sandbox"' 'PORTCULLIS_COLLISION="die"'
	prefix_env http_proxy=http://127.0.0.1:3128
	for name in one two; do
		prefix_package app-test/$name-1 </dev/null
	done
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/one app-test/two
	(($(grep -c 'collides with .*: http_proxy is http://127.0.0.1:3128' <<<"$output") == 2))
	# The next emerge says it again.
	run -0 prefix_emerge --oneshot app-test/two
	(($(said two 'http_proxy is') == 2))
}

@test 'a build that tries its compiler cache on another host: told not to' {
	prefix_make user
	mkdir -p "$PREFIX/usr/lib"
	ln -s /usr/lib/ccache "$PREFIX/usr/lib/ccache"
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
	(($(said probe 'remote storage collides with FEATURES="network-sandbox": FEATURES names ccache; CCACHE_REMOTE_STORAGE names http://10.213.1.1/cache') == 2))
	# Nobody tried to reach it.
	[[ $(record compile '[r.watched, r.unreachable, r.blocked].join()') == 'yes,0,' ]]
}

@test 'cgroup where nothing can be kept track of' {
	local -a nowhere
	((EUID == 0)) || skip 'only root can make a system without user namespaces'
	prefix_make user
	prefix_install_portcullis
	# In a user namespace that allows no other, without capabilities.
	nowhere=(unshare --user --map-root-user bash -c
		'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all "$@"' -)
	run -0 "${nowhere[@]}" "$PREFIX/usr/bin/portcullis" explain --features cgroup compile
	[[ $output == *'no process can be kept track of, collides with FEATURES="cgroup": '* && $output == *'FEATURES="-cgroup"'* ]]
	run -0 prefix_run "$PREFIX/usr/bin/portcullis" explain --features cgroup compile
	[[ $output != *collides* ]]

	printf '#!/bin/sh\necho found\necho ewarn started\necho done\n' >"$PREFIX/usr/bin/portcullis"
	cp "$TOP/test/unit/smell.bash" "$PREFIX_ROOT"
	run -0 "${nowhere[@]}" bash "$PREFIX_ROOT/smell.bash" "$PREFIX/etc/portage/portcullis/phase.bash" cgroup
	[[ $output == started ]]
	run -0 prefix_run bash "$PREFIX_ROOT/smell.bash" "$PREFIX/etc/portage/portcullis/phase.bash" cgroup
	[[ ! $output ]]
}
