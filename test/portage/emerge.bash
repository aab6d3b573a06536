# shellcheck shell=bash
# What a test file with real emerges loads: a prefix, Portcullis in it, and the beginning and end of each file and test. A file
# that needs more defines its own.

bats_require_minimum_version 1.5.0

# shellcheck source-path=SCRIPTDIR source=prefix.bash
source "${BASH_SOURCE[0]%/*}/prefix.bash"
# shellcheck source-path=SCRIPTDIR source=portcullis.bash
source "${BASH_SOURCE[0]%/*}/portcullis.bash"

setup_file() {
	prefix_host_begin
}

teardown_file() {
	prefix_host_end
}

teardown() {
	prefix_clean
}
