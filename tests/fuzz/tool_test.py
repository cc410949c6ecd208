#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/fuzz and tools/differential as far as they go without building: options, and that no target is
forgotten. Where the fuzz targets are built (preset fuzz), also a run of some seconds."""

import os
import re
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FUZZ = os.path.join(ROOT, "tests", "fuzz")


def run(*arguments, **environment):
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, encoding="utf-8", check=False, timeout=600,
                          env={**os.environ, **environment})


def targets():
    return run("tools/fuzz", "--list").stdout.split()


class Tools(unittest.TestCase):
    def test_every_target_is_run(self):
        sources = sorted(name[5:-3] for name in os.listdir(FUZZ) if re.fullmatch(r"fuzz_\w+\.cc", name))
        self.assertEqual(sorted(targets()), sources)

    def test_every_target_has_seeds(self):
        for target in targets():
            self.assertTrue(os.listdir(os.path.join(FUZZ, "corpus", target)), target)
        self.assertEqual(sorted(os.listdir(os.path.join(FUZZ, "corpus"))), sorted(targets()))

    def test_the_tree_stays_small(self):
        size = sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(os.path.join(FUZZ, "corpus"))
                   for name in names)
        self.assertLess(size, 2 << 20)

    def test_dictionaries_can_be_read(self):
        entry = re.compile(r'"(?:[^"\\\x00-\x1f]|\\["\\]|\\x[0-9a-fA-F]{2})+"')
        for name in os.listdir(os.path.join(FUZZ, "dict")):
            with open(os.path.join(FUZZ, "dict", name), encoding="ascii") as file:
                for line in file.read().splitlines():
                    if line and not line.startswith("#"):
                        self.assertTrue(entry.fullmatch(line), f"{name}: {line}")

    def test_help(self):
        for tool in ("tools/fuzz", "tools/differential"):
            result = run(tool, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn(tool + " [", result.stdout)
            self.assertNotIn("set -", result.stdout)

    def test_an_unknown_target_is_refused(self):
        result = run("tools/fuzz", "1", "nothing")
        self.assertEqual(result.returncode, 2)
        self.assertIn("nothing", result.stderr)

    @unittest.skipUnless(os.path.exists(os.path.join(ROOT, "build", "fuzz", "bin", "fuzz_json")) and
                         os.environ.get("CALLVET_FUZZ_RUN"), "fuzz targets are built by tools/fuzz")
    def test_a_short_run(self):
        result = run("tools/fuzz", "0.05", "json", CALLVET_FUZZ_JOBS="1")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertRegex(result.stdout, r"json +[1-9]\d* +[1-9]\d* +\d+ +0\n")


if __name__ == "__main__":
    unittest.main()
