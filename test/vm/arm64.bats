#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# confine on an emulated arm64 machine with Debian's kernel. The machine runs once, for all tests. test/vm/run starts this file on the host,
# because an arm64 machine cannot run its programs.

load ../lib/bats

TOP=$(cd -- "$BATS_TEST_DIRNAME/../.." && pwd -P)

load ../lib/record

setup_file() {
	local compilers arm64
	MACHINE=$(mktemp -d /var/tmp/pc-arm64.XXXXXX)
	export MACHINE
	compilers=$("$TOP/scripts/foreign" compilers)
	arm64=$("$TOP/scripts/foreign" arm64)
	mkdir -p "$MACHINE/root/bin"
	make -s -C "$TOP/native" CC="$compilers/aarch64-linux-gnu-gcc" BUILD="$MACHINE/build"
	cp "$MACHINE/build/confine" "$arm64/busybox" "$MACHINE/root/bin/"
	"$compilers/aarch64-linux-gnu-gcc" -O1 -static -pthread -o "$MACHINE/root/bin/client64" "$TOP/test/confine/audit/attempts.c"
	"$compilers/arm-linux-gnueabihf-gcc" -O1 -static -pthread -o "$MACHINE/root/bin/client32" "$TOP/test/confine/audit/attempts.c"
	cat >"$MACHINE/root/init" <<-'END'
		#!/bin/busybox sh
		/bin/busybox mkdir -p /proc /sys /dev /etc /tmp
		/bin/busybox --install -s /bin
		export PATH=/bin
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t devtmpfs dev /dev
		mount -t tmpfs -o mode=1777 tmp /tmp
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		echo nameserver 192.0.2.1 >/etc/resolv.conf
		printf '%s\n' root:x:0:0::/:/bin/sh user:x:1000:1000::/:/bin/sh >/etc/passwd
		# record NAME USER COMMAND...: runs COMMAND as USER in confine, and prints a line with NAME and the record
		record() {
			name=$1 user=$2
			shift 2
			start-stop-daemon -S -c "$user" -x /bin/confine -- --net --ipc --cgroup x --audit --record "/tmp/$name" -- "$@" >/dev/null 2>&1
			echo "record $name $(cat "/tmp/$name")"
		}
		echo "kernel $(uname -rm)"
		start-stop-daemon -S -c user -x /bin/confine -- --probe | sed 's/^/probe /'
		record user64 user client64 connect 3
		record user32 user client32 connect 3
		record root64 root client64 connect 3
		record root32 root client32 connect 3
		record lookup user nslookup files.example.org
		record orphan root sh -c 'sleep 1000 >/dev/null &'
		poweroff -f
	END
	chmod 755 "$MACHINE/root/init"
	(cd "$MACHINE/root" && find . | cpio --quiet -o -H newc --owner 0:0) >"$MACHINE/initrd"
	timeout 600 qemu-system-aarch64 -M virt -cpu max -smp 2 -m 1024 -nodefaults -no-user-config -no-reboot -display none \
		-kernel "$arm64/vmlinuz" -initrd "$MACHINE/initrd" -append 'console=ttyAMA0 quiet panic=-1' -serial "file:$MACHINE/console"
	tr -d '\r' <"$MACHINE/console" >"$MACHINE/output"
}

teardown_file() {
	rm -rf -- "$MACHINE"
}

# phase_value NAME EXPRESSION: prints the value of EXPRESSION for the record NAME in the output of the machine
phase_value() {
	record_values <(sed -n "s/^record $1 //p" "$MACHINE/output") all "$2"
}

@test 'on arm64, confine --probe reports that namespaces and the audit are available to an ordinary user' {
	local line
	cat "$MACHINE/output"
	for line in 'kernel .* aarch64' 'probe mode=userns' 'probe net=yes' 'probe ipc=yes' 'probe pid=yes' 'probe proc=yes' 'probe audit=yes'; do
		grep -qx "$line" "$MACHINE/output"
	done
}

@test 'on arm64, confine isolates and tracks 64-bit and 32-bit programs of root and of an ordinary user, and records the connections of these programs' {
	local name
	for name in user64 user32 root64 root32; do
		[[ $(phase_value "$name" '[r.applied.net, r.applied.ipc, r.missing.length, r.status.exit, r.watched].join()') == confine,confine,0,0,yes ]]
		[[ $(phase_value "$name" 'r.blocked.map((b) => [b.comm, b.address, b.count].join()).join()') == "client${name: -2},198.51.100.7,3" ]]
	done
	[[ $(phase_value user64 '[r.mode, r.tracking].join()') == userns,pidns ]]
	[[ $(phase_value root64 '[r.mode, r.tracking].join()') == root,cgroup+pidns ]]
}

@test 'on arm64, confine records DNS lookups' {
	[[ $(phase_value lookup '[r.names_watched, ...r.names.map((n) => [n.name, n.type, n.comm].join(" "))].join()') == yes,'files.example.org A nslookup'* ]]
}

@test 'on arm64, confine kills and records a process that the command leaves running' {
	[[ $(phase_value orphan 'r.orphans.map((o) => o.argv.join(" ")).join()') == 'sleep 1000' ]]
}
