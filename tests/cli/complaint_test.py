#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Drives `complaint` and `evidence report` from outside: times as people write them, what is said of zones, numbers that
are hashed, exit codes. (Matching and reports through the service: tests/service/complaint_test.py.)"""

import datetime
import os
import pathlib
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import evidence_test  # noqa: E402
from evidence_test import DEST, ORIG, Run  # noqa: E402


class ComplaintTest(evidence_test.EvidenceTest):
    # Only the laboratory of EvidenceTest, not its tests.
    for name in [name for name in dir(evidence_test.EvidenceTest) if name.startswith("test_")]:
        locals()[name] = None
    del name

    def complaint(self, command, *args, code=0, env=None):
        run = Run("complaint", command, "--store", self.store, *args, env=env)
        self.assertEqual(run.code, code, run)
        return run

    def now(self, **ago):
        return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**ago)

    def test_times_as_people_write_them(self):
        self.record("--trunk", "pstn-1")
        local = self.now().astimezone(datetime.timezone(datetime.timedelta(hours=8)))
        for about, zone, env in ((local.strftime("%Y-%m-%d %H:%M"), "+08:00", None),
                                 (local.strftime("%Y-%m-%dT%H:%M"), "+08:00", None),
                                 (local.isoformat(timespec="seconds"), None, None),
                                 (str(int(local.timestamp())), None, None),
                                 (local.strftime("today %H:%M"), "+08:00", None),
                                 (local.strftime("%Y-%m-%d %H:%M"), None, {"TZ": "CST-8"}),
                                 (local.strftime("today %H:%M"), None, {"TZ": "CST-8"})):
            run = self.complaint("add", "--callee", DEST, "--about", about, *(("--zone", zone) if zone else ()), env=env)
            self.assertIn("matched", run.out, about)
            self.assertIn("signer 4321  holder -  trunk pstn-1", run.out)
            if zone or env:
                self.assertIn(f"about {local.strftime('%Y-%m-%dT%H')}", run.out)
                self.assertIn("+08:00 +-15 min", run.out)
        for about, more in (("soon", ()), ("2026-02-30 10:00", ()), ("2026-01-01 10:00", ("--zone", "CST")),
                            (self.now(days=-1).isoformat(timespec="seconds"), ())):
            self.complaint("add", "--callee", DEST, "--about", about, *more, code=2)

    def test_from_adding_to_the_report(self):
        about = str(int(self.now().timestamp()))
        first = self.complaint("add", "--callee", DEST, "--caller", ORIG, "--about", about, "--reference", "12321-17", "--category",
                               "fraud", "--text", "they said\x1b[31m bank", "--json", code=2)
        self.assertIn("is not there", first.err)  # no store
        self.record("--trunk", "=pstn\x1b[31m")
        self.complaint("add", "--callee", DEST, "--about", about, "--text", "they said\x1b[31m bank", code=2)
        first = self.complaint("add", "--callee", DEST, "--caller", ORIG, "--about", about, "--reference", "12321-17", "--category",
                               "fraud", "--text", "they said: bank", "--json").json()
        again = self.complaint("add", "--callee", DEST, "--caller", ORIG, "--about", about, "--reference", "12321-17", "--category",
                               "fraud", "--json").json()
        self.assertEqual((first["filed"], again["filed"], again["id"]), ("new", "duplicate", first["id"]))
        # Nothing of its calls: reading them is recorded.
        self.assertIn("nearest", first)
        self.assertNotIn("nearest", again)
        self.assertNotIn("4321", self.complaint("add", "--callee", DEST, "--about", about, "--reference", "12321-17").out)
        nothing = self.complaint("add", "--callee", "+12155550177", "--about", about).out
        self.assertIn("unmatched", nothing)
        self.assertIn("complaint match", nothing)
        listed = self.complaint("list", "--json").json()["complaints"]
        self.assertEqual([entry["state"] for entry in listed], ["unmatched", "matched"])
        self.assertEqual(len(self.complaint("list", "--state", "unmatched", "--json").json()["complaints"]), 1)
        self.assertEqual(len(self.complaint("list", "--reference", "12321-17", "--json").json()["complaints"]), 1)
        page = self.complaint("list", "--limit", "1", "--json").json()
        self.assertEqual(self.complaint("list", "--before", page["next"], "--json").json()["complaints"][0]["id"], first["id"])
        shown = self.complaint("show", first["id"])
        for text in ("12321-17", "they said: bank", "Who is responsible", "SPC 4321"):
            self.assertIn(text, shown.out)
        self.assertIn("1 complaints had no call", self.complaint("match").out)
        report = self.evidence("report", "--by", "trunk", "--json").json()
        row, = report["rows"]
        self.assertEqual((row["calls"], row["complaints"], row["complaints_per_million_calls"]), (1, 1, 1000000.0))
        self.assertEqual(report["unmatched_complaints"], 1)
        self.assertIn("'=pstn", self.evidence("report", "--by", "trunk", "--format", "csv").out)
        table = self.evidence("report", "--by", "trunk").out
        self.assertNotIn("\x1b", table + shown.out)
        self.assertIn("Complaints without a call: 1", table)
        for ask in (lambda *times: self.evidence("report", *times, code=2), lambda *times: self.evidence("find", *times, code=2),
                    lambda *times: self.complaint("list", *times, code=2)):
            self.assertIn("--from: 2026-01-02T00:00:00Z is later than --to: 2026-01-01T00:00:00Z",
                          ask("--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z").err)
        self.complaint("show", "00000000-0000-7000-8000-000000000000", code=2)
        self.assertIn("INTACT", self.evidence("audit").out)
        # A complaint that somebody changed is not shown.
        database = sqlite3.connect(self.store)
        table = database.execute("SELECT 'record_' || day FROM day").fetchone()[0]
        database.execute(f"UPDATE {table} SET text = replace(text, 'they said', 'nobody said') WHERE kind = 2")
        database.commit()
        database.close()
        self.complaint("show", first["id"], code=1)
        self.evidence("audit", code=1)

    def test_a_holder_is_who_held_the_number_then(self):
        (self.dir / "registry.csv").write_text("first,last,holder\n+12155550100,+12155550149,4321\n")
        policy = self.dir / "policy.json"
        policy.write_text('{"country": "US", "registry": {"files": ["registry.csv"]}}')
        run = Run("policy", "check", policy)
        self.assertEqual(run.code, 0, run)
        self.record("--policy", policy)
        report = self.evidence("report", "--by", "holder", "--json").json()
        self.assertEqual([row["party"] for row in report["rows"]], ["4321"])

    def test_hashed_numbers(self):
        key = self.dir / "numbers.key"
        key.write_text("cd" * 32)
        key.chmod(0o600)
        keys = ("--number-key", key)
        self.record(*keys)
        about = str(int(self.now().timestamp()))
        added = self.complaint("add", "--callee", DEST, "--caller", "*0100", "--about", about, "--text", "secret words", *keys, "--json")
        self.assertEqual(added.json()["state"], "matched")
        self.assertIn("secret words", self.complaint("show", added.json()["id"], *keys).out)
        stored = self.store.read_bytes() + pathlib.Path(f"{self.store}-wal").read_bytes() if os.path.exists(f"{self.store}-wal") else \
            self.store.read_bytes()
        for secret in (b"secret words", b"2155550101", b"*0100"):
            self.assertNotIn(secret, stored)
        self.complaint("show", added.json()["id"], code=2)  # without the key


if __name__ == "__main__":
    unittest.main()
