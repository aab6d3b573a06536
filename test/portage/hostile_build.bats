#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2030,SC2031 # run sets output in each test
# Builds that try to run code outside their sandbox or to disable the sandbox of later phases. FEATURES=cgroup gives each phase a PID namespace of its
# own, so code of a build that logs the PID namespace of the host ran outside.

load ../lib/prefix

USER_FEATURES='cgroup'
ROOT_FEATURES='cgroup -pid-sandbox -network-sandbox -ipc-sandbox'

# hostile_prefix root|user [LINE...]: a prefix in which every src_* phase has its own PID namespace
hostile_prefix() {
	local features=$USER_FEATURES
	[[ $1 != root ]] || features=$ROOT_FEATURES
	prefix_make "$1" "$features" "${@:2}"
}

# Fails if the log is empty or has a line from the PID namespace of the host.
assert_nothing_outside() {
	local here
	here=$(readlink /proc/self/ns/pid)
	[[ -s $PREFIX_LOG/ran ]] || {
		echo 'the fake programs never ran'
		return 1
	}
	if grep -F "$here" "$PREFIX_LOG/ran"; then
		echo 'these programs ran outside the sandbox'
		return 1
	fi
}

# Prints ebuild functions. The function arm installs fake programs in ${T}/bin, which log their PID namespace, and exports variables that interpreters and
# the dynamic linker read. It does not export CC and CXX, because Portage 3.0.66 and older expands them before it sources the hook.
hostile_functions() {
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
			for name in bash sh env node python3 readlink rm cat mkdir sed chmod basename portcullis confine; do
				ln -sf fake "\${T}/bin/\${name}" || die
			done
			echo "require('fs').appendFileSync('$PREFIX_LOG/ran', 'NODE_OPTIONS ' + require('fs').readlinkSync('/proc/self/ns/pid') + '\n');" >"\${T}/evil.js"
			echo "echo BASH_ENV \\\$(/usr/bin/readlink /proc/self/ns/pid) >>'$PREFIX_LOG/ran'" >"\${T}/evil.bash"
			echo "import os; open('$PREFIX_LOG/ran', 'a').write('PYTHONPATH ' + os.readlink('/proc/self/ns/pid') + '\n')" >"\${T}/python/sitecustomize.py"
			cp "$PREFIX_ROOT/audit.so" "\${T}/audit.so" || die
			export PATH="\${T}/bin:\${PATH}" _PORTAGE_ORIG_PATH="\${T}/bin:\${PATH}" NODE_OPTIONS="--require=\${T}/evil.js" BASH_ENV="\${T}/evil.bash" ENV="\${T}/evil.bash"
			export PYTHONPATH="\${T}/python" PYTHONSTARTUP="\${T}/python/sitecustomize.py" LD_AUDIT="\${T}/audit.so"
			export NODE_PATH="\${T}" OPENSSL_CONF="\${T}/evil.js" GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096
			declare -gn {FC,LAST_E_CMD,sourcefile}='elements[\$(echo "reference \$(/usr/bin/readlink /proc/self/ns/pid)" >>"$PREFIX_LOG/ran")]'
			register_die_hook evil_hook
		}
		evil_hook() {
			echo "die hook \$(/usr/bin/readlink /proc/self/ns/pid)" >>"$PREFIX_LOG/ran"
		}
	EOF
}

# Builds the library for LD_AUDIT, which logs its PID namespace, and creates the log.
build_audit_library() {
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

# Tests that nothing that the build armed (arm, in src_configure) runs outside. src_compile leaves a process behind, so that the hook starts portcullis.js to
# report the process. Variables of the build also make the hook start portcullis.js to detect conflicts.
assert_programs_confined() {
	hostile_prefix "$1" 'PORTCULLIS_ALLOW="192.0.2.7:80"'
	build_audit_library
	prefix_package app-test/probe-1 <<-EOF
		$(hostile_functions)
		src_configure() {
			record_namespaces
			arm
			export CC="ccache gcc" CCACHE_REMOTE_STORAGE="http://192.0.2.9/" DISTCC_HOSTS=192.0.2.9
			rm -f "\${PORTAGE_BUILDDIR}"/.ipc/portcullis-{allow,conflicts}
		}
		src_compile() {
			record_namespaces
			env true
			(setsid sleep 987 &)
		}
	EOF
	prefix_install_portcullis
	# Run no phase after src_compile, because pkg_* phases are not confined.
	run -0 prefix_ebuild app-test/probe-1 compile
	assert_nothing_outside
	[[ $output == *'src_compile: 1 leftover process killed: sleep 987'* ]]
	assert_namespace compile pid own
}

@test 'if an ordinary user builds a package, PATH, BASH_ENV and similar variables in its saved environment cannot make code of the package run outside the sandbox' {
	assert_programs_confined user
}

@test 'if root builds a package with FEATURES=userpriv, PATH, BASH_ENV and similar variables in its saved environment cannot make code of the package run outside the sandbox' {
	assert_programs_confined root
	[[ $(prefix_phase_value compile uid) == "$(id -u portage)" ]]
}

@test 'if the hook stops a phase, functions that the build has passed to register_die_hook do not run outside the sandbox' {
	hostile_prefix user 'PORTCULLIS_ON_FAILURE="die"'
	build_audit_library
	prefix_package app-test/probe-1 <<-EOF
		$(hostile_functions)
		src_configure() {
			record_namespaces
			arm
			env true
		}
	EOF
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 configure
	# Without confine, the hook stops the next phase.
	rm "$CONFINE"
	run -1 prefix_ebuild app-test/probe-1 compile
	[[ $output == *'src_compile: the build stops, because '*' does not exist or is not executable'* ]]
	# Do not check other fake programs than basename, which die of Portage 3.0.66 and older runs: after a failed phase, Portage itself runs
	# misc-functions.sh, which may call the others.
	run -1 grep -F -e 'die hook' -e basename -e "reference $(readlink /proc/self/ns/pid)" "$PREFIX_LOG/ran"
}

@test 'if the saved environment of a build defines functions with the names of bash builtins, the hook does not call these functions' {
	local name
	hostile_prefix user
	{
		# Portage works with these functions, because each one calls its builtin.
		for name in mapfile printf kill pwd true echo shopt typeset; do
			printf '%s() { note_shadow; builtin %s "$@"; }\n' "$name" "$name"
		done
		cat <<-EOF
			note_shadow() {
				[[ \${BASH_SOURCE[2]} != */portcullis/phase.bash ]] || /bin/echo "\${FUNCNAME[1]}" >>"$PREFIX_LOG/shadow"
			}
		EOF
	} | prefix_package app-test/probe-1
	run -0 prefix_ebuild app-test/probe-1 clean install
	rm "$PREFIX_LOG/phases"
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/probe
	local phase
	for phase in unpack prepare configure compile install; do
		assert_namespace "$phase" pid own
	done
	[[ ! -e $PREFIX_LOG/shadow ]]
}

# Writes app-test/probe-1, whose src_configure runs standard input.
configure_package() {
	prefix_package app-test/probe-1 <<-EOF
		src_configure() {
			record_namespaces
			$(cat)
		}
	EOF
}

@test 'as root with userpriv, forged settings files that a build writes to the directory .ipc of the build directory do not affect later phases' {
	hostile_prefix root 'PORTCULLIS_ALLOW="192.0.2.7:80"'
	configure_package <<-'EOF'
		local name
		rm -f "${PORTAGE_BUILDDIR}"/.ipc/portcullis-* || die
		for name in portcullis-settings portcullis-0-settings; do
			printf '%s\n' "${PORTAGE_BUILDDIR}" PORTCULLIS_AUDIT=only >"${PORTAGE_BUILDDIR}/.ipc/${name}" || die
		done
		printf '%s\n' "${PORTAGE_BUILDDIR}" 192.0.2.7:80 '--allow 192.0.2.1:1' >"${PORTAGE_BUILDDIR}/.ipc/portcullis-allow" || die
		# The settings of root are in /run, where the build cannot write.
		local file
		for file in /run/portcullis."${PORTAGE_BUILDDIR//\//%}"-*; do
			{ echo PORTCULLIS_AUDIT=only >>"${file}"; } 2>/dev/null && die "${file} is writable"
			rm -f "${file}" 2>/dev/null && die "${file} can be removed"
		done
	EOF
	prefix_install_portcullis
	run -0 prefix_emerge --oneshot app-test/probe
	assert_namespace compile pid own
	assert_namespace install pid own
	# The clean phase removes the files in /run.
	[[ ! $(compgen -G "/run/portcullis.*${PREFIX_TMP//\//%}*") ]]
}

# assert_stopped_by FILE LINE: fails unless the hook stopped the last run before src_compile because of LINE in .ipc/portcullis-FILE
assert_stopped_by() {
	[[ $output == *"portcullis-$1 has a line that Portcullis did not write (\"$2\")"* && $(prefix_phases) != *compile* ]] || {
		echo "$output"
		return 1
	}
}

# assert_change_stops_build FILE cat|true LINE...: a build appends LINE to .ipc/portcullis-FILE (cat), or replaces the file by LINE (true), in
# src_configure. Fails unless the hook then stops emerge before src_compile. Repeats this for each LINE.
assert_change_stops_build() {
	local line file=$PREFIX_TMP/portage/app-test/probe-1/.ipc/portcullis-$1
	configure_package <<-EOF
		$2 "$file" >"$PREFIX_LOG/kept" || die
		echo '$3' | cat "$PREFIX_LOG/kept" - >"$file" || die
	EOF
	prefix_install_portcullis
	run -1 prefix_emerge --oneshot app-test/probe
	assert_stopped_by "$1" "$3"
	# For the further lines, write the file here and run only src_compile, instead of another build.
	for line in "${@:4}"; do
		echo "$line" | cat "$PREFIX_LOG/kept" - >"$file"
		run -1 prefix_ebuild app-test/probe-1 compile
		assert_stopped_by "$1" "$line"
	done
}

@test 'as an ordinary user, the hook stops the next phase if the build has changed the file in which the hook stores PORTCULLIS_* settings' {
	hostile_prefix user 'PORTCULLIS_UNPACK="confine"'
	assert_change_stops_build settings true 'PORTCULLIS_AUDIT=only' 'BASH_ENV=/evil' '--allow 192.0.2.1:1'
}

@test 'as an ordinary user, the hook stops the next phase if the build has added an unexpected option of confine to the file in which the hook stores PORTCULLIS_ALLOW' {
	hostile_prefix user 'FEATURES="cgroup network-sandbox"' 'PORTCULLIS_ALLOW="192.0.2.7:80"'
	assert_change_stops_build allow cat '--label evil=1' '--allow 192.0.2.1:1 --net' '--allow evil.example:1' '--record /evil' \
		'--resolve a=b c'
}

@test 'as root, the hook does not write through symbolic links that a build creates in the directory .ipc of the build directory' {
	local victim
	hostile_prefix root 'PORTCULLIS_UNPACK="confine"'
	victim=$PREFIX_ROOT/victim
	configure_package <<-EOF
		local name
		for name in settings allow conflicts {0-,}{inside,notice,reported,conflicts}; do
			ln -sf "$victim" "\${PORTAGE_BUILDDIR}/.ipc/portcullis-\${name}" || die
		done
	EOF
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 configure
	echo original >"$victim"
	chmod 600 "$victim"
	# Run setup and the remaining phases as root.
	prefix_features "$ROOT_FEATURES -userpriv -usersandbox" 'PORTCULLIS_UNPACK="host"' 'PORTCULLIS_ALLOW="192.0.2.7:80"'
	rm -f "$PREFIX_TMP"/portage/app-test/probe-1/.{setuped,configured}
	run -0 prefix_ebuild app-test/probe-1 setup install
	[[ $(<"$victim") == original ]]
	assert_namespace install pid own
}

@test 'as root, the hook does not read the hosts file of distcc if this file is a symbolic link in a directory to which a build can write' {
	local dir
	hostile_prefix root
	mkdir -m 700 "$PREFIX_ROOT/private"
	echo secret.example >"$PREFIX_ROOT/private/hosts"
	dir=$PREFIX_TMP/portage/.distcc
	mkdir -p "$dir"
	ln -s "$PREFIX_ROOT/private/hosts" "$dir/hosts"
	chown -R -h portage:portage "$PREFIX_TMP/portage"
	prefix_features network-sandbox 'PORTCULLIS_ALLOW="distcc"' 'CC="distcc gcc"' "DISTCC_DIR=\"$dir\""
	prefix_package app-test/probe-1 </dev/null
	prefix_install_portcullis
	run -0 prefix_ebuild app-test/probe-1 setup
	[[ $output == *'distcc has no remote host'* && $output != *secret* ]]
}

@test "if root runs portcullis shell for a failed build with FEATURES=userpriv, a process of user portage, not of root, executes the saved environment of the build" {
	hostile_prefix root
	prefix_features "$ROOT_FEATURES userpriv"
	prefix_env PATH="$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/bin:/bin"
	prefix_package app-test/failed-1 <<-EOF
		src_compile() {
			echo 'id -u >>"$PREFIX_LOG/ran"' >>"\${T}/environment"
			echo "/usr/bin/python3 \"$PREFIX_LOG/type.py\" || :" >>"\${T}/environment"
			exit 1
		}
	EOF
	# TIOCSTI (ioctl_tty(2)) adds a line to the input of the terminal, as if the user had typed it.
	cat >"$PREFIX_LOG/type.py" <<-'EOF'
		import fcntl, os, termios
		try:
		    terminal = os.open("/dev/tty", os.O_RDWR)
		    for character in b"injected\n":
		        fcntl.ioctl(terminal, termios.TIOCSTI, bytes([character]))
		except OSError as error:
		    print(error)
		# A process that keeps a descriptor of root's terminal can read what root types there later.
		for number in 0, 1, 2:
		    if os.isatty(number) and os.ttyname(number) == os.environ.get("ROOT_TERMINAL"):
		        print("has terminal", number)
	EOF
	prefix_install_portcullis
	run -1 prefix_emerge --oneshot app-test/failed
	[[ $output == *'portcullis shell app-test/failed-1 src_compile'* ]]
	rm -f "$PREFIX_LOG/ran"
	run -0 prefix_run portcullis shell app-test/failed-1 src_compile -- id -u
	[[ ${lines[-1]} == "$(id -u portage)" ]]
	[[ $(sort -u "$PREFIX_LOG/ran") == "$(id -u portage)" ]]
	local input
	for input in /dev/tty /dev/null; do
		run -0 prefix_run /usr/bin/python3 "$TOP/test/lib/terminal.py" end -- \
			bash -c "ROOT_TERMINAL=\$(tty) portcullis shell app-test/failed-1 src_compile -- id -u <$input; if read -rt 0 </dev/tty; then echo has input; fi"
		echo "$output"
		[[ $output == *"$(id -u portage)"* && $output != *'has input'* && $output != *'has terminal'* ]]
	done
	# Portage runs src_install as root.
	run -0 prefix_run portcullis shell app-test/failed-1 src_install -- id -u
	[[ ${lines[-1]} == 0 ]]
}
