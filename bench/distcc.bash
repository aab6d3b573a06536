#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bench/distcc.bash [--allow [--root]] [ROUNDS] [FILES] [FUNCTIONS]: measures the cost of distcc in a build whose network is isolated.
# Run it as root: it makes a second host. In each of ROUNDS rounds (default 10), it runs emerge once for each kind, in random order, on FILES C files (default 12) of FUNCTIONS functions (default 60).
# Prints one line for each kind: median times of emerge and src_compile, and CPU time of src_compile, with ratios to the first kind.
# --allow measures PORTCULLIS_ALLOW="distcc" against the same distributed build without a network sandbox; --root runs emerge as root
# with the default FEATURES.
set -euo pipefail
# shellcheck source=../scripts/lib.bash
source "${BASH_SOURCE[0]%/*}/../scripts/lib.bash"
# shellcheck source=../test/lib/prefix.bash
source "$TOP/test/lib/prefix.bash"
# shellcheck source=../test/lib/distcc_host.bash
source "$TOP/test/lib/distcc_host.bash"

# Each row: FEATURES|name|PORTCULLIS_ALLOW
KINDS=(
	'network-sandbox|without distcc|'
	'network-sandbox distcc|distcc, kept here|'
)
readonly ALLOWED=(
	'ipc-sandbox -network-sandbox distcc|no network sandbox|'
	'ipc-sandbox network-sandbox distcc|allowed|distcc'
)

package() {
	prefix_package app-test/sample-1 <<-EOF
		src_unpack() {
			local i
			mkdir -p "\${S}" || die
			for i in {1..$1}; do
				{
					echo '#include <stdio.h>'
					echo '#include <stdlib.h>'
					echo '#include <string.h>'
					printf 'int f%d(int n) { char text[64]; for (int i = 0; i < n; i++) snprintf(text, sizeof(text), "%%%%d", i * n); return (int)strlen(text) + abs(n); }\n' \$(seq $2)
				} > "\${S}/f\$i.c"
			done
			printf '%%.o: %%.c\n\t\$(CC) -O2 -c \$< -o \$@\n' > "\${S}/Makefile"
		}
		src_install() { :; }
		src_compile() { make -j$(nproc) CC="\${CC:-gcc}" f{1..$1}.o || die; }
	EOF
}

# Runs emerge and sets durations in microseconds: TOOK[emerge] and, from the record of src_compile, TOOK[compile] and TOOK[processor].
emerge() {
	local start
	prefix_conf "FEATURES=\"${OWN} ${KINDS[$1]%%|*}\"" "DISTCC_HOSTS=\"$DISTCC_HOST_IP\"" 'PORTCULLIS_CONFLICT="ignore"' \
		"PORTCULLIS_ALLOW=\"${KINDS[$1]##*|}\""
	rm -rf "$PREFIX/var/db/pkg/app-test" "$RECORDS"
	start=${EPOCHREALTIME/./}
	prefix_emerge --oneshot --quiet app-test/sample >"$PREFIX_LOG/emerge" 2>&1 || {
		cat "$PREFIX_LOG/emerge" >&2
		return 1
	}
	TOOK[emerge]=$((${EPOCHREALTIME/./} - start))
	TOOK[compile]=$(record_values "$RECORDS" compile 'Math.round(r.wall * 1e6)')
	TOOK[processor]=$(record_values "$RECORDS" compile 'Math.round((r.user + r.system) * 1e6)')
}

median() {
	sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

main() {
	local allow='' who=user
	OWN=-ipc-sandbox
	[[ ${1-} != --allow ]] || { allow=yes && KINDS=("${ALLOWED[@]}") && shift; }
	[[ ${1-} != --root ]] || { who=root && OWN='' && shift; }
	local rounds=${1:-10} files=${2:-12} functions=${3:-60} round kind name value
	local -A first=()
	declare -gA TOOK=()
	((EUID == 0)) || die 'only root can make the network namespace that is the other host'
	"$TOP/scripts/need" portage test
	"$TOP/scripts/build"
	RESULTS=$(mktemp -d)
	trap 'prefix_clean; distcc_host_end; prefix_host_end; rm -rf -- "$RESULTS"' EXIT
	prefix_host_begin
	distcc_host_begin
	distcc_host_start_daemon
	prefix_make "$who"
	mkdir -p "$PREFIX/usr/lib/distcc"
	ln -s /usr/lib/distcc "$PREFIX/usr/lib/distcc/bin"
	package "$files" "$functions"
	prefix_install_portcullis
	for kind in "${!KINDS[@]}"; do
		# Omit the first run of each kind, because it fills caches.
		emerge "$kind"
	done
	for ((round = 0; round < rounds; round++)); do
		for kind in $(shuf -i "0-$((${#KINDS[@]} - 1))"); do
			emerge "$kind"
			for name in "${!TOOK[@]}"; do
				echo "${TOOK[$name]}" >>"$RESULTS/$kind.$name"
			done
		done
	done
	(($(distcc_host_compiled) == (${#allow} > 0) * files * (rounds + 1) * ${#KINDS[@]})) || die "the other host has compiled $(distcc_host_compiled) files"
	for kind in "${!KINDS[@]}"; do
		name=${KINDS[kind]#*|}
		printf '%-20s' "${name%|*}"
		for name in emerge compile processor; do
			value=$(median <"$RESULTS/$kind.$name")
			((kind > 0)) || first[$name]=$value
			printf '  %s %d ms (%d.%02d)' "$name" $((value / 1000)) $((value / first[$name])) $((value * 100 / first[$name] % 100))
		done
		echo
	done
}

main "$@"
