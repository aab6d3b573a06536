#!/usr/bin/env bash
# hook.bash PHASE_BASH BATCHES: what sourcing the hook costs a phase that asks for nothing.
# Prints one line a batch: the number of the case (0 an empty file, 1 and up the cases below) and nanoseconds a call.
set -euo pipefail

readonly BATCH=100
# What such phases have in common with a real one is that the hook has to look at these variables.
export CATEGORY=app-test PF=probe-1 EMERGE_FROM=ebuild T=/ EBUILD_SH_ARGS=compile

# batch NUMBER FILE: in a function, as Portage's __try_source is one.
batch() {
	local i start=${EPOCHREALTIME/./}
	for ((i = 0; i < BATCH; i++)); do
		# shellcheck source=/dev/null
		source "$2"
	done
	printf '%d %d\n' "$1" $(((${EPOCHREALTIME/./} - start) * 1000 / BATCH))
}

main() {
	local hook=$1 i
	for ((i = 0; i < $2; i++)); do
		batch 0 /dev/null
		EBUILD_PHASE=postinst PORTAGE_FEATURES='sandbox userpriv network-sandbox ipc-sandbox' batch 1 "$hook"
		EBUILD_PHASE=compile PORTAGE_FEATURES='binpkg-logs distlocks merge-sync news sandbox sfperms userpriv xattr' batch 2 "$hook"
	done
}

main "$@"
