#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The service's evidence: kept, found by pages, told, exported, refused when it cannot be kept; two services with one
PostgreSQL give one traceback."""

import contextlib
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "evidence"))
from postgres import Postgres, Unavailable  # noqa: E402
from support import CALLED, CALLER, CALLVET, ROOT, TOKENS, X5U, LabTest, Server, callvet  # noqa: E402

READ = TOKENS["read-evidence"]


class Evidence(LabTest):
    def serve(self, settings=None, **evidence):
        type(self).count += 1
        folder = self.lab.folder / f"evidence-{self.count}"
        folder.mkdir()
        config = {"store": str(folder / "calls.db"), "spill_dir": str(folder / "spill"), "commit_ms": 1, **evidence}
        server = Server(self.lab, evidence=config, **(settings or {}))
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        return server

    def call(self, server, **more):
        status, _, text = server.request("POST", "/v1/calls", {
            "identity": self.lab.sign(), "from": "+" + CALLER, "to": "+" + CALLED, **more})
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def get(self, server, path, expected=200, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        for _ in range(200):
            status, _, text = server.request("GET", path, token=READ)
            if status != 404 or expected == 404:
                break
            time.sleep(0.05)  # a record is durable a little after its answer
        self.assertEqual(status, expected, text)
        return json.loads(text)

    def wait_for(self, server, count, **query):
        for _ in range(200):
            records = self.get(server, "/v1/evidence", limit=1000, **query)["records"]
            if len(records) >= count:
                break
            time.sleep(0.05)
        self.assertEqual(len(records), count)
        return records

    def test_found_told_and_exported(self):
        server = self.serve()
        id = self.call(server, trunk="pstn-1", call_id="1@example.org")["evidence_id"]
        self.call(server, **{"from": "+12155550199"})
        server.verify(self.lab.sign())
        server.verify(None)
        self.wait_for(server, 4)
        entry, = self.wait_for(server, 1, trunk="pstn-1")
        self.assertEqual((entry["id"], entry["orig"], entry["spc"], entry["attest"], entry["reason"]),
                         (id, CALLER, "4321", "A", "verified"))
        self.wait_for(server, 1, orig="+1 (215) 555-0199", reason="orig-mismatch")
        self.wait_for(server, 0, orig="+12155550188")
        story = self.get(server, "/v1/evidence/" + id)
        self.assertEqual(story["responsible"]["trunk"], "pstn-1")
        self.assertEqual(story["replay"]["outcome"], "repeated")
        bundle = self.get(server, f"/v1/evidence/{id}/export")
        file = self.lab.folder / "bundle.json"
        file.write_text(json.dumps(bundle))
        self.assertIn("repeated", callvet("evidence", "verify", str(file)))
        self.get(server, "/v1/evidence/00000000-0000-7000-8000-000000000000", 404)
        for bad in ({"form": "1"}, {"limit": "0"}, {"limit": "1001"}, {"from": "today"}):
            self.get(server, "/v1/evidence", 400, **bad)
        self.assertEqual(server.request("GET", "/v1/evidence?%zz=1", token=READ)[0], 400)
        # What is misspelt is named, also a reason and a parameter without a value: an empty page would look like "none".
        for query, named in (("reason=nosuch", "reason"), ("form=", "form"), ("reasons", "reasons")):
            status, _, text = server.request("GET", "/v1/evidence?" + query, token=READ)
            self.assertEqual((status, json.loads(text)["error"]["reason"]), (400, "parameter-invalid"), query)
            self.assertIn(named, json.loads(text)["error"]["detail"])
        self.assertEqual(len(self.get(server, "/v1/evidence", reason="orig-mismatch", trunk="")["records"]), 1)
        # The same without a number in a URL.
        form = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
        status, _, text = server.request("POST", "/v1/evidence:search", "orig=%2B1+(215)+555-0199&limit=5", form, token=READ)
        self.assertEqual((status, len(json.loads(text)["records"])), (200, 1))
        self.assertEqual(server.request("POST", "/v1/evidence:search", "form=1", form, token=READ)[0], 400)
        self.assertEqual(server.request("POST", "/v1/evidence:search", {"orig": CALLER}, token=READ)[0], 415)
        # What has numbers is kept by no cache on the way.
        for path in ("/v1/evidence", "/v1/evidence/" + id, f"/v1/evidence/{id}/export", "/v1/report", "/v1/complaints"):
            status, headers, _ = server.request("GET", path, token=READ)
            self.assertEqual((status, headers.get("Cache-Control")), (200, "no-store"), path)
        # A body that is not read is no empty filter, which would find everything.
        chunked = {**form, "Transfer-Encoding": "chunked"}
        status, _, text = server.request("POST", "/v1/evidence:search", iter([b"orig=%2B12155550199"]), chunked, token=READ)
        self.assertEqual((status, json.loads(text)["error"]["reason"]), (411, "content-length-missing"))
        metrics = server.request("GET", "/metrics", token=READ)[2]
        self.assertIn("callvet_evidence_stored_total 4", metrics)
        # However a search is written, the access log has what was searched for.
        self.assertEqual(server.request("GET", "/v1/evidence?" + "&" * 1000 + "trunk=pstn-hidden", token=READ)[0], 200)
        self.assertEqual(server.stop(), 0)
        store = server.config["evidence"]["store"]
        self.assertIn("INTACT", callvet("evidence", "audit", "--store", store))
        accesses = json.loads(callvet("evidence", "find", "--access", "--json", "--store", store))["accesses"]
        self.assertIn(("read-evidence", "export"), {(a["who"], a["what"]) for a in accesses})
        self.assertIn("trunk=pstn-hidden", {a["about"] for a in accesses})

    def test_a_plus_that_is_read_as_a_blank_is_one(self):
        server = self.serve({"verification": {"country": "CN"}})
        self.call(server)
        self.wait_for(server, 1)
        for query in ("orig=+12155550100", "dest=+12155550101", "orig=%2B12155550100"):
            records = json.loads(server.request("GET", "/v1/evidence?" + query, token=READ)[2])["records"]
            self.assertEqual(len(records), 1, query)

    def test_what_each_interface_knew_of_the_call_is_kept(self):
        policy = self.lab.folder / "kept.json"
        policy.write_text('{"default": {"mode": "intercept"}}')
        server = self.serve(settings={"policy": str(policy)})
        message = ("INVITE sip:+%s@example.org SIP/2.0\r\nFrom: <sip:+%s@example.org>;tag=1\r\nTo: <sip:+%s@example.org>\r\n"
                   "Call-ID: needle-42@sbc.example.org\r\nIdentity: %s\r\n\r\n" % (CALLED, CALLER, CALLED, self.lab.sign()))
        for body in ({"sip": message}, {"text": message}, {"sip": message, "call_id": ""}):
            status, _, text = server.request("POST", "/v1/calls", body)
            self.assertEqual((status, json.loads(text)["reason"]), (200, "verified"), text)
        status, _, text = server.request("POST", "/v1/calls", {"sip": message, "call_id": "own"})
        self.assertEqual(status, 200, text)
        self.wait_for(server, 3, call_id="needle-42@sbc.example.org")
        self.wait_for(server, 1, call_id="own")
        # ATIS: a token for somebody else, several called of whom one is another, and a time that is past.
        other, third = "12155550109", "12155550108"
        for called, kept in (([other], other), ([CALLED, third], third)):
            self.assertIn("dest", server.verify(self.lab.sign(), dest=called)[2])
            entry, = self.wait_for(server, 1, dest=kept)
            self.assertEqual(entry["reason"], "dest-mismatch")
            story = self.get(server, "/v1/evidence/" + entry["id"])
            self.assertEqual((story["replay"]["outcome"], story["call"]["dest"]), ("repeated", [kept]))
        server.verify(self.lab.sign(), int(time.time()) - 1000, orig="12155550177")
        entry, = self.wait_for(server, 1, orig="12155550177")
        self.assertEqual(entry["reason"], "date-stale")
        story = self.get(server, "/v1/evidence/" + entry["id"])
        self.assertEqual(story["replay"]["outcome"], "undecided")
        self.assertTrue(story["call"]["date"], story["call"])
        self.assertEqual(server.stop(), 0)
        shown = callvet("evidence", "show", entry["id"], "--store", server.config["evidence"]["store"])
        self.assertIn("refused it before it was judged", shown)
        self.assertIn("the interface asked for none", shown)
        self.assertNotIn("NOT DECIDED", shown)
        file = self.lab.folder / "refused.json"
        callvet("evidence", "export", entry["id"], "--store", server.config["evidence"]["store"], "--out", str(file))
        self.assertIn("verdict", json.loads(callvet("evidence", "verify", str(file), "--json"))["own_word"])
        told = callvet("evidence", "verify", str(file), "--anchors", str(self.lab.folder / "carrier/root.pem"))
        self.assertIn("So is what it says of the verdict", told)
        self.assertNotIn("none of --anchors", told)

    def test_who_redirected_a_call_and_what_the_policy_said(self):
        first, div = self.lab.sign(), self.lab.folder / "first.txt"
        div.write_text(first)
        div = callvet("sign", "--key", str(self.lab.folder / "carrier/leaf.key"), "--x5u", X5U, "--ppt", "div", "--div-from",
                      str(div), "--dest", "+12155550177")
        server = self.serve({"policy": str(ROOT / "tools/policy/intercept.json")})
        answer = self.call(server, identity=[first, div], to="+12155550177")
        self.assertEqual(answer["reason"], "verified")
        self.call(server)
        unassigned = "+861058880200"
        self.call(server, identity=self.lab.sign(orig=unassigned), **{"from": unassigned})
        self.wait_for(server, 3)
        entry, = self.wait_for(server, 1, div="+" + CALLED)
        self.assertEqual(entry["id"], answer["evidence_id"])
        entry, = self.wait_for(server, 1, reason="number-not-assigned")
        self.assertEqual((entry["orig"], entry["reason"], entry["disposition"]), (unassigned[1:], "verified", "reject"))
        self.wait_for(server, 0, div="+" + CALLER)
        self.wait_for(server, 0, reason="outside-hours")

    def test_pages(self):
        server = self.serve()
        lines = "".join(json.dumps({"from": CALLER, "to": CALLED, "call_id": str(i)}) + "\n" for i in range(25))
        status, _, text = server.request("POST", "/v1/calls:batch", lines)
        self.assertEqual(status, 200)
        ids = [json.loads(line)["evidence_id"] for line in text.splitlines()]
        self.wait_for(server, 25)
        seen, query = [], {"limit": 10}
        while True:
            page = self.get(server, "/v1/evidence", **query)
            seen += [record["id"] for record in page["records"]]
            if page["next"] is None:
                break
            query["before"] = page["next"]
        self.assertEqual(seen, ids[::-1])

    def test_burst(self):
        """Calls that come fast wait in the spill directory: the API says so, and finds them when fewer come."""
        server = self.serve(burst_per_second=1)
        ids, page = [], {"spilled_since": None}
        for _ in range(2000):
            ids.append(self.call(server)["evidence_id"])
            page = self.get(server, "/v1/evidence", limit=1)
            if page["spilled_since"] is not None:
                break
        self.assertIsNotNone(page["spilled_since"], "nothing waits")
        self.assertIsNotNone(self.get(server, "/v1/report")["spilled_since"])
        self.assertIn(server.request("GET", "/v1/evidence/" + ids[-1], token=READ)[0], (200, 503))
        records = self.wait_for(server, len(ids))
        self.assertEqual({record["id"] for record in records}, set(ids))
        # They are found before the spill file is gone.
        end = time.monotonic() + 20
        while self.get(server, "/v1/evidence", limit=1)["spilled_since"] is not None and time.monotonic() < end:
            time.sleep(0.05)
        self.assertIsNone(self.get(server, "/v1/evidence", limit=1)["spilled_since"])
        self.assertIsNone(self.get(server, "/v1/report")["spilled_since"])
        metrics = server.request("GET", "/metrics", token=READ)[2]
        self.assertNotIn("callvet_evidence_spilled_total 0", metrics)
        self.assertIn("callvet_evidence_spill_age_seconds 0", metrics)
        self.get(server, "/v1/evidence/" + ids[-1])
        self.assertEqual(server.stop(), 0)
        self.assertIn("INTACT", callvet("evidence", "audit", "--store", server.config["evidence"]["store"]))

    def test_without_evidence(self):
        server = Server(self.lab)
        try:
            self.assertIsNone(self.call(server)["evidence_id"])
            self.get(server, "/v1/evidence", 404)
        finally:
            server.stop()

    def test_refused_or_counted_when_nothing_takes_it(self):
        for when_full in ("refuse-calls", "count"):
            server = self.serve(store="postgresql:///nowhere?host=/nonexistent", when_full=when_full, queued_records=100,
                                checkpoint_key=str(self.lab.folder / "carrier/leaf.key"), spill_dir="", retry_ms=50)
            lines = "".join(json.dumps({"from": CALLER, "to": CALLED}) + "\n" for _ in range(1500))
            answers = [json.loads(line) for line in server.request("POST", "/v1/calls:batch", lines)[2].splitlines()]
            refused = [a for a in answers if a.get("error", {}).get("reason") == "evidence-not-kept"]
            metrics = server.request("GET", "/metrics", token=READ)[2]
            if when_full == "count":
                self.assertEqual(refused, [])
                self.assertNotIn("callvet_evidence_lost_total 0\n", metrics)
                self.assertEqual(server.request("GET", "/readyz")[0], 200)
            else:
                self.assertGreater(len(refused), 100)
                self.assertEqual(server.request("GET", "/readyz")[0], 503)
                # Asking whether it is ready is no call.
                metrics = server.request("GET", "/metrics", token=READ)[2]
                self.assertIn(f"callvet_evidence_refused_total {len(refused)}\n", metrics)
            self.get(server, "/v1/evidence", 503)
            self.assertEqual(server.request("GET", "/v1/evidence", token=READ)[1]["Retry-After"], "1")
            # What was told an id and is still in memory is lost with the end: not without a word.
            self.assertNotEqual(server.stop(), 0)
            self.assertIn("LOST: ", server.log())

    def test_emergency_calls_go_on_without_their_records(self):
        """Where nothing takes evidence other calls are refused: a call to 911 is worth more than its record."""
        def own(number):
            return "/v1/calls", {"from": CALLER, "to": number}

        def atis(number):
            return "/stir/v1/verification", {"verificationRequest": {
                "from": {"tn": CALLER}, "to": {"tn": [number]}, "time": int(time.time())}}

        def ms(number):
            return "/stir/v1/verification", {"verificationRequest": {
                "from": {"tn": CALLER}, "to": {"tn": [number]}, "time": int(time.time()), "identityHeaders": []}}

        policy = self.lab.folder / "intercept.json"
        policy.write_text('{"default": {"mode": "intercept"}}')
        for settings in ({}, {"policy": str(policy)}):
            server = self.serve(store="postgresql:///nowhere?host=/nonexistent", queued_records=100, spill_dir="", retry_ms=50,
                                checkpoint_key=str(self.lab.folder / "carrier/leaf.key"), settings=settings)
            for _ in range(1500):
                if server.request("POST", *own(CALLED))[0] == 503:
                    break
            for ask in (own, atis, ms):
                status, headers, _ = server.request("POST", *ask(CALLED))
                self.assertEqual((status, headers.get("Retry-After")), (503, "1") if ask is own else (500, None))
                for number in ("911", "110"):
                    status, _, text = server.request("POST", *ask(number))
                    self.assertEqual(status, 200, text)
            # Where a call goes frees it, not what its caller says: only a policy believes To behind another Request-URI.
            self.assertEqual(server.request("POST", "/v1/calls", {"from": CALLER, "to": CALLED, "priority": "psap-callback"})[0], 503)
            routed = {"from": CALLER, "to": "911", "request_uri": "sip:psap1@esrp.example.org"}
            self.assertEqual(server.request("POST", "/v1/calls", routed)[0], 200 if settings else 503)
            answer = json.loads(server.request("POST", *own("911"))[2])
            self.assertEqual((answer["evidence_id"], answer["reason"]), (None, "no-identity"))
            if settings:
                self.assertEqual((answer["disposition"]["emergency"], answer["disposition"]["action"]), (True, "tag"))
            lines = "".join(json.dumps({"from": CALLER, "to": number}) + "\n" for number in ("911", CALLED))
            emergency, other = server.request("POST", "/v1/calls:batch", lines)[2].splitlines()
            self.assertEqual(json.loads(emergency)["reason"], "no-identity")
            self.assertEqual(json.loads(other)["error"]["reason"], "evidence-not-kept")
            metrics = server.request("GET", "/metrics", token=READ)[2]
            self.assertIn(f"callvet_evidence_lost_total {9 if settings else 8}\n", metrics)
            self.assertNotEqual(server.stop(), 0)
            self.assertIn("LOST: ", server.log())

    def frozen(self, **evidence):
        """A service with a PostgreSQL that hangs from now on."""
        try:
            database = Postgres()
        except Unavailable as reason:
            self.skipTest(str(reason))
        self.addCleanup(database.close)
        server = self.serve(store=database.url, spill_dir="", checkpoint_key=str(self.lab.folder / "carrier/leaf.key"), **evidence)
        id = self.call(server)["evidence_id"]
        self.get(server, "/v1/evidence/" + id)
        process = database.process.pid
        children = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()
        for pid in [process, *map(int, children)]:
            os.kill(pid, signal.SIGSTOP)
            self.addCleanup(self.thaw, pid)
        return server

    @staticmethod
    def thaw(pid):
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass

    def test_readers_of_a_store_that_hangs_stop_no_call(self):
        server = self.frozen()
        answers = []
        readers = [threading.Thread(target=lambda: answers.append(server.request("GET", "/v1/evidence", token=READ)))
                   for _ in range(60)]
        for reader in readers:
            reader.start()
        time.sleep(0.5)
        for _ in range(10):
            begin = time.monotonic()
            self.call(server)
            self.assertLess(time.monotonic() - begin, 2)
        for reader in readers:
            reader.join()
        self.assertEqual({status for status, _, _ in answers}, {503})
        self.assertEqual({headers["Retry-After"] for _, headers, _ in answers}, {"1"})

    def test_a_request_that_no_worker_takes_is_refused_in_time(self):
        server = self.frozen(settings={"limits": {"workers": 1, "waiting_for_certificates": 0},
                                       "verification": {"deadline_ms": 300}})
        reader = threading.Thread(target=lambda: server.request("GET", "/v1/evidence", token=READ))
        reader.start()
        time.sleep(0.2)
        begin = time.monotonic()
        status, headers, text = server.request("POST", "/v1/calls", {"from": CALLER, "to": CALLED})
        self.assertLess(time.monotonic() - begin, 1.5)
        self.assertEqual((status, json.loads(text)["error"]["reason"], headers["Retry-After"]), (503, "overloaded", "1"))
        reader.join()

    def test_the_end_with_a_store_that_hangs(self):
        """Whoever ends the service kills it after 30 seconds: what is lost is told before."""
        server = self.frozen()
        for _ in range(20):
            self.call(server)
        time.sleep(6)  # upkeep asks the store, too
        begin = time.monotonic()
        self.assertNotEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - begin, 20)
        self.assertRegex(server.log(), "LOST: 2[01] calls")

    def test_an_altered_store(self):
        server = self.serve()
        ids = [self.call(server)["evidence_id"] for _ in range(3)]
        self.wait_for(server, 3)
        database = sqlite3.connect(server.config["evidence"]["store"])
        table = database.execute("SELECT 'record_' || day FROM day").fetchone()[0]
        database.execute(f"UPDATE {table} SET orig = '12155550177' WHERE id = ?", (bytes.fromhex(ids[0].replace("-", "")),))
        database.commit()
        for path in ("", "/export"):
            self.assertEqual(self.get(server, f"/v1/evidence/{ids[0]}{path}", 409)["error"]["reason"], "evidence-altered")
        self.assertIn("altered", self.wait_for(server, 1, orig="+12155550177")[0])
        self.assertEqual(server.request("GET", "/readyz")[0], 200)
        database.execute("UPDATE chain_end SET signature = zeroblob(64)")
        database.commit()
        database.close()
        self.call(server)
        for _ in range(200):
            metrics = server.request("GET", "/metrics", token=READ)[2]
            if "callvet_evidence_spilled_total 1" in metrics:
                break
            time.sleep(0.05)
        self.assertEqual(server.request("GET", "/readyz")[0], 503)
        self.assertIn("callvet_evidence_failing 1", metrics)
        self.assertIn("callvet_evidence_spilled_total 1", metrics)
        server.stop()
        # After a restart it is known before the first call comes.
        config = server.config["evidence"]
        again = Server(self.lab, evidence={**config, "spill_dir": config["spill_dir"] + "-new"})
        self.addCleanup(lambda: again.process.poll() is None and again.stop())
        self.assertEqual(again.request("GET", "/readyz")[0], 503)
        again.stop()

    def test_a_store_that_was_set_back_stays_so_until_somebody_accepts_it(self):
        server = self.serve()
        config = server.config["evidence"]
        store = config["store"]
        accept = ("evidence", "accept", "--store", store, "--spill-dir", config["spill_dir"])
        self.call(server)
        self.wait_for(server, 1)
        copy = sqlite3.connect(store + ".copy")
        with contextlib.closing(sqlite3.connect(store)) as database:
            database.backup(copy)
        self.call(server)
        self.wait_for(server, 2)
        server.stop()
        with contextlib.closing(sqlite3.connect(store)) as database:
            copy.backup(database)
        copy.close()
        for _ in range(2):
            server = Server(self.lab, evidence=config)
            self.addCleanup(lambda server=server: server.process.poll() is None and server.stop())
            self.assertEqual(server.request("GET", "/readyz")[0], 503)
            late = self.call(server)["evidence_id"]
            callvet(*accept, check=False)  # not while it runs
            server.stop()
        self.assertIn("goes on", callvet(*accept))
        self.assertIn("accept", callvet("evidence", "find", "--store", store, "--access"))
        server = Server(self.lab, evidence=config)
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        self.assertEqual(server.request("GET", "/readyz")[0], 200)
        self.wait_for(server, 3)
        self.get(server, f"/v1/evidence/{late}")
        server.stop()
        self.assertIn("INTACT", callvet("evidence", "audit", "--store", store))

    def test_another_checkpoint_key_loses_nothing(self):
        """As src/cli/README.md says: with the service stopped, or with spill_dir while it runs."""
        for running in (False, True):
            server = self.serve()
            store = server.config["evidence"]["store"]
            ids = [self.call(server)["evidence_id"] for _ in range(3)]
            self.wait_for(server, 3)
            old, new, public = f"{store}.old.pem", f"{store}.new", f"{store}.new.pem"
            callvet("pki", "key", "--key", f"{store}.key", "--out-public-key", old)
            callvet("pki", "key", "--out-key", new, "--out-public-key", public)
            head = json.loads(callvet("evidence", "audit", "--store", store, "--json"))["head"]
            if not running:
                self.assertEqual(server.stop(), 0)
            self.assertIn("needs it in place of the old one, and a restart",
                          callvet("evidence", "rekey", "--store", store, "--new-checkpoint-key", new))
            pathlib.Path(new).rename(f"{store}.key")
            if running:
                ids.append(self.call(server)["evidence_id"])
                for _ in range(200):
                    if server.request("GET", "/readyz")[0] == 503:
                        break
                    time.sleep(0.05)
                status, _, text = server.request("GET", "/readyz")
                self.assertEqual((status, json.loads(text)["reason"]), (503, "evidence-altered"))
                self.assertIn("callvet_ready 0\n", server.request("GET", "/metrics", token=READ)[2])
                self.assertEqual(server.stop(), 0)
            again = Server(self.lab, evidence=server.config["evidence"])
            self.addCleanup(lambda server=again: server.process.poll() is None and server.stop())
            ids.append(self.call(again)["evidence_id"])
            self.assertEqual({record["id"] for record in self.wait_for(again, len(ids))}, set(ids))
            self.assertEqual(again.request("GET", "/readyz")[0], 200)
            self.assertIn("callvet_ready 1\n", again.request("GET", "/metrics", token=READ)[2])
            self.assertEqual(again.stop(), 0)
            audit = json.loads(callvet("evidence", "audit", "--store", store, "--public-key", public, "--expect",
                                       f"{head['seq']}:{head['hash']}", "--json"))
            self.assertTrue(audit["intact"], audit)
            audit = json.loads(callvet("evidence", "audit", "--store", store, "--public-key", old, "--json", check=False))
            self.assertFalse(audit["intact"])

    def test_two_services_with_one_postgres_give_one_traceback(self):
        try:
            database = Postgres()
        except Unavailable as reason:
            self.skipTest(str(reason))
        self.addCleanup(database.close)
        key = str(self.lab.folder / "carrier/leaf.key")
        servers = [self.serve(store=database.url, checkpoint_key=key) for _ in range(2)]
        for turn in range(5):
            for number, server in enumerate(servers):
                self.call(server, trunk=f"trunk-{number}", call_id=str(turn))
        for server in servers:
            records = self.wait_for(server, 10, orig="+" + CALLER)
            self.assertEqual({r["trunk"] for r in records}, {"trunk-0", "trunk-1"})
            for record in records[:2]:
                self.assertEqual(self.get(server, "/v1/evidence/" + record["id"])["replay"]["outcome"], "repeated")
        run = subprocess.run([CALLVET, "evidence", "audit", "--store", database.url], capture_output=True, text=True,
                             check=False)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        for server in servers:
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
