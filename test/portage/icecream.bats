#!/usr/bin/env bats
# icecream under a network sandbox, with a real scheduler and a real iceccd on another host: said, built here at once, and
# nothing asked of anybody.

load emerge
load farm
load many

setup_file() {
	((EUID == 0)) || skip 'only root can make the network namespace that is the other host'
	prefix_host_begin
	farm_begin
	icecream_begin
}

teardown_file() {
	icecream_end
	farm_end
	prefix_host_end
}

# The scheduler and a daemon there, and a daemon here, which listens on ICE. They drop to the user icecc.
icecream_begin() {
	local name
	local -a options=(-n "$FARM_NETNS" -s "$FARM" -m 4 -vvv)
	export ICE=$FARM_LOG/socket ICE_PID
	mkdir "$FARM_LOG/near" "$FARM_LOG/far"
	chown icecc: "$FARM_LOG" "$FARM_LOG/near" "$FARM_LOG/far"
	farm_run icecc-scheduler -d -n "$FARM_NETNS" -l "$FARM_LOG/scheduler.log"
	farm_run iceccd -d "${options[@]}" -N far -b "$FARM_LOG/far" -l "$FARM_LOG/far.log"
	ICECC_TEST_SOCKET=$ICE iceccd "${options[@]}" -N near -i "$FARM_LINK" -p 10299 -b "$FARM_LOG/near" -l "$FARM_LOG/near.log" 3>&- &
	ICE_PID=$!
	for name in near far; do
		until grep -qs 'Connected to scheduler' "$FARM_LOG/$name.log"; do sleep 0.05; done
	done
	# What a compilation over there needs of this host is sent with the first one.
	echo 'int a;' >"$FARM_LOG/a.c"
	ICECC_TEST_SOCKET=$ICE ICECC_PREFERRED_HOST=far ICECC_ENV_COMPRESSION=none icecc gcc -c "$FARM_LOG/a.c" -o "$FARM_LOG/a.o"
	(($(compiled) == 1))
}

icecream_end() {
	[[ ! ${ICE_PID-} ]] || kill "$ICE_PID"
}

# How many files the other host has compiled, and how many clients have asked the daemon here.
compiled() {
	grep -c 'Remote compilation completed with exit code 0' "$FARM_LOG/far.log" || [[ $? == 1 ]]
}

asked() {
	grep -c 'accepted .* local unix domain socket' "$FARM_LOG/near.log" || [[ $? == 1 ]]
}

# prefix WHO FEATURES [LINE...]
prefix() {
	prefix_make "$1"
	mkdir -p "$PREFIX/usr/lib"
	ln -s /usr/lib/icecc "$PREFIX/usr/lib/icecc"
	prefix_conf "FEATURES=\"-ipc-sandbox -sandbox -usersandbox $2\"" "ICECC_TEST_SOCKET=\"$ICE\"" 'ICECC_PREFERRED_HOST="far"' \
		'ICECC_ENV_COMPRESSION="none"' "${@:3}"
	farm_package
	prefix_install_portcullis
}

# Emerges, and sets COMPILED and ASKED.
emerge() {
	local compiled asked
	compiled=$(compiled) asked=$(asked)
	many_emerge
	COMPILED=$(($(compiled) - compiled)) ASKED=$(($(asked) - asked))
}

built_here() {
	many_built
	((COMPILED == 0 && ASKED == 0)) || {
		echo "$COMPILED compiled elsewhere, $ASKED asked the daemon here"
		echo "$output"
		return 1
	}
	[[ $output != *ICECC\[* ]]
	[[ $(record compile '[r.watched, r.unreachable, r.blocked].join()') == 'yes,0,' ]]
}

@test 'an ordinary user: icecream in FEATURES is said with its evidence, the build is done here, and nobody is asked' {
	prefix user 'icecream network-sandbox'
	emerge
	built_here
	many_flagged "icecream collides with FEATURES=\"network-sandbox\": FEATURES names icecream; PATH finds icecc as gcc in $PREFIX/usr/lib/icecc/bin"
	[[ $output == *'network-sandbox wins'*'FEATURES="-icecream" ends it and keeps the sandbox'* ]]
	# What it got in the phase is not saved.
	bzip2 -dc "$PREFIX/var/db/pkg/app-test/many-1/environment.bz2" >"$BATS_TEST_TMPDIR/saved"
	run -1 grep '\bICECC\b\|___portcullis\|__ebuild_phase' "$BATS_TEST_TMPDIR/saved"
}

@test 'with network-sandbox off it really distributes, and nothing is said' {
	prefix user 'icecream -network-sandbox'
	emerge
	many_built
	((COMPILED == FILES))
	[[ ! $(many_flags) ]]
}

@test 'a host that PORTCULLIS_ALLOW names compiles, and nothing is said' {
	prefix user 'icecream network-sandbox' "PORTCULLIS_ALLOW=\"$FARM:10245\""
	emerge
	many_built
	((COMPILED == FILES))
	[[ ! $(many_flags) ]]
}

@test 'root: built here, and nobody is asked' {
	prefix root 'icecream network-sandbox'
	emerge
	built_here
	many_flagged 'icecream collides with FEATURES="network-sandbox"'
}

@test "ICECC of the user's own: overruled in the phase, and saved as it was" {
	prefix user 'icecream network-sandbox' 'ICECC="as you like"'
	many_saved_alike 'declare -x ICECC="as you like"'
}
