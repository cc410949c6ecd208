#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each promise of the threat model names tests, as does each fault, and each test that is named exists.

A test in Python is named by its file, with the folder in front where several files have that name.
"""

import collections
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
FAULTS = (ROOT / "src/design/0081-faults.md").read_text(encoding="utf-8")
MODEL = (ROOT / "src/design/0070-threat-model.md").read_text(encoding="utf-8")


def gtest_names():
    for path in ROOT.glob("tests/**/*.cc"):
        for suite, name in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", path.read_text(encoding="utf-8"), re.M):
            yield f"{suite}.{name}"


def python_names():
    paths = list(ROOT.glob("tests/**/*_test.py"))
    files = collections.Counter(path.stem for path in paths)
    for path in paths:
        file = path.stem if files[path.stem] == 1 else f"{path.parent.name}/{path.stem}"
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8")):
            yield f"{file}.{name}"


class ThreatModel(unittest.TestCase):
    def test_every_promise_is_shown(self):
        known = set(gtest_names()) | set(python_names())
        rows = [row for row in MODEL.split("## What is promised", 1)[1].split("\n## ", 1)[0].splitlines()
                if row.startswith("| ")][1:]
        self.assertGreater(len(rows), 20)
        for row in rows:
            tests = re.findall(r"`([^`]+)`", row.split("|")[3])
            self.assertTrue(tests, row)
            for name in tests:
                self.assertTrue(name in known, f"there is no test {name}: {row}")

    def test_every_fault_is_injected_by_a_test(self):
        known = set(gtest_names()) | set(python_names())
        suites = {name.split(".")[0] + ".*" for name in known}
        programs = {name for path in ROOT.glob("tests/**/CMakeLists.txt")
                    for name in re.findall(r"add_test\(NAME (\w+)", path.read_text(encoding="utf-8"))}
        rows = [row for row in FAULTS.splitlines() if row.startswith("| ")][1:]
        self.assertGreater(len(rows), 10)
        for row in rows:
            tests = re.findall(r"`([^`]+)`", row.rsplit("|", 2)[1])
            self.assertTrue(tests, row)
            for name in tests:
                self.assertTrue(name in known | suites | programs, f"there is no test {name}: {row}")


if __name__ == "__main__":
    unittest.main()
