#!/usr/bin/env bats
# doctor where the kernel is set up otherwise than on the machine that runs the tests.

load ../lib/prefix

setup() {
	prefix_make user
	prefix_conf 'FEATURES="cgroup"' 'PORTCULLIS_MEMORY_MAX="1G"'
	# shellcheck disable=SC2034 # prefix_exec reads it
	PREFIX_ENV=(PATH="$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
	prefix_install_portcullis
}

doctor() {
	prefix_run portcullis doctor --verbose >"$BATS_TEST_TMPDIR/text" || [[ $? == 1 ]]
}

# says TEXT
says() {
	grep -qF -- "$1" "$BATS_TEST_TMPDIR/text" || {
		cat "$BATS_TEST_TMPDIR/text"
		return 1
	}
}

@test 'user namespaces switched off for ordinary users, either way: the sysctl is named' {
	local sysctl
	for sysctl in user.max_user_namespaces kernel.unprivileged_userns_clone; do
		sysctl -qw "$sysctl=0"
		doctor
		says 'BAD  network-sandbox'
		says "$sysctl is 0"
		says "sysctl $sysctl=1"
		sysctl -qw "$sysctl=10000" 2>/dev/null || sysctl -qw "$sysctl=1"
		doctor
		says 'good network-sandbox'
	done
}

@test 'setuid under FEATURES=sandbox, which sets no_new_privs: worth nothing where there are no user namespaces' {
	local text='FEATURES=sandbox sets no_new_privs for each phase'
	sysctl -qw user.max_user_namespaces=0
	install -o 0 -g "$PREFIX_UID" -m 4710 "$TOP/native/build/confine" "$CONFINE"
	doctor
	says 'through the setuid confine'
	[[ ! -e /usr/bin/sandbox ]]
	install -m 755 /bin/true /usr/bin/sandbox
	doctor
	says "$text"
	says 'user.max_user_namespaces is 0'
	run ! says 'install confine setuid'
	prefix_conf 'FEATURES="-sandbox"'
	doctor
	run ! says "$text"
	sysctl -qw user.max_user_namespaces=10000
	prefix_conf
	doctor
	run ! says "$text"
	rm /usr/bin/sandbox
}

@test 'a limit is told to work where there is a controller for it, and not where there is none' {
	doctor
	if grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null; then
		says 'good PORTCULLIS_MEMORY_MAX'
	else
		says 'BAD  PORTCULLIS_MEMORY_MAX'
		if ! grep -q ' cgroup2 ' /proc/self/mountinfo; then says 'cgroup v1 only'; fi
	fi
}

@test 'Yama: where nobody can look into a phase, and how to' {
	local text='counted, but not seen, and PORTCULLIS_ALLOW lets nothing through: kernel.yama.ptrace_scope is 2'
	sysctl -qw kernel.yama.ptrace_scope=2
	doctor
	says 'good Audit'
	install -o 0 -g "$PREFIX_UID" -m 4710 "$TOP/native/build/confine" "$CONFINE"
	prefix_conf 'FEATURES="-sandbox"'
	doctor
	says "$text"
	sysctl -qw kernel.yama.ptrace_scope=1
	doctor
	says 'good Audit'
	sysctl -qw kernel.yama.ptrace_scope=0
}

# under PROFILE : doctor, confined by that profile of AppArmor.
under() {
	(echo "exec $1" >"/proc/$BASHPID/attr/apparmor/exec" && doctor)
}

@test 'AppArmor: the profile that refuses is named, to root and to an ordinary user' {
	local profile=portcullis-test uid
	[[ $(cat /sys/module/apparmor/parameters/enabled) == Y ]]
	mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
	apparmor_parser --replace --skip-cache <<-EOF
		profile $profile flags=(attach_disconnected) {
			file,
			signal,
			ptrace,
			unix,
			network,
			mount,
			umount,
			pivot_root,
			capability,
			deny capability sys_admin,
		}
	EOF
	for uid in "$PREFIX_UID" 0; do
		PREFIX_UID=$uid
		doctor
		says 'good network-sandbox'
		under "$profile"
		says 'BAD  network-sandbox'
		says "AppArmor's profile $profile"
		says 'capability sys_admin'
	done
	apparmor_parser --remove --skip-cache <<<"profile $profile {}"
}
