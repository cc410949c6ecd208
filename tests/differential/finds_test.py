#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The differential test would see a verifier that is wrong: each of these, put between it and callvet, makes it
fail, and says in what. With nothing in between it passes."""

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))

# Runs the real program and changes its answers.
LIAR = """#!/usr/bin/env python3
import re, subprocess, sys
result = subprocess.run([{callvet!r}] + sys.argv[1:], capture_output=True, encoding="utf-8")
sys.stderr.write(result.stderr)
for line in result.stdout.splitlines():
    {change}
    print(line)
sys.exit(result.returncode)
"""

PASS = """line = re.sub('"verstat":"[^"]*","reason":"{0}"', '"verstat":"TN-Validation-Passed","reason":"verified"', line, count=1)
    line = line.replace('"sip":{{"code":438', '"sip":{{"code":null') if '"reason":"verified"' in line[:120] else line"""


class Finds(unittest.TestCase):
    def run_with(self, change, *options):
        with tempfile.TemporaryDirectory() as folder:
            liar = os.path.join(folder, "liar")
            with open(liar, "w", encoding="ascii") as file:
                file.write(LIAR.format(callvet=os.environ["CALLVET"], change=change))
            os.chmod(liar, 0o755)
            return subprocess.run(
                [sys.executable, os.path.join(HERE, "differential_test.py"), "--calls", "1000", "--lot-size", "1000", "--seed", "7", *options],
                env={**os.environ, "CALLVET": liar}, capture_output=True, encoding="utf-8", check=False)

    def test_nothing_changed(self):
        result = self.run_with("pass")
        self.assertEqual(result.returncode, 0, result.stdout[-3000:] + result.stderr)
        self.assertIn(" 0 disagreements", result.stdout)

    def test_signatures_not_looked_at(self):
        result = self.run_with(PASS.format("signature-invalid"))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"\d+ of verdict")

    def test_strangers_trusted(self):
        result = self.run_with(PASS.format("chain-untrusted").replace("438", "437"))
        self.assertRegex(result.stdout, r"\d+ of verdict")

    def test_another_reason(self):
        result = self.run_with("""line = line.replace('"reason":"orig-mismatch"', '"reason":"dest-mismatch"', 1)""")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"\d+ of reason")

    def test_another_code(self):
        result = self.run_with("""line = line.replace('"sip":{"code":436', '"sip":{"code":437', 1)""")
        self.assertRegex(result.stdout, r"\d+ of code")

    def test_an_engine_that_says_something_else(self):
        result = self.run_with("""line = line.replace('"reason":"orig-mismatch"', '"reason":"dest-mismatch"', 1) if "portable" in sys.argv else line""",
                               "--engines", "openssl,portable")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"\d+ of engine")


if __name__ == "__main__":
    unittest.main()
