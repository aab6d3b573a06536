# shellcheck shell=bash
# A throwaway Gentoo Prefix with a repository of its own, for one real Portage after another.
#
#   prefix_host_begin               once a file: fetches Portage, borrows the user "portage" (see host.bash)
#   prefix_make root|user [NAME]    a new prefix whose emerge runs as that user; sets the variables below
#   prefix_conf [LINE...]           writes make.conf anew: the basics, then these lines
#   prefix_env [NAME=VALUE...]      what emerge gets in its environment besides
#   prefix_package CAT/PF [<BODY]   writes an ebuild that defines every phase, then what comes on standard input
#   prefix_emerge ARG...            prefix_ebuild CAT/PF PHASE...            both as the prefix' user
#   prefix_run COMMAND ARG...       anything else, in emerge's environment and as its user; prefix_exec becomes it
#   prefix_install [ARG...]         install.sh into the prefix, as its user
#   prefix_phases                   the phases that ran, in order
#   prefix_seen PHASE KEY           what the phase saw: uid net ipc pid mnt uts cgroup user; prefix_here KEY: our own
#   prefix_clean                    ends its processes and removes it
#   prefix_host_end                 once a file: gives back what prefix_host_begin took
#
# PREFIX is the EPREFIX, PREFIX_ROOT the folder around it, PREFIX_REPO the repository, PREFIX_TMP PORTAGE_TMPDIR,
# PREFIX_DISTDIR DISTDIR, PREFIX_LOG a folder in which every phase may write, PREFIX_UID who emerges.

# shellcheck source-path=SCRIPTDIR source=prefix_host.bash
source "${BASH_SOURCE[0]%/*}/prefix_host.bash"
# shellcheck source-path=SCRIPTDIR source=record.bash
source "${BASH_SOURCE[0]%/*}/record.bash"

readonly PREFIX_KEYS='net ipc pid mnt uts cgroup user'

prefix_make() {
	local who=$1 name=${2:-eprefix}
	PREFIX_ROOT=$(mktemp -d "$PREFIX_HOST/XXXX") || return
	chmod 755 "$PREFIX_ROOT"
	PREFIX=$PREFIX_ROOT/$name
	PREFIX_REPO=$PREFIX_ROOT/repo
	PREFIX_TMP=$PREFIX_ROOT/tmp
	PREFIX_DISTDIR=$PREFIX_ROOT/distfiles
	PREFIX_LOG=$PREFIX_ROOT/log
	PREFIX_ENV=()
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
	# A pip-installed Portage looks for its global configuration here, not in usr/share (portage/const.py).
	# Its repos.conf stays away: it names the gentoo repository, and every start would complain that there is none.
	ln -s "$PREFIX_PORTAGE/share/portage/config"/{make.globals,sets} "$PREFIX/share/portage/config/"
	# Portage 3.0.83 unpacks with gtar (bin/phase-helpers.sh), a name that Gentoo's tar has and Debian's has not.
	ln -s "$(type -P tar)" "$PREFIX/usr/bin/gtar"
	# Without the sticky bit: under it fs.protected_regular keeps root from appending to what a userpriv phase made.
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
	prefix_conf ''
	if ((PREFIX_UID != EUID)); then
		chown -R "$PREFIX_UID:$PREFIX_UID" "$PREFIX_ROOT"
	fi
}

# PORTAGE_TMPDIR, DISTDIR and PKGDIR are not prefixed by Portage itself.
prefix_conf() {
	printf '%s\n' "PORTAGE_TMPDIR=\"$PREFIX_TMP\"" "DISTDIR=\"$PREFIX_DISTDIR\"" \
		"PKGDIR=\"$PREFIX_ROOT/packages\"" CLEAN_DELAY=0 EMERGE_WARNING_DELAY=0 "$@" >"$PREFIX/etc/portage/make.conf"
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

# PN of PF: the version starts at the last hyphen before a digit, a revision aside (PMS 3.2).
prefix_name() {
	local name=$1
	[[ $name =~ ^(.+)-r[0-9]+$ ]] && name=${BASH_REMATCH[1]}
	printf '%s\n' "${name%-*}"
}

prefix_ebuild_head() {
	local phase
	cat <<-EOF
		EAPI=8
		DESCRIPTION="Tells what each of its phases sees"
		HOMEPAGE="https://example.org/"
		SLOT=0
		KEYWORDS=amd64
		LICENSE=""

		note_namespaces() {
			local kind line="\${FUNCNAME[1]#*_} uid=\$(id -u)"
			for kind in $PREFIX_KEYS; do
				line+=" \${kind}=\$(readlink /proc/self/ns/\${kind})"
			done
			echo "\${line}" >> "$PREFIX_LOG/phases"
			chmod a+rw "$PREFIX_LOG/phases" 2>/dev/null || true
		}

	EOF
	# All of them: Portage 3.0.83 skips unpack to test where SRC_URI is empty and no src_ function is defined.
	for phase in pkg_{pretend,setup} src_unpack src_{prepare,configure,compile,test,install} \
		pkg_{preinst,postinst,prerm,postrm,config,info}; do
		case $phase in
		src_unpack) printf '%s() { note_namespaces; default; mkdir -p "${S}"; }\n' "$phase" ;;
		src_prepare | src_install) printf '%s() { note_namespaces; default; }\n' "$phase" ;;
		*) printf '%s() { note_namespaces; }\n' "$phase" ;;
		esac
	done
}

prefix_phases() {
	[[ ! -e $PREFIX_LOG/phases ]] || cut -d' ' -f1 "$PREFIX_LOG/phases"
}

prefix_seen() {
	local phase=$1 key=$2
	[[ -e $PREFIX_LOG/phases ]] || return
	awk -v phase="$phase" -v key="$key=" '
		$1 == phase { for (i = 2; i <= NF; i++) if (index($i, key) == 1) seen = substr($i, length(key) + 1) }
		END { print seen; exit seen == "" }
	' "$PREFIX_LOG/phases"
}

prefix_here() {
	case $1 in
	uid) echo "$PREFIX_UID" ;;
	*) readlink "/proc/self/ns/$1" ;;
	esac
}

# In the place of this shell, so that the pid of a background job is that of emerge.
prefix_exec() {
	local path=$PREFIX/usr/bin:$PREFIX/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin node
	node=$(type -P node || echo /usr/bin/node)
	local -a command=("$@")
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

prefix_emerge() {
	prefix_run emerge "$@" </dev/null
}

prefix_ebuild() {
	local atom=$1 name=${1#*/}
	prefix_run ebuild "$PREFIX_REPO/${atom%/*}/$(prefix_name "$name")/$name.ebuild" "${@:2}" </dev/null
}

prefix_install() {
	local checkout
	checkout=$(prefix_checkout) || return
	prefix_run "$checkout/install.sh" --eprefix "$PREFIX" "$@"
}

prefix_clean() {
	[[ ${PREFIX_ROOT-} ]] || return 0
	# What a build of root has not cleaned.
	((EUID)) || rm -f -- "/run/portcullis.${PREFIX_ROOT//\//%}"*
	# By its user too, unless that is who runs the tests.
	prefix_remove "$PREFIX_ROOT" "$([[ $PREFIX_UID == "$EUID" ]] || echo "$PREFIX_UID")"
	unset PREFIX PREFIX_ROOT PREFIX_REPO PREFIX_TMP PREFIX_DISTDIR PREFIX_LOG PREFIX_UID PREFIX_ENV
}

# Puts this checkout's build into PREFIX. CONFINE is where confine is then.
prefix_install_portcullis() {
	CONFINE=$PREFIX/usr/libexec/portcullis/confine
	RECORDS=$PREFIX/var/log/portcullis/records.jsonl
	install -D -m 755 "$TOP/native/build/confine" "$CONFINE"
	install -D -m 755 "$TOP/bin/portcullis" "$PREFIX/usr/bin/portcullis"
	install -D -m 644 "$TOP/dist/portcullis.js" "$PREFIX/usr/lib/portcullis/portcullis.js"
	mkdir -p "$PREFIX/etc/portage/portcullis" "${RECORDS%/*}"
	"$PREFIX/usr/bin/portcullis" hook >"$PREFIX/etc/portage/portcullis/phase.bash"
	{
		"$PREFIX/usr/bin/portcullis" hook --block
		[[ ! -e $PREFIX/etc/portage/bashrc ]] || cat "$PREFIX/etc/portage/bashrc"
	} >"$PREFIX_ROOT/bashrc"
	cat "$PREFIX_ROOT/bashrc" >"$PREFIX/etc/portage/bashrc"
	if ((PREFIX_UID == 0)); then
		# As install.sh makes it on a host: phases of root and of the portage user write there.
		chgrp portage "${RECORDS%/*}"
		chmod 2775 "${RECORDS%/*}"
	elif ((EUID == 0)); then
		chown -R "$PREFIX_UID:$PREFIX_UID" "$PREFIX"
	fi
}

# Whether a phase was where we are, kind by kind: all of them.
in_ours() {
	local phase=$1 kind
	for kind in "${@:2}"; do
		[[ $(prefix_seen "$phase" "$kind") == "$(prefix_here "$kind")" ]] || return
	done
}

# Fails, with what the phase saw, unless it was where we are in this kind (host), or was not (apart).
expect_kind() {
	local phase=$1 kind=$2 where=$3 seen here
	seen=$(prefix_seen "$phase" "$kind") here=$(prefix_here "$kind")
	if [[ $where == host && $seen != "$here" || $where == apart && $seen == "$here" || ! $seen ]]; then
		echo "$phase: $kind is $seen, here it is $here; expected: $where"
		return 1
	fi
}

# run -0 for a build under fakeroot, and again where it was fakeroot-tcp's daemon that failed, with us or without: it answers what nobody
# waits for, and dies of SIGPIPE where who told it something, mkdir say, has ended by then (fakeroot 1.31, seen with strace).
# shellcheck disable=SC2154 # bats' run sets status and output
run_faked() {
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
	bats_require_minimum_version 1.5.0

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
