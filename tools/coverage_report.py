#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tools/coverage prints of gcovr's JSON: lines and branches by room, and the branches of the verdict path that no test
took."""

import collections
import json
import pathlib
import re
import sys

# Where a mistake would let a call pass, or refuse a good one.
VERDICT_PATH = re.compile(r"src/(verify/.*|policy/(decide|emergency|\w+_rules|rule_input|sip_answer|verstat)"
                          r"|pki/(chain|chain_cache|crl|es256|fast_es256|path_builder|path_validator|revocation))\.(cc|h)$")
ROOMS = (("parsers", ("syntax", "base")), ("pki", ("pki",)), ("verify", ("verify",)), ("policy", ("policy",)))


def percent(part, whole):
    return f"{100 * part / whole:5.1f} %" if whole else "      -"


def main():
    files = json.loads(pathlib.Path(sys.argv[1]).read_text())["files"]
    table = collections.defaultdict(lambda: [0, 0, 0, 0])
    missed = []
    for file in files:
        room = file["file"].split("/")[1]
        text = pathlib.Path(file["file"]).read_text().splitlines()
        for line in file["lines"]:
            if line.get("gcovr/noncode") or line.get("gcovr/excluded"):
                continue
            taken = [branch["count"] > 0 for branch in line["branches"] if not branch.get("throw")]
            row = table[room]
            row[0] += line["count"] > 0
            row[1] += 1
            row[2] += sum(taken)
            row[3] += len(taken)
            if VERDICT_PATH.match(file["file"]) and (line["count"] == 0 or not all(taken)):
                what = "not run" if line["count"] == 0 else f"{len(taken) - sum(taken)} of {len(taken)} branches"
                number = line["line_number"]
                missed.append(f"{file['file']}:{number}: {what}: {text[number - 1].strip()}")
    print("| room | lines | | branches | |\n|---|---|---|---|---|")
    for name, rooms in ROOMS:
        lines, of_lines, branches, of_branches = (sum(table[room][i] for room in rooms) for i in range(4))
        print(f"| {name} (src/{', src/'.join(rooms)}) | {lines} of {of_lines} | {percent(lines, of_lines)} "
              f"| {branches} of {of_branches} | {percent(branches, of_branches)} |")
    print(f"\nNot taken in the verdict path: {len(missed)} lines")
    print("\n".join(missed))


if __name__ == "__main__":
    main()
