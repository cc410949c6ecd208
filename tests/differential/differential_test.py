#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds random calls, good and mutated, signed with python3-cryptography, and compares callvet's verdict with
that of an independent verifier: both must pass the same calls, and refuse the others with the same SIP code and,
where both name one, for the same reason.

The seed is printed; --seed repeats a run. Calls are made in lots with a lab (certificates) each; what the two
disagree on goes into --out: the lot's seed, the call, and both answers; --lot SEED (with the same --lot-size)
makes that lot again."""

import argparse
import collections
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile
import time

import independent_verifier
from random_calls import for_callvet, for_independent, make_call
from random_lab import Lab

ANSWER = re.compile(r'\{"id":"(\d+)","verstat":"([^"]*)","reason":"([^"]*)"')
CODE = re.compile(r'"sip":\{"code":(null|\d+)')


class Lot:
    """Calls with one lab."""

    def __init__(self, seed, count):
        self.seed = seed
        rng = random.Random(seed)
        self.lab = Lab(rng)
        self.calls = [make_call(f"{seed}-{i}", self.lab) for i in range(count)]
        self.identities = [call.identities() for call in self.calls]

    def independent(self):
        world = self.lab.world()
        return [independent_verifier.verdict(for_independent(call, identities), world)
                for call, identities in zip(self.calls, self.identities)]

    def callvet(self, folder, engines):
        """(SIP code or 0, reason) of each, by the first of `engines`; and the number of each call of which another one
        says anything else, to the letter."""
        calls = os.path.join(folder, "calls.ndjson")
        with open(calls, "w", encoding="ascii") as file:
            for i, (call, identities) in enumerate(zip(self.calls, self.identities)):
                file.write(json.dumps(for_callvet(call, identities, i)) + "\n")
        lab = self.lab.write(folder)
        lines = [self.lines(calls, engine, lab) for engine in engines]
        different = {i for other in lines[1:] for i, pair in enumerate(zip(lines[0], other)) if pair[0] != pair[1]}
        return [self.answer(line) for line in lines[0]], different

    def lines(self, calls, engine, lab):
        result = subprocess.run([os.environ["CALLVET"], "verify", "--batch", calls, "--threads", "1", "--timeout", "600", "--engine", engine] + lab,
                                capture_output=True, encoding="utf-8", check=False)
        lines = result.stdout.splitlines()
        if len(lines) != len(self.calls):
            raise RuntimeError(f"lot {self.seed}, {engine}: {len(lines)} answers to {len(self.calls)} calls: {result.stderr}")
        return lines

    @staticmethod
    def answer(line):
        match = ANSWER.match(line)
        if not match:
            return "unreadable", json.loads(line).get("error", {}).get("reason", line[:200])
        code = CODE.search(line)
        code = 0 if code is None or code.group(1) == "null" else int(code.group(1))
        if (match.group(2) == "TN-Validation-Passed") != (match.group(3) == "verified") or (code == 0) != (code == 0 and match.group(3) == "verified"):
            return "contradiction", line[:200]
        return code, match.group(3)


def disagree(expected, actual):
    """What the two differ in; "" if nothing."""
    if expected[0] is None:  # several headers that all fail
        return "" if actual[0] not in (0, "contradiction", "unreadable") else "verdict"
    if (expected[0] == 0) != (actual[0] == 0):
        return "verdict"
    if expected[0] != actual[0]:
        return "code"
    if expected[1] is not None and expected[1] != actual[1]:
        return "reason"
    return ""


def run_lot(task):
    seed, count, end, engines = task
    if time.time() > end:
        return collections.Counter(), []
    lot = Lot(seed, count)
    with tempfile.TemporaryDirectory() as folder:
        answers, by_engine = lot.callvet(folder, engines)
    table, different = collections.Counter(), []
    for i, (expected, actual) in enumerate(zip(lot.independent(), answers)):
        table[actual] += 1
        kind = disagree(expected, actual) or ("engine" if i in by_engine else "")
        if kind:
            call = lot.calls[i]
            different.append({"kind": kind, "lot": seed, "call": i, "of": count, "independent": expected, "callvet": actual,
                              "mutations": call.mutations, "signer": call.signer, "now": call.now, "request": call.request,
                              "identities": lot.identities[i], "header": call.header, "payload": call.payload})
    return table, different


def report(table, total, different, seconds):
    print(f"{'calls':>9}  verdict  reason")
    for (code, reason), count in sorted(table.items(), key=lambda item: -item[1]):
        print(f"{count:9}  {'passes' if code == 0 else code:>7}  {reason}")
    kinds = collections.Counter(entry["kind"] for entry in different)
    print(f"{total} calls in {seconds:.0f} s, {len(different)} disagreements"
          + "".join(f", {count} of {kind}" for kind, count in sorted(kinds.items())))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--lot-size", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(40))
    parser.add_argument("--seconds", type=int, default=10**9, help="begin no further lot after that")
    parser.add_argument("--out", help="file for disagreements, a JSON object a line")
    parser.add_argument("--lot", type=int, help="only this lot")
    parser.add_argument("--engines", default="auto", help="as --engine of verify, several with commas: all must give the same answers")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    sizes = [min(options.lot_size, options.calls - at) for at in range(0, options.calls, options.lot_size)]
    end = time.time() + options.seconds
    engines = options.engines.split(",")
    tasks = [(options.seed + i, size, end, engines) for i, size in enumerate(sizes)]
    if options.lot is not None:
        tasks = [(options.lot, options.lot_size, end, engines)]
    begin, total, table, different = time.monotonic(), 0, collections.Counter(), []
    with multiprocessing.Pool(options.jobs, maxtasksperchild=20) as pool:
        for counted, found in pool.imap_unordered(run_lot, tasks):
            table.update(counted)
            different += found
            total += sum(counted.values())
            if options.out:
                with open(options.out, "a", encoding="utf-8") as file:
                    file.writelines(json.dumps(entry) + "\n" for entry in found)
            if options.calls > 20_000 and total % 20_000 < options.lot_size:
                print(f"  {total} calls, {len(different)} disagreements, {time.monotonic() - begin:.0f} s", flush=True)
    for entry in different[:20]:
        print(json.dumps(entry))
    report(table, total, different, time.monotonic() - begin)
    # A run in which nothing passes or nothing fails would prove nothing.
    passed = table[(0, "verified")]
    if different or not total * 0.1 < passed < total * 0.9 or len({reason for _, reason in table}) < 10:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
