#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`callvet verify --batch`: order, counts, exit codes, what is no call, and the same verdicts as one by one.

CALLVET names the program."""

import json
import os
import pathlib
import pty
import shutil
import subprocess
import tempfile
import threading
import unittest

from cli_commands_test import CALLVET, Run

CALLER, CALLED, OTHER = "+12155550100", "+12155550101", "+12155550199"
X5U = "https://cert.example.org/chain.pem"


class BatchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = pathlib.Path(tempfile.mkdtemp(prefix="callvet-batch-"))
        cls.make("pki", "root", "--dir", "lab")
        cls.make("pki", "intermediate", "--dir", "lab", "--issuer-cert", "lab/root.pem", "--issuer-key", "lab/root.key")
        cls.make("pki", "leaf", "--dir", "lab", "--issuer-cert", "lab/intermediate.pem", "--issuer-key",
                 "lab/intermediate.key", "--spc", "1234")
        (cls.lab / "intercept.json").write_text("{}")

    def setUp(self):
        self.identity = self.make("sign", "--key", "lab/leaf.key", "--x5u", X5U, "--orig", CALLER, "--dest", CALLED)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.lab)

    @classmethod
    def make(cls, *args):
        run = Run(*args, cwd=cls.lab)
        assert run.code == 0, str(run)
        return run.out.strip()

    def call(self, number, caller=CALLER, **members):
        return json.dumps({"id": str(number), "from": caller, "to": CALLED, "identity": self.identity, **members})

    def batch(self, lines, *args, threads=3, certificate=("--cert", "lab/chain.pem")):
        (self.lab / "calls.ndjson").write_bytes(b"".join(
            (line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines))
        return Run("verify", "--batch", "calls.ndjson", "--threads", threads, "--anchors", "lab/root.pem", *certificate,
                   *args, cwd=self.lab)

    @staticmethod
    def answers(run):
        return [json.loads(line) for line in run.out.splitlines()]

    def test_what_does_not_go_with_a_batch(self):
        for args, told in ((("--no-such", "X", "--batch", "calls.ndjson"), "--no-such"), (("--batch", "calls.ndjson", "--no-such", "X"), "--no-such"),
                           (("X", "--batch", "calls.ndjson"), "HEADER"), (("--batch", "calls.ndjson", "--orig", CALLER), "--orig")):
            run = Run("verify", *args, cwd=self.lab)
            self.assertEqual((run.code, run.out), (2, ""), run)
            self.assertIn("parameter-invalid: ", run.err)
            self.assertIn(told, run.err)
            self.assertEqual("HEADER" in run.err, told == "HEADER", run.err)

    def test_order_is_kept_whatever_the_threads(self):
        lines = [self.call(i, CALLER if i % 3 else OTHER) for i in range(500)]
        for threads in (1, 2, 7):
            run = self.batch(lines, threads=threads)
            self.assertEqual(run.code, 1, run)
            got = [(a["id"], a["reason"]) for a in self.answers(run)]
            self.assertEqual(got, [(str(i), "verified" if i % 3 else "orig-mismatch") for i in range(500)])
            self.assertRegex(run.err, r"callvet: 500 calls in [\d.]+ s \([\d,]+/s\): 333 verified, 167 not verified, "
                                      r"0 not decided, 0 unreadable")

    def test_verdict_is_that_of_one_call(self):
        one = Run("verify", self.identity, "--orig", CALLER, "--dest", CALLED, "--anchors", "lab/root.pem", "--cert",
                  "lab/chain.pem", "--json", cwd=self.lab).json()
        many = self.answers(self.batch([self.call(1)]))[0]["verdict"]
        for name in ("verstat", "reason", "attest", "origid", "orig", "dest", "iat", "signer", "ppt", "x5u"):
            self.assertEqual(many[name], one[name], name)
        self.assertEqual([(c["id"], c["outcome"]) for c in many["checks"]],
                         [(c["id"], c["outcome"]) for c in one["checks"]])

    def test_exit_codes(self):
        offline = ("--offline",)
        for lines, options, code in (([self.call(1)], {}, 0), ([], {}, 0), (["", "  "], {}, 0),
                                     ([self.call(1), self.call(2, OTHER)], {}, 1),
                                     ([self.call(1), self.call(2, OTHER), "{"], {}, 2),
                                     ([self.call(1)], {"certificate": offline}, 3),
                                     ([self.call(1), "[]"], {"certificate": offline}, 2)):
            run = self.batch(lines, **options)
            self.assertEqual(run.code, code, run)
        self.assertEqual(Run("verify", "--batch", "nothing.ndjson", cwd=self.lab).code, 2)
        self.assertEqual(Run("verify", "--batch", "lab", cwd=self.lab).code, 2)

    def test_what_is_no_call_is_answered_in_its_place(self):
        long = b'{"id": "long", "from": "' + b"1" * (2 << 20) + b'"}'
        edge = self.call("edge").encode()
        edge += b" " * ((1 << 20) - len(edge))  # just short enough
        lines = [self.call(0), "{", "", "null", long, b'{"from": "\xff"}', b"\0", self.call(7) + "\r", edge]
        run = self.batch(lines)
        self.assertEqual(run.code, 2, run)
        got = [a["reason"] if "reason" in a else "error:" + a["error"]["reason"] for a in self.answers(run)]
        self.assertEqual(got, ["verified", "error:body-invalid", "error:parameter-invalid", *["error:body-invalid"] * 3, "verified", "verified"])
        self.assertIn("3 verified, 0 not verified, 0 not decided, 5 unreadable", run.err)

    def test_last_line_needs_no_end(self):
        (self.lab / "open.ndjson").write_text(self.call(1) + "\n" + self.call(2))
        run = Run("verify", "--batch", "open.ndjson", "--anchors", "lab/root.pem", "--cert", "lab/chain.pem", cwd=self.lab)
        self.assertEqual((run.code, len(self.answers(run))), (0, 2), run)

    def test_standard_input(self):
        run = Run("verify", "--batch", "-", "--anchors", "lab/root.pem", "--cert", "lab/chain.pem", cwd=self.lab,
                  stdin=(self.call(1) + "\n").encode())
        self.assertEqual((run.code, self.answers(run)[0]["reason"]), (0, "verified"), run)

    def test_policy_rejects(self):
        self.assertEqual(self.batch([self.call(1)], "--policy", "intercept.json").code, 0)
        run = self.batch([self.call(1), self.call(2, identity=[])], "--policy", "intercept.json")
        self.assertEqual(run.code, 1, run)
        self.assertEqual([a["disposition"]["action"] for a in self.answers(run)], ["pass", "reject"])

    def test_verified_calls_that_are_rejected_are_counted_by_themselves(self):
        (self.lab / "barred.csv").write_text(f"first,last,holder\n{CALLER},{CALLER},1234\n")
        (self.lab / "barring.json").write_text(json.dumps({"country": "US", "registry": {"do_not_originate": ["barred.csv"]}}))
        run = self.batch([self.call(1), self.call(2, OTHER)], "--policy", "barring.json")
        self.assertEqual(self.answers(run)[0]["disposition"]["action"], "reject", run)
        self.assertEqual(run.code, 1, run)
        self.assertIn("0 verified, 1 verified but rejected, 1 not verified, ", run.err)

    def test_a_file_that_is_almost_one_of_lines(self):
        self.assertEqual(self.batch([b"\xef\xbb\xbf" + self.call(1).encode(), self.call(2)]).code, 0)
        one = json.loads(self.call(1))
        for text in (json.dumps([one]), json.dumps(one, indent=1), "\n" + json.dumps([one], indent=1)):
            run = self.batch([text])
            self.assertEqual(run.code, 2, run)
            self.assertIn("one object per line", run.err)

    def test_past_calls_are_judged_at_their_time(self):
        past = self.answers(self.batch([self.call(1, at=1), self.call(2)]))
        self.assertEqual([a["reason"] for a in past][1], "verified")
        self.assertNotEqual(past[0]["reason"], "verified")

    def test_what_speaks_of_one_call_is_refused(self):
        for options in (("--orig", CALLER), ("--dest", CALLED), ("--sip-file", "x"), ("--trunk", "t"), ("--json",),
                        ("--evidence", "e.db"), ("--bare",), (self.identity,)):
            run = self.batch([self.call(1)], *options)
            self.assertEqual((run.code, run.out), (2, ""), run)
        self.assertEqual(Run("verify", self.identity, "--threads", "2", cwd=self.lab).code, 2)

    def test_without_anchor_nothing_passes(self):
        run = Run("verify", "--batch", "-", "--cert", "lab/chain.pem", cwd=self.lab, stdin=(self.call(1) + "\n").encode())
        self.assertEqual((run.code, self.answers(run)[0]["reason"]), (1, "chain-untrusted"), run)

    def test_answers_that_cannot_be_written(self):
        (self.lab / "many.ndjson").write_text((self.call(1) + "\n") * 2000)
        with open("/dev/full", "wb") as full:
            code = subprocess.run([CALLVET, "verify", "--batch", "many.ndjson", "--anchors", "lab/root.pem", "--cert",
                                   "lab/chain.pem"], cwd=self.lab, stdout=full, stderr=subprocess.PIPE, timeout=60,
                                  check=False).returncode
        self.assertEqual(code, 3)

    def test_terminal_sees_how_far_it_is(self):
        # Enough work to see it: it is told five times a second.
        (self.lab / "many.ndjson").write_text((self.call(1) + "\n") * 10000)
        master, terminal = pty.openpty()
        seen = bytearray()

        def read():
            try:
                while data := os.read(master, 4096):
                    seen.extend(data)
            except OSError:
                pass

        reader = threading.Thread(target=read)
        reader.start()
        code = subprocess.run([CALLVET, "verify", "--batch", "many.ndjson", "--anchors", "lab/root.pem", "--cert",
                               "lab/chain.pem", "--threads", "1", "--engine", "openssl"], cwd=self.lab,
                              stdout=subprocess.DEVNULL, stderr=terminal, timeout=120, check=False).returncode
        os.close(terminal)
        reader.join()
        os.close(master)
        self.assertEqual(code, 0)
        self.assertRegex(seen.decode(), r"\r[\d,]+ calls in .* s left")
        self.assertRegex(seen.decode(), r"callvet: 10,000 calls in .*: 10,000 verified")


if __name__ == "__main__":
    unittest.main()
