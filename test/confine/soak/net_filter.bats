#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Servers and clients of a phase in a container: the results with the network filter (Docker's default seccomp profile) are those in a network
# namespace. Only `npm run soak` runs this file, because it compiles nanomsg and needs Go, a JDK and Erlang.

load ../confine_helper
load ../container

# assert_equal_results COMMAND...: the command succeeds and prints the same as root and as a user, in a network namespace and with the network filter
assert_equal_results() {
	local user profile network expected=''
	for user in 0 "$TEST_UID"; do
		for profile in unconfined docker; do
			network=$([[ $profile == docker ]] && echo filter || echo confine)
			run -0 run_in_container "$profile" "$user" env HOME="$TEST_DIR/home.$user" "$CONFINE" --net --ipc --cgroup x --audit --best-effort --record "$RECORD" -- "$@"
			[[ $output && ${expected:=$output} == "$output" && $(record_value "$RECORD" '[r.applied.net, r.orphan_count].join()') == "$network", ]] || {
				printf 'expected: %s\nuser %s, %s: %s\n' "$expected" "$user" "$profile" "$output"
				return 1
			}
		done
	done
	EXPECTED=$expected
}

setup_file() {
	confine_begin
	install -m 644 "$TOP/test/confine/net_filter.py" "$TEST_DIR"
	install -d -m 755 "$TEST_DIR/home.0"
	install -d -o "$TEST_UID" "$TEST_DIR/home.$TEST_UID"
}

@test "in a container, nanomsg's 43 tests pass with the network filter as well as with a network namespace" {
	tar -xf "$("$TOP/scripts/nanomsg")" -C "$TEST_DIR" package/deps/nanomsg
	cmake -S "$TEST_DIR/package/deps/nanomsg" -B "$TEST_DIR/build" -DNN_ENABLE_DOC=OFF
	make -s -C "$TEST_DIR/build" -j2
	# shellcheck disable=SC2016 # for the shell in the container
	assert_equal_results bash -c 'cp -r "$1/build" "$HOME/" && cd "$HOME/build" && ctest -j2 | grep "tests passed"' - "$TEST_DIR"
	[[ $EXPECTED == '100% tests passed, 0 tests failed out of 43' ]]
}

# shellcheck disable=SC2016
RUN_NODES='
	export ERL_EPMD_PORT=7391
	epmd -daemon
	until_true 60 epmd -names >/dev/null 2>&1
	erl -noinput -sname one@localhost -setcookie test >/dev/null &
	until_true 120 bash -c "epmd -names | grep -q ^name"
	epmd -names | sed "s/ at port .*//"
	erl -noinput -sname two@localhost -setcookie test -eval "io:format(\"~p~n\", [net_adm:ping(one@localhost)]), halt()."
	kill %1
	wait
	until_true 60 bash -c "! epmd -names | grep -q ^name"
	epmd -kill
'

@test 'in a container, Erlang nodes register with epmd and connect to each other, both with the network filter and with a network namespace' {
	assert_equal_results bash -c "$(declare -f until_true); $RUN_NODES"
	[[ $EXPECTED == $'epmd: up and running on port 7391 with data:\nname one\npong\nKilled' ]]
}

# Servers on TCP ports, on an automatic port and on an abstract socket, each with a client.
# shellcheck disable=SC2016
RUN_SERVERS='
	cd "$HOME" || exit
	rm -f http.log display
	redis-server --port 0 --port 7390 --save "" >redis.log 2>&1 &
	/usr/bin/python3 -u -m http.server --bind :: 0 >http.log 2>&1 &
	Xvfb -displayfd 3 -nolisten unix 3>display 2>x.log &
	until_true 60 grep -qs "port [0-9]" http.log
	until_true 60 test -s display
	until_true 60 redis-cli -p 7390 ping >/dev/null 2>&1
	redis-cli -p 7390 ping
	curl -sS -o /dev/null -w "%{http_code}\n" "http://127.0.0.1:$(grep -oP "port \K[0-9]+" http.log)/"
	/usr/bin/python3 -c "
import socket, struct, sys
display = socket.socket(socket.AF_UNIX)
display.connect(\"\0/tmp/.X11-unix/X\" + sys.argv[1])
display.send(struct.pack(\"<BxHHHHxx\", 0x6C, 11, 0, 0, 0))
print(\"display\", display.recv(1)[0])" "$(cat display)"
	kill %1 %2 %3
	wait
'

@test "in a container, redis, http.server, Xvfb and multiprocessing give the same results with the network filter as with a network namespace" {
	assert_equal_results bash -c "$(declare -f until_true); $RUN_SERVERS"
	[[ $EXPECTED == $'PONG\n200\ndisplay 1' ]]
	assert_equal_results /usr/bin/python3 "$TEST_DIR/net_filter.py" processes 64
	[[ $EXPECTED == '64 of 64' ]]
}

# musl accepts an answer from the address of the name server only, so its lookup fails after a timeout.
@test 'with the network filter, a DNS lookup by a musl program fails, and the record has the name that the program looked up' {
	local user
	musl-gcc -static -o "$TEST_DIR/musl" "$TOP/test/confine/audit/lookup.c"
	for user in 0 "$TEST_UID"; do
		run -0 run_in_container docker "$user" "$CONFINE" --net --audit --record "$RECORD" -- timeout 60 "$TEST_DIR/musl" musl.example.org
		[[ $output == EAI_AGAIN && $(record_value "$RECORD" '[r.attempts, r.names_watched, r.names[0].name].join()') == ,yes,musl.example.org ]]
	done
}

@test "in a container, servers of Go's httptest and of Java give the same answers with the network filter as with a network namespace" {
	HOME=$TEST_DIR/home.0 CGO_ENABLED=0 go build -o "$TEST_DIR/httptest" "$BATS_TEST_DIRNAME/servers/httptest.go"
	javac -d "$TEST_DIR" "$BATS_TEST_DIRNAME/servers/Serve.java"
	assert_equal_results "$TEST_DIR/httptest"
	[[ $EXPECTED == 'served /go <nil>' ]]
	assert_equal_results java -cp "$TEST_DIR" Serve
	[[ $EXPECTED == $'served /java\nudp' ]]
}
