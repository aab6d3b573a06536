#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The tests of PostgreSQL and D-Bus pass in src_test of a real emerge with PORTCULLIS_SOCKETS=own. Only `npm run soak` runs them, because they
# take minutes and download PostgreSQL's sources.

load ../../lib/prefix
load ../../lib/debian

# suite_emerge root|user: emerges app-test/suite with its tests, which PREFIX_HOST/suite runs as the user of the phase, in T
suite_emerge() {
	prefix_make "$1" 'test network-sandbox ipc-sandbox mount-sandbox cgroup userpriv' 'PORTCULLIS_SOCKETS="own"'
	prefix_package app-test/suite-1 <<-EOF
		src_test() {
			cd "\${T}" || die
			bash "$PREFIX_HOST/suite" >"$PREFIX_LOG/suite" 2>&1 || die
		}
	EOF
	prefix_install_portcullis
	run prefix_emerge --oneshot app-test/suite
	((status == 0)) || {
		tail -n 50 "$PREFIX_LOG/suite"
		echo "$output"
		return 1
	}
	[[ $(record_values "$RECORDS" test '[r.watched, r.blocked, r.sockets].join()') == yes,, ]]
}

@test 'with PORTCULLIS_SOCKETS=own, the regression tests of PostgreSQL pass in src_test, as an ordinary user and as root with userpriv' {
	local server version user sources=$PREFIX_HOST/postgresql
	server=$(compgen -G '/usr/lib/postgresql/*' | sort -V | tail -n 1)
	version=${server##*/}
	cd "$BATS_TEST_TMPDIR"
	debian_begin
	debian_source "postgresql-$version=$(debian_installed "postgresql-$version")"
	# The tests load a library that needs the header files of the server.
	apt-get -qq download "postgresql-server-dev-$version=$(debian_installed "postgresql-$version")"
	dpkg-deb -x postgresql-server-dev-*.deb headers
	mkdir "$sources"
	cp -R "postgresql-$version/src/test/regress" "$server"/lib/{refint,autoinc}.so "$sources"
	gcc -shared -fPIC -w -I "headers/usr/include/postgresql/$version/server" -o "$sources/regress.so" "$sources/regress/regress.c"
	cat >"$PREFIX_HOST/suite" <<-EOF
		"$server/lib/pgxs/src/test/regress/pg_regress" --inputdir="$sources/regress" --outputdir=. --dlpath="$sources" --bindir="$server/bin" \
			--temp-instance=check --no-locale --schedule="$sources/regress/parallel_schedule"
	EOF
	for user in user root; do
		suite_emerge "$user"
		grep -E 'All [0-9]{3} tests passed' "$PREFIX_LOG/suite"
		prefix_clean
	done
}

@test 'with PORTCULLIS_SOCKETS=own, the installed tests of D-Bus pass in src_test, as an ordinary user and as root with userpriv' {
	local user
	cat >"$PREFIX_HOST/suite" <<-'EOF'
		for test in /usr/share/installed-tests/dbus/*.test; do
			[[ $test == *_with_config.test ]] || eval "dbus-run-session -- $(sed -n 's/^Exec=//p' "$test")" || exit
		done
	EOF
	for user in user root; do
		suite_emerge "$user"
		(($(grep -c '^ok ' "$PREFIX_LOG/suite") > 200))
		prefix_clean
	done
}
