# Copyright 2026 Gentoo Authors
# Distributed under the terms of the GNU General Public License v2

# @ECLASS: shell-completion.eclass
# @MAINTAINER:
# nobody@example.org
# @SUPPORTED_EAPIS: 8
# @BLURB: A stub of Gentoo's shell-completion.eclass, for tests

# @FUNCTION: newbashcomp
# @USAGE: <file> <name>
# @DESCRIPTION:
# Installs a completion for bash.
newbashcomp() {
	insinto /usr/share/bash-completion/completions
	newins "$@"
}

# @FUNCTION: newzshcomp
# @USAGE: <file> <name>
# @DESCRIPTION:
# Installs a completion for zsh.
newzshcomp() {
	insinto /usr/share/zsh/site-functions
	newins "$@"
}

# @FUNCTION: newfishcomp
# @USAGE: <file> <name>
# @DESCRIPTION:
# Installs a completion for fish.
newfishcomp() {
	insinto /usr/share/fish/vendor_completions.d
	newins "$@"
}
