#!/usr/bin/env bats
# A build that tries to run code outside its sandbox, or to switch off the sandbox of its later phases. Code that runs outside
# has the PID namespace of the host, where FEATURES=cgroup gives each phase its own.

load ../lib/prefix

USER_FEATURES='cgroup'
ROOT_FEATURES='cgroup -pid-sandbox -network-sandbox -ipc-sandbox'

# prefix root|user [LINE...]: a prefix in which every src_* phase has its own PID namespace
prefix() {
	local features=$USER_FEATURES
	[[ $1 != root ]] || features=$ROOT_FEATURES
	prefix_make "$1"
	prefix_conf "FEATURES=\"$features\"" "${@:2}"
}

# Fails if a line of the log is from the host's PID namespace, or if there is no line at all.
nothing_outside() {
	local here
	here=$(readlink /proc/self/ns/pid)
	[[ -s $PREFIX_LOG/ran ]] || {
		echo 'the fake programs never ran'
		return 1
	}
	if grep -F "$here" "$PREFIX_LOG/ran"; then
		echo 'these ran outside'
		return 1
	fi
}

# The ebuild's functions: arm puts fakes into ${T}/bin, each of which logs its PID namespace, and exports what interpreters read.
arms() {
	cat <<-EOF
		arm() {
			local name
			mkdir -p "\${T}/bin" "\${T}/python" || die
			cat >"\${T}/bin/fake" <<-'END' || die
				#!/bin/bash -p
				echo "\${0##*/} \$(/usr/bin/readlink /proc/self/ns/pid)" >>"$PREFIX_LOG/ran"
				exec "/usr/bin/\${0##*/}" "\$@"
			END
			chmod 755 "\${T}/bin/fake"
			for name in bash sh env node python3 readlink rm cat mkdir sed chmod portcullis confine; do
				ln -sf fake "\${T}/bin/\${name}" || die
			done
			echo "require('fs').appendFileSync('$PREFIX_LOG/ran', 'NODE_OPTIONS ' + require('fs').readlinkSync('/proc/self/ns/pid') + '\n');" >"\${T}/evil.js"
			echo "echo BASH_ENV \\\$(/usr/bin/readlink /proc/self/ns/pid) >>'$PREFIX_LOG/ran'" >"\${T}/evil.bash"
			echo "import os; open('$PREFIX_LOG/ran', 'a').write('PYTHONPATH ' + os.readlink('/proc/self/ns/pid') + '\n')" >"\${T}/python/sitecustomize.py"
			cp "$PREFIX_ROOT/audit.so" "\${T}/audit.so" || die
			export PATH="\${T}/bin:\${PATH}" NODE_OPTIONS="--require=\${T}/evil.js" BASH_ENV="\${T}/evil.bash" ENV="\${T}/evil.bash"
			export PYTHONPATH="\${T}/python" PYTHONSTARTUP="\${T}/python/sitecustomize.py" LD_AUDIT="\${T}/audit.so"
			export NODE_PATH="\${T}" OPENSSL_CONF="\${T}/evil.js" GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096
			register_die_hook evil_hook
		}
		evil_hook() {
			echo "die hook \$(/usr/bin/readlink /proc/self/ns/pid)" >>"$PREFIX_LOG/ran"
		}
	EOF
}

# The library that LD_AUDIT names; the log is a file of the test.
audit_library() {
	gcc -shared -fPIC -DLOG="\"$PREFIX_LOG/ran\"" -x c -o "$PREFIX_ROOT/audit.so" - <<-'END'
		#include <fcntl.h>
		#include <unistd.h>
		unsigned int la_version(unsigned int version)
		{
			char line[64] = "LD_AUDIT ";
			long length = readlink("/proc/self/ns/pid", line + 9, 40);
			int fd = open(LOG, O_WRONLY | O_APPEND | O_CREAT, 0666);
			line[9 + length] = '\n';
			if (fd >= 0 && write(fd, line, 10 + length) < 0)
				return 0;
			close(fd);
			return version;
		}
	END
	chmod 755 "$PREFIX_ROOT/audit.so"
	: >"$PREFIX_LOG/ran"
	chmod 666 "$PREFIX_LOG/ran"
}

# The build arms itself in src_configure. Then a phase leaves a process behind, so that the hook starts the program that reports it,
# and another variable makes the hook ask for conflicts.
programs() {
	prefix "$1" 'PORTCULLIS_ALLOW="192.0.2.7:80"'
	audit_library
	prefix_package app-test/probe-1 <<-EOF
		$(arms)
		src_configure() {
			note_namespaces
			arm
			export CC="ccache gcc" CCACHE_REMOTE_STORAGE="http://192.0.2.9/" DISTCC_HOSTS=192.0.2.9
			rm -f "\${PORTAGE_BUILDDIR}"/.ipc/portcullis-{allow,conflicts}
		}
		src_compile() {
			note_namespaces
			env true
			(setsid sleep 987 &)
		}
	EOF
	prefix_install_portcullis
	# No further: pkg_* phases are not confined.
	run -0 prefix_ebuild app-test/probe-1 compile
	nothing_outside
	[[ $output == *'src_compile left a process behind, and it was killed: sleep 987'* ]]
	expect_kind compile pid apart
}

@test 'an ordinary user: no program and no option that a build chooses runs outside' {
	programs user
}

@test 'root with userpriv: no program and no option that a build chooses runs outside' {
	programs root
	[[ $(prefix_seen compile uid) == "$(id -u portage)" ]]
}

@test 'a phase that the hook stops calls no die hook of the build outside' {
	prefix user 'PORTCULLIS_ON_FAILURE="die"'
	audit_library
	prefix_package app-test/probe-1 <<-EOF
		$(arms)
		src_configure() {
			note_namespaces
			arm
			env true
		}
	EOF
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 configure
	# confine is gone for the next phase.
	rm "$CONFINE"
	run -1 prefix_ebuild app-test/probe-1 compile
	[[ $output == *'src_compile was not started: '*' does not exist or is not executable'* ]]
	# Portage itself starts programs for a phase that has failed (misc-functions.sh).
	run -1 grep 'die hook' "$PREFIX_LOG/ran"
}

@test 'functions that a build saves do not run outside and do not stop the hook' {
	local name
	prefix user
	{
		# Portage alone survives these: each does what the builtin does.
		for name in mapfile printf kill pwd true echo shopt typeset; do
			printf '%s() { note_shadow; builtin %s "$@"; }\n' "$name" "$name"
		done
		cat <<-EOF
			note_shadow() {
				[[ \${BASH_SOURCE[2]} != */portcullis/phase.bash ]] || /bin/echo "\${FUNCNAME[1]}" >>"$PREFIX_LOG/shadow"
			}
		EOF
	} | prefix_package app-test/probe-1
	run -0 prefix_emerge --oneshot app-test/probe
	rm -r "$PREFIX_LOG/phases" "$PREFIX/var/db/pkg/app-test"
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/probe
	local phase
	for phase in unpack prepare configure compile install; do
		expect_kind "$phase" pid apart
	done
	[[ ! -e $PREFIX_LOG/shadow ]]
}

# An ebuild whose src_configure runs the text on standard input.
configures() {
	prefix_package app-test/probe-1 <<-EOF
		src_configure() {
			note_namespaces
			$(cat)
		}
	EOF
}

@test "root with userpriv: what a build writes into .ipc changes nothing for its later phases" {
	prefix root 'PORTCULLIS_ALLOW="192.0.2.7:80"'
	configures <<-'EOF'
		local name
		rm -f "${PORTAGE_BUILDDIR}"/.ipc/portcullis-* || die
		for name in portcullis-settings portcullis-0-settings; do
			printf '%s\n' "${PORTAGE_BUILDDIR}" PORTCULLIS_AUDIT=only >"${PORTAGE_BUILDDIR}/.ipc/${name}" || die
		done
		printf '%s\n' "${PORTAGE_BUILDDIR}" 192.0.2.7:80 '--allow 192.0.2.1:1' >"${PORTAGE_BUILDDIR}/.ipc/portcullis-allow" || die
		# The folder itself is root's.
		local file
		for file in /run/portcullis.*; do
			{ echo PORTCULLIS_AUDIT=only >>"${file}"; } 2>/dev/null && die "${file} is writable"
			rm -f "${file}" 2>/dev/null && die "${file} can be removed"
		done
	EOF
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/probe
	expect_kind compile pid apart
	expect_kind install pid apart
	# clean takes along what was kept.
	[[ ! $(compgen -G "/run/portcullis.*${PREFIX_TMP//\//%}*") ]]
}

@test 'an ordinary user: a file of ours that something else has changed stops the next phase' {
	local line
	for line in 'PORTCULLIS_AUDIT=only' 'BASH_ENV=/evil' '--allow 192.0.2.1:1'; do
		prefix user 'PORTCULLIS_UNPACK="confine"'
		configures <<-EOF
			echo '$line' >"\${PORTAGE_BUILDDIR}/.ipc/portcullis-settings" || die
		EOF
		prefix_install_portcullis
		run -1 prefix_emerge --oneshot app-test/probe
		[[ $output == *'portcullis-settings has a line that Portcullis did not write'* ]]
		[[ $(prefix_phases | tail -n 1) == configure ]]
		prefix_clean
	done
}

@test 'an ordinary user: no line of the kept list becomes an option of confine that Portcullis does not write' {
	local line
	for line in '--label evil=1' '--allow 192.0.2.1:1 --net' '--allow evil.example:1' '--record /evil' '--resolve a=b c'; do
		prefix user 'FEATURES="cgroup network-sandbox"' 'PORTCULLIS_ALLOW="192.0.2.7:80"'
		configures <<-EOF
			echo '$line' >>"\${PORTAGE_BUILDDIR}/.ipc/portcullis-allow" || die
		EOF
		prefix_install_portcullis
		run -1 prefix_emerge --oneshot app-test/probe
		[[ $output == *"portcullis-allow has a line that Portcullis did not write (\"$line\")"* ]]
		[[ $(prefix_phases | tail -n 1) == configure ]]
		prefix_clean
	done
}

@test 'root follows no link that a build has put into .ipc' {
	local victim
	prefix root 'PORTCULLIS_UNPACK="confine"'
	victim=$PREFIX_ROOT/victim
	configures <<-EOF
		local name
		for name in settings allow conflicts {0-,}{inside,notice,reported,conflicts}; do
			ln -sf "$victim" "\${PORTAGE_BUILDDIR}/.ipc/portcullis-\${name}" || die
		done
	EOF
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 configure
	echo precious >"$victim"
	chmod 600 "$victim"
	# Again as root: setup, and each phase without userpriv.
	prefix_conf "FEATURES=\"$ROOT_FEATURES -userpriv -usersandbox\"" 'PORTCULLIS_UNPACK="host"' 'PORTCULLIS_ALLOW="192.0.2.7:80"'
	rm -f "$PREFIX_TMP"/portage/app-test/probe-1/.{setuped,configured}
	run -0 prefix_ebuild app-test/probe-1 setup install
	[[ $(<"$victim") == precious ]]
	expect_kind install pid apart
}

@test "root reads no list of distcc's hosts that a build may have put there" {
	local dir
	prefix root
	mkdir -m 700 "$PREFIX_ROOT/private"
	echo secret.example >"$PREFIX_ROOT/private/hosts"
	dir=$PREFIX_TMP/portage/.distcc
	mkdir -p "$dir"
	ln -s "$PREFIX_ROOT/private/hosts" "$dir/hosts"
	chown -R -h portage:portage "$PREFIX_TMP/portage"
	prefix_conf 'FEATURES="network-sandbox"' 'PORTCULLIS_ALLOW="distcc"' 'CC="distcc gcc"' "DISTCC_DIR=\"$dir\""
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 setup
	[[ $output == *'distcc has no remote host'* && $output != *secret* ]]
}
