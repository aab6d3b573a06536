#!/usr/bin/env bats
# distcc under a network sandbox, with a real distccd on another host: said, built here, and nothing sent.

bats_require_minimum_version 1.5.0
load prefix
load portcullis
load farm

FILES=12

setup_file() {
	((EUID == 0)) || skip 'only root can make the network namespace that is the other host'
	prefix_host_begin
	farm_begin
}

teardown_file() {
	farm_end
	prefix_host_end
}

teardown() {
	prefix_clean
}

# prefix WHO FEATURES [LINE...]: one whose package compiles FILES files in parallel
prefix() {
	prefix_make "$1"
	mkdir -p "$PREFIX/usr/lib"
	ln -s /usr/lib/distcc "$PREFIX/usr/lib/distcc"
	conf "${@:2}"
	prefix_package app-test/many-1 <<-EOF
		src_unpack() {
			local i
			mkdir -p "\${S}" || die
			for i in {1..$FILES}; do
				printf 'int f%d(int a) { return a + %d; }\n' \$i \$i > "\${S}/f\$i.c"
			done
			printf '%%.o: %%.c\n\t\$(CC) -c \$< -o \$@\n' > "\${S}/Makefile"
		}
		src_compile() { make -j4 CC="\${CC:-gcc}" f{1..$FILES}.o || die; note_namespaces; }
		src_install() { insinto /usr/share/many; doins *.o; note_namespaces; }
	EOF
	prefix_install_portcullis
}

conf() {
	prefix_conf "FEATURES=\"-ipc-sandbox -sandbox -usersandbox $1\"" "DISTCC_HOSTS=\"$FARM\"" "${@:2}"
}

# Emerges, and sets SENT and COMPILED, what the other host was sent and has compiled meanwhile.
emerge() {
	local packets compiled
	rm -rf "$PREFIX_LOG/phases" "$PREFIX/var/db/pkg/app-test"
	packets=$(farm_packets) compiled=$(farm_compiled)
	run prefix_emerge --oneshot "$@" app-test/many
	SENT=$(($(farm_packets) - packets)) COMPILED=$(($(farm_compiled) - compiled))
}

flags() {
	grep -o "Portcullis: app-test/many-1: .*" <<<"$output" || true
}

# The flag comes in the phase and once more in the summary.
flagged() {
	local what=$1
	[[ $(flags | grep -cF "$what") == 2 ]] || {
		echo "flagged $(flags | grep -cF "$what") times: $what"
		echo "$output"
		return 1
	}
}

built_here() {
	((status == 0 && SENT == 0 && COMPILED == 0)) || {
		echo "status $status, $SENT packets, $COMPILED compiled elsewhere"
		echo "$output"
		return 1
	}
	[[ $(find "$PREFIX/usr/share/many" -name '*.o' | wc -l) == "$FILES" ]]
	# distcc says nothing for a file: no failed attempt, nothing that is tried again.
	[[ $output != *distcc\[* ]]
}

@test 'an ordinary user: distcc in FEATURES is said with its evidence, the build is done here, and nothing is sent' {
	prefix user 'distcc network-sandbox' 'MAKEOPTS="-j40"'
	emerge
	built_here
	flagged "distcc collides with FEATURES=\"network-sandbox\": FEATURES names distcc; PATH finds distcc as gcc in $PREFIX/usr/lib/distcc; DISTCC_HOSTS names $FARM"
	[[ $output == *'network-sandbox wins'* && $output == *'FEATURES="-distcc" ends it and keeps the sandbox'* &&
		$output == *'FEATURES="-network-sandbox" ends it the other way'* ]]
	[[ $output == *"MAKEOPTS=\"-j40\" is meant for a farm, and this machine has $(nproc) processors"* ]]
	[[ $(flags | grep -c collides) == 2 ]]
}

@test 'with network-sandbox off it really distributes, and nothing is said' {
	prefix user 'distcc -network-sandbox'
	emerge
	((status == 0 && SENT > 0))
	((COMPILED == FILES))
	[[ ! $(flags) ]]
}

@test 'root: said, with the hole that Portage opens for distcc; the build is done here, and nothing is sent' {
	prefix root 'distcc network-sandbox'
	emerge
	built_here
	flagged "distcc collides with FEATURES=\"network-sandbox\": FEATURES names distcc"
	flagged "Portage's SOCKS5 proxy collides with FEATURES=\"network-sandbox\": FEATURES names distcc"
	[[ $output == *'this hole is open'* ]]
}
