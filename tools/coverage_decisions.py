#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `tools/coverage --decisions` prints of llvm-cov's JSON: each decision of the verdict path (a condition, or a case)
that went only one way, or none, in the tests, unless src/design/0082-coverage.md explains it. A row there names the file
and, in backticks, a piece of the source line, or "Function()" for all of a function. Exit code: 0 all are explained; 1
some are not, or a row explains nothing any more."""

import collections
import json
import pathlib
import re
import subprocess
import sys

from coverage_report import ROOMS, VERDICT_PATH, percent

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTE = ROOT / "src/design/0082-coverage.md"
ROW = re.compile(r"^\| `(src/[^`]+)` \| (.*?) \| (.+) \|$")


def decisions(export):
    """{(file, line, column, end line, end column): [times true, times false, functions]}."""
    names = sorted({function["name"] for function in export["functions"]})
    plain = subprocess.run(["c++filt"], input="\n".join(name.split(":")[-1] for name in names), text=True,
                           capture_output=True, check=True).stdout.splitlines()
    names = dict(zip(names, plain))
    found = collections.defaultdict(lambda: [0, 0, set()])
    for function in export["functions"]:
        for branch in function.get("branches", []):
            if branch[8] not in (4, 7):  # of the code itself, or of a macro that it names
                continue
            file = function["filenames"][branch[6]]
            entry = found[(file, *branch[:4])]
            entry[0] += branch[4]
            entry[1] += branch[5]
            entry[2].add(names[function["name"]])
    return found


def explanations():
    """[(file, [pieces], row)]"""
    rows = []
    for line in NOTE.read_text().splitlines():
        match = ROW.match(line)
        if match:
            rows.append((match[1], re.findall(r"`([^`]+)`", match[2]), line))
    return rows


def explains(piece, text, functions):
    if re.fullmatch(r"\w+\(\)", piece):
        return any(re.search(rf"\b{re.escape(piece[:-2])}(\(|\[|::\{{|<)", function) for function in functions)
    return piece in text


def main():
    export = json.loads(pathlib.Path(sys.argv[1]).read_text())["data"][0]
    rows, used = explanations(), set()
    sources, table, missed = {}, collections.defaultdict(lambda: [0, 0]), []
    for (file, line, column, *_), (yes, no, functions) in sorted(decisions(export).items()):
        try:
            name = str(pathlib.Path(file).resolve().relative_to(ROOT))
        except ValueError:
            continue
        if not name.startswith("src/"):
            continue
        row = table[name.split("/")[1]]
        row[0] += (yes > 0) + (no > 0)
        row[1] += 2
        if not VERDICT_PATH.match(name) or (yes > 0 and no > 0):
            continue
        text = sources.setdefault(name, (ROOT / name).read_text().splitlines())[line - 1]
        known = [(at, piece) for at, (path, pieces, _) in enumerate(rows) if path == name for piece in pieces
                 if explains(piece, text, functions)]
        used.update(known)
        if not known:
            what = "not run" if yes == no == 0 else "never true" if yes == 0 else "never false"
            missed.append(f"{name}:{line}:{column}: {what}: {text.strip()}")
    print("| room | decisions, each way | |\n|---|---|---|")
    for title, rooms in ROOMS:
        taken, of = (sum(table[room][i] for room in rooms) for i in range(2))
        print(f"| {title} (src/{', src/'.join(rooms)}) | {taken} of {of} | {percent(taken, of)} |")
    stale = [f"{path}: {piece}" for at, (path, pieces, _) in enumerate(rows) for piece in pieces if (at, piece) not in used]
    print(f"\nNot taken in the verdict path and not explained: {len(missed)}")
    print("\n".join(missed))
    if stale:
        print(f"Explained in {NOTE.relative_to(ROOT)}, but taken or gone: {len(stale)}")
        print("\n".join(stale))
    return 1 if missed or stale else 0


if __name__ == "__main__":
    sys.exit(main())
