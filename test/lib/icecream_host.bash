# shellcheck shell=bash
# icecream on two hosts, for icecream.bats and quiet/icecream.bats. To be loaded after farm.bash and many.bash.
# shellcheck disable=SC2034,SC2154 # variables of farm.bash, and for who loads this
#
#   icecream_begin    the scheduler and a daemon on the other host, and a daemon here
#   compiled, asked   how many files the other host has compiled, and how many clients have asked the daemon here
#   prefix WHO FEATURES [LINE...]   one with app-test/many, and icecc's masquerade folder
#   emerge            emerges that, and sets COMPILED and ASKED, as much of both as this took

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
	local -a options=(-n "$FARM_NETNS" -s "$FARM" -m 4 --nice 0 -vvv)
	export ICE=$FARM_LOG/socket ICE_PID
	mkdir "$FARM_LOG/near" "$FARM_LOG/far"
	chown icecc: "$FARM_LOG" "$FARM_LOG/near" "$FARM_LOG/far"
	farm_run icecc-scheduler -d -n "$FARM_NETNS" -l "$FARM_LOG/scheduler.log"
	farm_run iceccd -d "${options[@]}" -N far -b "$FARM_LOG/far" -l "$FARM_LOG/far.log"
	ICECC_TEST_SOCKET=$ICE iceccd "${options[@]}" -N near -i "$FARM_LINK" -p "$((20000 + RANDOM % 10000))" -b "$FARM_LOG/near" \
		-l "$FARM_LOG/near.log" 3>&- &
	ICE_PID=$!
	for name in near far; do
		until grep -qs 'Connected to scheduler' "$FARM_LOG/$name.log"; do
			# It tries for ever to have its port.
			! grep -s 'Failed to bind' "$FARM_LOG/$name.log" || return
			sleep 0.05
		done
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
