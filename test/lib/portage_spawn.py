# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command with portage.process.spawn and exits with its status: portage_spawn.py OPTION,... COMMAND...

OPTION is a parameter of spawn such as unshare_net. Run it with the python of scripts/portage.
"""

import os
import sys

import portage.process

options = {name: True for name in sys.argv[1].split(",")}
pid = portage.process.spawn(sys.argv[2:], returnpid=True, **options)[0]
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
