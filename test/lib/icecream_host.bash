# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# icecream on two hosts. Load this file after distcc_host.bash and sample_package.bash.
#
#   icecream_begin              start the scheduler and a daemon on the second host, and a daemon on the first host
#   icecream_compile            compile a file through the daemon on the first host
#   icecream_remote_compiled    print how many files the second host has compiled
#   icecream_local_requests     print how many clients have connected to the daemon on the first host
#   icecream_prefix root|user FEATURES [LINE...]   create a prefix with app-test/sample that compiles through icecc
#   icecream_emerge             emerge app-test/sample; sets COMPILED and REQUESTS to the increase of the counts that icecream_remote_compiled and icecream_local_requests print

setup_file() {
	prefix_host_begin
	distcc_host_begin
	icecream_begin
	# Compile one file now, because the first remote compilation also transfers the compiler, which the tests should not wait for.
	icecream_compile
	(($(icecream_remote_compiled) == 1 && $(icecream_local_requests) == 1))
}

teardown_file() {
	icecream_end
	distcc_host_end
	# Remove the directory in which icecc, the compiler wrapper, has left its lock files.
	rm -rf "/tmp/.icecream-$PREFIX_ACCOUNT" /tmp/.icecream-{root,portage}
	prefix_host_end
}

# Starts the scheduler and the daemons. The daemons switch to the user icecc, so their directories belong to this user. The scheduler gives
# no jobs to hosts with busy processors, and other tests may keep the processors of this machine busy. Therefore mount a copy of /proc/stat,
# which does not change: the daemons then report idle processors (daemon/load.cpp of icecream).
icecream_begin() {
	local name
	# shellcheck disable=SC2016 # for the inner shell
	local -a daemon=(unshare --mount bash -c 'mount --bind "$0/stat" /proc/stat && exec iceccd "$@"' "$DISTCC_HOST_DIR"
		-n "$DISTCC_HOST_NETNS" -s "$DISTCC_HOST_IP" -m 4 --nice 0 -vvv)
	export ICECREAM_SOCKET=$DISTCC_HOST_DIR/socket ICECREAM_PID
	mkdir "$DISTCC_HOST_DIR/local" "$DISTCC_HOST_DIR/remote"
	cat /proc/stat >"$DISTCC_HOST_DIR/stat"
	chown icecc: "$DISTCC_HOST_DIR" "$DISTCC_HOST_DIR/local" "$DISTCC_HOST_DIR/remote"
	distcc_host_run icecc-scheduler -d -n "$DISTCC_HOST_NETNS" -l "$DISTCC_HOST_DIR/scheduler.log"
	distcc_host_run "${daemon[@]}" -d -N remote -b "$DISTCC_HOST_DIR/remote" -l "$DISTCC_HOST_DIR/remote.log"
	ICECC_TEST_SOCKET=$ICECREAM_SOCKET "${daemon[@]}" -N local -i "$DISTCC_HOST_LINK" -p "$((20000 + RANDOM % 10000))" \
		-b "$DISTCC_HOST_DIR/local" -l "$DISTCC_HOST_DIR/local.log" 3>&- &
	ICECREAM_PID=$!
	for name in local remote; do
		until_true 60 grep -qs 'Connected to scheduler' "$DISTCC_HOST_DIR/$name.log" || {
			cat "$DISTCC_HOST_DIR/$name.log"
			return 1
		}
	done
}

icecream_compile() {
	echo 'int a;' >"$DISTCC_HOST_DIR/a.c"
	ICECC_TEST_SOCKET=$ICECREAM_SOCKET ICECC_PREFERRED_HOST=remote ICECC_ENV_COMPRESSION=none \
		timeout 60 icecc gcc -c "$DISTCC_HOST_DIR/a.c" -o "$DISTCC_HOST_DIR/a.o"
}

icecream_end() {
	[[ ! ${ICECREAM_PID-} ]] || kill "$ICECREAM_PID"
}

icecream_remote_compiled() {
	grep -c 'Remote compilation completed with exit code 0' "$DISTCC_HOST_DIR/remote.log" || [[ $? == 1 ]]
}

icecream_local_requests() {
	grep -c 'accepted .* local unix domain socket' "$DISTCC_HOST_DIR/local.log" || [[ $? == 1 ]]
}

icecream_prefix() {
	prefix_make "$1" "-ipc-sandbox -sandbox -usersandbox $2" "ICECC_TEST_SOCKET=\"$ICECREAM_SOCKET\"" 'ICECC_PREFERRED_HOST="remote"' \
		'ICECC_ENV_COMPRESSION="none"' "${@:3}"
	mkdir -p "$PREFIX/usr/lib"
	ln -s /usr/lib/icecc "$PREFIX/usr/lib/icecc"
	sample_package
	prefix_install_portcullis
}

# shellcheck disable=SC2034 # the tests read COMPILED and REQUESTS
icecream_emerge() {
	local compiled requests
	compiled=$(icecream_remote_compiled) requests=$(icecream_local_requests)
	sample_emerge
	COMPILED=$(($(icecream_remote_compiled) - compiled)) REQUESTS=$(($(icecream_local_requests) - requests))
}
