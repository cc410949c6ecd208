#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Drives sign, pki, lint-cert, verify, decode and explain from outside, end to end.

CALLVET names the program. Everything happens in a temporary directory.
"""

import base64
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CALLVET = os.environ.get("CALLVET", "")
ORIG = "+12155550100"
DEST = "+12155550101"
X5U = "https://cert.example.org/chain.pem"
CRL_URL = "https://crl.example.org/crl"


class Run:
    """One run of the program; its output as text."""

    def __init__(self, *args, stdin=None, cwd=None):
        environment = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run([CALLVET, *map(str, args)], capture_output=True, cwd=cwd,
                              input=stdin, env=environment, timeout=60, check=False)
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8")
        self.err = done.stderr.decode("utf-8")
        self.args = args

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"{self.args}\nexit {self.code}\n{self.out}\n{self.err}"


def decode_part(token, index):
    part = token.split(".")[index]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class CliTest(unittest.TestCase):
    """One PKI for all tests, by the letter of the profile: STI-PA, root, intermediate, leaf."""

    @classmethod
    def setUpClass(cls):
        cls.lab = pathlib.Path(tempfile.mkdtemp(prefix="callvet-cli-"))
        cls.made = []
        cls.make("pki", "root", "--dir", "stipa", "--cn", "STI-PA ROOT")
        cls.make("pki", "root", "--dir", "sti", "--no-crl-sign")
        cls.make("pki", "intermediate", "--dir", "sti", *cls.by("sti/root"), "--no-crl-sign", *cls.dp())
        cls.make("pki", "leaf", "--dir", "sti", *cls.by("sti/intermediate"), "--spc", "4321", *cls.dp())
        # A CA that signs its own CRLs, as the defaults make it.
        cls.make("pki", "root", "--dir", "own")
        cls.make("pki", "intermediate", "--dir", "own", *cls.by("own/root"), "--cn", "SHAKEN another CA")
        cls.make("pki", "leaf", "--dir", "own", *cls.by("own/intermediate"), "--spc", "4321")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.lab)

    @classmethod
    def make(cls, *args):
        run = Run(*args, cwd=cls.lab)
        assert run.code == 0, str(run)
        return run

    @staticmethod
    def by(name):
        return ("--issuer-cert", name + ".pem", "--issuer-key", name + ".key")

    @staticmethod
    def dp():
        return ("--crl-url", CRL_URL, "--crl-issuer-cert", "stipa/root.pem")

    def run_in_lab(self, *args, stdin=None):
        return Run(*args, stdin=stdin, cwd=self.lab)

    def sign(self, *args, key="sti/leaf.key", orig=ORIG, dest=DEST):
        run = self.run_in_lab("sign", "--key", key, "--x5u", X5U, "--orig", orig, "--dest", dest, *args)
        self.assertEqual(run.code, 0, run)
        return run.out.strip()

    def verify(self, identity, *args, orig=ORIG, dest=DEST, pki="sti", chain=None):
        return self.run_in_lab("verify", "--orig", orig, "--dest", dest, "--anchors", f"{pki}/root.pem",
                               "--cert", chain or f"{pki}/chain.pem", "--json", *args, identity)

    def assert_reason(self, run, reason, code=1):
        self.assertEqual((run.json()["reason"], run.code), (reason, code), run)

    def assert_refused(self, run, *words):
        self.assertEqual(run.code, 2, run)
        self.assertEqual(run.out, "", run)
        for word in words:
            self.assertIn(word, run.err)


class SignAndVerify(CliTest):
    def test_genuine_call_passes(self):
        run = self.verify(self.sign())
        self.assert_reason(run, "verified", 0)
        self.assertEqual(run.json()["attest"], "A")
        self.assertEqual(run.json()["signer"]["spc"], "4321")

    def test_changed_call_fails(self):
        identity = self.sign()
        self.assert_reason(self.verify(identity, orig="+12155550199"), "orig-mismatch")
        self.assert_reason(self.verify(identity, dest="+12155550199"), "dest-mismatch")
        at = int(json.loads(self.sign("--json"))["payload"]["iat"]) + 3600
        self.assert_reason(self.verify(identity, "--at", at), "iat-stale")

    def test_stranger_fails(self):
        self.assert_reason(self.verify(self.sign(), chain="own/chain.pem"), "chain-untrusted")
        self.assert_reason(self.verify(self.sign(key="own/leaf.key")), "signature-invalid")

    def test_every_engine_gives_the_same_verdict(self):
        genuine, forged = self.sign(), self.sign(key="own/leaf.key")
        for engine in ("auto", "openssl", "portable", "adx", "ifma"):
            run = self.verify(genuine, "--engine", engine)
            if run.code == 2 and engine in ("adx", "ifma"):  # not for this processor
                self.assert_refused(run, "this processor")
                continue
            self.assert_reason(run, "verified", 0)
            self.assert_reason(self.verify(forged, "--engine", engine), "signature-invalid")
        self.assert_refused(self.verify(genuine, "--engine", "fast"), "--engine")
        self.assert_refused(self.verify(genuine, "--table-bytes", "64"), "--table-bytes")
        self.assert_refused(self.verify(genuine, "--cross-check-every", "-1"), "--cross-check-every")
        self.assert_reason(self.verify(genuine, "--table-bytes", "0", "--cross-check-every", "0"), "verified", 0)

    def test_no_certificate_is_undecided(self):
        run = self.run_in_lab("verify", "--orig", ORIG, "--dest", DEST, "--anchors", "sti/root.pem",
                              "--offline", "--json", self.sign())
        self.assert_reason(run, "fetch-offline", 3)

    def test_output_forms(self):
        at = ("--iat", "2026-11-21T08:00:00Z", "--origid", "00000000-0000-4000-8000-000000000000")
        self.assertTrue(self.sign(*at, "--header-line").startswith("Identity: ey"))
        self.assertEqual(self.sign(*at, "--token-only").count("."), 2)
        self.assertNotIn(";", self.sign(*at, "--token-only"))
        lines = self.sign(*at, "--date").splitlines()
        self.assertEqual(lines[0], "Date: Sat, 21 Nov 2026 08:00:00 GMT")
        self.assertTrue(lines[1].startswith("Identity: "))
        signed = json.loads(self.sign(*at, "--attest", "B", "--json"))
        self.assertEqual(signed["date"], "Sat, 21 Nov 2026 08:00:00 GMT")
        self.assertEqual(signed["payload"]["attest"], "B")
        self.assertEqual(signed["payload"]["iat"], 1795248000)
        self.assertEqual(signed["header"], {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": X5U})
        self.assertTrue(signed["identity"].startswith(signed["token"] + ";info=<"))
        self.assertEqual(json.loads(decode_part(signed["token"], 1)), signed["payload"])

    def test_defaults(self):
        first = json.loads(self.sign("--json"))["payload"]
        second = json.loads(self.sign("--json"))["payload"]
        self.assertEqual(first["attest"], "A")
        self.assertNotEqual(first["origid"], second["origid"])
        base = json.loads(self.sign("--ppt", "base", "--json"))
        self.assertEqual(sorted(base["payload"]), ["dest", "iat", "orig"])
        self.assertNotIn("ppt", base["header"])

    def test_numbers_are_canonicalised(self):
        payload = json.loads(self.sign("--json", "--ppt", "base", "--country", "US", orig="(215) 555-0100",
                                        dest="sip:alice@Example.ORG"))["payload"]
        self.assertEqual(payload["orig"], {"tn": "12155550100"})
        self.assertEqual(payload["dest"], {"uri": ["sip:alice@example.org"]})
        several = json.loads(self.sign("--json", "--dest", "tel:+1-215-555-0199"))["payload"]
        self.assertEqual(several["dest"], {"tn": ["12155550101", "12155550199"]})

    def test_claims_and_media_keys(self):
        payload = json.loads(self.sign("--json", "--claim", 'x="text"', "--claim", "y=[1,2]",
                                        "--mky", "sha-256:AB:CD:EF"))["payload"]
        self.assertEqual(payload["x"], "text")
        self.assertEqual(payload["y"], [1, 2])
        self.assertEqual(payload["mky"], [{"alg": "sha-256", "dig": "ABCDEF"}])

    def test_base_and_compact(self):
        self.assert_reason(self.verify(self.sign("--ppt", "base")), "verified", 0)
        date, identity = self.sign("--ppt", "base", "--compact", "--date").splitlines()
        self.assertTrue(identity.startswith("Identity: .."))
        run = self.verify(identity, "--date", date[len("Date: "):])
        self.assert_reason(run, "verified", 0)
        run = self.verify(identity, "--date", date[len("Date: "):], dest="+12155550199")
        self.assert_reason(run, "signature-invalid")

    def test_a_call_that_goes_to_a_service(self):
        for target in ("urn:service:sos", "urn:nena:service:sos", "<urn:emergency:service:sos.psap>"):
            self.assert_reason(self.verify(self.sign(), "--request-uri", target), "dest-mismatch")
            self.assert_reason(self.verify(self.sign(dest="911"), "--request-uri", target, dest="911"), "verified", 0)
        self.assertEqual(self.verify(self.sign(), "--request-uri", "urn:isbn:1").code, 2)

    def test_the_name_of_a_file_is_no_header(self):
        (self.lab / "identity.txt").write_text(self.sign())
        for run in (self.verify("identity.txt"), self.run_in_lab("decode", "identity.txt", "--json")):
            self.assertEqual(run.code, 1, run)
            self.assertIn("token-malformed", run.out)
            self.assertIn("--identity-file", run.err)
        for run in (self.verify("none.txt"), self.verify("sti"), self.verify(self.sign()), self.run_in_lab("decode", "sti")):
            self.assertNotIn("--identity-file", run.err)

    def test_header_from_standard_input_and_sip_file(self):
        identity = self.sign("--header-line")
        run = self.run_in_lab("verify", "-", "--orig", ORIG, "--dest", DEST, "--anchors", "sti/root.pem",
                              "--cert", "sti/chain.pem", "--json", stdin=identity.encode())
        self.assert_reason(run, "verified", 0)
        date, identity = self.sign("--date").splitlines()
        invite = "\r\n".join([
            f"INVITE sip:{DEST}@example.org;user=phone SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
            f"From: <sip:{ORIG}@example.org;user=phone>;tag=1", f"To: <sip:{DEST}@example.org;user=phone>",
            "Call-ID: 1", "CSeq: 1 INVITE", date, identity, "Content-Length: 0", "", ""])
        (self.lab / "invite.txt").write_text(invite)
        run = self.run_in_lab("verify", "--sip-file", "invite.txt", "--anchors", "sti/root.pem", "--cert",
                              "sti/chain.pem", "--json")
        self.assert_reason(run, "verified", 0)

    def test_a_whole_message_in_the_wrong_option_is_named(self):
        invite = "\r\n".join([f"INVITE sip:{DEST}@example.org SIP/2.0", f"From: <sip:{ORIG}@example.org>;tag=1",
                              f"To: <sip:{DEST}@example.org>", "Call-ID: 1", self.sign("--header-line"), "", ""])
        (self.lab / "whole.sip").write_text(invite)
        trust = ("--anchors", "sti/root.pem", "--cert", "sti/chain.pem", "--json")
        headers = invite.split("\r\n", 1)[1]
        for text in (invite, headers):
            run = self.run_in_lab("verify", "-", *trust, stdin=text.encode())
            self.assertEqual((run.code, run.out), (2, ""), run)
            self.assertIn("--sip-file", run.err)
        run = self.run_in_lab("verify", "--identity-file", "whole.sip", "--orig", ORIG, *trust)
        self.assertEqual(run.code, 2, run)
        self.assertIn("--sip-file", run.err)
        self.assert_reason(self.run_in_lab("verify", "-", "--orig", ORIG, "--dest", DEST, *trust, stdin=headers.encode()), "verified", 0)

    def test_what_is_no_sip_message_is_named(self):
        invite = f"INVITE sip:{DEST}@example.org SIP/2.0\r\nFrom: <sip:{ORIG}@example.org>\r\n\r\n"
        capture = b"\xd4\xc3\xb2\xa1\x02\0\x04\0" + b"\0" * 16
        for content, told in ((capture, "packet capture"), (b"\x0a\x0d\x0d\x0a" + b"\0" * 20, "packet capture"),
                              (invite.encode("utf-16"), "UTF-16"), (b"<html></html>", "HTML")):
            (self.lab / "strange.bin").write_bytes(content)
            run = self.run_in_lab("verify", "--sip-file", "strange.bin", "--anchors", "sti/root.pem")
            self.assertEqual(run.code, 2, run)
            self.assertIn(told, run.err)
        run = self.verify(self.sign().replace("<", "&lt;").replace(">", "&gt;"))
        self.assertIn("&lt;", run.out)
        self.assertIn("HTML", run.out)

    def test_refusals(self):
        def sign(*args):
            return self.run_in_lab("sign", "--key", "sti/leaf.key", *args)
        call = ("--x5u", X5U, "--orig", ORIG, "--dest", DEST)
        self.assert_refused(sign(*call, "--compact"), "compact-form-not-allowed")
        self.assert_refused(sign(*call, "--attest", "Cabbage"), "attest-invalid")
        self.assert_refused(sign(*call, "--origid", "1"), "origid-invalid")
        self.assert_refused(sign(*call, "--ppt", "shakne"), "--ppt", "shakne")
        self.assert_refused(sign(*call, "--iat", "tomorrow"), "--iat")
        self.assert_refused(sign(*call, "--claim", "x=text"), "--claim", "x")
        self.assert_refused(sign(*call, "--claim", "iat=1"), "iat")
        self.assert_refused(sign(*call, "--claim", "x=1", "--claim", "x=2"), "--claim", "twice")
        self.assert_refused(sign(*call, "--claim", "exp=1"), "iat-stale", "exp 1 ", "iat")
        self.assert_refused(sign(*call, "--claim", "nbf=99999999999"), "iat-in-future", "nbf 99999999999 ", "iat")
        self.assert_refused(sign(*call, "--claim", 'exp="soon"'), "iat-invalid", "exp", "soon")
        self.assert_refused(sign(*call, "--mky", "sha-256"), "--mky")
        self.assert_refused(sign(*call, "--country", "XX"), "--country")
        self.assert_refused(sign(*call, "--raw-payload", "{}"), "--insecure-unchecked")
        self.assert_refused(sign(*call, "--token-only", "--json"), "--json")
        self.assert_refused(sign("--x5u", "http://example.org/a", *call[2:]), "info-invalid")
        self.assert_refused(sign("--x5u", X5U, "--orig", "no number", "--dest", DEST), "--orig")
        self.assert_refused(sign("--x5u", X5U, "--orig", ORIG), "--dest")
        self.assert_refused(sign("--x5u", X5U, "--dest", DEST), "--orig")
        self.assert_refused(sign("--orig", ORIG, "--dest", DEST), "--x5u")
        self.assert_refused(self.run_in_lab("sign", *call), "--key")
        self.assert_refused(self.run_in_lab("sign", "--key", "none.key", *call), "--key", "none.key")
        self.assert_refused(self.run_in_lab("sign", "--key", "sti/leaf.pem", *call), "--key", "sti/leaf.pem")

    def test_keys_that_cannot_sign(self):
        self.make("pki", "key", "--dir", "p384", "--key-type", "p384")
        run = self.run_in_lab("sign", "--key", "p384/signer.key", "--x5u", X5U, "--orig", ORIG, "--dest", DEST)
        self.assert_refused(run, "key-invalid")

    @unittest.skipUnless(shutil.which("openssl"), "the openssl command is not installed")
    def test_encrypted_key_is_refused_without_asking(self):
        subprocess.run(["openssl", "pkcs8", "-topk8", "-in", "sti/leaf.key", "-out", "encrypted.key",
                        "-passout", "pass:secret"], cwd=self.lab, check=True, capture_output=True)
        run = self.run_in_lab("sign", "--key", "encrypted.key", "--x5u", X5U, "--orig", ORIG, "--dest", DEST)
        self.assert_refused(run, "key-invalid", "encrypted")

    def test_unchecked_makes_bad_tokens_and_says_so(self):
        run = self.run_in_lab("sign", "--key", "sti/leaf.key", "--x5u", X5U, "--orig", ORIG, "--dest", DEST,
                              "--attest", "Cabbage", "--insecure-unchecked")
        self.assertEqual(run.code, 0, run)
        self.assertIn("--insecure-unchecked", run.err)
        self.assert_reason(self.verify(run.out.strip()), "attest-invalid")
        run = self.run_in_lab("sign", "--key", "sti/leaf.key", "--insecure-unchecked", "--json",
                              "--raw-header", '{"alg":"none"}', "--raw-payload", "not JSON")
        self.assertEqual(run.json()["header"], {"alg": "none"})
        self.assertEqual(run.json()["payload"], "not JSON")
        self.assertEqual(decode_part(run.json()["token"], 1), b"not JSON")
        compact = self.sign("--compact", "--insecure-unchecked")
        self.assertTrue(compact.startswith(".."))


class Revocation(CliTest):
    def test_direct_crl(self):
        identity = self.sign(key="own/leaf.key")
        self.make("pki", "crl", *self.by("own/intermediate"), "--out", "own/empty.crl")
        self.make("pki", "crl", *self.by("own/intermediate"), "--out", "own/leaf.crl", "--revoke", "own/chain.pem")
        self.assert_reason(self.verify(identity, "--crl", "own/empty.crl", pki="own"), "verified", 0)
        self.assert_reason(self.verify(identity, "--crl", "own/leaf.crl", pki="own"), "certificate-revoked")

    def test_direct_crl_by_serial_in_der(self):
        lint = self.run_in_lab("lint-cert", "own/leaf.pem", "--json").json()
        serial = lint["certificates"][0]["serial"]
        spelled = ":".join(re.findall("..?", serial.upper().zfill(len(serial) + len(serial) % 2)))
        self.make("pki", "crl", *self.by("own/intermediate"), "--dir", "own", "--der", "--revoke", spelled)
        run = self.verify(self.sign(key="own/leaf.key"), "--crl", "own/crl.der", pki="own")
        self.assert_reason(run, "certificate-revoked")

    def test_a_file_that_is_something_else_is_named(self):
        issuer = ("--issuer-cert", "sti/intermediate.pem", "--issuer-key", "sti/intermediate.key")
        for args in (("pki", "leaf", "--dir", "else", "--issuer-cert", "sti/leaf.key", "--issuer-key", "sti/leaf.key", "--spc", "1"),
                     ("pki", "crl", "--dir", "else", *issuer, "--revoke", "sti/leaf.key"),
                     ("lint-cert", "sti/leaf.pem", "--issuer", "sti/leaf.key")):
            run = self.run_in_lab(*args)
            self.assertEqual(run.code, 2, run)
            self.assertIn("sti/leaf.key", run.err)
        run = self.run_in_lab("pki", "leaf", "--dir", "else", *issuer)
        self.assertNotEqual(run.code, 0)
        self.assertIn("give --spc or --tn", run.err)
        run = self.verify(self.sign(), "--crl", "sti/leaf.key")
        self.assertIn("crl-invalid: sti/leaf.key: ", run.err)
        self.assertNotEqual(run.code, 0)

    def test_stale_crl(self):
        self.make("pki", "crl", *self.by("own/intermediate"), "--out", "own/old.crl", "--this-update",
                  "2020-01-01T00:00:00Z", "--days", "1", "--number", "7")
        self.assert_reason(self.verify(self.sign(key="own/leaf.key"), "--crl", "own/old.crl", pki="own"), "crl-stale")

    def test_required_crl(self):
        run = self.verify(self.sign(key="own/leaf.key"), "--require-crl", pki="own")
        self.assertEqual(run.json()["reason"], "crl-not-available", run)

    def test_indirect_crl(self):
        crl = ("pki", "crl", *self.by("stipa/root"), "--indirect", "--url", CRL_URL)
        self.make(*crl, "--out", "stipa/empty.crl")
        self.make(*crl, "--out", "stipa/leaf.crl", "--revoke", "sti/leaf.pem")
        self.make(*crl, "--out", "stipa/ca.crl", "--revoke", "sti/intermediate.pem")
        # A certificate of another CA.
        self.make(*crl, "--out", "stipa/other.crl", "--revoke", "own/leaf.pem")
        identity = self.sign()
        anchors = ("--crl-anchors", "stipa/root.pem", "--crl")
        self.assert_reason(self.verify(identity, *anchors, "stipa/empty.crl"), "verified", 0)
        self.assert_reason(self.verify(identity, *anchors, "stipa/other.crl"), "verified", 0)
        self.assert_reason(self.verify(identity, *anchors, "stipa/leaf.crl"), "certificate-revoked")
        self.assert_reason(self.verify(identity, *anchors, "stipa/ca.crl"), "certificate-revoked")
        # Nobody is there who may have signed it: not a list that is silently left out.
        self.assert_refused(self.verify(identity, "--crl", "stipa/empty.crl"), "crl-invalid")

    def test_indirect_crl_by_a_signer_below_the_root(self):
        self.make("pki", "intermediate", "--dir", "signer", *self.by("stipa/root"), "--cn", "STI-PA CRL signer")
        self.make("pki", "leaf", "--dir", "signed", *self.by("sti/intermediate"), "--spc", "4321", "--crl-url",
                  CRL_URL, "--crl-issuer-cert", "signer/intermediate.pem")
        self.make("pki", "crl", *self.by("signer/intermediate"), "--indirect", "--url", CRL_URL, "--dir", "signer",
                  "--revoke", "signed/leaf.pem")
        run = self.verify(self.sign(key="signed/leaf.key"), "--crl", "signer/crl.pem", "--crl-anchors",
                          "stipa/root.pem", chain="signed/chain.pem")
        self.assert_reason(run, "certificate-revoked")
        # The list alone: its signer is given, and is no anchor.
        text = (self.lab / "signer/crl.pem").read_text()
        (self.lab / "signer/alone.pem").write_text(text[:text.index("-----BEGIN CERTIFICATE-----")])
        identity = self.sign(key="signed/leaf.key")
        alone = ("--crl", "signer/alone.pem")
        signer = ("--crl-signers", "signer/intermediate.pem")
        anchors = ("--crl-anchors", "stipa/root.pem")
        for options in (alone + anchors, alone + signer):
            self.assert_refused(self.verify(identity, *options, chain="signed/chain.pem"), "crl-invalid")
        run = self.verify(identity, *alone, *signer, *anchors, chain="signed/chain.pem")
        self.assert_reason(run, "certificate-revoked")

    def test_refusals(self):
        crl = ("pki", "crl", *self.by("own/intermediate"), "--out", "refused.crl")
        self.assert_refused(self.run_in_lab(*crl, "--revoke", "sti/leaf.pem"), "--revoke", "sti/leaf.pem", "--indirect")
        self.assert_refused(self.run_in_lab(*crl, "--revoke", "no-such.pem"), "--revoke", "no-such.pem")
        self.assert_refused(self.run_in_lab(*crl, "--indirect"), "parameter-missing")
        self.assert_refused(self.run_in_lab(*crl, "--indirect", "--url", CRL_URL, "--revoke", "12ab"), "--revoke")
        self.assert_refused(self.run_in_lab(*crl, "--next-update", "2000-01-01T00:00:00Z"), "parameter-invalid")
        self.assert_refused(self.run_in_lab("pki", "crl", *self.by("sti/intermediate")), "cRLSign")
        self.assertFalse((self.lab / "refused.crl").exists())


class WrongFiles(CliTest):
    """Files that a new user takes for certificates, keys or lists: which, what was found, what is wanted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        der = base64.b64decode("".join((cls.lab / "sti/leaf.pem").read_text().splitlines()[1:-1]))
        pem = (cls.lab / "sti/leaf.pem").read_bytes()
        # A ContentInfo of PKCS#7 signed data, without any.
        p7 = bytes.fromhex("300f06092a864886f70d010702a0023000")
        cls.files = {
            "p7.pem": (b"-----BEGIN PKCS7-----\n" + base64.b64encode(p7) + b"\n-----END PKCS7-----\n", '"PKCS7"'),
            "two.der": (der + der, f"{len(der)} bytes behind it; several in one file must be PEM"),
            "key.pem": ((cls.lab / "sti/leaf.key").read_bytes(), '"PRIVATE KEY"'),
            "empty": (b"", "this is empty"),
            "utf16.pem": (pem.decode().encode("utf-16"), "UTF-16"),
            "page": (b"<!DOCTYPE html><html>404</html>", "HTML"),
            "bare": (base64.b64encode(der), "without the BEGIN and END lines of PEM"),
            "compressed": (b"\x1f\x8b\x08\x00", "gzip"),
        }
        for name, (content, _) in cls.files.items():
            (cls.lab / name).write_bytes(content)

    def assert_each_is_named(self, expected, *args, skip=()):
        for name, (_, what) in self.files.items():
            if name in skip:
                continue
            with self.subTest(file=name, command=args[0]):
                run = self.run_in_lab(*(name if arg == "FILE" else arg for arg in args))
                self.assert_refused(run, name, what, expected)

    def test_certificates(self):
        call = ("verify", "--orig", ORIG, "--dest", DEST, "--cert", "sti/chain.pem", "x.y.z")
        for args in (("lint-cert", "FILE"),
                     ("lint-cert", "sti/leaf.pem", "--issuer", "FILE"),
                     (*call, "--anchors", "FILE"),
                     (*call, "--anchors", "sti/root.pem", "--crl-anchors", "FILE"),
                     (*call, "--anchors", "sti/root.pem", "--crl-anchors", "stipa/root.pem", "--crl-signers", "FILE"),
                     ("pki", "leaf", "--dir", "else", "--spc", "1", "--issuer-cert", "FILE", "--issuer-key", "sti/root.key"),
                     ("pki", "crl", "--dir", "else", *self.by("sti/root"), "--revoke", "FILE")):
            self.assert_each_is_named("certificate", *args)

    def test_certificates_of_calls(self):
        for name, (_, what) in self.files.items():
            with self.subTest(file=name):
                run = self.verify(self.sign(), chain=name)
                self.assertNotEqual(run.code, 0, run)
                self.assertIn(name, run.out + run.err)
                self.assertIn(what, (run.out + run.err).replace('\\"', '"'))

    def test_revocation_lists(self):
        self.assert_each_is_named("CRL", "verify", "--orig", ORIG, "--dest", DEST, "--anchors", "sti/root.pem",
                                  "--cert", "sti/chain.pem", "--crl", "FILE", "x.y.z")

    def test_keys(self):
        call = ("--x5u", X5U, "--orig", ORIG, "--dest", DEST)
        self.assert_each_is_named("private key in PEM", "sign", "--key", "FILE", *call, skip=("key.pem",))
        self.assert_each_is_named("private key in PEM", "pki", "key", "--dir", "else", "--key", "FILE", skip=("key.pem",))
        self.assert_each_is_named("private key in PEM", "verify", "--evidence", "e.sqlite", "--checkpoint-key", "FILE",
                                  "--orig", ORIG, "--dest", DEST, "--anchors", "sti/root.pem", "x.y.z", skip=("key.pem",))
        with_mark = b"\xef\xbb\xbf" + (self.lab / "sti/leaf.key").read_bytes()
        (self.lab / "marked.key").write_bytes(with_mark)
        self.assert_reason(self.verify(self.sign(key="marked.key")), "verified", 0)

    def test_number_key(self):
        (self.lab / "page").chmod(0o600)
        run = self.run_in_lab("verify", "--evidence", "e.sqlite", "--number-key", "page", "--orig", ORIG, "--dest", DEST,
                              "--anchors", "sti/root.pem", "x.y.z")
        self.assert_refused(run, "page: ", "64 hexadecimal digits")

    def test_trust_lists(self):
        self.assert_each_is_named("neither a compact JWS nor JSON", "verify", "--orig", ORIG, "--dest", DEST,
                                  "--trust-list", "FILE", "--trust-list-root", "stipa/root.pem",
                                  "--cert", "sti/chain.pem", "x.y.z")


class Certificates(CliTest):
    def test_lint_of_products_has_no_errors(self):
        run = self.run_in_lab("lint-cert", "sti/chain.pem", "sti/root.pem", "--issuer", "sti/root.pem", "--json")
        self.assertEqual(run.code, 0, run)
        report = run.json()
        self.assertEqual([one["role"] for one in report["certificates"]], ["leaf", "intermediate", "root"])
        for one in report["certificates"]:
            self.assertEqual((one["errors"], one["warnings"], one["notices"]), (0, 0, 0), one)

    def test_delegates(self):
        self.make("pki", "intermediate", "--dir", "delegate", *self.by("sti/intermediate"), "--tnauthlist",
                  "12155550000+1000", "--no-crl-sign", *self.dp())
        leaf = ("pki", "leaf", *self.by("delegate/intermediate"), "--issuer-chain", "sti/intermediate.pem", *self.dp())
        self.make(*leaf, "--dir", "delegate", "--tn", "12155550100", "--tn", "12155550200-12155550299")
        call = {"key": "delegate/leaf.key"}
        chain = {"chain": "delegate/chain.pem"}
        self.assert_reason(self.verify(self.sign(**call), **chain), "verified", 0)
        inside = "+12155550299"
        self.assert_reason(self.verify(self.sign(orig=inside, **call), orig=inside, **chain), "verified", 0)
        outside = "+12155550300"
        self.assert_reason(self.verify(self.sign(orig=outside, **call), orig=outside, **chain), "tn-not-authorized")
        self.assert_refused(self.run_in_lab(*leaf, "--dir", "greedy", "--tn", "12155551000"),
                            "tnauthlist-not-encompassed")
        self.make(*leaf, "--dir", "greedy", "--tn", "12155551000", "--insecure-unchecked")
        greedy = "+12155551000"
        run = self.verify(self.sign(key="greedy/leaf.key", orig=greedy), orig=greedy, chain="greedy/chain.pem")
        self.assert_reason(run, "tnauthlist-not-encompassed")
        run = self.run_in_lab("lint-cert", "delegate/chain.pem", "--delegate", "--json")
        self.assertEqual(run.code, 0, run)

    def test_claim_constraints(self):
        self.make("pki", "leaf", "--dir", "bound", *self.by("sti/intermediate"), "--spc", "4321", "--must-include",
                  "attest", "--permitted", "attest=B", "--permitted", "attest=C", "--must-exclude", "rcd")
        chain = {"chain": "bound/chain.pem"}
        key = {"key": "bound/leaf.key"}
        self.assert_reason(self.verify(self.sign("--attest", "B", **key), **chain), "verified", 0)
        self.assert_reason(self.verify(self.sign("--attest", "A", **key), **chain), "claim-value-not-permitted")
        self.assert_reason(self.verify(self.sign("--ppt", "base", **key), **chain), "claim-required")
        excluded = self.sign("--attest", "C", "--claim", 'rcd={"nam":""}', **key)
        self.assert_reason(self.verify(excluded, **chain), "claim-excluded")

    def test_key_types_of_cas(self):
        for key_type in ("p384", "p521", "rsa2048"):
            folder = "ca-" + key_type
            self.make("pki", "root", "--dir", folder, "--key-type", key_type)
            self.make("pki", "leaf", "--dir", folder, *self.by(folder + "/root"), "--spc", "4321")
            self.assert_reason(self.verify(self.sign(key=folder + "/leaf.key"), pki=folder), "verified", 0)

    def test_key_that_stays_with_its_holder(self):
        self.make("pki", "key", "--dir", "holder")
        self.make("pki", "leaf", "--dir", "ca-side", *self.by("sti/intermediate"), "--spc", "4321", "--subject-key",
                  "holder/signer.pub.pem")
        self.assertFalse((self.lab / "ca-side/leaf.key").exists())
        run = self.verify(self.sign(key="holder/signer.key"), chain="ca-side/chain.pem")
        self.assert_reason(run, "verified", 0)
        self.make("pki", "leaf", "--dir", "same-key", *self.by("sti/intermediate"), "--spc", "4321", "--key",
                  "holder/signer.key")
        run = self.verify(self.sign(key="holder/signer.key"), chain="same-key/chain.pem")
        self.assert_reason(run, "verified", 0)
        self.make("pki", "key", "--key", "sti/leaf.key", "--out-public-key", "leaf.pub.pem")
        self.assertIn("BEGIN PUBLIC KEY", (self.lab / "leaf.pub.pem").read_text())

    def test_private_keys_are_private(self):
        for key in ("sti/root.key", "sti/intermediate.key", "sti/leaf.key"):
            self.assertEqual(stat.S_IMODE((self.lab / key).stat().st_mode), 0o600)

    def test_nothing_is_overwritten(self):
        before = {path: path.read_bytes() for path in (self.lab / "own").iterdir()}
        leaf = ("pki", "leaf", "--dir", "own", *self.by("own/intermediate"), "--spc", "4321")
        self.assert_refused(self.run_in_lab(*leaf), "own/leaf.key", "--force")
        self.assert_refused(self.run_in_lab(*leaf, "--out-key", "own/new.key"), "own/leaf.pem", "--force")
        self.assert_refused(self.run_in_lab("pki", "root", "--dir", "own"), "own/root.key")
        # Not even with --force: the input of the command, or two files into one.
        self.assert_refused(self.run_in_lab(*leaf, "--force", "--out-cert", "own/../own/intermediate.pem"), "intermediate.pem")
        self.assert_refused(self.run_in_lab(*leaf, "--force", "--out-key", "own/x", "--out-cert", "own/x"), "own/x")
        self.assertEqual(before, {path: path.read_bytes() for path in (self.lab / "own").iterdir()})
        shutil.copytree(self.lab / "own", self.lab / "again")
        self.make("pki", "root", "--dir", "again", "--force")
        self.assertNotEqual((self.lab / "again/root.key").read_bytes(), before[self.lab / "own/root.key"])

    def test_validity(self):
        self.make("pki", "leaf", "--dir", "old", *self.by("own/intermediate"), "--spc", "4321", "--not-before",
                  "2020-01-01T00:00:00Z", "--not-after", "2020-12-31T23:59:59Z")
        certificate = self.run_in_lab("lint-cert", "old/leaf.pem", "--json").json()["certificates"][0]
        self.assertEqual(certificate["not_before"], "2020-01-01T00:00:00Z")
        self.assertEqual(certificate["not_after"], "2020-12-31T23:59:59Z")
        run = self.verify(self.sign(key="old/leaf.key"), pki="own", chain="old/chain.pem")
        self.assert_reason(run, "certificate-expired")

    def test_refusals(self):
        leaf = ("pki", "leaf", "--dir", "refused", *self.by("sti/intermediate"))
        run = self.run_in_lab
        self.assert_refused(run(*leaf), "missing")
        self.assert_refused(run(*leaf, "--spc", "4321", "--days", "0"), "--days")
        self.assert_refused(run(*leaf, "--spc", "4321", "--days", "1", "--not-after", "2030-01-01T00:00:00Z"), "--days")
        self.assert_refused(run(*leaf, "--spc", "4321", "--not-after", "never"), "--not-after")
        self.assert_refused(run(*leaf, "--spc", "4321", "--not-after", "2000-01-01T00:00:00Z"), "parameter-invalid")
        self.assert_refused(run(*leaf, "--spc", "4321", "--key-type", "ed25519"), "--key-type", "p256")
        self.assert_refused(run(*leaf, "--spc", "4321", "--key-type", "p384"), "key-invalid")
        self.assert_refused(run(*leaf, "--spc", "4321", "--country-name", "USA"), "parameter-invalid")
        self.assert_refused(run(*leaf, "--spc", "43 21"), "--spc")
        self.assert_refused(run(*leaf, "--spc", "4321", "--spc", "4322"), "C-12")
        self.assert_refused(run(*leaf, "--tn", "nonsense"), "--tn")
        self.assert_refused(run(*leaf, "--spc", "4321", "--permitted", "attest"), "--permitted")
        self.assert_refused(run(*leaf, "--spc", "4321", "--subject-key", "sti/leaf.key"), "--subject-key")
        self.assert_refused(run(*leaf, "--spc", "4321", "--crl-issuer-cert", "sti/root.pem"), "--crl-url")
        self.assert_refused(run("pki", "leaf", "--spc", "4321"), "--issuer-cert")
        self.assert_refused(run("pki", "leaf", "--spc", "4321", "--dir", "refused", "--issuer-cert", "sti/intermediate.pem",
                                "--issuer-key", "sti/root.key"), "key-invalid")
        self.assert_refused(run("pki", "leaf", "--spc", "4321", "--dir", "refused", *self.by("sti/leaf")), "no CA")
        self.assert_refused(run("pki", "intermediate", "--dir", "refused", *self.by("sti/root"), "--path-length", "x"),
                            "--path-length")
        self.assert_refused(run("pki", "intermediate", "--dir", "refused", *self.by("sti/root"), "--tnauthlist", "?"),
                            "--tnauthlist")
        self.assert_refused(run("pki", "root", "--dir", "sti/root.pem/under"), "sti/root.pem")
        self.assertFalse((self.lab / "refused").exists())


class Lint(CliTest):
    def test_errors_exit_1(self):
        run = self.run_in_lab("lint-cert", "sti/leaf.pem", "--role", "root", "--json")
        self.assertEqual(run.code, 1, run)
        self.assertGreater(run.json()["certificates"][0]["errors"], 0)
        problems = self.run_in_lab("lint-cert", "sti/leaf.pem", "--role", "root", "--problems", "--json").json()
        self.assertEqual({finding["level"] for finding in problems["certificates"][0]["findings"]} - {"error", "warning"}, set())

    def test_unreadable_file_exits_2_and_the_others_are_judged(self):
        (self.lab / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        run = self.run_in_lab("lint-cert", "none.pem", "sti/leaf.pem", "broken.pem", "sti/root.pem", "--json")
        self.assertEqual(run.code, 2, run)
        self.assertEqual([one["file"] for one in run.json()["certificates"]], ["sti/leaf.pem", "sti/root.pem"])
        self.assertEqual([one["file"] for one in run.json()["failures"]], ["none.pem", "broken.pem"])
        self.assertIn("none.pem", run.err)
        self.assertIn("broken.pem", run.err)

    def test_options_take_one_value(self):
        run = self.run_in_lab("lint-cert", "--issuer", "sti/intermediate.pem", "sti/leaf.pem", "--policy-oid",
                              "2.16.840.1.114569.1.1.4", "sti/root.pem", "--json")
        self.assertEqual([one["file"] for one in run.json()["certificates"]], ["sti/leaf.pem", "sti/root.pem"], run)
        self.assertEqual(run.code, 0, run)
        run = self.run_in_lab("lint-cert", "sti/leaf.pem", "--policy-oid", "1.2.3", "--json")
        self.assertEqual(run.code, 1, run)

    def test_usage(self):
        self.assert_refused(self.run_in_lab("lint-cert"), "FILE")
        self.assert_refused(self.run_in_lab("lint-cert", "sti/leaf.pem", "--role", "king"), "--role", "king")
        self.assert_refused(self.run_in_lab("lint-cert", "sti/leaf.pem", "--issuer", "none.pem"), "--issuer", "none.pem")

    def test_certificates_cannot_steer_the_terminal(self):
        evil = "Evil\x1b[2J\x7f\u009b\u202e\u00e9"
        self.make("pki", "leaf", "--dir", "evil", *self.by("sti/intermediate"), "--spc", "4321", "--org", evil)
        texts = [self.run_in_lab("lint-cert", "evil/leaf.pem").out,
                 self.run_in_lab("pki", "leaf", "--dir", "evil", "--force", *self.by("sti/intermediate"), "--spc",
                                 "4321", "--org", evil).out,
                 self.run_in_lab("verify", "--orig", ORIG, "--dest", DEST, "--anchors", "sti/root.pem", "--cert",
                                 "evil/chain.pem", self.sign(key="evil/leaf.key")).out,
                 self.run_in_lab("lint-cert", "evil/leaf.pem", "--json").out,
                 self.run_in_lab("decode", self.sign("--claim", json.dumps({"x": evil}).join(["x=", ""]))).out]
        for text in texts:
            self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
            self.assertIn("Evil", text)


class Contract(CliTest):
    """src/cli/README.md and what the program says agree."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.text = (SOURCE / "src/cli/README.md").read_text()

    def section(self, title):
        return self.text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]

    def assert_documented(self, value, section):
        """Every member name of `value`, at any depth, stands in `section` in backquotes."""
        if isinstance(value, dict):
            for name, member in value.items():
                self.assertIn(f"`{name}`", section)
                self.assert_documented(member, section)
        elif isinstance(value, list):
            for element in value:
                self.assert_documented(element, section)

    def assert_table_occurs(self, value, section):
        """Every member of the tables headed by "member" is a member of `value`."""
        for table in re.findall(r"\| member \|.*\n\|[-|]+\n((?:\|.*\n)+)", section):
            for row in table.splitlines():
                for name in re.findall("`([a-z0-9_]+)`", row.split("|")[1]):
                    self.assertIn(name, value)

    def test_verify(self):
        value = self.verify(self.sign()).json()
        self.assert_documented(value, self.section("verify"))
        self.assert_table_occurs(value, self.section("verify"))
        ids = re.findall(r"^\| `([a-z0-9-]+)` \| .*\?", self.section("verify"), re.M)
        self.assertEqual([check["id"] for check in value["checks"]], ids)

    def test_decode(self):
        run = self.run_in_lab("decode", self.sign(), "--json")
        self.assertEqual(run.code, 0, run)
        value = run.json()
        self.assert_table_occurs(value, self.section("decode"))
        self.assertEqual(sorted(value), sorted(["form", "parameters", "header", "payload", "signature", "times", "problems", "opt"]))
        broken = self.run_in_lab("decode", "a.b.c;info=x", "--json")
        self.assertEqual(broken.code, 1, broken)
        self.assert_documented(broken.json()["problems"], self.section("decode"))

    def test_explain(self):
        for what in ("orig-mismatch", "437", ""):
            run = self.run_in_lab("explain", *([what] if what else []), "--json")
            self.assertEqual(run.code, 0, run)
            self.assert_documented(run.json(), self.section("explain"))
        self.assert_refused(self.run_in_lab("explain", "nothing-like-it"), "nothing-like-it")

    def test_sign(self):
        value = json.loads(self.sign("--json"))
        self.assert_documented({name: None for name in value}, self.section("sign"))

    def test_pki_and_lint(self):
        made = self.make("pki", "root", "--dir", "documented", "--json").json()
        self.assert_documented(made, self.section("pki"))
        report = self.run_in_lab("lint-cert", "sti/leaf.pem", "none.pem", "--json").json()
        self.assert_documented(report, self.section("lint-cert"))
        self.assert_table_occurs(report["certificates"][0], self.section("lint-cert"))

    def test_every_option_is_documented(self):
        for command in ("verify", "decode", "explain", "sign", "lint-cert", "pki root", "pki intermediate", "pki leaf",
                        "pki crl", "pki key"):
            run = self.run_in_lab(*command.split(), "--help")
            self.assertEqual(run.code, 0, run)
            if command != "explain":
                self.assertIn("Examples:", run.out)
            section = self.section(command.split()[0])
            for option in re.findall(r"^  (--[a-z0-9-]+)", run.out, re.M):
                known = option in section or option in ("--help", "--json", "--country")
                self.assertTrue(known, f"{command} {option}")
        self.assertEqual(self.run_in_lab("--help").code, 0)

    def test_usage_errors(self):
        for args in ([], ["pki"], ["nonsense"], ["pki", "nonsense"], ["sign", "--nonsense"], ["verify"], ["decode"]):
            self.assert_refused(self.run_in_lab(*args))
        self.assert_refused(self.run_in_lab("nonsense"), "nonsense")

    def test_certs_readme_works(self):
        """The commands of certs/README.md, as they stand there."""
        text = (SOURCE / "certs/README.md").read_text().split("## A lab PKI", 1)[1]
        blocks = re.findall(r"(?:^    .*\n)+", text, re.M)
        script = "set -e\ncallvet() { \"$CALLVET\" \"$@\"; }\n" + "".join(
            re.sub("^    ", "", block, flags=re.M) for block in blocks)
        folder = self.lab / "readme"
        folder.mkdir()
        done = subprocess.run(["/bin/sh", "-c", script], cwd=folder, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(b"VERIFIED verified", done.stdout)


class PolicyTest(unittest.TestCase):
    """policy check, policy explain and verify --policy."""

    PLAN = SOURCE / "tools/policy/intercept.json"

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="callvet-policy-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def explain(self, *args):
        return Run("policy", "explain", self.PLAN, *args, "--json")

    def test_check(self):
        for name in ("intercept", "atis", "observe", "pools"):
            run = Run("policy", "check", SOURCE / f"tools/policy/{name}.json", "--json")
            self.assertEqual(run.code, 0, run)
            self.assertEqual(run.json(), {"valid": True, "problems": [], "warnings": []})
        bad = self.folder / "bad.json"
        bad.write_text('{\n  // a comment\n  "defualt": {}\n}\n')
        run = Run("policy", "check", bad, "--json")
        self.assertEqual(run.code, 1, run)
        problem, = run.json()["problems"]
        self.assertEqual((problem["line"], problem["key"]), (3, "defualt"))
        run = Run("policy", "check", bad)
        self.assertIn(f"{bad}:3:", run.out)
        self.assertIn('"default"', run.out)
        run = Run("policy", "explain", bad, "--orig", ORIG)
        self.assertEqual((run.code, run.out), (2, ""), run)
        bad.write_text('{"nonsense": {}}')
        said = Run("policy", "check", bad).out
        self.assertEqual(said.count("registry"), 1, said)

    def test_check_of_what_is_not_there(self):
        run = Run("policy", "check", self.folder / "nope.json", "--json")
        self.assertEqual((run.code, run.out), (2, ""), run)
        self.assertEqual(run.err.count("nope.json"), 1, run)
        run = Run("policy", "explain", self.folder / "nope.json", "--orig", ORIG)
        self.assertEqual((run.code, run.err.count("nope.json")), (2, 1), run)

    def test_a_customer_without_a_registry_is_an_error(self):
        policy = self.folder / "customer.json"
        policy.write_text(json.dumps({"country": "US", "trunks": {"pbx": {"customer": "bank"}}}))
        run = Run("policy", "check", policy, "--json")
        self.assertEqual(run.code, 1, run)
        self.assertIn("registry", run.out)

    def test_explain(self):
        run = self.explain("--orig", "+861058880100", "--dest", DEST)
        self.assertEqual(run.code, 1, run)
        self.assertEqual((run.json()["action"], run.json()["reason"]), ("reject", "no-identity"))
        run = self.explain("--orig", "+861058880100", "--dest", DEST, "--assume", "verified",
                           "--spc", "4321", "--attest", "A")
        self.assertEqual(run.code, 0, run)
        self.assertEqual(run.json()["action"], "pass")
        self.assertEqual(run.json()["verstat"]["value"], "TN-Validation-Passed")
        self.assertEqual([step["rule"] for step in run.json()["steps"]],
                         ["verdict", "attestation", "caller-regular", "do-not-originate", "holder",
                          "use", "hours", "consent", "caller-pool", "other-numbers"])
        run = self.explain("--orig", "+861058880150", "--dest", DEST, "--assume", "verified",
                           "--spc", "1234", "--attest", "A")
        self.assertEqual((run.code, run.json()["reason"]), (1, "number-of-another-holder"), run)
        run = self.explain("--orig", "+861058880100", "--dest", "119")
        self.assertEqual((run.code, run.json()["action"], run.json()["emergency"]),
                         (0, "tag", True), run)
        run = self.explain("--orig", "+861058880100", "--dest", "119", "--request-uri", "tel:" + DEST)
        self.assertEqual((run.code, run.json()["emergency"]), (1, False), run)
        # What else the call shows: From, and Remote-Party-ID.
        verified = ("--orig", "+861058880100", "--dest", DEST, "--assume", "verified", "--spc", "4321", "--attest", "A")
        for caller, action in (("<sip:+861058880100@h>", "pass"), ('"+442079460000" <sip:+861058880100@h>', "reject"),
                               ("<sip:+12155550199@h>", "reject")):
            run = self.explain(*verified, "--from", caller)
            self.assertEqual(run.json()["action"], action, run)
        for party in ("<sip:+861058880100@h>;party=calling", "<sip:+12155550199@h>"):
            run = self.explain(*verified, "--remote-party-id", party)
            self.assertEqual("Remote-Party-ID" in run.json()["strip_headers"], "12155550199" in party, run)
        self.assertEqual(self.explain("--orig", ORIG, "--assume", "nonsense").code, 2)
        self.assertEqual(self.explain("--orig", ORIG, "--assume", "verified", "--header", "x").code, 2)

    def test_verify(self):
        for args in (("root",), ("intermediate", "--issuer-cert", "root.pem", "--issuer-key", "root.key"),
                     ("leaf", "--issuer-cert", "intermediate.pem", "--issuer-key", "intermediate.key",
                      "--spc", "4321")):
            self.assertEqual(Run("pki", *args, cwd=self.folder).code, 0)
        identity = Run("sign", "--key", "leaf.key", "--x5u", X5U, "--orig", "+861058880100", "--dest",
                       DEST, cwd=self.folder).out.strip()

        def verify(orig, *args):
            return Run("verify", identity, "--orig", orig, "--dest", DEST, "--anchors", "root.pem",
                       "--cert", "chain.pem", "--policy", self.PLAN, *args, cwd=self.folder)

        run = verify("+861058880100", "--json")
        self.assertEqual((run.code, run.json()["disposition"]["action"]), (0, "pass"), run)
        run = verify("+861058880101", "--json")
        self.assertEqual((run.code, run.json()["disposition"]["action"]), (1, "reject"), run)
        self.assertIn("ppi=", run.json()["disposition"]["reason_headers"][0])
        # Verified, and yet rejected: the number is not the bank's.
        run = verify("+861058880100", "--trunk", "bank-pbx", "--json")
        self.assertEqual(run.json()["reason"], "verified")
        self.assertEqual((run.code, run.json()["disposition"]["reason"]),
                         (1, "number-of-another-holder"), run)
        run = verify("+861058880100")
        self.assertIn("\nDisposition: PASS ", run.out)
        bad = self.folder / "bad.json"
        bad.write_text("{")
        run = Run("verify", identity, "--orig", ORIG, "--dest", DEST, "--policy", bad)
        self.assertEqual((run.code, run.out), (2, ""), run)

    def test_what_a_verified_call_shows_beside_its_number(self):
        """H1, H2, M5, M6: by the shipped strict policy."""
        for args in (("root",), ("leaf", "--issuer-cert", "root.pem", "--issuer-key", "root.key", "--spc", "4321")):
            self.assertEqual(Run("pki", *args, cwd=self.folder).code, 0)
        identity = Run("sign", "--key", "leaf.key", "--x5u", X5U, "--orig", "+861058880100", "--dest", DEST, cwd=self.folder).out.strip()

        def disposition(caller, *headers):
            lines = [f"INVITE sip:{DEST}@h SIP/2.0", f"From: {caller};tag=1", f"To: <sip:{DEST}@h>",
                     "P-Asserted-Identity: <sip:+861058880100@h>", f"Identity: {identity}", *headers, "", ""]
            (self.folder / "invite.txt").write_text("\r\n".join(lines), newline="")
            return Run("verify", "--sip-file", "invite.txt", "--anchors", "root.pem", "--cert", "chain.pem",
                       "--policy", self.PLAN, "--json", cwd=self.folder).json()["disposition"]

        for caller in ("<sip:+861058880100@h>", "<sip:alice@h>", '"Anonymous" <sip:anonymous@anonymous.invalid>', "<sip:8001@h>",
                       '"01058880100" <sip:+861058880100@h>', "<sip:+861058880101@h>"):
            self.assertEqual(disposition(caller)["action"], "pass", caller)
        for caller, kind in (("<sip:+12155550199@h>", "other-number"), ("<sip:+442079460000@h>", "other-number"),
                             ("Doe, John <sip:10086@h>", "no-number"), ("<sip:10086@h>, <sip:+861058880100@h>", "no-number"),
                             ('"+442079460000" <sip:+861058880100@h>', "other-number")):
            found = disposition(caller)
            self.assertEqual((found["action"], found["reason"], found["irregular"]), ("reject", "irregular-caller", kind), caller)
        stripped = {"P-Preferred-Identity", "Remote-Party-ID"}
        self.assertLessEqual(stripped, set(disposition("<sip:alice@h>")["strip_headers"]))
        kept = disposition("<sip:alice@h>", "Remote-Party-ID: <sip:+861058880100@h>;party=calling")["strip_headers"]
        self.assertEqual(stripped & set(kept), {"P-Preferred-Identity"})

    def test_verify_sip_file(self):
        sip = self.folder / "invite.txt"
        sip.write_text("INVITE urn:service:sos SIP/2.0\r\nFrom: <sip:+12155550100@example.org>;tag=1\r\n"
                       "To: <urn:service:sos>\r\n\r\n")
        run = Run("verify", "--sip-file", sip, "--policy", self.PLAN, "--json")
        self.assertEqual((run.json()["disposition"]["action"], run.json()["disposition"]["emergency"]),
                         ("tag", True), run)
        sip.write_text("INVITE sip:+12155550101@example.org SIP/2.0\r\n"
                       "From: <sip:+12155550100@example.org>;tag=1\r\nTo: <urn:service:sos>\r\n\r\n")
        run = Run("verify", "--sip-file", sip, "--policy", self.PLAN, "--json")
        self.assertEqual(run.json()["disposition"]["action"], "reject", run)
        # H3: an element on the way has no number in it.
        for uri, action in (("sip:esrp@psap.example.org", "tag"), ("sip:esrp@gw;rn=+8613800138001", "reject"),
                            ("sip:x138-0013-8001@gw;user=phone", "reject"), ("sip:gw@13800138001", "reject")):
            sip.write_text(f"INVITE {uri} SIP/2.0\r\nFrom: <sip:+12155550100@example.org>;tag=1\r\nTo: <urn:service:sos>\r\n\r\n")
            run = Run("verify", "--sip-file", sip, "--policy", self.PLAN, "--json")
            self.assertEqual(run.json()["disposition"]["action"], action, uri)


if __name__ == "__main__":
    if not CALLVET:
        raise SystemExit("CALLVET must name the program")
    unittest.main()
