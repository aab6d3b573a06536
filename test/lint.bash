# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2317 # the functions are called by name
# Checks for `make check` and npm test. Each word in CHECKS has a function NAME_check.

# shellcheck disable=SC2034 # read by test/run and test/check
readonly CHECKS='native shellcheck eslint privileged prettier tsc house shfmt clangformat spelling'

prettier_check() { node_modules/.bin/prettier --log-level=warn --check .; }

eslint_check() { node_modules/.bin/eslint --max-warnings 0 .; }

tsc_check() { node_modules/.bin/tsc --noEmit; }

shellcheck_check() {
	local -a files
	# Check the generated hook instead of hooks/, which contains templates.
	mapfile -t files < <(bash_files | grep -v '^hooks/')
	shellcheck "${files[@]}" && node dist/portcullis.js hook | shellcheck -
}

shfmt_check() {
	local -a files
	mapfile -t files < <(bash_files)
	shfmt -d "${files[@]}" && node dist/portcullis.js hook | shfmt -d
}

clangformat_check() {
	local -a files
	mapfile -t files < <(c_files)
	clang-format --dry-run -Werror "${files[@]}"
}

# test/spelling.txt lists words that codespell must accept.
spelling_check() {
	local -a files
	mapfile -t files < <(source_files | grep -vE '^(LICENSE|package-lock\.json|test/spelling\.txt)$|^test/fuzz/corpus/')
	codespell --ignore-words test/spelling.txt "${files[@]}"
}

native_check() { make --no-print-directory -C native check; }

house_check() { test/house; }

privileged_check() { scripts/audit-privileged; }
