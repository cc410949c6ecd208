#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Kamailio module counts calls by their sources: over all its SIP workers, over several Kamailios with Redis, over a
restart with evidence.

    pools_test.py [unittest's options]"""

import json
import pathlib
import re
import secrets
import sys
import time
import unittest

import lab as laboratory
from evidence_test import eventually
from lab import CALLVET, Client, run
from sip_test import INLINE, SipTest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "service"))
from redis_server import Redis, Unavailable  # noqa: E402

POLICY = {"country": "US", "default": {"overrides": {"no-identity": {"action": "pass"}}},
          "pools": [{"name": "dialler", "sources": ["trunk"], "calls": 100, "callers": 50, "callees_per_call": 0.8,
                     "action": "reject", "for": 3600}]}
TRUNK = "127.0.0.1"


class Pools(SipTest):
    count = 0

    def config(self, pools=None, **changes):
        Pools.count += 1
        return self.lab.write_config(f"pools-{Pools.count}.json", POLICY, pools=pools or {}, **changes)

    def dial(self, kamailio, count, first=0):
        """What becomes of calls, each of another number to another one."""
        answers = []
        for i in range(count):
            number = 1000 + first + i
            answers.append(Client(kamailio.port).request(caller=f"1215555{number}", called=f"1312555{number}").code)
        return answers

    def flagged(self, kamailio):
        text = kamailio.kamcmd("callvet.pools")
        return [dict(re.findall(r"(\w+): (\S+)", block)) for block in text.split("}") if "kind" in block]

    def test_workers_count_together_and_reject(self):
        kamailio = self.start(config=self.config(), workers=4)
        self.assertIn("in this Kamailio alone", kamailio.log_text())
        self.assertEqual(set(self.dial(kamailio, 99)), {486})
        self.assertTrue(eventually(lambda: kamailio.stats()["pools_counted"] == 99))
        self.assertEqual(self.flagged(kamailio), [])
        self.dial(kamailio, 41, first=200)
        self.assertTrue(eventually(lambda: self.flagged(kamailio)))
        flag, = self.flagged(kamailio)
        self.assertEqual((flag["kind"], flag["value"], flag["rule"], flag["action"]), ("trunk", TRUNK, "dialler", "reject"))
        self.assertGreaterEqual(int(flag["calls"]), 100)
        # Every worker acts by it, and no emergency call is refused.
        time.sleep(0.7)
        self.assertNotIn(486, self.dial(kamailio, 12, first=400))
        self.assertEqual(Client(kamailio.port).request(caller="12155550177", called="911").code, 486)
        self.assertEqual(kamailio.stats()["pool_lost"], 0)
        # Released.
        kamailio.kamcmd("callvet.pool_release", "trunk", "other", check=False)
        self.assertTrue(self.flagged(kamailio))
        kamailio.kamcmd("callvet.pool_release", "trunk", TRUNK)
        self.assertTrue(eventually(lambda: not self.flagged(kamailio)))
        self.assertEqual(set(self.dial(kamailio, 12, first=500)), {486})

    def test_a_flag_outlives_a_restart(self):
        store = self.lab.folder / f"pools-{time.monotonic_ns()}.db"
        config = self.config(evidence={"store": str(store), "commit_ms": 1})
        kamailio = self.start(config=config)
        self.dial(kamailio, 140)
        self.assertTrue(eventually(lambda: self.flagged(kamailio)))
        kamailio.close()
        kamailio.may_be_dead = True
        self.assertNotIn("LOST", kamailio.log_text())
        report = json.loads(run(CALLVET, "evidence", "report", "--store", store, "--by", "trunk", "--json"))
        self.assertEqual([pool["value"] for pool in report["flagged_pools"]], [TRUNK])
        self.assertTrue(report["flagged_pools"][0]["sample"][-1]["evidence_id"])
        self.assertIn("INTACT", run(CALLVET, "evidence", "audit", "--store", store))
        again = self.start(config=config)
        self.assertTrue(eventually(lambda: self.flagged(again)))
        self.assertNotEqual(self.dial(again, 1, first=700), [486])
        again.kamcmd("callvet.pool_release", "trunk", TRUNK)
        self.assertTrue(eventually(lambda: not self.flagged(again)))
        again.close()
        again.may_be_dead = True
        report = json.loads(run(CALLVET, "evidence", "report", "--store", store, "--by", "trunk", "--json"))
        pool, = report["flagged_pools"]
        self.assertEqual(pool["released_by"], "rpc")

    def test_two_kamailios_count_together_by_redis(self):
        try:
            redis = Redis()
        except Unavailable as why:
            self.skipTest(str(why))
        self.addCleanup(redis.close)
        key = self.lab.folder / "pools.key"
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32))
        section = {"hash_key": str(key), "redis": {"port": redis.port, "timeout_ms": 300, "retry_ms": 200}}
        both = [self.start(config=self.config(section)) for _ in range(2)]
        for number, kamailio in enumerate(both):
            self.assertEqual(set(self.dial(kamailio, 70, first=100 * number)), {486})
        for number, kamailio in enumerate(both):
            self.assertTrue(eventually(lambda: self.dial(kamailio, 1, first=500 + number) and self.flagged(kamailio)))
            self.assertGreaterEqual(int(self.flagged(kamailio)[0]["calls"]), 100)  # alone none has 80
        redis.stop()
        self.assertTrue(eventually(lambda: self.dial(both[0], 1) and both[0].stats()["pools_share_failing"] == 1))
        self.assertNotEqual(self.dial(both[0], 1, first=900), [486])  # flagged still, and nobody waits

    def test_parameters_that_do_not_go_together_are_refused(self):
        for config in ({"memory_mb": 1}, {"redis": {}}):
            with self.assertRaises(AssertionError):
                self.start(config=self.config(config))


if __name__ == "__main__":
    reason = laboratory.why_not()
    if reason:
        print(f"SKIPPED: the SIP tests are NOT run: {reason}", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2, warnings="ignore")
