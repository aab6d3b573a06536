#!/usr/bin/env bats
# sccache with a store or a scheduler on another host, under a network sandbox: said, built here, and nothing sent.

load ../lib/prefix
load ../lib/distcc_host
load ../lib/sample_package

setup_file() {
	((EUID == 0)) || skip 'only root can make the network namespace that is the other host'
	prefix_host_begin
	farm_begin
	SCCACHE=$("$TOP/scripts/sccache")
	export SCCACHE
	farm_run redis-server --bind "$FARM" --protected-mode no --save '' --dir "$FARM_LOG" --logfile redis.log --daemonize yes
	until redis-cli -h "$FARM" ping >/dev/null 2>&1; do sleep 0.05; done
}

# prefix FEATURES [LINE...]
prefix() {
	prefix_make user
	# By another name it would take itself for a compiler.
	install -m 755 "$SCCACHE/sccache" "$PREFIX/usr/bin/sccache"
	conf "$@"
	farm_package
	prefix_install_portcullis
}

# Its server is asked over loopback, where it can be somebody else's.
conf() {
	prefix_conf "FEATURES=\"-ipc-sandbox -sandbox -usersandbox $1\"" 'CC="sccache gcc"' \
		"SCCACHE_SERVER_PORT=\"$((20000 + RANDOM % 10000))\"" "SCCACHE_DIR=\"$PREFIX_ROOT/cache\"" "${@:2}"
}

# Emerges, and sets STORED, how many objects the other host has got, which had none.
emerge() {
	farm_run redis-cli -h "$FARM" flushall
	many_emerge
	STORED=$(farm_run redis-cli -h "$FARM" dbsize)
}

# Nobody tried either.
built_here() {
	many_built
	((STORED == 0))
	[[ $(record_values "$RECORDS" compile '[r.watched, r.unreachable, r.blocked].join()') == 'yes,0,' ]]
}

@test 'a store, named by a variable: said with its evidence, the build is done here, and the store is not asked' {
	prefix 'network-sandbox' "SCCACHE_REDIS_ENDPOINT=\"redis://$FARM:6379\""
	emerge
	built_here
	many_flagged "sccache's remote storage or scheduler conflicts with FEATURES=\"network-sandbox\": CC=\"sccache gcc\"; SCCACHE_REDIS_ENDPOINT is set"
	# Its own folder is the cache instead.
	(($(find "$PREFIX_ROOT/cache" -type f | wc -l) >= FILES))

	conf '-network-sandbox' "SCCACHE_REDIS_ENDPOINT=\"redis://$FARM:6379\""
	emerge
	many_built
	((STORED >= FILES))
	[[ ! $(many_flags) ]]
}

@test 'a store that PORTCULLIS_ALLOW names is used, and nothing is said' {
	prefix 'network-sandbox' "SCCACHE_REDIS_ENDPOINT=\"redis://$FARM:6379\"" "PORTCULLIS_ALLOW=\"$FARM:6379\""
	emerge
	many_built
	((STORED >= FILES))
	[[ ! $(many_flags) ]]
}

@test 'a store, named by a file' {
	prefix 'network-sandbox' "SCCACHE_CONF=\"$FARM_LOG/sccache\""
	printf '[cache.redis]\nendpoint = "redis://%s:6379"\n' "$FARM" >"$FARM_LOG/sccache"
	run -0 prefix_run env SCCACHE_CONF="$FARM_LOG/sccache" SCCACHE_SERVER_PORT="$((20000 + RANDOM % 10000))" sccache --show-stats
	[[ $output == *"Cache location"*redis* ]]
	emerge
	built_here
	many_flagged "CC=\"sccache gcc\"; $FARM_LOG/sccache has [cache.redis]"
}

@test 'a scheduler' {
	prefix 'network-sandbox' "SCCACHE_CONF=\"$FARM_LOG/sccache\""
	printf '%s\n' "public_addr = \"$FARM:10600\"" '[client_auth]' 'type = "token"' 'token = "t"' '[server_auth]' \
		'type = "DANGEROUSLY_INSECURE"' >"$FARM_LOG/scheduler"
	SCCACHE_NO_DAEMON=1 farm_run "$SCCACHE/sccache-dist" scheduler --config "$FARM_LOG/scheduler" >"$FARM_LOG/scheduler.log" 2>&1 &
	printf '%s\n' '[dist]' "scheduler_url = \"http://$FARM:10600\"" 'toolchains = []' '[dist.auth]' 'type = "token"' 'token = "t"' \
		>"$FARM_LOG/sccache"
	until curl -sf "http://$FARM:10600/api/v1/scheduler/status" >/dev/null; do sleep 0.05; done
	run -0 --separate-stderr prefix_run env SCCACHE_CONF="$FARM_LOG/sccache" SCCACHE_SERVER_PORT="$((20000 + RANDOM % 10000))" \
		bash -c 'sccache --dist-status && sccache --stop-server'
	[[ $output == *SchedulerStatus* ]]
	emerge
	built_here
	many_flagged "CC=\"sccache gcc\"; $FARM_LOG/sccache has [dist]"
}

@test 'environment.bz2 is byte for byte what it is without us' {
	prefix 'network-sandbox' "SCCACHE_REDIS_ENDPOINT=\"redis://$FARM:6379\""
	many_saved_alike "declare -x SCCACHE_REDIS_ENDPOINT=\"redis://$FARM:6379\""
}
