#!/usr/bin/env bats
# What a build may try with a socket that it was handed: none of it leads beyond the list, nor lets anybody in.

load ../lib/remote_host

# At most so many, unless CONFINE_SOAK asks for the full number.
RACES=${CONFINE_SOAK:+1000000}

setup_file() {
	local program
	((EUID == 0)) || skip 'only root can make the network namespace that is the other host'
	audit_begin
	there_begin
	there_serve 80 8080
	for program in attack race; do
		gcc -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$AUDIT_DIR/$program" "$TOP/test/egress/$program.c"
	done
}

# held PROGRAM WHAT HOST ARG...: with a list of HOST:80 and, where nobody listens, THERE:81; nothing has come to 8080 afterwards
held() {
	local before
	before=$(served 8080)
	run audit --net --allow "$3:80" --allow "$3:81" --allow "$THERE:80" -- "$AUDIT_DIR/$1" "$2" "$3" 80 8080 81 "${@:4}"
	[[ $status == 0 && $(served 8080) == "$before" ]] || {
		printf '%s as %s: status %s, %d got out\n' "$2" "${WHO-user}" "$status" $(($(served 8080) - before))
		echo "$output"
		return 1
	}
	# It could not be put otherwise: something was let through.
	[[ $(allowed) == *"$1 "* ]]
}

@test 'connect, listen, bind and fast open, by every way into the kernel: on what failed, is connected, was shut down' {
	local WHO
	for WHO in user root; do
		held attack failed "$THERE"
		held attack connected "$THERE"
		held attack shut "$DEAD" "$THERE"
	done
}

@test 'by one that nobody can look into, and where the first thread has gone or has other descriptors' {
	local WHO deed
	for WHO in user root; do
		for deed in undumpable unreadable leaderless tables; do
			held attack "$deed" "$THERE"
		done
	done
}

@test 'a thread, or a process with the same descriptors, exchanges them between the look and the call' {
	held race threads "$THERE" "${RACES:-5000}"
	held race sharer "$THERE" "${RACES:-5000}"
}

@test 'another process writes into what socketcall(2) takes from memory' {
	held race memory "$THERE" "$((${RACES:-5000} / 10))"
}

@test 'another process takes apart what is just being waited for' {
	local WHO
	for WHO in user root; do
		held race shut "$DEAD" "${RACES:-20000}" "$THERE"
	done
}
