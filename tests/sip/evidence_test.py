#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the Kamailio module keeps of calls: found, verified and audited by `callvet evidence`, as an operator does.

    evidence_test.py [unittest's options]"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import sqlite3
import sys
import time
import unittest

import lab as laboratory
from lab import CALLED, CALLER, CALLVET, HERE, PATIENCE, Client, run
from sip_test import INLINE, KEMI, REDIRECT, SipTest


def eventually(condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Evidence(SipTest):
    count = 0

    def setUp(self):
        Evidence.count += 1
        self.folder = self.lab.folder / f"evidence-{Evidence.count}"
        self.folder.mkdir()
        self.store = self.folder / "calls.db"
        self.lab.web.hang = 0.3

    def config(self, **changes):
        section = {"store": str(self.store), "spill_dir": str(self.folder / "spill"), "commit_ms": 1, "retry_ms": 50, **changes}
        section = {name: value for name, value in section.items() if value is not None}
        return self.lab.write_config(f"evidence-{Evidence.count}.json", {}, evidence=section)

    def keep(self, script=INLINE, config=None, **options):
        return self.start(script, config=config or self.config(), **options)

    def records(self, *options):
        """All records by Call-ID; more than one for a call is an error."""
        found, before = {}, ()
        while True:
            page = json.loads(run(CALLVET, "evidence", "find", "--store", self.store, "--json", "--limit", 500, *options, *before))
            for record in page["records"]:
                self.assertNotIn(record["call_id"], found, "two records of one call")
                found[record["call_id"]] = record
            if page.get("next") is None:
                return found
            before = ("--before", page["next"])

    def verify(self, record, *options):
        return json.loads(run(CALLVET, "evidence", "verify", "--store", self.store, record["id"], "--json", *options))["outcome"]

    def audit(self, *options):
        run(CALLVET, "evidence", "audit", "--store", self.store, *options)  # fails if it finds anything

    @contextlib.contextmanager
    def locked_store(self):
        """Nobody else can write to it meanwhile."""
        database = sqlite3.connect(self.store, isolation_level=None)
        database.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")
            database.close()

    def ask(self, kamailio, *identities, **options):
        """The Call-ID and the answer."""
        client = Client(kamailio.port)
        headers = [f"Identity: {value}" for value in identities] + options.pop("headers", [])
        reply = client.request(headers=headers, **options)
        return client.call_id, (reply.code, reply.header("X-Callvet"))

    def mixed_calls(self, kamailio, accepted):
        """Calls of all sorts: Call-ID -> reason."""
        sign, expected = self.lab.sign, {}
        hanging = sign(x5u=f"/hang-evidence-{secrets.token_hex(4)}")
        for identities, options, answer in (
                ([sign()], {}, (accepted, "verified")),
                ([sign()], {}, (accepted, "verified")),
                ([sign()], {"caller": "439991009"}, (438, "orig-mismatch")),
                ([sign(payload={"attest": "X"})], {}, (438, "attest-invalid")),
                ([sign(x5u="/untrusted.pem", who="stranger")], {}, (437, "chain-untrusted")),
                ([sign(x5u="/gone-evidence.pem")], {}, (436, "fetch-http-status")),
                ([hanging], {}, (accepted, "verified")),
                ([], {}, (428, "no-identity")),
                (["x", sign()], {}, (accepted, "verified")),
                ([sign()], {"headers": ["Date: Thu, 01 Jan 2026 00:00:00 GMT", "Date: Thu, 01 Jan 2026 00:00:00 GMT"]},
                 (400, "sip-message-invalid"))):
            call_id, got = self.ask(kamailio, *identities, **options)
            self.assertEqual(got, answer)
            expected[call_id] = answer[1]
        return expected

    def check_records(self, expected, **filters):
        options = [part for name, value in filters.items() for part in (f"--{name}", value)]
        records = self.records(*options)
        self.assertEqual({call_id: record["reason"] for call_id, record in records.items()}, expected)
        for record in records.values():
            # What could not be read cannot be judged again.
            outcome = "undecided" if record["reason"] == "sip-message-invalid" else "repeated"
            self.assertEqual(self.verify(record), outcome, record)
        self.audit()
        return records

    def test_records_say_what_calls_got(self):
        kamailio = self.keep()
        expected = self.mixed_calls(kamailio, 486)
        # Neither of these is judged; an INVITE that only says that it is within a dialog is.
        Client(kamailio.port).request("OPTIONS")
        route = f"Route: <sip:127.0.0.1:{kamailio.port};lr>"
        self.assertEqual(Client(kamailio.port).request("BYE", headers=[route], to_tag=";tag=callee").code, 481)
        call_id, got = self.ask(kamailio, headers=[route], to_tag=";tag=callee")
        self.assertEqual(got, (428, "no-identity"))
        expected[call_id] = got[1]
        stats = kamailio.stats()
        self.assertEqual((stats["evidence"], stats["evidence_refused"], stats["evidence_lost"]), (len(expected), 0, 0))
        self.assertTrue(eventually(lambda: kamailio.stats()["evidence_stored"] == len(expected)))
        records = self.check_records(expected, trunk="127.0.0.1")
        for call_id, record in records.items():
            shown = json.loads(run(CALLVET, "evidence", "show", "--store", self.store, record["id"], "--json"))
            text = json.dumps(shown)
            self.assertIn(call_id, text)
            self.assertIn("callee.example.org", text)  # dest as received, not as it is keyed
            if record["reason"] != "sip-message-invalid":
                self.assertIn('"action": "pass"' if record["reason"] == "verified" else '"action": "reject"', text)

    def test_redirect_and_kemi(self):
        for script, accepted in ((REDIRECT, 302), (KEMI, 486)):
            with self.subTest(script.name):
                self.setUp()
                kamailio = self.keep(script)
                expected = self.mixed_calls(kamailio, accepted)
                kamailio.close()
                kamailio.may_be_dead = True
                trunk = {"trunk": "127.0.0.1"}  # by default, too
                self.check_records(expected, **trunk)

    def test_retransmissions_make_no_record(self):
        kamailio = self.keep(workers=4)
        expected = {}
        for identity in (self.lab.sign(), self.lab.sign(payload={"attest": "X"}), self.lab.sign(x5u="/hang-again")):
            client = Client(kamailio.port)
            text = client.build(headers=["Identity: " + identity])
            for _ in range(8):  # several workers have it at a time
                client.send(text)
            reply = client.receive()
            for _ in range(3):  # as if the answer had been lost
                client.send(text)
                time.sleep(0.05)
            expected[client.call_id] = reply.header("X-Callvet")
        kamailio.close()
        kamailio.may_be_dead = True
        self.assertEqual(sorted(expected.values()), ["attest-invalid", "verified", "verified"])
        self.check_records(expected)

    def test_timed_out_call_is_recorded_and_cancelled_one_is_not(self):
        kamailio = self.keep(FETCH_TIMEOUT=300)
        self.lab.web.hang = 1.5
        call_id, got = self.ask(kamailio, self.lab.sign(x5u="/hang-late"))
        self.assertEqual(got, (436, "fetch-timeout"))
        client = Client(kamailio.port)
        client.send(client.build(headers=["Identity: " + self.lab.sign(x5u="/hang-cancelled")]))
        time.sleep(0.1)
        client.send(client.build("CANCEL", branch=client.branch, call_id=client.call_id))
        self.assertEqual(client.receive(cseq="INVITE").code, 487)
        time.sleep(0.5)
        kamailio.close()
        kamailio.may_be_dead = True
        self.check_records({call_id: "fetch-timeout"})

    def test_end_loses_nothing(self):
        kamailio = self.keep(config=self.config(commit_ms=500))
        expected = dict(self.ask(kamailio) for _ in range(50))
        kamailio.close()
        kamailio.may_be_dead = True
        self.check_records({call_id: reason for call_id, (_, reason) in expected.items()})

    def test_end_right_after_the_start_loses_nothing(self):
        """Also while the process that writes is still opening store and spill directory."""
        expected = {}
        for _ in range(8):
            shutil.rmtree(self.folder / "spill", ignore_errors=True)
            kamailio = self.keep()
            call_id, (_, reason) = self.ask(kamailio)
            expected[call_id] = reason
            kamailio.close()
            kamailio.may_be_dead = True
        self.check_records(expected)

    def test_process_killed_ends_kamailio_and_what_was_stored_stays(self):
        kamailio = self.keep()
        kamailio.may_be_dead = True
        first = self.mixed_calls(kamailio, 486)
        self.assertTrue(eventually(lambda: kamailio.stats()["evidence_stored"] == len(first)))
        writer = kamailio.processes("callvet evidence")
        self.assertEqual(len(writer), 1)
        os.kill(writer[0], signal.SIGKILL)
        kamailio.process.wait(10)
        again = self.keep()
        second = self.mixed_calls(again, 486)
        again.close()
        again.may_be_dead = True
        self.check_records({**first, **second})

    def test_store_that_is_unavailable(self):
        """Calls go on, records wait in the spill directory, and come into the store later."""
        kamailio = self.keep()
        expected = self.mixed_calls(kamailio, 486)
        self.assertTrue(eventually(lambda: kamailio.stats()["evidence_stored"] == len(expected)))
        with self.locked_store():
            expected.update(self.mixed_calls(kamailio, 486))
            self.assertTrue(eventually(lambda: kamailio.stats()["evidence_spilled"] > 0, 30))
            stats = kamailio.stats()
            self.assertEqual((stats["evidence_failing"], stats["evidence_refused"]), (1, 0))
            self.assertTrue(eventually(lambda: "evidence: failing" in kamailio.log_text()))
        self.assertTrue(eventually(lambda: kamailio.stats()["evidence_stored"] == len(expected), 30))
        self.assertTrue(eventually(lambda: "the store takes records again" in kamailio.log_text()))
        self.check_records(expected)

    def fill(self, kamailio, name):
        """Calls until statistic `name` says that there is no room left: Call-ID -> answer."""
        answers = {}
        while kamailio.stats()[name] < 5:
            answers.update(self.ask(kamailio, caller="43999%04d" % i) for i in range(25))
            self.assertLess(len(answers), 1000, kamailio.stats())
        return answers

    FULL = {"spill_dir": None, "queued_records": 100, "commit_records": 1}

    def test_full_refuses_calls(self):
        kamailio = self.keep(config=self.config(**self.FULL), EVIDENCE_QUEUE=64)
        good = self.ask(kamailio, self.lab.sign())
        self.assertEqual(good[1], (486, "verified"))
        self.assertTrue(eventually(lambda: kamailio.stats()["evidence_stored"] == 1))
        with self.locked_store():
            answers = self.fill(kamailio, "evidence_refused")
            # A good call neither, by whatever way it is judged.
            self.assertEqual(self.ask(kamailio, self.lab.sign())[1], (503, "evidence-not-kept"))
            self.assertEqual(self.ask(kamailio, self.lab.sign(x5u="/hang-full"))[1], (503, "evidence-not-kept"))
            refused = kamailio.stats()["evidence_refused"]
        self.assertTrue(eventually(
            lambda: "were refused, because their evidence cannot be kept" in kamailio.log_text()))
        self.assertEqual(set(answers.values()), {(428, "no-identity"), (503, "evidence-not-kept")})
        expected = {call_id: reason for call_id, (code, reason) in answers.items() if code == 428}
        self.assertEqual(refused, len(answers) - len(expected) + 2)
        self.assertTrue(eventually(lambda: kamailio.stats()["evidence_stored"] == len(expected) + 1, 30))
        after = self.ask(kamailio, self.lab.sign())
        self.assertEqual(after[1], (486, "verified"))
        kamailio.close()
        kamailio.may_be_dead = True
        expected.update({good[0]: "verified", after[0]: "verified"})
        self.assertEqual({c: r["reason"] for c, r in self.records().items()}, expected)
        self.audit()

    def test_full_counts_lost_calls(self):
        kamailio = self.keep(config=self.config(when_full="count", **self.FULL), EVIDENCE_QUEUE=64)
        first = self.ask(kamailio)[0]  # the store is open now
        self.assertTrue(eventually(lambda: kamailio.stats()["evidence_stored"] == 1))
        with self.locked_store():
            answers = self.fill(kamailio, "evidence_lost")
            self.assertEqual(self.ask(kamailio, self.lab.sign())[1], (486, "verified"))
            lost = kamailio.stats()["evidence_lost"]
            self.assertTrue(eventually(lambda: "LOST: " in kamailio.log_text()))
        self.assertEqual(set(answers.values()), {(428, "no-identity")})
        kamailio.close()
        kamailio.may_be_dead = True
        records = self.records()
        self.assertIn(first, records)
        self.assertEqual(len(records), len(answers) + 2 - lost)
        self.audit()

    def test_by_parameters(self):
        """Without waiting, with numbers as keyed hashes; the id is in $callvet(evidence_id)."""
        key = self.folder / "number.key"
        key.write_text(secrets.token_hex(32))
        key.chmod(0o600)
        ports = ",".join(str(server.server_address[1]) for server in self.lab.web.servers)
        kamailio = self.start(HERE / "functions.cfg", ANCHORS=str(self.lab.folder / "carrier/root.pem"), PORTS=ports,
                              EVIDENCE_STORE=str(self.store), EVIDENCE_SPILL=str(self.folder / "spill"),
                              EVIDENCE_NUMBER_KEY=str(key), EVIDENCE_ON_FULL="refuse")
        ids = {}
        for identities in ([], [self.lab.sign()]):
            client = Client(kamailio.port)
            reply = client.request(headers=["X-Do: check", *("Identity: " + i for i in identities)])
            ids[reply.header("X-Evidence")] = (client.call_id, reply.header("X-Callvet"))
        value = Client(kamailio.port).request(headers=[
            "X-Do: value", "X-Identity: " + self.lab.sign(), f"X-Orig: +{CALLER}", f"X-Dest: +{CALLED}", "X-Time: 0"])
        self.assertEqual((value.header("X-Callvet"), value.header("X-Evidence")), ("verified", "<null>"))  # no call
        kamailio.close()
        kamailio.may_be_dead = True
        with_key = ("--number-key", key)
        records = self.records(*with_key)
        self.assertEqual({r["id"]: (c, r["reason"]) for c, r in records.items()}, ids)
        found = self.records("--orig", "+" + CALLER, *with_key)
        self.assertEqual(len(found), 2)
        for record in found.values():
            self.assertEqual(self.verify(record, *with_key), "repeated")
        self.assertNotIn(CALLER.encode(), self.store.read_bytes())
        self.audit(*with_key)

    def test_what_does_not_go_together_stops_the_start(self):
        wrong = [self.config(when_full="maybe"), self.config(store=None), self.config(number_key="/nonexistent")]
        for config in wrong:
            with self.assertRaisesRegex(AssertionError, "did not come up"):
                laboratory.Kamailio(self.lab, INLINE, config=config)

    def test_store_that_cannot_be_opened_ends_kamailio(self):
        """Not as if in order: what watches it starts it again then."""
        with self.assertRaisesRegex(AssertionError, "did not come up") as caught:
            self.keep(config=self.config(store="/nonexistent/calls.db"))
        self.assertIn("the folder /nonexistent of the store is not there", str(caught.exception))
        self.assertRegex(str(caught.exception), r"exit code (?!0\b)\d+")

    def test_the_check_at_the_start_makes_nothing(self):
        """It is root's, where Kamailio changes its user later."""
        config = self.config(spill_dir=str(self.folder / "file/spill"))
        (self.folder / "file").write_text("")
        with self.assertRaisesRegex(AssertionError, "file/spill/lock: Not a directory"):
            self.keep(config=config)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["file"])

    def test_spill_directory_in_use_stops_the_start(self):
        self.keep()
        with self.assertRaisesRegex(AssertionError, "is used by another process"):
            laboratory.Kamailio(self.lab, INLINE, config=self.config())


if __name__ == "__main__":
    reason = laboratory.why_not()
    if reason:
        print(f"SKIPPED: the SIP tests are NOT run: {reason}", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2, warnings="ignore")
