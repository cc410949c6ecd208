#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks that are full, broken or read-only below the service's store, spill directory and log, by disk_faults.c: every
verdict is right or refused with its reason, no record that was answered with an id is lost, and it is well again
afterwards."""

import errno
import json
import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "service"))
from support import CALLED, CALLER, TOKENS, LabTest, Server, callvet  # noqa: E402

READ = TOKENS["read-evidence"]
FAULTS = {name: getattr(errno, name) for name in ("ENOSPC", "EIO", "EROFS")}


class Disk(LabTest):
    def setUp(self):
        type(self).count += 1
        self.folder = self.lab.folder / f"disk-{self.count}"
        self.folder.mkdir()
        self.fault = self.lab.folder / f"fault-{self.count}"
        self.ids = []
        before = dict(os.environ)
        os.environ["CALLVET_DISK_FAULTS"] = str(self.fault)
        os.environ["LD_PRELOAD"] = os.environ["CALLVET_DISK_LIBRARY"]
        try:
            self.server = Server(self.lab, evidence={"store": str(self.folder / "calls.db"), "spill_dir": str(self.folder / "spill"),
                                                     "commit_ms": 1, "retry_ms": 50, "queued_records": 100},
                                 log={"target": str(self.folder / "access.log")})
        finally:
            os.environ.clear()
            os.environ.update(before)
        self.addCleanup(lambda: self.server.process.poll() is None and self.server.stop())
        self.identity = self.lab.sign()

    def fails(self, number, what=""):
        self.fault.write_text(f"{number} {self.folder / what}")

    def heals(self):
        self.fault.unlink()

    def call(self, caller=CALLER):
        """(status, reason) of a genuine call, or of one with another caller."""
        status, _, text = self.server.request("POST", "/v1/calls", {"identity": self.identity, "from": "+" + caller, "to": "+" + CALLED})
        answer = json.loads(text)
        if status != 200:
            return status, answer["error"]["reason"]
        self.ids.append(answer["evidence_id"])
        self.assertEqual(answer["verstat"] == "TN-Validation-Passed", answer["reason"] == "verified")
        return status, answer["reason"]

    def good(self):
        self.assertEqual(self.call(), (200, "verified"))
        self.assertEqual(self.call("12155550199"), (200, "orig-mismatch"))

    def metric(self, name):
        text = self.server.request("GET", "/metrics", token=READ)[2]
        return int(next(line for line in text.splitlines() if line.startswith(f"callvet_evidence_{name} ")).split()[1])

    def eventually(self, condition, what):
        for _ in range(400):
            if condition():
                return
            time.sleep(0.05)
        self.fail(what)

    def all_kept(self):
        self.eventually(lambda: self.metric("spill_bytes") == 0 and self.metric("queued") == 0, "what was spilled does not come")
        self.good()
        self.assertEqual(self.server.stop(), 0)
        store = str(self.folder / "calls.db")
        self.assertIn("INTACT", callvet("evidence", "audit", "--store", store))
        found = json.loads(callvet("evidence", "find", "--store", store, "--limit", "10000", "--json"))["records"]
        self.assertEqual(sorted(record["id"] for record in found), sorted(self.ids))

    def test_the_store(self):
        for name, number in FAULTS.items():
            with self.subTest(name):
                if self.server.process.poll() is not None:
                    self.setUp()
                self.good()
                self.fails(number, "calls.db")
                for _ in range(5):
                    self.good()
                self.eventually(lambda: self.metric("spill_bytes") > 0, "nothing was spilled")
                self.heals()
                self.all_kept()

    def test_store_and_spill_directory(self):
        for name, number in FAULTS.items():
            with self.subTest(name):
                if self.server.process.poll() is not None:
                    self.setUp()
                self.good()
                self.fails(number)
                answers = {self.call() for _ in range(300)}
                self.assertEqual(answers, {(200, "verified"), (503, "evidence-not-kept")})
                self.assertEqual(self.server.request("GET", "/readyz")[0], 503)
                self.heals()
                self.eventually(lambda: self.server.request("GET", "/readyz")[0] == 200, "not ready again")
                self.all_kept()

    def test_the_log(self):
        for name, number in FAULTS.items():
            with self.subTest(name):
                if self.server.process.poll() is not None:
                    self.setUp()
                self.fails(number, "access.log")
                for _ in range(20):
                    self.good()
                self.heals()
                self.all_kept()


if __name__ == "__main__":
    if os.environ.get("CALLVET_SANITIZE"):
        print("not run: a sanitizer's library must be the first that is loaded")
        sys.exit(77)
    unittest.main(verbosity=2)
