#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# sccache in a network sandbox, with a storage server or a scheduler on a second host.

load ../lib/prefix
load ../lib/distcc_host
load ../lib/sample_package

setup_file() {
	prefix_host_begin
	distcc_host_begin
	SCCACHE=$("$TOP/scripts/sccache")
	export SCCACHE
	distcc_host_run redis-server --bind "$DISTCC_HOST_IP" --protected-mode no --save '' --dir "$DISTCC_HOST_DIR" --logfile redis.log --daemonize yes
	until_true 60 redis-cli -h "$DISTCC_HOST_IP" ping
}

# sccache_prefix FEATURES [LINE...]: a prefix with app-test/sample that compiles through sccache
sccache_prefix() {
	prefix_make user
	# Install the program as sccache, because sccache under the name of a compiler would act as this compiler.
	install -m 755 "$SCCACHE/sccache" "$PREFIX/usr/bin/sccache"
	sccache_features "$@"
	sample_package
	prefix_install_portcullis
}

# The random port avoids the sccache server of another test.
sccache_features() {
	prefix_features "-ipc-sandbox -sandbox -usersandbox $1" 'CC="sccache gcc"' \
		"SCCACHE_SERVER_PORT=\"$((20000 + RANDOM % 10000))\"" "SCCACHE_DIR=\"$PREFIX_ROOT/cache\"" "${@:2}"
}

# Empties the storage server, emerges app-test/sample and sets STORED to the number of stored objects.
sccache_emerge() {
	distcc_host_run redis-cli -h "$DISTCC_HOST_IP" flushall
	sample_emerge
	STORED=$(distcc_host_run redis-cli -h "$DISTCC_HOST_IP" dbsize)
}

# Fails unless Portcullis printed only the message that it killed the sccache server, which pid-sandbox (a default of Portage) causes.
assert_only_server_killed() {
	local messages
	messages=$(sample_messages)
	[[ $(grep -c 'src_compile: the sccache server was killed, .* No fix is needed' <<<"$messages") == 2 && $(wc -l <<<"$messages") == 2 ]] || {
		echo "$messages"
		return 1
	}
}

# Fails unless the sample was built without a stored object and without a connection attempt.
assert_built_locally() {
	assert_sample_built
	((STORED == 0))
	[[ $(record_values "$RECORDS" compile '[r.watched, r.unreachable, r.blocked].join()') == 'yes,0,' ]]
}

@test 'with network-sandbox, if a variable such as SCCACHE_REDIS_ENDPOINT names a storage server, the hook reports the conflict and sccache uses a local cache' {
	sccache_prefix 'network-sandbox' "SCCACHE_REDIS_ENDPOINT=\"redis://$DISTCC_HOST_IP:6379\""
	sccache_emerge
	assert_built_locally
	assert_sample_message "sccache's remote storage or scheduler conflicts with FEATURES=\"network-sandbox\" (CC=\"sccache gcc\"; SCCACHE_REDIS_ENDPOINT is set"
	# The compiled objects are in SCCACHE_DIR, not on the storage server.
	(($(find "$PREFIX_ROOT/cache" -type f | wc -l) >= SAMPLE_FILES))

	sccache_features '-network-sandbox' "SCCACHE_REDIS_ENDPOINT=\"redis://$DISTCC_HOST_IP:6379\""
	sccache_emerge
	assert_sample_built
	((STORED >= SAMPLE_FILES))
	assert_only_server_killed
}

@test 'if PORTCULLIS_ALLOW contains the storage server, sccache uses that server and the hook prints no conflict message' {
	sccache_prefix 'network-sandbox' "SCCACHE_REDIS_ENDPOINT=\"redis://$DISTCC_HOST_IP:6379\"" "PORTCULLIS_ALLOW=\"$DISTCC_HOST_IP:6379\""
	sccache_emerge
	assert_sample_built
	((STORED >= SAMPLE_FILES))
	assert_only_server_killed
}

@test 'the hook reports that a storage server in the configuration file of sccache conflicts with network-sandbox' {
	sccache_prefix 'network-sandbox' "SCCACHE_CONF=\"$DISTCC_HOST_DIR/sccache\""
	printf '[cache.redis]\nendpoint = "redis://%s:6379"\n' "$DISTCC_HOST_IP" >"$DISTCC_HOST_DIR/sccache"
	run -0 prefix_run env SCCACHE_CONF="$DISTCC_HOST_DIR/sccache" SCCACHE_SERVER_PORT="$((20000 + RANDOM % 10000))" sccache --show-stats
	[[ $output == *"Cache location"*redis* ]]
	sccache_emerge
	assert_built_locally
	assert_sample_message "CC=\"sccache gcc\"; $DISTCC_HOST_DIR/sccache contains [cache.redis]"
}

@test 'the hook reports that a scheduler for distributed compilation in the configuration file of sccache conflicts with network-sandbox' {
	sccache_prefix 'network-sandbox' "SCCACHE_CONF=\"$DISTCC_HOST_DIR/sccache\""
	printf '%s\n' "public_addr = \"$DISTCC_HOST_IP:10600\"" '[client_auth]' 'type = "token"' 'token = "t"' '[server_auth]' \
		'type = "DANGEROUSLY_INSECURE"' >"$DISTCC_HOST_DIR/scheduler"
	SCCACHE_NO_DAEMON=1 distcc_host_run "$SCCACHE/sccache-dist" scheduler --config "$DISTCC_HOST_DIR/scheduler" >"$DISTCC_HOST_DIR/scheduler.log" 2>&1 &
	printf '%s\n' '[dist]' "scheduler_url = \"http://$DISTCC_HOST_IP:10600\"" 'toolchains = []' '[dist.auth]' 'type = "token"' 'token = "t"' \
		>"$DISTCC_HOST_DIR/sccache"
	until_true 60 curl -sf "http://$DISTCC_HOST_IP:10600/api/v1/scheduler/status"
	run -0 --separate-stderr prefix_run env SCCACHE_CONF="$DISTCC_HOST_DIR/sccache" SCCACHE_SERVER_PORT="$((20000 + RANDOM % 10000))" \
		bash -c 'sccache --dist-status && sccache --stop-server'
	[[ $output == *SchedulerStatus* ]]
	sccache_emerge
	assert_built_locally
	assert_sample_message "CC=\"sccache gcc\"; $DISTCC_HOST_DIR/sccache contains [dist]"
}

@test 'a build with sccache saves the same environment.bz2 with and without Portcullis' {
	sccache_prefix 'network-sandbox' "SCCACHE_REDIS_ENDPOINT=\"redis://$DISTCC_HOST_IP:6379\""
	assert_sample_environment_unchanged "declare -x SCCACHE_REDIS_ENDPOINT=\"redis://$DISTCC_HOST_IP:6379\""
}
