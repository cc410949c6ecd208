#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes of tools/recipes: what they send and read, by curl, against a running service."""

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/service"))
from support import CALLED, CALLER, Lab, Server  # noqa: E402

RECIPES = ROOT / "tools/recipes"
FROM, TO = f'"A \\"b\\"" <sip:+{CALLER}@caller.example.org>;tag=1', f"<sip:+{CALLED}@callee.example.org>"


class Recipes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.policy = cls.lab.folder / "policy.json"
        cls.policy.write_text("{}")
        cls.server = Server(cls.lab, policy=str(cls.policy))

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.lab.close()

    def url(self):
        return f"http://127.0.0.1:{self.server.port}/v1/calls"

    def curl(self, body):
        result = subprocess.run(["curl", "-s", "-w", "\n%{http_code}", self.url(), "-H", "Content-Type: application/json",
                                 "--data-binary", "@-"], input=json.dumps(body), capture_output=True, text=True, timeout=30,
                                check=True)
        text, status = result.stdout.rsplit("\n", 1)
        self.assertEqual(status, "200", text)
        return json.loads(text)

    def filled(self, template, identity):
        """The request of a recipe, its variables replaced by what such a server has in them."""
        values = {"from": FROM, "to": TO, "request_uri": f"sip:+{CALLED}@sbc.example.org", "identity": [identity],
                  "p_asserted_identity": None, "date": None, "trunk": "192.0.2.1", "call_id": "1@example.org"}
        asked = json.loads(template)
        self.assertEqual(set(asked) - set(values), set())
        return {name: values[name] for name in asked if values[name] is not None}

    def test_what_servers_send_and_read(self):
        for name in ("opensips.cfg", "freeswitch.lua"):
            text = (RECIPES / name).read_text()
            template = re.search(r"request: (\{.*\})$", text, re.M).group(1)
            paths = re.search(r"answer: (.*)$", text, re.M).group(1).split()
            for identity, action, code in ((self.lab.sign(), "pass", None),
                                           (self.lab.sign(orig="+12155550199"), "reject", 438)):
                answer = self.curl(self.filled(template, identity))
                for path in paths:
                    place = answer
                    for part in path.split("/"):
                        self.assertIn(part, place, f"{name}: {path}")
                        place = place[part]
                self.assertEqual((answer["disposition"]["action"], answer["disposition"]["sip"]["code"]), (action, code))

    def agi(self, url, headers):
        """Runs the AGI script; the variables that it set."""
        script = subprocess.Popen([sys.executable, str(RECIPES / "asterisk_agi.py"), url], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        script.stdin.write("agi_request: asterisk_agi.py\nagi_channel: PJSIP/trunk-1\n\n")
        script.stdin.flush()
        variables = {}
        for line in script.stdout:
            read = re.match(r'GET FULL VARIABLE "\$\{PJSIP_HEADER\(read,([^,]+),(\d+)\)\}"', line)
            setting = re.match(r'SET VARIABLE (\w+) "(.*)"$', line)
            answer = "200 result=1"
            if read:
                values = headers.get(read.group(1), [])
                number = int(read.group(2))
                answer = f"200 result=1 ({values[number - 1]})" if number <= len(values) else "200 result=0"
            elif setting:
                variables[setting.group(1)] = setting.group(2)
            else:
                answer = "200 result=0"
            script.stdin.write(answer + "\n")
            script.stdin.flush()
        script.wait(10)
        return variables

    def test_asterisk(self):
        headers = {"From": [FROM], "To": [TO], "Call-ID": ["1@example.org"]}
        good = self.agi(self.url(), {**headers, "Identity": ["x", self.lab.sign()]})
        self.assertEqual((good["CALLVET_ACTION"], good["CALLVET_VERSTAT"]), ("pass", "TN-Validation-Passed"))
        bad = self.agi(self.url(), {**headers, "Identity": [self.lab.sign(orig="+12155550199")]})
        self.assertEqual((bad["CALLVET_ACTION"], bad["CALLVET_CODE"], bad["CALLVET_REASON"]),
                         ("reject", "438", "orig-mismatch"))
        self.assertIn("cause=438", bad["CALLVET_REASON_HEADER"])
        # Nobody answers.
        gone = self.agi("http://127.0.0.1:9/v1/calls", {**headers, "Identity": [self.lab.sign()]})
        self.assertEqual(gone["CALLVET_ACTION"], "reject")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    unittest.main(verbosity=2, warnings="ignore")
