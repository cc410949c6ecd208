#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shipped rules against the traffic of tools/simulate: what evades limits per number is flagged in time, and nobody
else is."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

CALLVET = os.environ["CALLVET"]
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RULES = ROOT / "tools/policy/pools.json"


def generate(*options):
    return subprocess.run([sys.executable, str(ROOT / "tools/simulate"), *options], capture_output=True, text=True,
                          timeout=200, check=True).stdout


def simulate(calls, *options, policy=RULES):
    return subprocess.run([CALLVET, "pools", "simulate", str(policy), "-", *options], input=calls, capture_output=True,
                          text=True, timeout=200, check=False)


class Simulation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.calls = {seed: generate("--seed", str(seed), "--minutes", "60", "--start", "10")
                     for seed in (1, 2)}

    def report(self, seed=1, **more):
        run = simulate(self.calls[seed], "--json", **more)
        self.assertEqual(run.returncode, 0, run)
        return json.loads(run.stdout)

    def test_a_policy_without_rules_is_said(self):
        run = simulate("", policy=ROOT / "tools/policy/atis.json")
        self.assertEqual(run.returncode, 0, run)
        self.assertIn("atis.json has no rules", run.stderr)
        self.assertEqual(simulate("").stderr, "")

    def test_the_same_seed_gives_the_same_calls(self):
        again = generate("--seed", "1", "--minutes", "60", "--start", "10")
        self.assertEqual(again, self.calls[1])
        self.assertNotEqual(self.calls[1], self.calls[2])

    def test_who_evades_limits_per_number_is_flagged_within_ten_minutes(self):
        for seed in self.calls:
            classes = self.report(seed)["classes"]
            for label, actors in (("dialler", 3), ("sim-box", 2), ("spoofer", 1)):
                found = classes[label]
                self.assertEqual((found["actors"], found["actors_flagged"]), (actors, actors), (seed, label))
                self.assertLessEqual(found["seconds_to_flag"], 600, (seed, label))
                self.assertGreaterEqual(found["hit_rate"], 0.75, (seed, label))

    def test_nobody_else_is(self):
        for seed in self.calls:
            report = self.report(seed)
            self.assertGreater(report["classes"]["subscriber"]["actors"], 2_000)
            for label in ("subscriber", "office", "call-centre", "gateway"):
                found = report["classes"][label]
                self.assertGreater(found["calls"], 50, label)
                self.assertEqual((found["calls_hit"], found["actors_flagged"]), (0, 0), (seed, label))
            kinds = {(source["kind"], source["value"]) for source in report["flagged_sources"]}
            # Signed ones are found by their origid alone: the carriers' trunks, by which they come, are not flagged.
            self.assertEqual({value for kind, value in kinds if kind == "trunk"},
                             {"dialler-unsigned", "sim-box-1", "spoofer"})
            self.assertEqual(sum(kind == "origid" for kind, _ in kinds), 3)

    def test_a_rule_per_number_beside_it_misses_them_and_hits_call_centres(self):
        for seed in self.calls:
            classes = self.report(seed)["classes"]
            for label in ("dialler", "sim-box", "spoofer"):
                self.assertEqual(classes[label]["per_number"]["calls_hit"], 0, (seed, label))
            self.assertGreater(classes["call-centre"]["per_number"]["actors_flagged"], 0)

    def test_without_rules_nothing_is_flagged(self):
        with tempfile.TemporaryDirectory(prefix="callvet-pools-") as folder:
            empty = pathlib.Path(folder) / "empty.json"
            empty.write_text("{}")
            self.assertEqual(self.report(policy=empty)["flagged_sources"], [])

    def test_the_table_for_people(self):
        run = simulate(self.calls[1])
        self.assertEqual(run.returncode, 0, run)
        self.assertIn("dialler-unsigned", run.stdout)
        self.assertIn("per number", run.stdout)


class Input(unittest.TestCase):
    def test_unusable_lines_are_named(self):
        good = '{"time":1790000000,"class":"a","actor":"a","caller":"1","callee":"2","trunk":"t"}\n'
        self.assertEqual(simulate(good).returncode, 0)
        for bad in ("{", '{"class":"a"}', '{"time":-1}', '{"time":1e300}', '{"time":1790000000,"trunks":"t"}',
                    '{"time":1789999999,"class":"a"}', '{"time":1790000001,"verified":"yes"}'):
            run = simulate(good + bad + "\n")
            self.assertEqual(run.returncode, 2, bad)
            self.assertIn("line 2", run.stderr)

    def test_claims_of_calls_that_are_not_verified_do_not_count(self):
        lines = [json.dumps({"time": 1790000000 + i, "class": "forger", "actor": "forger", "caller": str(10_000 + i % 64),
                             "callee": str(20_000 + i), "signer": "4321", "origid": "victim"}) for i in range(500)]
        report = json.loads(simulate("\n".join(lines), "--json").stdout)
        self.assertEqual((report["flagged_sources"], report["sources"]), ([], 0))


if __name__ == "__main__":
    unittest.main()
