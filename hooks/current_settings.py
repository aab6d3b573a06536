# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints NAME=VALUE for each NAME that make.conf and package.env currently set for a package, as Portage resolves them.

Arguments: the folder of Portage's modules, CATEGORY/PF, SLOT, repository, EAPI, NAME...
The last line of a complete answer is "complete".
"""
import os
import sys

sys.path.insert(0, sys.argv[1])
import portage  # noqa: E402  (import needs sys.path from the line above)

cpv, slot, repository, eapi = sys.argv[2:6]
# Pass an empty environment, because the ebuild may have exported variables that the user has not set.
settings = portage.config(
    config_root=os.environ.get("PORTAGE_CONFIGROOT"),
    eprefix=os.environ.get("PORTAGE_OVERRIDE_EPREFIX"),
    env={},
)
settings.setcpv(cpv, mydb={"EAPI": eapi, "IUSE": "", "KEYWORDS": "", "SLOT": slot, "repository": repository})
for name in sys.argv[6:]:
    value = " ".join(settings.get(name, "").split())
    if value:
        print(f"{name}={value}")
print("complete")
