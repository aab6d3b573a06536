# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for portcullis

function __portcullis
	set -l token (commandline -ct)
	set -l option (string match -r -- '^--[^=]*=' "$token")
	set -l value (string replace -- "$option" '' "$token")
	set -l lines (portcullis complete -- (commandline -opc)[2..-1] "$token" 2>/dev/null)
	switch "$lines[1]"
		case :file
			set lines (__fish_complete_path "$value")
		case :folder
			set lines (__fish_complete_directories "$value")
	end
	string join \n -- "$option"$lines
end

complete -c portcullis -f -a '(__portcullis)'
