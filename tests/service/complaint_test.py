#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A complaint with a number and "about ten past three yesterday" finds its call, its signer and its diversion path:
through REST and the command line (the page: page_test.py). Who may do what, what is recorded, what is refused."""

import csv
import datetime
import io
import json
import pathlib
import subprocess
import sys
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "evidence"))
from postgres import Postgres, Unavailable  # noqa: E402
from support import CALLED, CALLER, CALLVET, TOKENS, X5U, LabTest, Server, callvet, yesterdays_call  # noqa: E402

READ, FILE = TOKENS["read-evidence"], TOKENS["file-complaints"]
FORWARDED = "12155550102"


class Complaints(LabTest):
    valid_for_days = 3

    def serve(self, **evidence):
        type(self).count += 1
        folder = self.lab.folder / f"complaints-{self.count}"
        folder.mkdir()
        config = {"store": str(folder / "calls.db"), "spill_dir": str(folder / "spill"), "commit_ms": 1, **evidence}
        server = Server(self.lab, evidence=config)
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        return server

    def ask(self, server, method, path, body=None, token=READ, expected=200, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        status, headers, text = server.request(method, path, body, token=token)
        self.assertEqual(status, expected, text)
        return json.loads(text) if headers["Content-Type"] == "application/json" else text

    def file(self, server, expected=201, **complaint):
        return self.ask(server, "POST", "/v1/complaints", complaint, FILE, expected)

    def call(self, server, wait=True, **more):
        status, _, text = server.request("POST", "/v1/calls", {
            "identity": self.lab.sign(), "from": "+" + CALLER, "to": "+" + CALLED, **more})
        self.assertEqual(status, 200, text)
        id = json.loads(text)["evidence_id"]
        for _ in range(400 if wait else 0):
            if server.request("GET", "/v1/evidence/" + id, token=READ)[0] == 200:
                break
            time.sleep(0.05)
        return id

    def found(self, server, id):
        """The complaint, once it has its call: the service looks through its store behind the request."""
        for _ in range(400):
            shown = self.ask(server, "GET", "/v1/complaints/" + id)
            if shown["state"] != "unmatched":
                break
            time.sleep(0.05)
        return shown

    def command(self, server, *arguments):
        return callvet(*arguments, "--store", server.config["evidence"]["store"])

    def check_story(self, call, id):
        responsible = call["responsible"]
        self.assertEqual(call["id"], id)
        self.assertEqual(responsible["signer"]["spcs"], ["4321"])
        self.assertTrue(responsible["signer_verified"])
        self.assertEqual([(leg["from"], leg["to"], leg["signer"]["spcs"]) for leg in responsible["diversions"]],
                         [(CALLED, FORWARDED, ["4321"])])
        self.assertEqual(responsible["trunk"], "gateway-3")

    def test_about_ten_past_three_yesterday(self):
        server = self.serve()
        id, day = yesterdays_call(self.lab, server, FORWARDED)
        self.call(server)  # of today
        # By REST: who files it learns nothing of calls.
        filed = self.file(server, callee="+" + FORWARDED, caller="+1 (215) 555-0100", about=f"{day} 15:10", zone="+08:00",
                          category="fraud", text="they said that they were my bank", reference="12321-17")
        self.assertEqual(set(filed), {"id", "reference", "received", "about", "tolerance_minutes", "filed"})
        self.assertEqual((filed["filed"], filed["about"]), ("new", f"{day}T07:10:00Z"))
        shown = self.ask(server, "GET", "/v1/complaints/" + filed["id"])
        self.assertEqual((shown["state"], shown["reference"], shown["text"]),
                         ("matched", "12321-17", "they said that they were my bank"))
        self.check_story(shown["calls"][0], id)
        # By whom it was called first, or went to, a part of the caller's number or nothing of it, and "yesterday".
        for callee, caller in ((CALLED, "*0100"), (FORWARDED, "+1215*"), (FORWARDED, "")):
            other = self.file(server, callee="+" + callee, caller=caller, about="yesterday 15:10", zone="+08:00")
            shown = self.found(server, other["id"])
            if shown["about"] == filed["about"]:  # unless a day ended meanwhile
                self.check_story(shown["calls"][0], id)
        # By the command line.
        added = json.loads(self.command(server, "complaint", "add", "--callee", "+" + FORWARDED, "--caller", "+" + CALLER,
                                        "--about", f"{day} 15:10", "--zone", "+08:00", "--json"))
        self.assertEqual((added["state"], added["nearest"]["id"], added["nearest"]["signer"]), ("matched", id, "4321"))
        self.check_story(json.loads(self.command(server, "complaint", "show", added["id"], "--json"))["calls"][0], id)
        said = self.command(server, "complaint", "show", added["id"])
        for text in (f"redirected by {CALLED} to {FORWARDED}, signed by", "SPC 4321", "came in by trunk: gateway-3"):
            self.assertIn(text, said)
        # What it comes to for who connected it.
        report = self.ask(server, "GET", "/v1/report", **{"from": f"{day}T00:00:00Z", "by": "trunk"})
        row = next(row for row in report["rows"] if row["party"] == "gateway-3")
        self.assertEqual((row["calls"], row["verified"], row["complaints"]), (1, 1, report["total"]["complaints"]))
        self.assertEqual(report["total"]["calls"], 2)
        self.assertEqual(server.stop(), 0)
        self.assertIn("INTACT", self.command(server, "evidence", "audit"))
        accesses = json.loads(self.command(server, "evidence", "find", "--access", "--json"))["accesses"]
        self.assertLessEqual({("read-evidence", "complaint"), ("read-evidence", "report")},
                             {(access["who"], access["what"]) for access in accesses})
        self.assertNotIn(FORWARDED, server.log())

    def test_the_same_reference_is_filed_once(self):
        server = self.serve()
        now = int(time.time())
        first = self.file(server, callee="+" + CALLED, about=now, reference="12321-1")
        again = self.file(server, 200, callee="+1 215 555 0101", about=now, reference="12321-1")
        self.assertEqual((again["id"], again["filed"]), (first["id"], "duplicate"))
        other = self.file(server, 200, callee="+" + CALLED, about=now - 60, reference="12321-1")
        self.assertEqual((other["id"], other["filed"]), (first["id"], "duplicate-differs"))
        self.assertEqual(len(self.ask(server, "GET", "/v1/complaints")["complaints"]), 1)

    def test_several_calls_are_all_listed_and_said_to_be(self):
        server = self.serve()
        ids = [self.call(server, trunk=f"pstn-{number}") for number in range(3)]
        filed = self.file(server, callee="+" + CALLED, about=int(time.time()))
        shown = self.ask(server, "GET", "/v1/complaints/" + filed["id"])
        self.assertEqual((shown["state"], {call["id"] for call in shown["calls"]}), ("ambiguous", set(ids)))
        offs = [abs(call["seconds_off"]) for call in shown["calls"]]
        self.assertEqual(offs, sorted(offs))
        self.assertEqual(len(self.ask(server, "GET", "/v1/complaints", state="ambiguous")["complaints"]), 1)
        report = self.ask(server, "GET", "/v1/report", by="trunk")
        self.assertEqual(sum(row["ambiguous"] for row in report["rows"]), 1)

    def test_a_record_that_comes_late_is_found_later(self):
        server = self.serve()
        filed = self.file(server, callee="+" + CALLED, about=int(time.time()))
        self.assertEqual(self.ask(server, "GET", "/v1/complaints", state="unmatched")["complaints"][0]["id"], filed["id"])
        self.assertEqual(self.ask(server, "GET", "/v1/report")["unmatched_complaints"], 1)
        id = self.call(server)
        matched = json.loads(self.command(server, "complaint", "match", "--json"))
        # The service itself looks once a minute, and may have been first.
        self.assertIn((matched["looked"], matched["matched"]), ((1, 1), (0, 0)))
        shown = self.ask(server, "GET", "/v1/complaints/" + filed["id"])
        self.assertEqual((shown["state"], shown["calls"][0]["id"]), ("matched", id))
        self.assertEqual(server.stop(), 0)
        self.assertIn("INTACT", self.command(server, "evidence", "audit"))

    def test_what_no_index_finds_is_found_after_the_request(self):
        """To look through the store takes seconds: no request does."""
        server = self.serve()
        id = self.call(server, request_uri="sip:+12155550177@example.org")
        filed = self.file(server, callee="+12155550177", caller="*0100", about=int(time.time()))
        self.assertEqual(self.ask(server, "GET", "/v1/complaints/" + filed["id"])["state"], "unmatched")
        shown = self.found(server, filed["id"])
        self.assertEqual((shown["state"], shown["calls"][0]["id"]), ("matched", id))

    def test_pages(self):
        server = self.serve()
        ids = [self.file(server, callee="+" + CALLED, about=1)["id"] for _ in range(5)]
        seen, query = [], {"limit": 2}
        for _ in range(5):
            page = self.ask(server, "GET", "/v1/complaints", **query)
            seen += [entry["id"] for entry in page["complaints"]]
            if not page["next"]:
                break
            query["before"] = page["next"]
        self.assertEqual(seen, ids[::-1])

    def test_what_is_refused(self):
        server = self.serve()
        good = {"callee": "+" + CALLED, "about": int(time.time())}
        for bad in ({"callee": ""}, {"callee": "nobody"}, {"about": None}, {"about": "yesterday 15:10"}, {"about": "soon"},
                    {"about": int(time.time()) + 7200}, {"about": -5}, {"zone": "CST", "about": "2026-01-01 10:00"},
                    {"tolerance_minutes": 1441}, {"tolerance_minutes": -1}, {"category": "rude"}, {"text": "x" * 4001},
                    {"text": "\u0007"}, {"reference": "r" * 129}, {"reference": "a\nb"}, {"caller": "*12"}, {"caller": "2*2"},
                    {"caller": "0" * 300}, {"callee": ["+1"]}, {"call": "+1"}):
            complaint = {name: value for name, value in {**good, **bad}.items() if value is not None}
            error = self.ask(server, "POST", "/v1/complaints", complaint, FILE, 400)["error"]
            self.assertEqual(error["reason"], "parameter-invalid", bad)
        self.ask(server, "POST", "/v1/complaints", "[]", FILE, 400)
        self.ask(server, "POST", "/v1/complaints", "{", FILE, 400)
        for bad in ({"state": "new"}, {"limit": 0}, {"limit": 1001}, {"before": "x"}, {"callee": "+" + CALLED}):
            self.ask(server, "GET", "/v1/complaints", expected=400, **bad)
        for bad in ({"by": "nobody"}, {"format": "xml"}, {"from": "today"}, {"from": "2000", "to": "1000"}, {"orig": "1"}):
            self.ask(server, "GET", "/v1/report", expected=400, **bad)
        self.ask(server, "GET", "/v1/complaints/00000000-0000-7000-8000-000000000000", expected=404)
        self.ask(server, "GET", "/v1/complaints/..%2f", expected=404)
        self.assertEqual(self.ask(server, "GET", "/v1/complaints")["complaints"], [])

    def test_without_evidence_there_are_no_complaints(self):
        server = Server(self.lab)
        self.addCleanup(server.stop)
        self.ask(server, "POST", "/v1/complaints", {"callee": "+" + CALLED, "about": 1}, FILE, 404)
        self.ask(server, "GET", "/v1/report", expected=404)

    def test_a_report_in_csv_is_no_formula(self):
        server = self.serve()
        names = ["=1+1", "@sum", "a,\"b\"", "+1", "plain", "-x", "  =2+2", "\uff1d3+3", "\uff204"]
        for name in names:
            self.call(server, trunk=name)
        self.file(server, callee="+" + CALLED, about=int(time.time()))
        text = self.ask(server, "GET", "/v1/report", by="trunk", format="csv")
        self.assertTrue(text.endswith("\r\n"))
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        parties = [row for row in rows if row["row"] == "party"]
        self.assertEqual({row["party"].removeprefix("'") for row in parties}, set(names))
        self.assertEqual([row["party"] for row in parties if row["party"].strip()[:1] in "=+-@\uff1d\uff20"], [])
        total, = [row for row in rows if row["row"] == "total"]
        for column in ("calls", "verified", "not_verified", "rejected", "complaints", "ambiguous"):
            self.assertEqual(sum(int(row[column]) for row in parties), int(total[column]), column)
        self.assertEqual(text.replace("\r\n", "\n").strip(),
                         self.command(server, "evidence", "report", "--by", "trunk", "--format", "csv").replace("\r\n", "\n"))
        table = self.command(server, "evidence", "report", "--by", "trunk")
        self.assertIn("(total)", table)

    def test_postgres_with_keyed_numbers(self):
        try:
            database = Postgres()
        except Unavailable as reason:
            self.skipTest(str(reason))
        self.addCleanup(database.close)
        number_key = self.lab.folder / "numbers.key"
        number_key.write_text("ab" * 32)
        number_key.chmod(0o600)
        keys = ("--checkpoint-key", str(self.lab.folder / "carrier/leaf.key"), "--number-key", str(number_key))
        server = self.serve(store=database.url, checkpoint_key=keys[1], number_key=keys[3])
        id, day = yesterdays_call(self.lab, server, FORWARDED)
        late = self.file(server, callee="+" + CALLED, about=int(time.time()))
        filed = self.file(server, callee="+" + FORWARDED, caller="+" + CALLER, about=f"{day}T15:10:00+08:00", reference="1",
                          text="they said that they were my bank")
        self.file(server, 200, callee="+" + FORWARDED, caller="+" + CALLER, about=f"{day}T15:10:00+08:00", reference="1")
        self.check_story(self.ask(server, "GET", "/v1/complaints/" + filed["id"])["calls"][0], id)
        self.call(server)
        self.command(server, "complaint", "match", *keys)
        self.assertEqual(self.ask(server, "GET", "/v1/complaints/" + late["id"])["state"], "matched")
        self.assertEqual(len(self.ask(server, "GET", "/v1/complaints", limit=1)["complaints"]), 1)
        report = json.loads(self.command(server, "evidence", "report", "--from", f"{day}T00:00:00Z", "--format", "json", *keys))
        self.assertEqual((report["total"]["calls"], report["total"]["complaints"], report["unmatched_complaints"]), (2, 2, 0))
        stored = "\n".join("\t".join(row) for row in database.query("SELECT body FROM evidence_record"))
        for secret in (CALLED, CALLER, FORWARDED, "my bank"):
            self.assertNotIn(secret, stored)
        run = lambda: subprocess.run([CALLVET, "evidence", "audit", "--store", database.url], capture_output=True, text=True,
                                     check=False)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(run().returncode, 0, run().stdout)
        for change in ("UPDATE evidence_complaint SET signer = 'x'", "UPDATE evidence_tally SET calls = calls + 1"):
            database.query(change)
            self.assertEqual(run().returncode, 1, change)
            database.query(change.replace("'x'", "'4321'").replace("+ 1", "- 1"))
            self.assertEqual(run().returncode, 0, change)
        since = database.query("SELECT value FROM evidence_setting WHERE name = 'tallied_from'")[0][0]
        database.query("DELETE FROM evidence_setting WHERE name = 'tallied_from'")
        self.assertEqual(run().returncode, 1)
        database.query(f"INSERT INTO evidence_setting VALUES ('tallied_from', '{since}')")
        self.assertEqual(run().returncode, 0)
        # A store of a program without complaints: the tables are made, and calls before them are counted.
        database.query("DROP TABLE evidence_complaint, evidence_tally")
        self.assertEqual(run().returncode, 1)
        database.query("DELETE FROM evidence_setting WHERE name = 'tallied_from'")
        # Callers may put a NUL into their headers, and PostgreSQL reads none.
        database.query("UPDATE evidence_record SET body = '{\"odd\":\"\\u0000\",' || substr(body, 2)")
        again = json.loads(self.command(server, "evidence", "report", "--from", f"{day}T00:00:00Z", "--format", "json", *keys))
        self.assertEqual(again["total"]["calls"], 2)


if __name__ == "__main__":
    unittest.main(verbosity=1)
