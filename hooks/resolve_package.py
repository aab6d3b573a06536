# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints Portage's configuration, and the configuration of a package, as one JSON object (Configuration in src/portage/resolve_package.ts).

Arguments: EPREFIX ('' on a host), NAMES of variables (separated by commas; NAME* is a prefix), FOLDERS (names of variables, separated by
commas), and optionally PACKAGE.
Exit status 3: this Python has no Portage. 4: no such package. 5: another error of Portage. The reason is on stderr.
"""
import json
import os
import sys

eprefix, names, folder_names = sys.argv[1:4]
if eprefix:
    os.environ.setdefault("PORTAGE_OVERRIDE_EPREFIX", eprefix)
try:
    import portage
    from portage.dbapi.dep_expand import dep_expand
    from portage.package.ebuild._config.helper import ordered_by_atom_specificity
except ImportError:
    sys.exit(3)


def words(text):
    return (text or "").split()


def variables(settings):
    wanted = names.split(",")
    prefixes = tuple(name[:-1] for name in wanted if name.endswith("*"))
    listed = [*wanted, *(name for name in settings if name.startswith(prefixes))]
    return {name: settings[name] for name in listed if settings.get(name)}


def profile_bashrcs(settings):
    """Returns the profile.bashrc files, and the files that package.bashrc lists (profile-bashrcs in layout.conf)."""
    profiles = settings._locations_manager.profiles_complex
    files = [os.path.join(profile.location, "profile.bashrc") for profile in profiles]
    for packages in settings._pbashrcdict.values():
        files += sorted({file for atoms in packages.values() for listed in atoms.values() for file in listed})
    return [file for file in files if os.path.isfile(file)]


def userpriv(settings):
    if os.getuid() != 0 or "userpriv" not in settings.features:
        return None
    return {
        "uid": int(portage.data.portage_uid),
        "gid": int(portage.data.portage_gid),
        "groups": list(portage.data.userpriv_groups),
    }


def removed_features(settings, cpv=None):
    """Returns, for each word that is removed from FEATURES ("*" by "-*"), the last file that removes it. The order of files is that of config.regenerate()."""
    root = settings["PORTAGE_CONFIGROOT"]
    user = os.path.join(root, portage.const.USER_CONFIG_PATH)
    files = [os.path.join(profile.location, "make.defaults") for profile in settings._locations_manager.profiles_complex]
    files += [os.path.join(root, "etc/make.conf"), *portage.util._recursive_file_list(os.path.join(user, "make.conf"))]
    for listed in ordered_by_atom_specificity(settings._penvdict.get(cpv.cp, {}), cpv) if cpv else []:
        files += [os.path.join(user, "env", name) for name in listed]
    values = [(file, (portage.util.getconfig(file, tolerant=True, allow_sourcing=True) or {}).get("FEATURES")) for file in files]
    removed = {}
    for file, value in [*values, ("the environment", os.environ.get("FEATURES"))]:
        for word in words(value):
            if word.startswith("-"):
                removed[word[1:]] = file
            else:
                removed.pop(word, None)
    return removed


def folders(settings):
    """Returns the folders of the variables in FOLDERS. For PORTAGE_BUILDDIR, which is set only in a phase, returns the folder above all build directories."""
    found = {name: settings.get(name) for name in folder_names.split(",")}
    found["PORTAGE_BUILDDIR"] = os.path.join(settings["PORTAGE_TMPDIR"], "portage")
    return {name: folder for name, folder in found.items() if folder}


def in_shm(settings):
    """Returns the variables whose folders lie in /dev/shm. A phase that uses one of them gets no private /dev/shm (hooks/phase.bash)."""
    shm = os.path.realpath("/dev/shm")
    return [name for name, folder in folders(settings).items() if (os.path.realpath(folder) + "/").startswith(shm + "/")]


def no_package(reason):
    print(reason, file=sys.stderr)
    sys.exit(4)


def find(atom):
    """Returns the database and CPV of the version that emerge would build, otherwise of a masked version, otherwise of an installed one. Exits if there is none."""
    tree = portage.db[portage.settings["EROOT"]]
    for db, queries in ((tree["porttree"].dbapi, ("bestmatch-visible", "match-all")), (tree["vartree"].dbapi, ("match",))):
        try:
            expanded = dep_expand(atom, mydb=db, settings=portage.settings)
        except portage.exception.AmbiguousPackageName as error:
            no_package("%s matches several packages: %s" % (atom, ", ".join(map(str, error.args[0]))))
        except (portage.exception.InvalidAtom, ValueError):
            no_package("%s is not a package name" % atom)
        for query in queries:
            found = db.xmatch(query, expanded) if hasattr(db, "xmatch") else db.match(expanded)
            if isinstance(found, list):
                found = found[-1] if found else ""
            if found:
                return db, found
    no_package("Portage has no package %s" % atom)


def describe(atom):
    # Accept CATEGORY/PF without "=", because `portcullis report` prints packages in this form.
    pkgsplit = portage.versions.catpkgsplit(atom)
    db, cpv = find("=" + atom if pkgsplit else atom)
    settings = portage.config(clone=portage.settings)
    settings.setcpv(cpv, mydb=db)
    category, pf = portage.catsplit(str(cpv))
    _, pn, pv, pr = portage.versions.catpkgsplit(str(cpv))
    return {
        "cpv": str(cpv),
        "eapi": settings.get("EAPI", "0"),
        "ebuild": db.findname(str(cpv), myrepo=getattr(cpv, "repo", None)) if hasattr(db, "xmatch") else "",
        "repository": getattr(cpv, "repo", "") or "",
        "features": words(settings["FEATURES"]),
        "restrict": words(settings["PORTAGE_RESTRICT"]),
        "properties": words(settings["PORTAGE_PROPERTIES"]),
        "removed": removed_features(settings, cpv),
        "variables": variables(settings),
        "names": {
            "CATEGORY": category,
            "PF": pf,
            "P": "%s-%s" % (pn, pv),
            "PN": pn,
            "PV": pv,
            "PR": pr,
            "PVR": pf[len(pn) + 1 :],
        },
        "folders": folders(settings),
        "in_shm": in_shm(settings),
        "builddir": os.path.join(settings["PORTAGE_TMPDIR"], "portage", category, pf),
    }


try:
    settings = portage.settings
    print(
        json.dumps(
            {
                "version": portage.VERSION,
                "python": sys.executable,
                "modules": os.path.dirname(os.path.dirname(os.path.realpath(portage.__file__))),
                "bin": portage.const.PORTAGE_BIN_PATH,
                "configroot": settings["PORTAGE_CONFIGROOT"],
                "features": words(settings["FEATURES"]),
                "removed": removed_features(settings),
                "variables": variables(settings),
                "profile_bashrcs": profile_bashrcs(settings),
                "userpriv": userpriv(settings),
                "folders": folders(settings),
                "in_shm": in_shm(settings),
                "sandbox": portage.process.sandbox_capable,
                "package": describe(sys.argv[4]) if len(sys.argv) > 4 else None,
            }
        )
    )
except portage.exception.PortageException as error:
    print("%s: %s" % (type(error).__name__, error), file=sys.stderr)
    sys.exit(5)
