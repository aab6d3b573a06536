#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hook_source.bash PHASE_BASH BATCHES: measures sourcing the hook in an unconfined phase. Prints one line for each batch: the number
# of the case (0: an empty file, others: below) and nanoseconds per call.
set -euo pipefail

readonly BATCH=100
# Set the variables of Portage that the hook tests in every phase, so that the hook takes the same path as in a phase.
export CATEGORY=app-test PF=probe-1 EMERGE_FROM=ebuild T=/ EBUILD_SH_ARGS=compile

# batch NUMBER FILE: sources FILE in a function, like Portage's __try_source.
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
