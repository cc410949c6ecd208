#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tools/install/callvet.json has switched off can be switched on by taking its "//" away, and the policies that are
shipped do what is said of them."""

import hashlib
import json
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


class ShippedPolicies(unittest.TestCase):
    def explain(self, policy, *args):
        done = subprocess.run([CALLVET, "policy", "explain", ROOT / "tools/policy" / policy, "--json", "--orig", "+12155550100", *args],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return json.loads(done.stdout)

    def test_a40_d7_atis_has_no_reason_for_what_is_unsigned(self):
        for trunk in ([], ["--trunk", "legacy"]):
            for reason in ([], ["--assume", "unsupported-ppt"]):
                with self.subTest(trunk=trunk, reason=reason):
                    got = self.explain("atis.json", "--dest", "+12155550101", *trunk, *reason)
                    self.assertEqual((got["action"], got["reason_headers"], got["verstat"]["value"]),
                                     ("pass", [], "No-TN-Validation"))
            got = self.explain("atis.json", "--dest", "+12155550101", "--assume", "dest-mismatch", *trunk)
            self.assertEqual((got["action"], len(got["reason_headers"])), ("tag", 1))

    def test_f11_f12_no_policy_rejects_a_call_to_112_or_911(self):
        for policy in ("atis.json", "intercept.json", "observe.json"):
            for dest in ("112", "911", "tel:911"):
                with self.subTest(policy=policy, dest=dest):
                    self.assertNotEqual(self.explain(policy, "--dest", dest)["action"], "reject")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
