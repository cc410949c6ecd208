#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tools/install/callvet.json has switched off can be switched on by taking its "//" away."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CALLVET = os.environ["CALLVET"]
TEXT = (ROOT / "tools/install/callvet.json").read_text(encoding="utf-8")
# A line that would be a member without its "//".
OFF = re.compile(r'^( *)//(,? *"(\w+)":.*)$')


class ShippedConfiguration(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="callvet-shipped-"))
        self.addCleanup(shutil.rmtree, self.folder)
        for name in ("anchors", "var/lib/callvet", "var/cache/callvet"):
            (self.folder / name).mkdir(parents=True)
        shutil.copytree(ROOT / "tools/policy", self.folder / "policy")

    def check(self, switched_on):
        """--check-config of the file with these members on, and with names of files that are there."""
        lines = [OFF.sub(r"\1\2", line) if (found := OFF.match(line)) and found[3] in switched_on else line
                 for line in TEXT.splitlines()]
        text = "\n".join(lines).replace('"/var/', f'"{self.folder}/var/').replace('"..."', f'"{hashlib.sha256(b"t").hexdigest()}"')
        config = self.folder / "callvet.json"
        config.write_text(text.replace('"policy.json"', '"policy/atis.json"'), encoding="utf-8")
        done = subprocess.run([CALLVET, "serve", "--config", config, "--check-config"], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, f"{switched_on}: {done.stdout}{done.stderr}")

    def test_every_member_can_be_switched_on(self):
        members = [found[3] for line in TEXT.splitlines() if (found := OFF.match(line))]
        self.assertLessEqual({"tokens", "revocation", "policy", "evidence"}, set(members))
        self.check([])
        for member in members:
            with self.subTest(member):
                self.check([member])
        self.check(members)

    def test_for_kamailio_its_paths_are_those_of_the_service(self):
        """By the command of the README, with the policy where the service's file has it."""
        command = re.search(r"^sed ('.*') /etc/callvet/callvet.json >", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
        lines = [OFF.sub(r"\1\2", line) for line in TEXT.splitlines()]
        done = subprocess.run(["sh", "-c", f"sed {command[1]}"], input="\n".join(lines), capture_output=True, text=True,
                              timeout=60, check=True)
        for wanted in ('"anchor_dir": "/etc/callvet/anchors"', '"policy": "/etc/callvet/policy.json"',
                       '"state_dir": "/var/lib/kamailio/callvet"', '"store": "/var/lib/kamailio/callvet/calls.db"'):
            self.assertIn(wanted, done.stdout)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
