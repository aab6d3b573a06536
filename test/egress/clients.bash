# shellcheck shell=bash
# Real clients and the host that they call, for clients.bats and toolchains/clients.bats.
# shellcheck disable=SC2154 # bats sets status and output

setup_file() {
	((EUID == 0)) || skip 'only root can make the network namespace that is the other host'
	audit_begin
	there_begin
	there_serve 80
	cp "$TOP"/test/egress/clients/* "$AUDIT_DIR"
}

# gets NAME COMMAND...: the command shows what is there if that is listed, and only then; NAME is what the record calls it
gets() {
	local name=$1
	shift
	run audit --net --allow "$THERE:80" --resolve "there.example=$THERE" -- timeout 60 "$@"
	[[ $status == 0 && $output == *there* ]] || {
		printf '%s\n' "listed: status $status" "$output"
		return 1
	}
	[[ $(allowed) == "$name $THERE 80 "*' 0' ]] || {
		allowed
		return 1
	}
	run audit --net --allow "$THERE:81" --resolve "there.example=$THERE" -- timeout 60 "$@"
	[[ $status != 0 && $output != *there$'\n'* && $(allowed) == '' && $(blocked) == *"$name tcp $THERE 80 "* ]] || {
		printf '%s\n' "not listed: status $status" "$output" "$(allowed)" "$(blocked)"
		return 1
	}
}
