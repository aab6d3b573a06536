# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A temporary Gentoo Prefix with its own repository. Real Portage builds in it.
#
# Once per file:
#   prefix_host_begin, prefix_host_end      fetch Portage and create the test accounts; remove them (see prefix_host.bash)
# Once per test:
#   prefix_make root|user [FEATURES [LINE...]]   create a prefix whose emerge runs as that user, with this make.conf
#   prefix_clean                            kill the processes of the prefix and remove the prefix
# Configuration:
#   prefix_conf [LINE...]                   rewrite make.conf with the basics and these lines
#   prefix_features FEATURES [LINE...]      rewrite make.conf with FEATURES and these lines
#   prefix_env [NAME=VALUE...]              set the additional environment of emerge
#   prefix_command_path                     set PATH of emerge: the commands of Portage, those of the prefix, the system directories
#   prefix_package CAT/PF [<BODY]           write an ebuild that defines every phase but pkg_pretend, followed by standard input
#   prefix_install_portcullis               install the build of this checkout without install.sh
#   prefix_install [ARG...]                 run install.sh as the user of the prefix
# Running, as the user of the prefix, with standard input empty for emerge and ebuild:
#   prefix_emerge ARG...                    run emerge; `prefix_ebuild CAT/PF PHASE...` runs ebuild
#   prefix_run COMMAND ARG...               run any command in the environment of emerge; prefix_exec replaces this shell with the command
#   prefix_run_as_root COMMAND ARG...       run the command as root, in the prefix of a user
#   prefix_forget                           remove what earlier runs of emerge installed and recorded
# Results:
#   prefix_phases                           print the phases that ran, in order
#   prefix_phase_value PHASE KEY            print what the phase recorded: uid net ipc pid mnt uts cgroup user
#   prefix_test_value KEY                   print the value that a phase without sandbox would record
#   assert_namespace PHASE KEY host|own     fail unless the phase was in the namespace of the test (host) or in another one (own)
#   shares_namespaces PHASE KEY...          succeed if the phase was in all these namespaces of the test
#   record_values "$RECORDS" PHASE EXPRESSION   print values of records (see record.bash)
#
# Variables: PREFIX is the EPREFIX, PREFIX_ROOT the directory around it, PREFIX_REPO the repository, PREFIX_TMP PORTAGE_TMPDIR,
# PREFIX_DISTDIR DISTDIR, PREFIX_LOG a directory that every phase can write to, PREFIX_UID the user of emerge, PREFIX_EMERGE the
# command line of emerge for other programs. After prefix_install_portcullis CONFINE and RECORDS are paths in the prefix.
# A test file that sets PREFIX_COMPLETE=yes also gets pkg_pretend and Portage's QA checks, which are a quarter of the work of a build.

# shellcheck source-path=SCRIPTDIR source=prefix_host.bash
source "${BASH_SOURCE[0]%/*}/prefix_host.bash"
# shellcheck source-path=SCRIPTDIR source=record.bash
source "${BASH_SOURCE[0]%/*}/record.bash"

readonly PREFIX_KEYS='net,ipc,pid,mnt,uts,cgroup,user'

prefix_make() {
	local who=$1 check
	PREFIX_ROOT=$(mktemp -d "$PREFIX_HOST/XXXX") || return
	chmod 755 "$PREFIX_ROOT"
	PREFIX=$PREFIX_ROOT/${PREFIX_NAME:-eprefix}
	PREFIX_REPO=$PREFIX_ROOT/repo
	PREFIX_TMP=$PREFIX_ROOT/tmp
	PREFIX_DISTDIR=$PREFIX_ROOT/distfiles
	PREFIX_LOG=$PREFIX_ROOT/log
	PREFIX_ENV=()
	# shellcheck disable=SC2034 # the tests use it
	PREFIX_EMERGE=("$PREFIX_PORTAGE/bin/python" "$PREFIX_PORTAGE/lib/portage/bin/emerge")
	case $who in
	root) PREFIX_UID=0 ;;
	user) PREFIX_UID=$(id -u ${PREFIX_ACCOUNT:+"$PREFIX_ACCOUNT"}) ;;
	*) return 2 ;;
	esac
	if ((PREFIX_UID != EUID && EUID != 0)); then
		echo "prefix_make: only root can make a prefix for $who" >&2
		return 1
	fi
	mkdir -p "$PREFIX/etc/portage" "$PREFIX/share/portage/config" "$PREFIX/usr/bin" "$PREFIX_TMP" "$PREFIX_DISTDIR" \
		"$PREFIX_ROOT/home" "$PREFIX_ROOT/packages" "$PREFIX_LOG" "$PREFIX_REPO/metadata" "$PREFIX_REPO/profiles/test"
	# A Portage installed with pip reads its global configuration from PREFIX/share, not from usr/share (portage/const.py).
	# Omit its repos.conf, because Portage would warn about the missing gentoo repository at every start.
	ln -s "$PREFIX_PORTAGE/share/portage/config"/{make.globals,sets} "$PREFIX/share/portage/config/"
	# Link gtar to tar: Portage 3.0.83 unpacks with gtar (bin/phase-helpers.sh), and Debian has no program of that name.
	ln -s "$(type -P tar)" "$PREFIX/usr/bin/gtar"
	# Replace Portage's QA checks by empty files, unless PREFIX_COMPLETE is set. A file in this directory replaces the QA check of the same
	# name (install_qa_check in bin/misc-functions.sh).
	if [[ ! ${PREFIX_COMPLETE-} ]]; then
		mkdir -p "$PREFIX/usr/local/lib/install-qa-check.d"
		for check in "$PREFIX_PORTAGE"/lib/portage/bin/install-qa-check.d/*; do
			: >"$PREFIX/usr/local/lib/install-qa-check.d/${check##*/}"
		done
	fi
	# Do not set the sticky bit. With it, fs.protected_regular stops root from appending to files of a userpriv phase.
	chmod 777 "$PREFIX_LOG"

	echo portcullis-test >"$PREFIX_REPO/profiles/repo_name"
	echo amd64 >"$PREFIX_REPO/profiles/arch.list"
	echo app-test >"$PREFIX_REPO/profiles/categories"
	echo 'amd64 test stable' >"$PREFIX_REPO/profiles/profiles.desc"
	printf '%s\n' 'masters =' 'thin-manifests = true' 'profile-formats = portage-2' >"$PREFIX_REPO/metadata/layout.conf"
	echo 8 >"$PREFIX_REPO/profiles/test/eapi"
	printf '%s\n' ARCH=amd64 ACCEPT_KEYWORDS=amd64 CHOST=x86_64-pc-linux-gnu >"$PREFIX_REPO/profiles/test/make.defaults"
	ln -s "$PREFIX_REPO/profiles/test" "$PREFIX/etc/portage/make.profile"
	printf '%s\n' '[DEFAULT]' 'main-repo = portcullis-test' '[portcullis-test]' "location = $PREFIX_REPO" \
		>"$PREFIX/etc/portage/repos.conf"
	if (($# > 1)); then prefix_features "${@:2}"; else prefix_conf ''; fi
	if ((PREFIX_UID != EUID)); then
		chown -R "$PREFIX_UID:$PREFIX_UID" "$PREFIX_ROOT"
	fi
}

# Sets PORTAGE_TMPDIR, DISTDIR and PKGDIR to complete paths, because Portage does not put the EPREFIX in front of them.
prefix_conf() {
	printf '%s\n' "PORTAGE_TMPDIR=\"$PREFIX_TMP\"" "DISTDIR=\"$PREFIX_DISTDIR\"" \
		"PKGDIR=\"$PREFIX_ROOT/packages\"" CLEAN_DELAY=0 EMERGE_WARNING_DELAY=0 "$@" >"$PREFIX/etc/portage/make.conf"
}

prefix_features() {
	prefix_conf "FEATURES=\"$1\"" "${@:2}"
}

prefix_env() {
	PREFIX_ENV=("$@")
}

prefix_package() {
	local atom=$1 category name dir
	category=${atom%/*}
	name=${atom#*/}
	dir=$PREFIX_REPO/$category/$(prefix_name "$name")
	mkdir -p "$dir"
	{
		prefix_ebuild_head
		[[ -t 0 ]] || cat
	} >"$dir/$name.ebuild"
}

# Prints the PN of a PF: the part before the last hyphen, after the revision is removed (PMS 3.2).
prefix_name() {
	local name=$1
	[[ $name =~ ^(.+)-r[0-9]+$ ]] && name=${BASH_REMATCH[1]}
	printf '%s\n' "${name%-*}"
}

prefix_ebuild_head() {
	local phase
	cat <<-EOF
		EAPI=8
		DESCRIPTION="Each phase records its namespaces"
		HOMEPAGE="https://example.org/"
		SLOT=0
		KEYWORDS=amd64
		LICENSE=""

		# Start only one program, because every phase of every package runs this function. The first phase creates PREFIX_LOG/phases
		# with mode 666, so that phases of all users can append to this file.
		record_namespaces() {
			local link line="\${FUNCNAME[1]#*_} uid=\${EUID}"
			while read -r link; do
				line+=" \${link%%:*}=\${link}"
			done <<<"\$(readlink /proc/self/ns/{$PREFIX_KEYS})"
			[[ -e "$PREFIX_LOG/phases" ]] || (umask 0 && : >>"$PREFIX_LOG/phases")
			echo "\${line}" >>"$PREFIX_LOG/phases"
		}

	EOF
	# Define all functions. If SRC_URI is empty and the ebuild defines none of src_unpack to src_test, Portage 3.0.83 skips these phases.
	for phase in ${PREFIX_COMPLETE:+pkg_pretend} pkg_setup src_unpack src_{prepare,configure,compile,test,install} \
		pkg_{preinst,postinst,prerm,postrm,config,info}; do
		case $phase in
		src_unpack) printf '%s() { record_namespaces; default; mkdir -p "${S}"; }\n' "$phase" ;;
		src_prepare | src_install) printf '%s() { record_namespaces; default; }\n' "$phase" ;;
		*) printf '%s() { record_namespaces; }\n' "$phase" ;;
		esac
	done
}

prefix_phases() {
	[[ ! -e $PREFIX_LOG/phases ]] || cut -d' ' -f1 "$PREFIX_LOG/phases"
}

prefix_phase_value() {
	local phase=$1 key=$2
	[[ -e $PREFIX_LOG/phases ]] || return
	awk -v phase="$phase" -v key="$key=" '
		$1 == phase { for (i = 2; i <= NF; i++) if (index($i, key) == 1) seen = substr($i, length(key) + 1) }
		END { print seen; exit seen == "" }
	' "$PREFIX_LOG/phases"
}

prefix_test_value() {
	case $1 in
	uid) echo "$PREFIX_UID" ;;
	*) readlink "/proc/self/ns/$1" ;;
	esac
}

# Replaces this shell by the command, so that the PID of a background job is the PID of the command (emerge).
prefix_exec() {
	local path=$PREFIX/usr/bin:$PREFIX/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin node
	node=$(type -P node || echo /usr/bin/node)
	local -a command=("$@")
	# Do not use the array PREFIX_EMERGE: if setup_file sets an array, the tests do not get it.
	if [[ -x $PREFIX_PORTAGE/lib/portage/bin/$1 ]]; then
		command=("$PREFIX_PORTAGE/bin/python" "$PREFIX_PORTAGE/lib/portage/bin/$1" "${@:2}")
	fi
	if ((PREFIX_UID != EUID)); then
		command=(setpriv --reuid="$PREFIX_UID" --regid="$PREFIX_UID" --clear-groups --inh-caps=-all -- "${command[@]}")
	fi
	cd "$PREFIX_ROOT" || return
	[[ ! ${PREFIX_LOCK-} ]] || exec {PREFIX_LOCK}>&-
	exec env -i PATH="$path:${node%/*}" HOME="$PREFIX_ROOT/home" TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 NO_COLOR=1 \
		PORTAGE_OVERRIDE_EPREFIX="$PREFIX" \
		"${PREFIX_ENV[@]}" "${command[@]}"
}

prefix_run() {
	(prefix_exec "$@")
}

# While the command runs, root owns the prefix, because portcullis as root refuses to run programs of another user. Afterwards, PREFIX_UID owns it again.
prefix_run_as_root() {
	local status=0
	chown -R 0:0 "$PREFIX_ROOT"
	PREFIX_UID=0 prefix_run "$@" || status=$?
	chown -R "$PREFIX_UID:$PREFIX_UID" "$PREFIX_ROOT"
	return "$status"
}

prefix_emerge() {
	prefix_run emerge "$@" </dev/null
}

prefix_ebuild() {
	local atom=$1 name=${1#*/}
	prefix_run ebuild "$PREFIX_REPO/${atom%/*}/$(prefix_name "$name")/$name.ebuild" "${@:2}" </dev/null
}

prefix_forget() {
	rm -rf "$PREFIX_LOG/phases" "$PREFIX/var/db/pkg/app-test" "$PREFIX/usr/share/sample"
}

prefix_install() {
	local checkout
	checkout=$(prefix_checkout) || return
	prefix_run "$checkout/install.sh" --eprefix "$PREFIX" "$@"
}

prefix_clean() {
	[[ ${PREFIX_ROOT-} ]] || return 0
	# Remove the files that the hook of root leaves in /run if Portage did not run the clean phase.
	((EUID)) || rm -f -- "/run/portcullis.${PREFIX_ROOT//\//%}"*
	# Kill all processes of the prefix user too, unless that user also runs the tests.
	prefix_remove "$PREFIX_ROOT" "$([[ $PREFIX_UID == "$EUID" ]] || echo "$PREFIX_UID")"
	unset PREFIX PREFIX_ROOT PREFIX_REPO PREFIX_TMP PREFIX_DISTDIR PREFIX_LOG PREFIX_UID PREFIX_ENV PREFIX_EMERGE
}

prefix_command_path() {
	prefix_env PATH="$PREFIX_PORTAGE/bin:$PREFIX/usr/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
}

prefix_install_portcullis() {
	CONFINE=$PREFIX/usr/libexec/portcullis/confine
	RECORDS=$PREFIX/var/log/portcullis/records.jsonl
	install -D -m 755 "$TOP/native/build/confine" "$CONFINE"
	install -D -m 755 "$TOP/bin/portcullis" "$PREFIX/usr/bin/portcullis"
	install -D -m 644 "$TOP/dist/portcullis.js" "$PREFIX/usr/share/portcullis/portcullis.js"
	mkdir -p "${RECORDS%/*}"
	prefix_hook >"$PREFIX/usr/share/portcullis/phase.bash"
	{
		prefix_hook --block
		[[ ! -e $PREFIX/etc/portage/bashrc ]] || cat "$PREFIX/etc/portage/bashrc"
	} >"$PREFIX_ROOT/bashrc"
	cat "$PREFIX_ROOT/bashrc" >"$PREFIX/etc/portage/bashrc"
	if ((PREFIX_UID == 0)); then
		# Give the directory of the records the group and mode that install.sh sets on a host, because phases of root and of the user portage write there.
		chgrp portage "${RECORDS%/*}"
		chmod 2775 "${RECORDS%/*}"
	elif ((EUID == 0)); then
		chown -R "$PREFIX_UID:$PREFIX_UID" "$PREFIX"
	fi
}

# prefix_hook [--block]: prints the hook or, with --block, the block for bashrc that sources the hook. To start Node only once per test file,
# generates the text for the path /any-prefix and replaces this path by PREFIX, unless PREFIX needs quotes in bash.
prefix_hook() {
	local template=$PREFIX_HOST/hook${1-} any=/any-prefix
	if [[ $PREFIX == *[![:alnum:]/._-]* ]]; then
		"$PREFIX/usr/bin/portcullis" hook "$@"
		return
	fi
	[[ -e $template ]] || "$PREFIX/usr/bin/portcullis" hook "$@" --eprefix "$any" >"$template"
	sed "s|$any|$PREFIX|g" "$template"
}

shares_namespaces() {
	local phase=$1 kind
	for kind in "${@:2}"; do
		[[ $(prefix_phase_value "$phase" "$kind") == "$(prefix_test_value "$kind")" ]] || return
	done
}

assert_namespace() {
	local phase=$1 key=$2 expected=$3 seen='' here line
	# Read the file in bash and start no process, because some tests call this function 200 times.
	while read -r line; do
		[[ $line != "$phase "*" $key="* ]] || { seen=${line##* "$key"=} && seen=${seen%% *}; }
	done <"$PREFIX_LOG/phases"
	[[ ${PREFIX_NAMESPACES-} ]] || PREFIX_NAMESPACES=$(readlink /proc/self/ns/*)
	here=$key:${PREFIX_NAMESPACES#*"$key":} && here=${here%%$'\n'*}
	if [[ $expected == host && $seen != "$here" || $expected == own && $seen == "$here" || ! $seen ]]; then
		echo "$phase: $key is $seen, in the test it is $here; expected: $expected"
		return 1
	fi
}

# run_with_fakeroot COMMAND...: like `run -0`, but repeats a build if the daemon of fakeroot-tcp died. Also without
# Portcullis, it dies of SIGPIPE when it answers a client that has already ended (fakeroot 1.31, seen with strace).
# shellcheck disable=SC2154 # run sets status and output
run_with_fakeroot() {
	local tries
	for ((tries = 0; tries < 5; tries++)); do
		rm -rf -- "${PREFIX_LOG:?}"/* "$RECORDS"
		run "$@"
		((status == 0)) && return
		[[ $output == *'libfakeroot: '* ]] || break
	done
	echo "$output"
	return 1
}

if [[ ${BATS_VERSION-} ]]; then
	# shellcheck source-path=SCRIPTDIR source=bats.bash
	source "${BASH_SOURCE[0]%/*}/bats.bash"

	setup_file() {
		prefix_host_begin
	}

	teardown_file() {
		prefix_host_end
	}

	teardown() {
		prefix_clean
	}
fi
