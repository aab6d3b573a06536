# shellcheck shell=bash
# Another host: a network namespace of its own, at the other end of a veth pair.
#
#   farm_begin      makes it; FARM is its address then. Root's business.
#   farm_run        runs a command there
#   farm_distcc     starts a distccd there
#   farm_compiled   how many files that has compiled so far
#   farm_packets    how many packets have gone out to it, of whatever kind
#   farm_end        removes all of it
#   farm_package [LINE...]   app-test/many, whose src_compile has these lines and then compiles FILES files in parallel
#
# To be loaded after emerge.bash.

FILES=12

setup_file() {
	((EUID == 0)) || skip 'only root can make the network namespace that is the other host'
	prefix_host_begin
	farm_begin
	farm_distcc
}

teardown_file() {
	farm_end
	prefix_host_end
}

farm_begin() {
	local octet
	octet=$((RANDOM % 250 + 1))
	FARM_NETNS=pcfarm-$$
	FARM_LINK=pcf$$
	FARM_LOG=$(mktemp -d) || return
	chmod 777 "$FARM_LOG"
	FARM=10.213.$octet.2
	ip netns add "$FARM_NETNS" || return
	ip link add "$FARM_LINK" type veth peer name eth0 netns "$FARM_NETNS" || return
	# It would talk by itself.
	echo 1 >"/proc/sys/net/ipv6/conf/$FARM_LINK/disable_ipv6"
	ip addr add "10.213.$octet.1/30" dev "$FARM_LINK"
	ip link set "$FARM_LINK" up
	ip -n "$FARM_NETNS" addr add "$FARM/30" dev eth0
	ip -n "$FARM_NETNS" link set eth0 up
	ip -n "$FARM_NETNS" link set lo up
	export FARM FARM_NETNS FARM_LINK FARM_LOG
}

# A descriptor of bats' that a daemon has would keep bats waiting.
farm_run() {
	ip netns exec "$FARM_NETNS" "$@" 3>&-
}

# It goes into the background when it listens.
farm_distcc() {
	TMPDIR=$FARM_LOG farm_run distccd --daemon --allow "${FARM%.*}.0/30" --listen "$FARM" --jobs 4 \
		--pid-file "$FARM_LOG/pid" --log-file "$FARM_LOG/log" --log-level info --nice 5
}

farm_package() {
	prefix_package app-test/many-1 <<-EOF
		src_unpack() {
			local i
			mkdir -p "\${S}" || die
			for i in {1..$FILES}; do
				printf 'int f%d(int a) { return a + %d; }\n' \$i \$i > "\${S}/f\$i.c"
			done
			printf '%%.o: %%.c\n\t\$(CC) -c \$< -o \$@\n' > "\${S}/Makefile"
		}
		src_compile() {
			$(printf '%s\n' "$@")
			make -j4 CC="\${CC:-gcc}" f{1..$FILES}.o || die
			note_namespaces
		}
		src_install() { insinto /usr/share/many; doins *.o; note_namespaces; }
	EOF
}

farm_compiled() {
	grep -c 'COMPILE_OK' "$FARM_LOG/log" || [[ $? == 1 ]]
}

farm_packets() {
	cat "/sys/class/net/$FARM_LINK/statistics/tx_packets"
}

farm_end() {
	local -a pids
	[[ ${FARM_NETNS-} ]] || return 0
	mapfile -t pids < <(ip netns pids "$FARM_NETNS")
	((${#pids[@]} == 0)) || kill -KILL "${pids[@]}"
	ip link del "$FARM_LINK"
	ip netns del "$FARM_NETNS"
	rm -rf -- "$FARM_LOG"
	unset FARM FARM_NETNS FARM_LINK FARM_LOG
}
