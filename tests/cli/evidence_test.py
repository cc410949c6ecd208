#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Drives `verify --evidence` and `evidence` from outside: record, find, show, verify, export, audit,
prune, with numbers as they are and with numbers hashed."""

import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

CALLVET = os.environ.get("CALLVET", "")
ORIG = "+12155550100"
DEST = "+12155550101"
X5U = "https://cert.example.org/chain.pem"


class Run:
    def __init__(self, *args, stdin=None, env=None):
        environment = {**os.environ, "LC_ALL": "C", **(env or {})}
        done = subprocess.run([CALLVET, *map(str, args)], capture_output=True, input=stdin,
                              env=environment, timeout=120, check=False)
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8")
        self.err = done.stderr.decode("utf-8")
        self.args = args

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"{self.args}\nexit {self.code}\n{self.out}\n{self.err}"


class EvidenceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = pathlib.Path(tempfile.mkdtemp(prefix="callvet-evidence-"))
        for args in (["root"], ["intermediate", "--issuer-cert", cls.lab / "root.pem", "--issuer-key",
                                cls.lab / "root.key"],
                     ["leaf", "--issuer-cert", cls.lab / "intermediate.pem", "--issuer-key",
                      cls.lab / "intermediate.key", "--spc", "4321"]):
            run = Run("pki", *args, "--dir", cls.lab)
            assert run.code == 0, run

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.lab)

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(dir=self.lab))
        self.store = self.dir / "calls.db"

    def sign(self, orig=ORIG):
        run = Run("sign", "--key", self.lab / "leaf.key", "--x5u", X5U, "--orig", orig, "--dest", DEST,
                  "--attest", "A")
        self.assertEqual(run.code, 0, run)
        return run.out.strip().removeprefix("Identity: ")

    def record(self, *more, orig=ORIG, header=None):
        run = Run("verify", "--evidence", self.store, "--orig", orig, "--dest", DEST, "--anchors",
                  self.lab / "root.pem", "--cert", self.lab / "chain.pem", "--json", *more,
                  header or self.sign())
        self.assertIn(run.code, (0, 1), run)
        return run.json()

    def evidence(self, command, *args, code=0):
        where = [] if command == "verify-file" else ["--store", self.store]
        run = Run("evidence", command.removesuffix("-file"), *where, *args)
        self.assertEqual(run.code, code, run)
        return run

    def test_one_call_from_record_to_audit(self):
        answer = self.record("--trunk", "pstn-1", "--call-id", "1@example.org")
        self.assertEqual(answer["reason"], "verified")
        id = answer["evidence_id"]
        self.assertEqual(os.stat(self.store).st_mode & 0o77, 0)
        self.assertEqual(os.stat(f"{self.store}.key").st_mode & 0o77, 0)
        other = self.record(orig="+12155550199")
        self.assertEqual(other["reason"], "orig-mismatch")

        found = self.evidence("find", "--orig", ORIG, "--json").json()["records"]
        self.assertEqual([entry["id"] for entry in found], [id])
        entry = found[0]
        for name, value in {"orig": "12155550100", "dest": "12155550101", "call_id": "1@example.org",
                            "trunk": "pstn-1", "reason": "verified", "attest": "A", "spc": "4321",
                            "numbers": "plain"}.items():
            self.assertEqual(entry[name], value, name)
        for option, value, count in (("--dest", DEST, 2), ("--spc", "4321", 1), ("--trunk", "pstn-1", 1),
                                     ("--reason", "orig-mismatch", 1), ("--call-id", "1@example.org", 1),
                                     ("--origid", entry["origid"], 1), ("--from", "2020-01-01T00:00:00Z", 2),
                                     ("--to", "2020-01-01T00:00:00Z", 0), ("--limit", 1, 1)):
            found = self.evidence("find", option, value, "--json").json()["records"]
            self.assertEqual(len(found), count, option)

        story = self.evidence("show", id, "--json").json()
        self.assertEqual(story["responsible"]["trunk"], "pstn-1")
        self.assertEqual(story["responsible"]["signer"]["spcs"], ["4321"])
        self.assertEqual(story["replay"]["outcome"], "repeated")
        self.assertIn("Who is responsible", self.evidence("show", id).out)
        for one, reason in ((id, "verified"), (other["evidence_id"], "orig-mismatch")):
            again = self.evidence("verify", one, "--json").json()
            self.assertEqual((again["outcome"], again["reason"]), ("repeated", reason))
        self.assertIn("INTACT", self.evidence("audit").out)
        accesses = self.evidence("find", "--access", "--json").json()["accesses"]
        self.assertEqual(accesses[-1]["what"], "find")
        self.assertIn("show", {access["what"] for access in accesses})
        self.evidence("show", "00000000-0000-7000-8000-000000000000", code=2)

    def test_a_bundle_needs_nothing_else_and_tells_changes(self):
        id = self.record()["evidence_id"]
        file = self.dir / "bundle.json"
        self.evidence("export", id, "--out", file)
        self.assertEqual(os.stat(file).st_mode & 0o77, 0)
        public = self.dir / "pub.pem"
        self.assertEqual(Run("pki", "key", "--key", f"{self.store}.key", "--out-public-key", public).code, 0)
        for end in ("", "-wal", "-shm", ".key"):
            pathlib.Path(f"{self.store}{end}").unlink(missing_ok=True)
        again = self.evidence("verify-file", file, "--json").json()
        self.assertEqual((again["outcome"], again["reason"]), ("repeated", "verified"))
        self.evidence("verify-file", file, "--public-key", public)
        bundle = json.loads(file.read_text())

        def altered(change):
            copy = json.loads(json.dumps(bundle))
            change(copy)
            (self.dir / "altered.json").write_text(json.dumps(copy))
            run = self.evidence("verify-file", self.dir / "altered.json", code=1)
            self.assertIn("evidence-altered", run.err)

        altered(lambda b: b["private"]["call"].update(orig=["+12155550177"]))
        altered(lambda b: b.update(record=b["record"].replace('"attest":"A"', '"attest":"B"')))
        altered(lambda b: b["blobs"].pop(sorted(b["blobs"])[0]))
        altered(lambda b: b["blobs"].update({sorted(b["blobs"])[0]: "AAAA"}))
        altered(lambda b: b.update(signature=b["signature"][:-4] + "AAAA"))
        self.evidence("verify-file", self.lab / "root.pem", code=2)

    def test_audit_names_what_was_done_by_hand(self):
        ids = [self.record()["evidence_id"] for _ in range(6)]
        database = sqlite3.connect(self.store)
        table = database.execute("SELECT 'record_' || day FROM day").fetchone()[0]
        database.execute(f"UPDATE {table} SET text = replace(text, '4321', '9999') WHERE seq = 2")
        database.execute(f"DELETE FROM {table} WHERE seq = 4")
        database.execute(f"INSERT INTO {table} SELECT 7, x'00112233445566778899aabbccddeeff', kind, time, orig,"
                         f" dest, origid, spc, trunk, reason, call_id, hash, text FROM {table} WHERE seq = 6")
        database.commit()
        database.close()
        report = Run("evidence", "audit", "--store", self.store, "--json")
        self.assertEqual(report.code, 1, report)
        findings = {(f["kind"], f["first"]): f["id"] for f in report.json()["findings"]}
        self.assertEqual(findings[("changed", 2)], ids[1])
        self.assertIn(("missing", 4), findings)
        self.assertEqual(findings[("inserted", 7)], "00112233-4455-6677-8899-aabbccddeeff")

    def test_hashed_numbers_are_found_with_the_key_only(self):
        key = self.dir / "numbers.key"
        key.write_text("0123456789abcdef" * 4 + "\n")
        key.chmod(0o644)
        run = Run("verify", "--evidence", self.store, "--number-key", key, "--orig", ORIG, "--dest", DEST, "x")
        self.assertEqual(run.code, 2, run)
        key.chmod(0o600)
        id = self.record("--number-key", key)["evidence_id"]
        raw = b"".join(path.read_bytes() for path in self.dir.glob("calls.db*"))
        self.assertNotIn(b"2155550100", raw)
        found = self.evidence("find", "--orig", ORIG, "--number-key", key, "--json").json()["records"]
        self.assertEqual([(e["id"], e["numbers"]) for e in found], [(id, "hashed")])
        self.evidence("verify", id, "--number-key", key)
        self.evidence("verify", id, code=2)
        self.evidence("audit")
        file = self.dir / "bundle.json"
        self.evidence("export", id, "--number-key", key, "--out", file)
        self.evidence("verify-file", file)

    def test_retention(self):
        for _ in range(3):
            self.record()
        database = sqlite3.connect(self.store)
        day = database.execute("SELECT day FROM day").fetchone()[0]
        for table, in database.execute("SELECT name FROM sqlite_schema WHERE name = ?",
                                       (f"record_{day}",)).fetchall():
            database.execute(f"ALTER TABLE {table} RENAME TO record_{day - 181}")
        database.execute("UPDATE day SET day = day - 181")
        database.execute("UPDATE blob SET last_day = last_day - 181")
        database.commit()
        database.close()
        kept = self.record()["evidence_id"]
        self.assertEqual(self.evidence("prune", "--json").json()["deleted"], 3)
        found = self.evidence("find", "--json").json()["records"]
        self.assertEqual([entry["id"] for entry in found], [kept])
        self.assertEqual(self.evidence("verify", kept, "--json").json()["outcome"], "repeated")
        self.evidence("audit")

    def test_no_evidence_no_answer(self):
        run = Run("verify", "--evidence", self.dir / "missing" / "calls.db", "--orig", ORIG, "--dest", DEST,
                  "--anchors", self.lab / "root.pem", "--cert", self.lab / "chain.pem", self.sign())
        self.assertEqual((run.code, run.out), (2, ""), run)
        # The key that signed the chain is gone: no other one is made.
        self.record()
        pathlib.Path(f"{self.store}.key").unlink()
        run = Run("verify", "--evidence", self.store, "--orig", ORIG, "--dest", DEST, "--anchors",
                  self.lab / "root.pem", "--cert", self.lab / "chain.pem", self.sign())
        self.assertEqual((run.code, run.out), (2, ""), run)
        run = Run("evidence", "find", env={"CALLVET_EVIDENCE": ""})
        self.assertEqual(run.code, 2, run)


if __name__ == "__main__":
    unittest.main()
