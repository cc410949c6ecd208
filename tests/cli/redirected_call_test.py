#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Redirected calls, priority, rich call data and messages, as a user signs and verifies them.

CALLVET names the program. A call A -> B -> C -> D: three carriers under two roots sign it.
"""

import itertools
import os
import pathlib
import shutil
import tempfile
import unittest

from cli_commands_test import Run

A, B, C, D = "+12155550100", "+12155550101", "+12155550102", "+12155550103"


class Lab(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = pathlib.Path(tempfile.mkdtemp(prefix="callvet-div-"))
        for root in ("us", "ca", "stranger"):
            cls.make("pki", "root", "--dir", root, "--cn", f"SHAKEN {root} ROOT")
            cls.make("pki", "intermediate", "--dir", root, *cls.by(f"{root}/root"), "--cn", f"SHAKEN {root}")
        for name, root, spc in (("one", "us", "1111"), ("two", "ca", "2222"), ("three", "us", "3333"),
                                ("bad", "stranger", "6666")):
            cls.make("pki", "leaf", "--dir", name, *cls.by(f"{root}/intermediate"), "--spc", spc, "--org", name)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.lab)

    @staticmethod
    def by(name):
        return ("--issuer-cert", name + ".pem", "--issuer-key", name + ".key")

    @classmethod
    def make(cls, *args):
        run = Run(*args, cwd=cls.lab)
        assert run.code == 0, str(run)
        return run.out.strip()

    @staticmethod
    def x5u(carrier):
        return f"https://cert.example.org/{carrier}.pem"

    def sign(self, carrier, *args):
        return self.make("sign", "--key", f"{carrier}/leaf.key", "--x5u", self.x5u(carrier), *args)

    def div(self, carrier, inner, dest, ppt="div", *args):
        (self.lab / "inner.txt").write_text(inner + "\n")
        return self.sign(carrier, "--ppt", ppt, "--div-from", "inner.txt", "--dest", dest, *args)

    def verify(self, identities, *args, method="INVITE", to=B, target=D, headers=(), body=""):
        message = "\r\n".join([
            f"{method} sip:{target}@example.org;user=phone SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
            f"From: <sip:{A}@example.org;user=phone>;tag=1", f"To: <sip:{to}@example.org;user=phone>",
            "Call-ID: 1", f"CSeq: 1 {method}", *headers, *(f"Identity: {i}" for i in identities),
            f"Content-Length: {len(body)}", "", body])
        (self.lab / "message.txt").write_bytes(message.encode())
        certificates = itertools.chain.from_iterable(
            ("--cert", f"{self.x5u(c)}={c}/chain.pem") for c in ("one", "two", "three", "bad"))
        return Run("verify", "--sip-file", "message.txt", "--anchors", "us/root.pem", "--anchors", "ca/root.pem",
                   *certificates, "--json", *args, cwd=self.lab)

    def assert_reason(self, run, reason, code=1):
        self.assertEqual((run.json()["reason"], run.code), (reason, code), run)


class Redirected(Lab):
    def chain(self, carriers=("one", "two", "three")):
        shaken = self.sign(carriers[0], "--orig", A, "--dest", B)
        first = self.div(carriers[1], shaken, C)
        second = self.div(carriers[2], first, D)
        return [shaken, first, second]

    def test_chain_of_three_carriers_under_two_roots(self):
        chain = self.chain()
        for headers in itertools.permutations(chain):
            run = self.verify(headers)
            self.assert_reason(run, "verified", 0)
            path = run.json()["path"]
            self.assertEqual([(leg["from"], leg["to"], leg["signer"]["spc"]) for leg in path],
                             [(A[1:], B[1:], "1111"), (B[1:], C[1:], "2222"), (C[1:], D[1:], "3333")])
            self.assertEqual(run.json()["decided_by"], headers.index(chain[0]))
        run = self.verify(chain, to=D)
        self.assert_reason(run, "verified", 0)

    def test_each_link_is_needed(self):
        chain = self.chain()
        for missing, reason in enumerate(("div-link-missing", "div-link-missing", "dest-mismatch")):
            rest = chain[:missing] + chain[missing + 1:]
            self.assert_reason(self.verify(rest), reason)
        self.assert_reason(self.verify(chain[:1]), "dest-mismatch")
        self.assert_reason(self.verify(chain[:1], "--ignore-request-uri"), "verified", 0)

    def test_a_stranger_cannot_sign_a_link(self):
        for stranger in range(3):
            carriers = ["one", "two", "three"]
            carriers[stranger] = "bad"
            self.assert_reason(self.verify(self.chain(carriers)), "chain-untrusted")
        # Signed with another carrier's key under the right carrier's address.
        chain = self.chain()
        forged = self.make("sign", "--key", "bad/leaf.key", "--x5u", self.x5u("two"), "--ppt", "div",
                           "--div-from", self.file(chain[0]), "--dest", C)
        self.assert_reason(self.verify([chain[0], forged, chain[2]]), "signature-invalid")

    def file(self, text):
        (self.lab / "text.txt").write_text(text)
        return "text.txt"

    def test_links_in_the_wrong_order(self):
        shaken = self.sign("one", "--orig", A, "--dest", B)
        other = self.sign("one", "--orig", A, "--dest", C)
        # C -> B and B -> C before D is reached: who redirected comes before whom is not what happened.
        run = self.verify([shaken, self.div("two", other, B), self.div("three", shaken, C)])
        self.assertEqual(run.code, 1, run)
        self.assertIn(run.json()["reason"], ("div-loop", "dest-mismatch"))
        run = self.verify([shaken, self.div("two", other, D), self.div("three", other, D)])
        self.assert_reason(run, "div-link-missing")

    def test_enclosed(self):
        shaken = self.sign("one", "--orig", A, "--dest", B)
        one = self.div("two", shaken, C, "div-o")
        two = self.div("three", one, D, "div-o")
        run = self.verify([two])
        self.assert_reason(run, "verified", 0)
        self.assertEqual(len(run.json()["path"]), 3)
        self.assertEqual(run.json()["attest"], "A")
        self.assertEqual(run.json()["passports"][0]["opt"]["opt"]["ppt"], "shaken")
        self.assert_reason(self.verify([one]), "dest-mismatch")
        decoded = Run("decode", two, "--json", cwd=self.lab).json()
        self.assertEqual(decoded["opt"]["opt"]["payload"]["attest"], "A")

    def test_what_is_forged_within_is_told_as_in_headers(self):
        # F-7, D-10: the original call's PASSporT is a stranger's, or not signed with the key it names.
        for key, x5u, reason, code in (("bad", "bad", "chain-untrusted", 437), ("bad", "one", "signature-invalid", 438)):
            shaken = self.make("sign", "--key", f"{key}/leaf.key", "--x5u", self.x5u(x5u), "--orig", A, "--dest", B)
            for headers in ([shaken, self.div("two", shaken, D)], [self.div("two", shaken, D, "div-o")]):
                run = self.verify(headers)
                self.assert_reason(run, reason)
                self.assertEqual((run.json()["verstat"], run.json()["sip"]["code"]), ("TN-Validation-Failed", code), run)

    def test_text_names_the_path(self):
        chain = self.chain()
        self.verify(chain)
        run = Run("verify", "--sip-file", "message.txt", "--anchors", "us/root.pem", "--anchors", "ca/root.pem",
                  *itertools.chain.from_iterable(("--cert", f"{self.x5u(c)}={c}/chain.pem")
                                                 for c in ("one", "two", "three")), cwd=self.lab)
        self.assertEqual(run.code, 0, run)
        self.assertIn("12155550101 -> 12155550102", run.out)
        self.assertIn("SPC 2222", run.out)

    def test_what_cannot_be_diverted(self):
        shaken = self.sign("one", "--orig", A, "--dest", B, "--dest", C)
        (self.lab / "inner.txt").write_text(shaken)
        sign = ("sign", "--key", "two/leaf.key", "--x5u", self.x5u("two"), "--ppt", "div")
        for args, word in (((*sign, "--dest", D), "--div-from"),
                           ((*sign, "--div-from", "inner.txt", "--dest", D), "parameter-missing"),
                           ((*sign, "--div-from", "inner.txt", "--dest", D, "--div", D), "div-link-missing"),
                           ((*sign, "--div-from", "inner.txt", "--dest", C, "--div", C), "div-loop"),
                           ((*sign, "--div-from", "inner.txt", "--dest", D, "--orig", A), "--orig"),
                           ((*sign, "--orig", A, "--dest", D), "--div-from"),
                           ((*sign, "--div-from", "inner.txt", "--dest", D, "--attest", "A"), "--attest"),
                           ((*sign, "--div-from", "inner.txt", "--dest", D, "--rph", "ets.0"), "--rph")):
            run = Run(*args, cwd=self.lab)
            self.assertEqual(run.code, 2, run)
            self.assertIn(word, run.err)
        self.assertEqual(Run(*sign, "--div-from", "inner.txt", "--dest", D, "--div", C, cwd=self.lab).code, 0)


class Extensions(Lab):
    def call(self):
        return self.sign("one", "--orig", A, "--dest", B)

    def test_priority(self):
        rph = self.sign("two", "--orig", A, "--dest", B, "--ppt", "rph", "--rph", "esnet.1", "--sph", "psap-callback")
        good = ("Resource-Priority: esnet.1", "Priority: psap-callback")
        run = self.verify([self.call(), rph], target=B, headers=good)
        self.assert_reason(run, "verified", 0)
        self.assertEqual(run.json()["priority"]["status"], "RPH-Validation-Passed")
        for headers, reason in ((("Resource-Priority: esnet.0", good[1]), "rph-mismatch"), (good[:1], "sph-invalid")):
            run = self.verify([self.call(), rph], target=B, headers=headers)
            self.assert_reason(run, "verified", 0)
            self.assertEqual(run.json()["priority"]["reason"], reason)
            self.assertEqual(run.json()["priority"]["status"], "RPH-Validation-Failed")
        run = self.verify([self.call(), rph], "--rph-signer", "esnet=1111", target=B, headers=good)
        self.assertEqual(run.json()["priority"]["reason"], "rph-not-authorized")
        run = self.verify([self.call()], target=B, headers=good)
        self.assertEqual(run.json()["priority"]["status"], "No-RPH-Validation")

    def test_rich_call_data(self):
        (self.lab / "icon.png").write_bytes(b"PNG")
        data = '{"icn":"https://cert.example.org/icon.png","nam":"Alice"}'
        rcd = self.sign("two", "--orig", A, "--dest", B, "--ppt", "rcd", "--rcd", data, "--crn", "Delivery",
                        "--rcdi", "/nam", "--rcdi", "/icn=icon.png")
        run = self.verify([self.call(), rcd], target=B)
        self.assert_reason(run, "verified", 0)
        shown = run.json()["passports"][1]["rich_call_data"]
        self.assertEqual((shown["reason"], shown["nam"], shown["crn"]), ("verified", "Alice", "Delivery"))
        self.assertEqual([part["outcome"] for part in shown["content"]], ["not-run", "passed"])
        run = self.verify([self.call(), rcd], "--fetch-rcd", "--offline", target=B)
        self.assert_reason(run, "verified", 0)
        self.assertEqual(run.json()["passports"][1]["reason"], "rcd-content-not-available")
        # What a verifier refuses is not signed unless a tester asks for it.
        base = ("sign", "--key", "two/leaf.key", "--x5u", self.x5u("two"), "--orig", A, "--dest", B, "--ppt", "rcd",
                "--rcd", data)
        for args in ((), ("--rcdi", "/nam"), ("--rcdi", "/icn")):
            run = Run(*base, *args, cwd=self.lab)
            self.assertEqual(run.code, 2, run)
            self.assertIn("rcd-digest-missing", run.err)
        missing = self.make(*base, "--insecure-unchecked")
        self.assertEqual(self.verify([self.call(), missing], target=B).json()["passports"][1]["reason"],
                         "rcd-digest-missing")

    def test_message(self):
        (self.lab / "body.txt").write_text("Hello")
        msg = self.sign("one", "--orig", A, "--dest", B, "--ppt", "msg", "--msg-body", "body.txt")
        message = {"method": "MESSAGE", "target": B, "headers": ("Content-Type: text/plain",)}
        self.assert_reason(self.verify([msg], body="Hello", **message), "verified", 0)
        self.assert_reason(self.verify([msg], body="hello", **message), "msgi-mismatch")
        self.assert_reason(self.verify([msg], target=B), "unsupported-ppt")

    def test_message_saved_with_bare_line_feeds(self):
        text = b"Hello\r\nWorld\r\n"
        (self.lab / "body.txt").write_bytes(text)
        msg = self.sign("one", "--orig", A, "--dest", B, "--ppt", "msg", "--msg-body", "body.txt")
        headers = ("Content-Type: text/plain",)
        run = self.verify([msg], method="MESSAGE", target=B, headers=headers, body=text.decode())
        self.assert_reason(run, "verified", 0)
        saved = (self.lab / "message.txt").read_bytes().replace(b"\r\n", b"\n")
        for content, reason, code in ((saved, "verified", 0), (saved.replace(b"World", b"world"), "msgi-mismatch", 1)):
            (self.lab / "saved.txt").write_bytes(content)
            run = Run("verify", "--sip-file", "saved.txt", "--anchors", "us/root.pem", "--cert",
                      f"{self.x5u('one')}=one/chain.pem", "--json", cwd=self.lab)
            self.assert_reason(run, reason, code)

    def test_explain_knows_each_reason(self):
        for reason in ("div-claim-missing div-claim-invalid div-link-missing div-loop div-fork div-orig-differs div-stale "
                       "div-limit div-innermost-invalid div-opt-invalid rph-missing rph-invalid rph-mismatch "
                       "rph-not-authorized sph-invalid rcd-missing rcd-invalid rcd-digest-missing rcd-digest-mismatch "
                       "rcd-content-not-available rcd-first-party-missing msgi-missing msgi-invalid msgi-mismatch").split():
            run = Run("explain", reason)
            self.assertEqual(run.code, 0, run)
            self.assertIn("RFC", run.out)


if __name__ == "__main__":
    if not os.environ.get("CALLVET"):
        raise SystemExit("CALLVET must name the program")
    unittest.main()
