"""Prints NAME=VALUE for each NAME that make.conf or package.env sets for a package now, as Portage itself resolves it.

Arguments: where Portage's modules are, CATEGORY/PF, SLOT, repository, EAPI, NAME...
The last line is "complete".
"""
import os
import sys

sys.path.insert(0, sys.argv[1])
import portage  # noqa: E402  (found through the line above)

cpv, slot, repository, eapi = sys.argv[2:6]
# Without the environment, which is that of a phase: what an ebuild exported is no setting of its user.
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
