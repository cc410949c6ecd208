#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads every #include of src/ and include/ and fails on one that the layer table forbids.

The table is the one in src/README.md; change both together."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# room -> rooms that it may include
ROOMS = {
    "base": set(),
    "syntax": {"base"},
    "pki": {"syntax", "base"},
    "verify": {"pki", "syntax", "base"},
    "repository": {"pki", "syntax", "base"},
    "rotation": {"base"},
    "policy": {"syntax", "base"},
    "issue": {"pki", "syntax", "base"},
    "evidence": {"pki", "syntax", "base"},
    "api": {"verify", "rotation", "policy", "issue", "evidence", "repository", "pki", "syntax", "base"},
    "capi": {"api", "verify", "rotation", "policy", "issue", "evidence", "repository", "pki", "syntax", "base"},
    "service": {"api", "verify", "rotation", "policy", "issue", "evidence", "repository", "pki", "syntax", "base"},
    "cli": {"service", "api", "verify", "rotation", "policy", "issue", "evidence", "repository", "pki", "syntax", "base"},
}

# third-party prefix -> where it may be included: a room, or one file
THIRD_PARTY = {
    "nlohmann/": {"base/json.cc", "base/json_stream.cc"},
    "openssl/": {"pki", "issue", "service/tls.cc"},
    "CLI/": {"cli"},
    "tl/": {"callvet/result.h"},
    "spdlog/": {"service/access_log.cc"},
    "curl/": {"repository/https_fetcher.cc"},
    "httplib.h": {"service/server.cc"},
    "sqlite3.h": {"evidence/sqlite.cc"},
    "libpq-fe.h": {"evidence/postgres.cc"},
    "hiredis/": {"rotation/redis.cc"},
    "gtest/": set(),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
# Facts of this workshop that the product must not know.
FOREIGN = re.compile(r"\.\./shared|/work/")


def problems_of(path, relative, room):
    text = path.read_text(encoding="utf-8")
    for kind, name in INCLUDE.findall(text):
        for prefix, allowed in THIRD_PARTY.items():
            if name.startswith(prefix) and room not in allowed and relative not in allowed:
                yield f"{relative}: {name} may not be included here"
        if kind == "<":
            continue
        first = name.split("/")[0]
        if first == "callvet":
            continue
        if room == "callvet":
            yield f"{relative}: a public header includes {name}"
        elif first != room and first not in ROOMS[room]:
            yield f"{relative}: the room {room} may not include {name}"
    if path.suffix == ".cc" and path.name != "main.cc":
        first = next((name for kind, name in INCLUDE.findall(text) if kind == '"'), None)
        header = path.with_suffix(".h")
        if header.exists() and first != relative.removesuffix(".cc") + ".h":
            yield f"{relative}: must include its own header first"


def problems_of_kamailio(path, relative):
    if path.suffix not in (".h", ".c"):
        return
    text = path.read_text(encoding="utf-8")
    if "SPDX-License-Identifier: GPL-2.0-or-later" not in text:
        yield f"{relative}: no GPL-2.0-or-later"
    for kind, name in INCLUDE.findall(text):
        own = kind == '"' and (path.parent / name).exists()
        kamailio = kind == '"' and name.split("/")[0] in ("core", "modules")
        if not own and not kamailio and name != "callvet/callvet.h" and (
                kind == '"' or ("/" in name and not name.startswith("sys/"))):
            yield f"{relative}: {name} may not be included here"


def main():
    problems = []
    count = 0
    for base in (ROOT / "src", ROOT / "include"):
        for path in sorted(base.rglob("*")):
            if path.suffix not in (".h", ".cc") and path.parent.name != "kamailio":
                continue
            count += 1
            relative = str(path.relative_to(base))
            room = relative.split("/")[0]
            if room == "kamailio":  # GPL, in C: the C ABI and Kamailio's headers alone
                problems += problems_of_kamailio(path, relative)
                continue
            if room not in ROOMS and room != "callvet":
                problems.append(f"{relative}: the room {room} is not in the table")
                continue
            problems += problems_of(path, relative, room)
            guard = "#ifndef CALLVET_CALLVET_H" if relative == "callvet/callvet.h" else "#pragma once"  # C11
            if guard not in path.read_text(encoding="utf-8") and path.suffix == ".h":
                problems.append(f"{relative}: no #pragma once")
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if not path.is_file() or parts[0] in ("build", ".git") or path.name in ("layering_test.py", "corpus_test.cc"):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if FOREIGN.search(text):
            problems.append(f"{path.relative_to(ROOT)}: names a path outside the project")
    for problem in problems:
        print(problem)
    print(f"{count} files, {len(problems)} problems")
    return 1 if problems or count < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
