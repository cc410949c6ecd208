#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes a software bill of materials, SPDX 2.3 as JSON, of one program or library of callvet:

    sbom.py --name callvet --version 0.1.0-1 --licence MIT FILE [--header-only PACKAGE]... > callvet.spdx.json

It lists the shared libraries that FILE needs, by themselves or by others, as the Debian packages that they
come from on this machine (the one that builds), and the packages whose headers were compiled in. Licences are
what the packages' machine-readable copyright files declare for most of their files; of the others nothing is claimed. The same input gives the
same bytes: the time is SOURCE_DATE_EPOCH."""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess

# Debian's short names of licences that have another one in the SPDX list.
SPDX_NAMES = {
    "expat": "MIT", "mit": "MIT", "bsd-2-clause": "BSD-2-Clause", "bsd-3-clause": "BSD-3-Clause",
    "bsd-3-clauses": "BSD-3-Clause", "bsd-3": "BSD-3-Clause", "bsd-4-clause": "BSD-4-Clause", "isc": "ISC",
    "apache-2.0": "Apache-2.0", "curl": "curl", "zlib": "Zlib", "postgresql": "PostgreSQL", "bsl-1.0": "BSL-1.0",
    "cc0-1.0": "CC0-1.0", "cc0": "CC0-1.0", "boost-1.0": "BSL-1.0", "openldap-2.8": "OLDAP-2.8", "mpl-2.0": "MPL-2.0",
    "gpl-2": "GPL-2.0-only", "gpl-2+": "GPL-2.0-or-later", "gpl-3": "GPL-3.0-only", "gpl-3+": "GPL-3.0-or-later",
    "lgpl-2": "LGPL-2.0-only", "lgpl-2+": "LGPL-2.0-or-later", "lgpl-2.1": "LGPL-2.1-only",
    "lgpl-2.1+": "LGPL-2.1-or-later", "lgpl-3": "LGPL-3.0-only", "lgpl-3+": "LGPL-3.0-or-later",
    "gpl-2.0+": "GPL-2.0-or-later", "gpl-3.0+": "GPL-3.0-or-later", "lgpl-2.0+": "LGPL-2.0-or-later",
    "lgpl-3.0+": "LGPL-3.0-or-later", "gfdl-1.3+": "GFDL-1.3-or-later",
}


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def spdx_licence(text):
    """An SPDX expression for a licence line of a copyright file, or None: "GPL-2+ or Expat, and ISC"."""
    words = []
    for word in re.split(r"(\s+and\s+|\s+or\s+)", text.replace(",", " ").strip().lower()):
        word = word.strip()
        if word in ("and", "or"):
            words.append(word.upper())
        elif word in SPDX_NAMES:
            words.append(SPDX_NAMES[word])
        else:
            return None
    expression = " ".join(words)
    # "A or B and C" means different things to different readers.
    return None if " AND " in expression and " OR " in expression else expression


def licence_of(package):
    """What `Files: *` of the package's copyright file says; None where it cannot be read by a machine."""
    path = pathlib.Path("/usr/share/doc") / package / "copyright"
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None, "no copyright file"
    if not re.match(r"(?i)format:\s*https?://(www\.)?(debian\.org|dep\.debian\.net)", text.lstrip()):
        return None, "the copyright file is not machine-readable"
    for stanza in re.split(r"\n\s*\n", text):
        files = re.search(r"(?mi)^Files:\s*((?:.*\n?)(?:[ \t]+.*\n?)*)", stanza)
        licence = re.search(r"(?mi)^License:[ \t]*(.*)$", stanza)
        if files and licence and "*" in files.group(1).split():
            said = licence.group(1).strip()
            return spdx_licence(said), f"Files: * is {said}"
    return None, "the copyright file has no stanza for all files"


def packages_of(paths):
    """path -> the package that it is of. /lib is /usr/lib on merged systems, and dpkg knows one of them."""
    candidates = {}
    for path in paths:
        real = os.path.realpath(path)
        for name in (path, "/usr" + path, path.removeprefix("/usr"), real, real.removeprefix("/usr")):
            candidates[name] = path
    found = subprocess.run(["dpkg-query", "-S", *sorted(candidates)], capture_output=True, text=True, check=False,
                           env={**os.environ, "LC_ALL": "C"})
    owners = {}
    for line in found.stdout.splitlines():
        owner, _, name = line.rpartition(": ")
        if name in candidates:
            owners[candidates[name]] = owner.split(",")[0].split(":")[0]
    return owners


def needed_libraries(path):
    """soname -> path of everything that the loader would load."""
    direct = set(re.findall(r"NEEDED\s+(\S+)", run("objdump", "-p", path)))
    libraries = {}
    for line in run("ldd", path).splitlines():
        found = re.match(r"\s*(\S+) => (/\S+)", line) or re.match(r"\s*((?:/\S+))() \(", line)
        if found and found.group(2):
            libraries[found.group(1)] = found.group(2)
    return direct, libraries


def describe(name):
    version, source, home, arch = run(
        "dpkg-query", "-W", "-f", "${Version}\n${source:Package}\n${Homepage}\n${Architecture}\n", name).split("\n")[:4]
    licence, how = licence_of(name)
    return {
        "name": name, "SPDXID": "SPDXRef-Package-" + re.sub(r"[^A-Za-z0-9.-]", "-", name), "versionInfo": version,
        "supplier": "Organization: Debian", "downloadLocation": home or "NOASSERTION", "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION", "licenseDeclared": licence or "NOASSERTION",
        "licenseComments": how, "copyrightText": "NOASSERTION", "sourceInfo": f"Debian source package {source}",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": f"pkg:deb/debian/{name}@{version}?arch={arch}".replace("+", "%2B")}],
    }


def build(options):
    direct, libraries = needed_libraries(options.file)
    packages, relations = {}, []
    root = "SPDXRef-Package-" + re.sub(r"[^A-Za-z0-9.-]", "-", options.name)

    def relate(package, kind, comment):
        relation = {"spdxElementId": root, "relationshipType": kind, "relatedSpdxElement": package["SPDXID"],
                    "comment": comment}
        if relation not in relations:
            relations.append(relation)

    own = set(options.own)
    owners = packages_of(libraries.values())
    for soname in sorted(libraries):
        if soname in own:
            continue
        name = owners.get(libraries[soname])
        if name is None:
            raise SystemExit(f"sbom.py: {libraries[soname]} is of no package")
        package = packages.setdefault(name, describe(name))
        if soname in direct:
            relate(package, "DYNAMIC_LINK", f"needs {soname}")
        else:
            relate(package, "DEPENDS_ON", f"{soname} is needed by a library that it needs")
    for name in sorted(set(options.header_only)):
        package = packages.setdefault(name, describe(name))
        relate(package, "STATIC_LINK", "its headers are compiled in")

    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    content = pathlib.Path(options.file).read_bytes()
    subject = {
        "name": options.name, "SPDXID": root, "versionInfo": options.version, "supplier": "NOASSERTION",
        "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": options.licence,
        "licenseDeclared": options.licence, "copyrightText": "The callvet authors",
        "packageFileName": pathlib.Path(options.file).name,
        "checksums": [{"algorithm": "SHA256", "checksumValue": hashlib.sha256(content).hexdigest()}],
    }
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{options.name}-{options.version}",
        "creationInfo": {
            "created": datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Tool: callvet-sbom"]},
        "packages": [subject] + [packages[name] for name in sorted(packages)],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                           "relatedSpdxElement": root}] + relations,
    }
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    document["documentNamespace"] = f"https://callvet.invalid/spdx/{options.name}-{digest}"
    return document


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--licence", required=True)
    parser.add_argument("--header-only", action="append", default=[], metavar="PACKAGE")
    parser.add_argument("--own", action="append", default=[], metavar="SONAME", help="not listed: it has its own")
    parser.add_argument("file")
    print(json.dumps(build(parser.parse_args()), indent=2, sort_keys=True))


if __name__ == "__main__":
    main()
