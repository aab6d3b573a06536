#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The rows of the table of situations in README.md that have another cgroup hierarchy than cgroup v2 (situations.bats).

load ../lib/prefix
load emerge_in_situation

setup_file() {
	situation_begin
}

teardown_file() {
	situation_end
}

@test 'as root with cgroup v1 only or with v1 and v2, Portcullis records exactly the IPC, PID and mount sandboxes that isolate src_compile; the test prints a README.md table row' {
	situation "root, cgroup $([[ -d /sys/fs/cgroup/unified ]] && echo 'v1 and v2' || echo v1)" root
	situation_emerge
}
