#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/fuzz and tools/differential as far as they go without building: options, that no target is forgotten, and,
with a program in the place of a fuzz target, what counts as a finding."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
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


# Takes the place of fuzz_json. In a run it does FAKE_RUN; with one file, which it is given alone, FAKE_ALONE.
FAKE = r"""#!/usr/bin/env bash
keep() { echo bytes >"$prefix$1"; echo "artifact_prefix='$prefix'; Test unit written to $prefix$1"; }
merge="" prefix="" files=()
for word; do
  case $word in
    -merge=1) merge=yes ;;
    -artifact_prefix=*) prefix=${word#*=} ;;
    -*) ;;
    *) files+=("$word") ;;
  esac
done
if [ -n "$merge" ]; then
  cp "${files[1]}"/* "${files[0]}/"
elif [ -n "$prefix" ]; then
  echo "#7 NEW cov: 5 ft: 6"
  echo "stat::number_of_executed_units: 7"
  eval "$FAKE_RUN"
else
  eval "$FAKE_ALONE"
fi
"""


class Findings(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="callvet-fuzz-")))
        for name in ("tools/fuzz", "tests/fuzz/CMakeLists.txt", "tests/fuzz/dict", "tests/fuzz/corpus/json"):
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if os.path.isdir(os.path.join(ROOT, name)) else shutil.copy)(os.path.join(ROOT, name), target)
        self.program("tools/packages.sh", "CALLVET_BUILD_PACKAGES=() CALLVET_FUZZ_PACKAGES=()\ninstall_packages() { :; }\n")
        self.program("bin/cmake", "#!/bin/sh\n")
        self.program("build/fuzz/bin/fuzz_json", FAKE)

    def program(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
        path.chmod(0o755)

    def fuzz(self, *arguments, run="", alone=""):
        """(exit code, what it printed, names of the findings that are kept)"""
        environment = {**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "FAKE_RUN": run, "FAKE_ALONE": alone,
                       "CALLVET_FUZZ_JOBS": "1"}
        done = subprocess.run([self.folder / "tools/fuzz", *(arguments or ("0.01", "json"))], capture_output=True, text=True,
                              check=False, timeout=120, env=environment, stdin=subprocess.DEVNULL)
        kept = sorted(path.name for path in self.folder.glob("build/fuzz-findings/json/*"))
        return done.returncode, done.stdout + done.stderr, kept

    def test_none(self):
        code, said, kept = self.fuzz()
        self.assertEqual((code, kept), (0, []), said)
        self.assertRegex(said, r"json +7 +5 +0 +0 +\d+s\n")
        self.assertNotIn("FINDING", said)

    def test_slow_only_beside_other_work(self):
        for run in ("keep slow-unit-1", "keep timeout-1; exit 70", "keep slow-unit-1; keep timeout-1; exit 70"):
            code, said, kept = self.fuzz(run=run)
            self.assertEqual((code, kept), (0, []), said)

    def test_slow_alone(self):
        for name, end in (("slow-unit-1", 0), ("timeout-1", 70)):
            for alone in ("exit 70", '[ "$(ulimit -t)" = unlimited ]'):
                code, said, kept = self.fuzz(run=f"keep {name}; exit {end}", alone=alone)
                self.assertEqual((code, kept), (1, [name]), said)
                self.assertRegex(said, r"json +7 +5 +0 +1 +\d+s\n")
                # It counts until somebody deletes it, or it is quick.
                self.assertEqual(self.fuzz(alone="exit 70")[0], 1)
                self.assertEqual(self.fuzz()[0::2], (0, []))

    def test_a_slow_input_that_breaks_it_when_alone(self):
        self.assertEqual(self.fuzz(run="keep timeout-1; exit 70", alone="exit 77")[0::2], (1, ["timeout-1"]))

    def test_broken(self):
        for kind in ("crash", "leak", "oom"):
            with self.subTest(kind):
                self.assertEqual(self.fuzz(run=f"keep {kind}-1; exit 77")[0::2], (1, [f"{kind}-1"]))
                # Though it is as good as gone: what was broken in one run is told in the next.
                self.assertEqual(self.fuzz()[0::2], (1, [f"{kind}-1"]))
                (self.folder / f"build/fuzz-findings/json/{kind}-1").unlink()

    def test_broken_without_a_file(self):
        for run in ("exit 77", "exit 1", "exit 70", "kill -9 $$", "keep slow-unit-1; exit 77", "keep timeout-1; exit 77",
                    'keep timeout-1; rm "${prefix}timeout-1"; exit 70'):
            with self.subTest(run):
                code, said, kept = self.fuzz(run=run)
                self.assertEqual((code, kept), (1, []), said)
                self.assertIn("FINDING", said)

    def test_minimize_keeps_the_smallest_below_60_kb(self):
        corpus, found = self.folder / "tests/fuzz/corpus/json", self.folder / "build/fuzz-corpus/json"
        seeds = {path.name for path in corpus.iterdir()}
        found.mkdir(parents=True)
        for number in range(60):
            (found / f"found-{number:02}").write_bytes(b"x" * (1000 + 20 * number))
        (found / "large").write_bytes(b"x" * 5000)
        code, said, _ = self.fuzz("--minimize")
        self.assertEqual(code, 0, said)
        names = {path.name for path in corpus.iterdir()}
        added = sorted(names - seeds)
        self.assertLessEqual(seeds, names)
        self.assertEqual(added, [f"found-{number:02}" for number in range(len(added))])
        size = sum(path.stat().st_size for path in corpus.iterdir())
        self.assertTrue(58000 < size <= 60000, size)
        # Full is full, also when more is found later.
        for number in range(60):
            (found / f"later-{number:02}").write_bytes(b"x" * 990)
        self.fuzz("--minimize")
        self.assertLessEqual(sum(path.stat().st_size for path in corpus.iterdir()), 60000)
        self.assertLessEqual(names, {path.name for path in corpus.iterdir()})


if __name__ == "__main__":
    unittest.main()
