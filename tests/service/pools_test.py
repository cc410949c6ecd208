#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Caller pools in the service: flagged by the policy's rules, listed, released, never against an emergency call; two
services that share a Redis flag what neither would alone."""

import contextlib
import csv
import io
import json
import pathlib
import secrets
import sqlite3
import subprocess
import sys
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "evidence"))
from postgres import Postgres  # noqa: E402
from postgres import Unavailable as NoPostgres  # noqa: E402
from redis_server import Nonsense, Redis, Unavailable  # noqa: E402
from support import CALLED, CALLER, CALLVET, PATIENCE, TOKENS, Lab, Server  # noqa: E402

READ, ADMIN = TOKENS["read-evidence"], TOKENS["admin"]
RULE = {"name": "dialler", "calls": 100, "callers": 50, "callees_per_call": 0.8, "action": "reject", "for": 3600}
ORIGID = "de305d54-75b4-431b-adb2-eb6b9e546014"


class Served(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()

    @classmethod
    def tearDownClass(cls):
        cls.lab.close()

    def serve(self, pools=None, rule=None, **changes):
        policy = self.lab.folder / f"policy-{time.monotonic_ns()}.json"
        policy.write_text(json.dumps({
            "country": "US", "default": {"overrides": {"no-identity": {"action": "pass"}}},
            "pools": [{**RULE, **(rule or {})}]}))
        server = Server(self.lab, policy=str(policy), pools=pools if pools is not None else {}, **changes)
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        return server

    def dial(self, server, count, first=0, trunk="bad", **more):
        """Unsigned calls, each of another number to another one; what becomes of each."""
        lines = [json.dumps({"from": f"+1215555{1000 + first + i}", "to": f"+1312555{1000 + first + i}", "trunk": trunk,
                             **more}) for i in range(count)]
        status, _, text = server.request("POST", "/v1/calls:batch", "\n".join(lines) + "\n")
        self.assertEqual(status, 200, text)
        answers = [json.loads(line) for line in text.splitlines()]
        self.assertEqual(len(answers), count)
        return [answer["disposition"]["action"] for answer in answers]

    def call(self, server, **members):
        status, _, text = server.request("POST", "/v1/calls", {"from": "+12155550177", "to": "+12155550178", **members})
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def listed(self, server):
        status, _, text = server.request("GET", "/v1/pools", token=READ)
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def metric(self, server, name):
        text = server.request("GET", "/metrics", token=READ)[2]
        return float(next(line.split()[1] for line in text.splitlines() if line.startswith(name + " ")))

    def wait_until(self, holds):
        for _ in range(PATIENCE * 10):
            if holds():
                return
            time.sleep(0.1)
        self.fail("it did not come about")


class Pools(Served):
    def test_a_dialler_is_flagged_and_its_further_calls_are_refused(self):
        server = self.serve({"numbers": "clear"})
        actions = self.dial(server, 150)
        self.assertEqual(set(actions[:100]), {"pass"})
        self.assertEqual(set(actions[132:]), {"reject"})  # rules are asked every 32 calls, or every second
        answer = self.call(server, trunk="bad")
        self.assertEqual((answer["disposition"]["reason"], answer["disposition"]["action"]), ("caller-pool", "reject"))
        self.assertEqual(self.call(server, trunk="good")["disposition"]["action"], "pass")
        pool, = self.listed(server)["pools"]
        self.assertEqual((pool["kind"], pool["value"], pool["rule"], pool["action"], pool["counted_by"]),
                         ("trunk", "bad", "dialler", "reject", "this-process"))
        self.assertGreaterEqual(pool["figures"]["calls"], 100)
        self.assertGreaterEqual(pool["figures"]["callers"], 50)
        self.assertTrue(pool["sample"])
        for call in pool["sample"]:
            self.assertRegex(call["caller"], r"^1215\*+$")
        self.assertEqual(self.metric(server, "callvet_pools_flagged"), 1)
        self.assertEqual(self.metric(server, "callvet_pool_calls_total"), 152)
        self.assertGreaterEqual(self.metric(server, "callvet_pool_hits_total"), 19)

    def test_emergency_calls_of_a_flagged_source_go_through(self):
        server = self.serve()
        self.dial(server, 140)
        self.assertEqual(self.call(server, trunk="bad")["disposition"]["action"], "reject")
        help_call = self.call(server, trunk="bad", to="911")["disposition"]
        self.assertTrue(help_call["emergency"])
        self.assertNotEqual(help_call["action"], "reject")

    def test_a_flag_never_lets_a_refused_call_pass(self):
        server = self.serve(rule={"action": "report"})
        self.dial(server, 140)
        forged = self.call(server, trunk="bad", identity=self.lab.sign(), to="+" + CALLED)  # signed for another caller
        self.assertEqual((forged["disposition"]["action"], forged["disposition"]["reason"]), ("reject", "orig-mismatch"))
        self.assertEqual(self.call(server, trunk="bad")["disposition"]["action"], "pass")

    def test_release(self):
        server = self.serve()
        self.dial(server, 140)
        status, _, text = server.request("POST", "/v1/pools/release", {"kind": "trunk", "value": "bad"}, token=ADMIN)
        self.assertEqual((status, json.loads(text)), (200, {"released": True}))
        self.assertEqual(self.listed(server)["pools"], [])
        self.assertEqual(set(self.dial(server, 20, first=200)), {"pass"})
        for body, expected in (({"kind": "trunk", "value": "bad"}, 404), ({"kind": "number", "value": "1"}, 400),
                               ({"kind": "trunk"}, 400), ({"kind": "trunk", "value": "x", "seconds": -1}, 400),
                               ({"kind": "trunk", "value": "x", "for": 1}, 400)):
            self.assertEqual(server.request("POST", "/v1/pools/release", body, token=ADMIN)[0], expected, body)
        self.assertEqual(server.stop(), 0)
        self.assertIn("pool-released", server.log())

    def test_unverified_claims_frame_nobody_and_verified_ones_count(self):
        good = self.lab.sign("--origid", ORIGID)
        loose = {"calls": 50, "callers": 1, "callees_per_call": 0, "action": "tag"}
        for kind, value in (("origid", ORIGID), ("signer", "4321")):
            server = self.serve(rule={**loose, "sources": [kind]})
            for caller, expected in (("+12155550199", []), ("+" + CALLER, [(kind, value)])):
                line = json.dumps({"from": caller, "to": "+" + CALLED, "identity": good})
                server.request("POST", "/v1/calls:batch", (line + "\n") * 90)
                pools = [(pool["kind"], pool["value"]) for pool in self.listed(server)["pools"]]
                self.assertEqual(pools, expected)
            answer = self.call(server, **{"from": "+" + CALLER, "to": "+" + CALLED, "identity": good})
            self.assertEqual((answer["reason"], answer["disposition"]["action"]), ("verified", "tag"))

    def test_the_atis_interface_counts_too(self):
        server = self.serve()
        server.verify(self.lab.sign())
        server.verify(None)  # a heartbeat
        self.assertEqual(self.listed(server)["counters"]["calls"], 1)

    def test_samples_name_the_evidence(self):
        store = self.lab.folder / "pools.db"
        server = self.serve(evidence={"store": str(store)})
        self.dial(server, 140)
        pool, = self.listed(server)["pools"]
        record = pool["sample"][-1]
        self.assertRegex(record["caller"], "^[0-9a-f]{16}$")
        self.wait_until(lambda: server.request("GET", "/v1/evidence/" + record["evidence_id"], token=READ)[0] == 200)
        status, _, text = server.request("GET", "/v1/report?by=trunk", token=READ)
        self.assertEqual((status, json.loads(text)["flagged_pools"]), (200, [{**pool, "released": None, "released_by": None}]))

    def store(self, name):
        path = self.lab.folder / f"{name}-{time.monotonic_ns()}.db"
        return path, {"store": str(path), "commit_ms": 1}

    def report(self, server, **query):
        status, _, text = server.request("GET", "/v1/report?" + urllib.parse.urlencode({"by": "trunk", **query}), token=READ)
        self.assertEqual(status, 200, text)
        return list(csv.DictReader(io.StringIO(text, newline=""))) if "format" in query else json.loads(text)

    def kept(self, store):
        """Records of flags and releases."""
        with contextlib.closing(sqlite3.connect(store)) as database:
            tables = [name for name, in database.execute("SELECT name FROM sqlite_schema WHERE name GLOB 'record_[0-9]*' AND type = 'table'")]
            return [json.loads(text) for table in tables
                    for text, in database.execute(f"SELECT text FROM {table} WHERE kind = 4 ORDER BY seq")]

    def test_a_flag_outlives_a_restart_and_a_crash(self):
        for crash in (False, True):
            path, evidence = self.store("restart")
            server = self.serve(evidence=evidence)
            self.dial(server, 140)
            before, = self.listed(server)["pools"]
            if crash:
                self.wait_until(lambda: self.kept(path))
                server.process.kill()
                server.process.wait()
            else:
                self.assertEqual(server.stop(), 0)
            again = self.serve(evidence=evidence)
            self.assertEqual(self.call(again, trunk="bad")["disposition"]["reason"], "caller-pool")
            self.assertEqual(self.call(again, trunk="good")["disposition"]["action"], "pass")
            after, = self.listed(again)["pools"]
            self.assertEqual({name: after[name] for name in ("kind", "value", "rule", "action", "since")},
                             {name: before[name] for name in ("kind", "value", "rule", "action", "since")})
            self.assertLessEqual(after["until"], before["until"])
            self.assertTrue(after["sample"])

    def test_a_release_outlives_a_restart(self):
        path, evidence = self.store("released")
        server = self.serve(evidence=evidence)
        self.dial(server, 140)
        self.wait_until(lambda: self.kept(path))
        body = {"kind": "trunk", "value": "bad"}
        self.assertEqual(server.request("POST", "/v1/pools/release", body, token=ADMIN)[0], 200)
        self.assertEqual(server.stop(), 0)
        again = self.serve(evidence=evidence)
        self.assertEqual(self.listed(again)["pools"], [])
        self.assertEqual(set(self.dial(again, 150, first=300)), {"pass"})  # for an hour
        pool, = self.report(again)["flagged_pools"]
        self.assertEqual((pool["value"], pool["released_by"]), ("bad", "admin"))
        self.assertGreaterEqual(pool["released"], pool["since"])

    def test_a_question_that_says_two_things_is_refused(self):
        server = self.serve(evidence=self.store("twice")[1])
        for query in ("from=1&from=2", "by=trunk&by=", "to=1&%74o=2"):
            self.assertEqual(server.request("GET", "/v1/report?" + query, token=READ)[0], 400, query)

    def test_a_flag_that_is_released_at_once_is_in_the_report(self):
        path, evidence = self.store("at-once")
        server = self.serve(evidence=evidence)
        self.dial(server, 140)
        body = {"kind": "trunk", "value": "bad"}
        self.assertEqual(server.request("POST", "/v1/pools/release", body, token=ADMIN)[0], 200)
        self.wait_until(lambda: len(self.kept(path)) == 2)
        pool, = self.report(server)["flagged_pools"]
        self.assertEqual((pool["value"], pool["released_by"]), ("bad", "admin"))

    def test_every_form_of_the_report_names_what_was_flagged(self):
        path, evidence = self.store("report")
        server = self.serve(rule={"name": "=2+3", "for": 60}, evidence=evidence)
        self.dial(server, 140, trunk="@bad")
        rows = [row for row in self.report(server, format="csv") if row["row"] == "pool"]
        self.assertEqual([(row["by"], row["party"], row["rule"], row["action"], row["released"]) for row in rows],
                         [("trunk", "'@bad", "'=2+3", "reject", "")])
        self.assertGreaterEqual(int(rows[0]["calls"]), 100)
        self.assertEqual(server.stop(), 0)
        # From the store alone, also when nobody runs.
        def report(*options):
            return subprocess.run([CALLVET, "evidence", "report", "--store", str(path), "--by", "trunk", *options],
                                  capture_output=True, text=True, timeout=60, check=True).stdout
        self.assertRegex(report(), r"trunk +@bad +=2\+3 +reject")
        pool, = json.loads(report("--json"))["flagged_pools"]
        self.assertEqual((pool["kind"], pool["value"], pool["rule"]), ("trunk", "@bad", "=2+3"))
        self.assertIn("\npool,trunk,'@bad,", report("--format", "csv").replace("\r", ""))
        self.assertEqual(json.loads(report("--json", "--to", "2020-01-02T00:00:00Z"))["flagged_pools"], [])
        audit = subprocess.run([CALLVET, "evidence", "audit", "--store", str(path)], capture_output=True, text=True,
                               timeout=60, check=False)
        self.assertIn("INTACT", audit.stdout + audit.stderr)

    def test_a_kept_flag_that_cannot_be_read_is_named(self):
        path, evidence = self.store("altered")
        server = self.serve(evidence=evidence)
        self.dial(server, 140)
        self.wait_until(lambda: self.kept(path))
        self.assertEqual(server.stop(), 0)
        record = self.kept(path)[0]["id"]
        shown = subprocess.run([CALLVET, "evidence", "show", "--store", str(path), record], capture_output=True, text=True,
                               timeout=60, check=True).stdout
        self.assertIn('"rule":"dialler"', shown)
        self.assertNotIn("sealed", shown)
        with contextlib.closing(sqlite3.connect(path)) as database:
            table, = [name for name, in database.execute("SELECT name FROM sqlite_schema WHERE name GLOB 'record_[0-9]*' AND type = 'table'")]
            database.execute(f"UPDATE {table} SET text = replace(text, '\"flagged\"', '\"fragged\"') WHERE kind = 4")
            database.commit()
        again = self.serve(evidence=evidence)
        self.wait_until(lambda: record in again.log())
        status, _, text = again.request("GET", "/v1/report?by=trunk", token=READ)
        self.assertNotEqual(status, 200)
        self.assertIn(record, text)
        told = subprocess.run([CALLVET, "evidence", "report", "--store", str(path)], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(told.returncode, 1)
        self.assertIn(record, told.stderr)

    def test_without_the_section_there_are_no_pools(self):
        server = Server(self.lab)
        self.addCleanup(server.stop)
        self.assertEqual(server.request("GET", "/v1/pools", token=READ)[0], 404)

    def test_a_wrong_section_is_refused(self):
        config = self.lab.folder / "wrong.json"

        def check(section):
            config.write_text(json.dumps({"trust": {"anchors": str(self.lab.folder / "carrier/root.pem")},
                                          "pools": section}))
            return subprocess.run([CALLVET, "serve", "--config", str(config), "--check-config"], capture_output=True,
                                  timeout=60, check=False).returncode

        self.assertEqual(check({}), 0)
        for section in ({"memory_mb": 1}, {"numbers": "shown"}, {"redis": {}}, {"redis": {"hosts": "x"}},
                        {"hash_key": "/nowhere"}):
            self.assertEqual(check(section), 2, section)


class Shared(Served):
    """Two services and one Redis."""

    def setUp(self):
        try:
            self.redis = Redis()
        except Unavailable as why:
            self.skipTest(str(why))
        self.addCleanup(self.redis.close)
        key = self.lab.folder / f"pools-{time.monotonic_ns()}.key"
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32))
        self.section = {"hash_key": str(key), "redis": {"port": self.redis.port, "timeout_ms": 300, "retry_ms": 200}}

    def shared(self, server):
        return self.listed(server)["counters"]["shared"]

    def test_two_services_flag_what_neither_would_alone(self):
        servers = [self.serve(self.section), self.serve(self.section)]
        for number, server in enumerate(servers):
            self.assertEqual(set(self.dial(server, 70, first=100 * number)), {"pass"})
        for number, server in enumerate(servers):
            # Each notices with its next calls.
            def flagged(server=server, number=number):
                self.dial(server, 1, first=500 + number)
                return self.listed(server)["pools"]
            self.wait_until(flagged)
            pool, = self.listed(server)["pools"]
            self.assertEqual((pool["value"], pool["counted_by"]), ("bad", "all"))
            # The last calls of the other one may not have been told of yet.
            self.assertGreater(pool["figures"]["calls"], 100)
            self.assertTrue(pool["sample"])
            self.assertEqual(self.call(server, trunk="bad")["disposition"]["reason"], "caller-pool")
        # Released at one, it is at both.
        status = servers[0].request("POST", "/v1/pools/release", {"kind": "trunk", "value": "bad"}, token=ADMIN)[0]
        self.assertEqual(status, 200)

        def released():
            self.dial(servers[1], 1, first=600)
            return not self.listed(servers[1])["pools"]
        self.wait_until(released)

    def test_two_services_with_one_database_are_one_flag_in_the_report(self):
        try:
            database = Postgres()
        except NoPostgres as why:
            self.skipTest(str(why))
        self.addCleanup(database.close)
        evidence = {"store": database.url, "commit_ms": 1, "checkpoint_key": str(self.lab.folder / "carrier/leaf.key")}
        servers = [self.serve(self.section, evidence=evidence), self.serve(self.section, evidence=evidence)]
        for number, server in enumerate(servers):
            self.dial(server, 140, first=200 * number)
            self.assertEqual(len(self.listed(server)["pools"]), 1)
        for server in servers:
            self.assertEqual(server.stop(), 0)
        again = self.serve(self.section, evidence=evidence)
        self.assertEqual(self.call(again, trunk="bad")["disposition"]["reason"], "caller-pool")
        status, _, text = again.request("GET", "/v1/report?by=trunk", token=READ)
        self.assertEqual(status, 200, text)
        self.assertEqual([pool["value"] for pool in json.loads(text)["flagged_pools"]], ["bad"])

    def test_redis_holds_no_number_and_no_name_and_keys_of_a_source_share_a_tag(self):
        server = self.serve(self.section)
        self.dial(server, 5, trunk="bad-trunk")
        self.wait_until(lambda: self.shared(server) == 5)
        keys = [line for line in self.redis.command("KEYS", "*").decode().split("\r\n") if line.startswith("callvet")]
        self.assertIn(len(keys), (3, 6))  # of a minute, or of two
        self.assertEqual(len({key[key.index("{"):key.index("}")] for key in keys}), 1)
        for key in keys:
            self.assertRegex(key, r"^callvet:pool:\{[0-9a-f]{32}\}:\d+:[abn]$")
            ttl = int(self.redis.command("TTL", key).decode().strip().lstrip(":"))
            self.assertTrue(0 < ttl <= 3900, ttl)
            # What is in it: members of a set, a string (also of a sketch), whatever it is as a dump.
            held = b"".join(self.redis.command(command, key) for command in ("SMEMBERS", "GET", "DUMP"))
            for said in (b"bad-trunk", b"1215555", b"1312555"):
                self.assertNotIn(said, held, key)

    def test_a_redis_that_answers_nonsense_flags_nobody_and_stops_nothing(self):
        for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"*1000000000\r\n", b"*-7\r\n", b"$99999999999999\r\nx",
                       b":9223372036854775807\r\n" * 5000, b":-9223372036854775808\r\n" * 5000, b"$18\r\n999999999999999999\r\n" * 5000,
                       b"*3\r\n$18\r\n999999999999999999\r\n$-1\r\n:-1\r\n" * 5000, b"*1\r\n" * 200, b"-ERR no\r\n" * 5000, b"\x00\xff" * 999):
            with self.subTest(answer[:20]):
                fake = Nonsense(answer)
                self.addCleanup(fake.close)
                section = {**self.section, "redis": {**self.section["redis"], "port": fake.port, "timeout_ms": 100}}
                server = self.serve(section)
                self.assertEqual(set(self.dial(server, 60, trunk="other")), {"pass"})
                self.wait_until(lambda: fake.connections > 0)
                self.assertEqual(set(self.dial(server, 10, first=100, trunk="other")), {"pass"})
                time.sleep(0.7)
                self.assertEqual(self.listed(server)["pools"], [])
                self.assertIn("reject", self.dial(server, 150, first=300))
                self.assertEqual(server.stop(), 0)

    def test_a_release_for_ever_in_redis_harms_no_record(self):
        path, evidence = self.lab.folder / f"forever-{time.monotonic_ns()}.db", {}
        evidence = {"store": str(path), "commit_ms": 1}
        server = self.serve(self.section, evidence=evidence)
        self.dial(server, 140)
        self.assertEqual(len(self.listed(server)["pools"]), 1)
        self.wait_until(lambda: self.shared(server) == 140)
        keys = [line for line in self.redis.command("KEYS", "*").decode().split("\r\n") if line.startswith("callvet")]
        self.redis.command("SET", keys[0][:keys[0].index("}") + 2] + "released", "999999999999999999")

        def released():
            self.dial(server, 1, first=600)
            return not self.listed(server)["pools"]
        self.wait_until(released)
        self.assertEqual(server.stop(), 0)
        again = self.serve(self.section, evidence=evidence)
        status, _, text = again.request("GET", "/v1/report?by=trunk", token=READ)
        self.assertEqual(status, 200, text)
        self.assertEqual(json.loads(text)["flagged_pools"][0]["released_by"], "another process")

    def test_redis_stopped_and_started_again(self):
        server = self.serve(self.section)
        self.dial(server, 3, trunk="other")
        self.wait_until(lambda: self.shared(server) == 3)
        self.redis.stop()
        self.assertEqual(set(self.dial(server, 20, first=100, trunk="other")), {"pass"})
        self.wait_until(lambda: self.listed(server)["counters"]["redis_failure"])
        self.assertEqual(set(self.dial(server, 100, first=200)), {"pass"})
        self.assertIn("reject", self.dial(server, 40, first=400))  # what this process counts is enough by itself
        self.redis.start()
        before = self.shared(server)
        self.wait_until(lambda: self.dial(server, 1, first=900, trunk="other") and self.shared(server) > before)
        self.wait_until(lambda: self.listed(server)["counters"]["redis_failure"] is None)

    def test_a_redis_that_answers_nothing_delays_nothing(self):
        self.section["redis"]["timeout_ms"] = 60_000
        server = self.serve(self.section)
        self.dial(server, 1, trunk="other")
        self.wait_until(lambda: self.shared(server) == 1)
        self.redis.pause()
        for i in range(20):
            self.assertEqual(self.dial(server, 1, first=100 + i, trunk="other"), ["pass"])
        counters = self.listed(server)["counters"]
        # All were answered while Redis is still being waited for: no answer, and no failure yet.
        self.assertEqual((counters["shared"], counters["redis_failure"], counters["calls"]), (1, None, 21))
        self.redis.go_on()
        self.wait_until(lambda: self.shared(server) == 21)


if __name__ == "__main__":
    unittest.main()
