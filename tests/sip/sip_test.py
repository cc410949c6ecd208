#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Kamailio module with Debian's kamailio and SIPp, on loopback.

    sip_test.py [unittest's options]

CALLVET_SIP_CALLS: how many mixed calls test_mixed_calls makes (2000; the full run has 20000)."""

import concurrent.futures
import contextlib
import http.server
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

import lab as laboratory
from cases import CASES
from lab import CALLED, CALLER, HERE, ROOT, SANITIZE, Callee, Client, Kamailio, Lab, run

INLINE = ROOT / "tools/kamailio/inline.cfg"
REDIRECT = ROOT / "tools/kamailio/redirect.cfg"
KEMI = HERE / "kemi.cfg"
# The suite lets a call go on whose certificate server does not answer, but not one whose server says 404.
OPENSIPIT = {"default": {"code_map": "opensipit", "overrides": {"fetch-timeout": {"action": "tag"}}}}
CALLS = int(os.environ.get("CALLVET_SIP_CALLS", "2000"))


class SipTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.callee = Callee()

    @classmethod
    def tearDownClass(cls):
        cls.callee.close()
        cls.lab.close()

    def start(self, script=INLINE, **options):
        options.setdefault("callee_port", self.callee.port)
        kamailio = Kamailio(self.lab, script, **options)
        self.addCleanup(self.finish, kamailio)
        return kamailio

    def finish(self, kamailio):
        ended_well = kamailio.alive() or getattr(kamailio, "may_be_dead", False)
        kamailio.close()
        self.assertTrue(ended_well, kamailio.log_text()[-3000:])
        self.assertEqual(kamailio.sanitizer_reports(), [])

    def call(self, kamailio, *identities, code=None, reason=None, **options):
        headers = [value if re.match(r"[A-Za-z-]+:", value) else "Identity: " + value for value in identities]
        reply = Client(kamailio.port).request(headers=headers, **options)
        if code is not None:
            self.assertEqual((reply.code, reply.header("X-Callvet")), (code, reason), reply.text)
        return reply


class Conformance(SipTest):
    """The cases of the public suite as SIPp scenarios, in both code maps; the reason id is checked."""

    def sipp(self, kamailio, name, code, reason):
        sign = CASES[name][0]
        folder = kamailio.folder / name
        folder.mkdir()
        scenario = folder / "call.xml"
        scenario.write_text((HERE / "call.xml").read_text().replace("@CODE@", str(code)).replace("@REASON@", reason))
        result = subprocess.run(
            ["sipp", f"127.0.0.1:{kamailio.port}", "-i", "127.0.0.1", "-sf", str(scenario), "-m", "1", "-nostdin", "-key",
             "custom_identity", "Identity: " + sign(self.lab), "-key", "caller", CALLER, "-key", "callee", CALLED,
             "-timeout", "15s", "-trace_err", "-trace_msg"],
            cwd=folder, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        if result.returncode == 0:
            return None
        messages = "".join(path.read_text(errors="replace") for path in folder.glob("call_*_messages.log"))
        answers = re.findall(r"^(SIP/2.0 [2-6].*)|^(X-Callvet.*)", messages, re.M)
        return f"{name}: expected {code} {reason}: {answers}"

    def suite(self, script, column, accepted):
        policy = OPENSIPIT if column == 2 else {}
        config = self.lab.write_config(f"suite-{script.stem}-{column}.json", policy)
        kamailio = self.start(script, config=config)
        jobs = []
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for name, case in CASES.items():
                code = accepted if case[column] == 486 else case[column]
                jobs.append(pool.submit(self.sipp, kamailio, name, code, case[3]))
        wrong = [job.result() for job in jobs if job.result()]
        self.assertEqual(wrong, [], "\n".join(wrong))

    def test_native_rfc8224(self):
        self.suite(INLINE, 1, 486)

    def test_native_opensipit(self):
        self.suite(INLINE, 2, 486)

    def test_kemi_rfc8224(self):
        self.suite(KEMI, 1, 486)

    def test_kemi_opensipit(self):
        self.suite(KEMI, 2, 486)

    def test_redirect_rfc8224(self):
        self.suite(REDIRECT, 1, 302)

    def test_redirect_opensipit(self):
        self.suite(REDIRECT, 2, 302)


class HeaderForms(SipTest):
    def test_forms(self):
        kamailio = self.start()
        good = self.lab.sign()
        self.call(kamailio, "y: " + good, code=486, reason="verified")
        self.call(kamailio, "IDENTITY: " + good, code=486, reason="verified")
        self.call(kamailio, "Identity:\r\n " + good.replace(";", "\r\n ;"), code=486, reason="verified")
        self.call(kamailio, "x", good, code=486, reason="verified")
        self.call(kamailio, good, "y: x", code=486, reason="verified")
        self.call(kamailio, *([self.lab.sign(payload={"attest": "X"})] * 15), good, code=486, reason="verified")
        self.call(kamailio, *(["x"] * 17), code=438, reason="too-many-identity-headers")
        self.call(kamailio, code=428, reason="no-identity")
        self.call(kamailio, "Identity: ", code=438, reason="identity-malformed")
        for size in (4096, 40 * 1024):
            reply = self.call(kamailio, "Identity: " + "e" * size)
            self.assertEqual(reply.code, 438, reply.text)
        self.call(kamailio, good + ";x=" + "y" * 4096)
        # y: alone does not slip past as "no identity".
        self.call(kamailio, "y: " + self.lab.sign(payload={"attest": "X"}), code=438, reason="attest-invalid")

    def test_claims_with_line_ends_are_none(self):
        """A script that writes what a token says into a header writes one header."""
        script = self.lab.folder / "claims.cfg"
        script.write_text(INLINE.read_text().replace(
            "\t$du = NEXT_HOP;", '\tappend_hf("P-Origination-ID: $callvet(origid)\\r\\nX-Attest: $callvet(attest)\\r\\n'
            'X-Ppt: $callvet(ppt)\\r\\nX-Iat: $callvet(iat)\\r\\n");\n\t$du = NEXT_HOP;'))
        evil = "x\r\nP-Asserted-Identity: <sip:+18005551000@bank.example>\r\nX-: "
        kamailio = self.start(script, config=self.lab.write_config("claims.json", {"default": {"mode": "tag"}}))
        for claim in ("origid", "attest"):
            self.call(kamailio, self.lab.sign(who="stranger", payload={claim: evil}))
            self.assertNotIn("bank.example", self.callee.received[-1])
            self.assertIn("P-Origination-ID: ", self.callee.received[-1])
        self.call(kamailio, self.lab.sign())
        self.assertRegex(self.callee.received[-1], r"(?m)^X-Attest: B\r$")
        self.assertRegex(self.callee.received[-1], r"(?m)^X-Iat: \d{10}\r$")
        self.call(kamailio)
        self.assertRegex(self.callee.received[-1], r"(?m)^X-Iat: <null>\r$")

    def test_reason_with_a_long_token(self):
        config = self.lab.write_config("full.json", {"default": {"reason_header": {"ppi": "full"}}})
        kamailio = self.start(config=config)
        token = self.lab.sign(payload={"attest": "X", "x": "y" * 2000})
        reply = self.call(kamailio, token, code=438, reason="attest-invalid")
        self.assertIn(token.split(";", 1)[0], reply.header("Reason"))

    def test_what_outsiders_attest_is_removed(self):
        kamailio = self.start()
        self.call(kamailio, self.lab.sign(), "P-Origination-ID: de305d54-75b4-431b-adb2-eb6b9e546014",
                  "P-Attestation-Indicator: A", f"P-Asserted-Identity: <sip:+{CALLER}:verstat=TN-Validation-Passed@x>",
                  code=486, reason="verified")
        self.assertNotRegex(self.callee.received[-1], "P-Origination-ID|P-Attestation-Indicator|:verstat")

    def test_what_is_removed_has_a_compact_form_too(self):
        long_names, letters = ("Identity", "Identity-Info", "Subject"), ("y", "n", "s")
        for named in (long_names, letters):
            config = self.lab.write_config("compact.json", {"default": {"strip_headers": list(named)}})
            kamailio = self.start(config=config)
            for identity, info, subject in (long_names, letters, [letter.upper() for letter in letters]):
                self.callee.received.clear()
                self.call(kamailio, f"{identity}: {self.lab.sign()}", f"{info}: <https://a.example/c>", f"{subject}: a", code=486,
                          reason="verified")
                self.assertNotRegex(self.callee.received[-1], r"(?im)^(identity|y|identity-info|n|subject|s)\s*:")

    def test_methods_that_are_not_allowed(self):
        for script in (INLINE, REDIRECT):
            reply = Client(self.start(script).port).request("SUBSCRIBE")
            self.assertEqual(reply.code, 405)
            self.assertIn("INVITE", reply.header("Allow"))

    def test_message(self):
        kamailio = self.start()
        reply = Client(kamailio.port).request("MESSAGE", [f"Identity: {self.lab.sign()}", "Content-Type: text/plain"],
                                              body="hello")
        # A shaken PASSporT is none of a message, but the call of its numbers: judged all the same.
        self.assertIn(reply.header("X-Callvet"), ("verified", "unsupported-ppt"), reply.text)
        reply = Client(kamailio.port).request("MESSAGE", body="hello")
        self.assertEqual((reply.code, reply.header("X-Callvet")), (428, "no-identity"))

    def test_retransmission_is_answered_once_more_and_judged_once(self):
        kamailio = self.start()
        client = Client(kamailio.port)
        text = client.build(headers=["Identity: " + self.lab.sign(payload={"attest": "X"})])
        client.send(text)
        self.assertEqual(client.receive().code, 438)
        good = Client(kamailio.port)
        text = good.build(headers=["Identity: " + self.lab.sign()])
        good.send(text)
        self.assertEqual(good.receive().code, 486)
        checked = kamailio.stats()["checked"]
        good.send(text)
        self.assertEqual(good.receive().code, 486)
        self.assertEqual(kamailio.stats()["checked"], checked)

    def forged_dialog(self, kamailio, method, *headers, **options):
        """A request with a To tag and a Route that its sender made up, to somebody of his choice."""
        client = Client(kamailio.port)
        made_up = [f"Route: <sip:127.0.0.1:{kamailio.port};lr;cv={'0' * 64}>"]
        if any(header.startswith("Route:") for header in headers):
            made_up = []
        text = client.build(method, [*made_up, *headers], to_tag=";tag=made-up", **options)
        client.send(text.replace(f"@127.0.0.1:{kamailio.port} SIP", f"@127.0.0.1:{self.callee.port} SIP", 1))
        return client.receive(cseq=method)

    def test_a_to_tag_alone_is_no_dialog(self):
        kamailio = self.start()
        self.callee.received.clear()
        for method in ("INVITE", "MESSAGE"):
            reply = self.forged_dialog(kamailio, method)
            self.assertEqual((reply.code, reply.header("X-Callvet")), (428, "no-identity"), reply.text)
        for method in ("REFER", "INFO", "OPTIONS", "REGISTER", "BYE", "UPDATE"):
            self.assertEqual(self.forged_dialog(kamailio, method).code, 481, method)
        # Values that cannot be read, or are no strings.
        for given in ("cv=,", "cv='a", "a=b c", "lr2=,", "cv=0", "cv=", "cv", "x", "cv=%", "cv=\\", "cv=a,b", "cv=a=b", "cv=" + "0" * 64):
            route = f"Route: <sip:127.0.0.1:{kamailio.port};lr;{given}>"
            for method in ("INVITE", "MESSAGE"):
                reply = self.forged_dialog(kamailio, method, route, caller="12025550000")
                self.assertNotIn(reply.code, (200, 486), given)
            self.assertIn(self.forged_dialog(kamailio, "REFER", route).code, (400, 481), given)
        self.assertEqual(self.callee.received, [])
        # Signed, it is a call like any other, and goes where all go.
        self.assertEqual(self.forged_dialog(kamailio, "INVITE", "Identity: " + self.lab.sign()).code, 486)

    def test_a61_the_reason_of_a_tagged_call_goes_back_and_not_on(self):
        """RFC 8224 6.2.2: whoever signed it learns by the next response what was wrong."""
        kamailio = self.start(config=self.lab.write_config("tag.json", {"default": {"mode": "tag"}}))
        token, rest = self.lab.sign().split(";", 1)
        self.callee.received.clear()
        for method, code in (("INVITE", 486), ("MESSAGE", 200)):
            reply = self.call(kamailio, token[:-8] + "AAAAAAAA;" + rest, code=code, reason="signature-invalid", method=method)
            self.assertRegex(reply.header("Reason") or "", r"^(STIR|SIP);cause=438")
            self.assertNotIn("\nReason:", self.callee.received[-1])
            self.assertTrue(self.callee.received[-1].startswith(method))
        self.assertIsNone(self.call(kamailio, self.lab.sign(), code=486, reason="verified").header("Reason"))

    def test_verstat_from_outside_is_not_believed(self):
        kamailio = self.start()
        self.callee.received.clear()
        caller = f"<sip:+{CALLER}@caller.example.org;verstat=TN-Validation-Passed>"
        self.call(kamailio, self.lab.sign(), f"P-Asserted-Identity: {caller}", "Attestation-Info: A", code=486,
                  reason="verified")
        passed = self.callee.received[-1]
        self.assertIn(f"P-Asserted-Identity: <sip:+{CALLER};verstat=TN-Validation-Passed@caller.example.org", passed)
        self.assertEqual(passed.lower().count("verstat="), 1, passed)
        self.assertNotIn("Attestation-Info", passed)

        config = self.lab.write_config("tag.json", {"default": {"mode": "tag"}})
        kamailio = self.start(config=config)
        self.call(kamailio, f"P-Asserted-Identity: {caller}", code=486, reason="no-identity")
        tagged = self.callee.received[-1]
        self.assertIn("verstat=No-TN-Validation", tagged)
        self.assertNotIn("Passed", tagged)
        # Without P-Asserted-Identity one is made of From.
        self.call(kamailio, self.lab.sign(), code=486, reason="verified")
        self.assertIn(f"P-Asserted-Identity: <sip:+{CALLER};verstat=TN-Validation-Passed@caller.example.org",
                      self.callee.received[-1])


    def test_a_hidden_line_goes_nowhere(self):
        """A lone CR is the end of a line for some, so a forged header would come out behind us."""
        forged = "P-Asserted-Identity: <sip:+12025550000@x;verstat=TN-Validation-Passed>"
        config = self.lab.write_config("hidden.json", {"default": {"mode": "tag"}})
        for script in (INLINE, REDIRECT):
            kamailio = self.start(script, config=config)
            self.callee.received.clear()
            for header in ("X: a\r" + forged, "X: a\r\r\n" + forged, f'P-Asserted-Identity: "a\r{forged}\r" <sip:+{CALLER}@h>'):
                client = Client(kamailio.port)
                client.send(client.build(headers=[header]))
                reply = client.receive()
                self.assertEqual(reply.code, 400, reply.text)
                self.assertNotIn("Passed", reply.text)
            client = Client(kamailio.port)
            text = client.build()
            for changed in (text.replace("From: <", f'From: "a\r{forged}\r" <', 1),
                            text.replace("\r\n\r\n", "\n\n" + forged + "\r\n\r\n", 1)):
                client.send(changed)
                self.assertEqual(client.receive().code, 400)
            self.assertEqual(self.callee.received, [])

    def test_a_request_that_is_none_is_answered(self):
        kamailio = self.start()
        client = Client(kamailio.port)
        client.send(client.build().replace("CSeq: 1 INVITE", "CSeq: 1 BYE"))
        self.assertEqual(client.receive().code, 400)

    def test_verstat_in_a_from_that_cannot_be_read(self):
        config = self.lab.write_config("from.json", {"default": {"mode": "tag"}})
        self.callee.received.clear()
        for script in (INLINE, KEMI):
            kamailio = self.start(script, config=config)
            for uri in ("<urn:x:y;verstat=TN-Validation-Passed>", "<http://x;%76erstat=TN-Validation-Passed>"):
                client = Client(kamailio.port)
                client.send(client.build().replace(f"<sip:+{CALLER}@caller.example.org>", uri))
                reply = client.receive()
                self.assertIn(reply.code, (400, 500), reply.text)
        self.assertEqual(self.callee.received, [])

    def test_verstat_beside_a_from_that_cannot_be_read_goes_nowhere(self):
        kamailio = self.start(config=self.lab.write_config("beside.json", {"default": {"mode": "tag"}}))
        self.callee.received.clear()
        for name in ("verstat", "x;VER%73TAT=TN-Validation-Passed", "ver\\\\stat", "v%65%0Ars%5Ctat", "vverstat"):
            client = Client(kamailio.port)
            client.send(client.build().replace(f"<sip:+{CALLER}@caller.example.org>", f'"{name}" <urn:x:y>'))
            self.assertIn(client.receive().code, (400, 500), name)
        self.assertEqual(self.callee.received, [])

    def test_verstat_in_from_with_a_control_character_goes_nowhere(self):
        """The module does not look for such a name where From is not marked: no such URI comes so far."""
        config = self.lab.write_config("from-control.json", {"default": {"mode": "tag"}})
        self.callee.received.clear()
        for script in (INLINE, KEMI):
            kamailio = self.start(script, config=config)
            for uri in (f"<sip:+{CALLER}@caller.example.org;ver\tstat=TN-Validation-Passed>",
                        f"<sip:+{CALLER};ver\x01stat=TN-Validation-Passed@caller.example.org>"):
                client = Client(kamailio.port)
                client.send(client.build().replace(f"<sip:+{CALLER}@caller.example.org>", uri))
                with contextlib.suppress(TimeoutError):  # refused or dropped
                    client.receive(patience=2)
        self.assertEqual(self.callee.received, [])

    def test_other_headers_have_no_verstat(self):
        kamailio = self.start()
        self.callee.received.clear()
        number = "<sip:+12025550000@x;verstat=TN-Validation-Passed>"
        self.call(kamailio, self.lab.sign(), *(f"{name}: {number}" for name in (
            "Remote-Party-ID", "P-Preferred-Identity", "Diversion", "History-Info")), code=486, reason="verified")
        passed = self.callee.received[-1]
        self.assertEqual(passed.count("<sip:+12025550000@x>"), 2, passed)  # the first two show a number that nobody verified
        self.assertNotIn("Remote-Party-ID", passed)
        self.assertEqual(passed.count("verstat"), 1, passed)

    def test_verstat_where_others_may_look_for_it(self):
        """In a display name, or behind '&' in the headers of a URI."""
        kamailio = self.start()
        caller = f"<sip:+{CALLER}@caller.example.org?a=b&verstat=TN-Validation-Passed>"
        self.call(kamailio, self.lab.sign(), f'P-Asserted-Identity: "Bank;verstat=TN-Validation-Passed" {caller}',
                  f'Remote-Party-ID: "verstat=TN-Validation-Passed" {caller}', code=486, reason="verified")
        passed = self.callee.received[-1]
        self.assertEqual(passed.count("verstat"), 1, passed)
        self.assertNotIn("Bank", passed)

    def test_two_callers_in_from_are_none(self):
        kamailio = self.start(config=self.lab.write_config("two-from.json", {"default": {"mode": "tag"}}))
        self.callee.received.clear()
        own, other = f"<sip:+{CALLER}@caller.example.org>;tag=c", "<sip:+12025550000@bank.example.org>"
        for value in (f"{own}, {other}", f"{own},{other};tag=d", f"sip:+{CALLER}@caller.example.org;tag=c, {other}"):
            client = Client(kamailio.port)
            client.send(re.sub("From: .*\r", f"From: {value}\r", client.build(headers=["Identity: " + self.lab.sign()])))
            self.assertIn(client.receive().code, (400, 500), value)
        self.assertEqual(self.callee.received, [])

    def test_an_empty_asserted_identity_asserts_nothing(self):
        kamailio = self.start()
        self.call(kamailio, self.lab.sign(), "P-Asserted-Identity: ", code=486, reason="verified")
        self.call(kamailio, self.lab.sign(), "P-Asserted-Identity: ,", code=486, reason="verified")
        # Nor does one that names nobody, which is not what was verified.
        self.call(kamailio, self.lab.sign(), "P-Asserted-Identity: <sip:anonymous@anonymous.invalid>", code=486, reason="verified")
        passed = self.callee.received[-1]
        self.assertIn("<sip:anonymous;verstat=No-TN-Validation@anonymous.invalid>", passed)
        self.assertNotIn("TN-Validation-Passed", passed)

    def goes_on(self, kamailio, headers, change=lambda text: text):
        """What the callee gets of such a call."""
        client = Client(kamailio.port)
        self.callee.received.clear()
        client.send(change(client.build(headers=headers)))
        reply = client.receive()
        self.assertEqual(reply.code, 486, reply.text)
        return self.callee.received[-1]

    def test_the_caller_cannot_choose_to_be_unmarked(self):
        kamailio = self.start(config=self.lab.write_config("mark.json", {"default": {"mode": "tag"}}))
        good = self.lab.sign()
        token, rest = good.split(";", 1)
        forged = token[:-86] + "A" * 86 + ";" + rest
        marked = lambda value: f"P-Asserted-Identity: <sip:+{CALLER};verstat={value}@caller.example.org>\r\n"
        for value in ("< sip:", "<\tsip:"):
            asserted = f"P-Asserted-Identity: {value}+{CALLER}@caller.example.org>"
            for identity, verstat in ((forged, "TN-Validation-Failed"), (good, "TN-Validation-Passed")):
                passed = self.goes_on(kamailio, ["Identity: " + identity, asserted])
                self.assertIn(marked(verstat), passed)
                self.assertEqual(passed.count("verstat="), 1, passed)
        # One that cannot be read is not shown: From is.
        for value in ("<mailto:a@b>", "<urn:service:sos>", f'a"b <sip:+{CALLER}@h>', f"<sip:+{CALLER}@h", "123",
                      f'"{"x" * 40000}" <mailto:a@b>'):
            passed = self.goes_on(kamailio, ["Identity: " + forged, "P-Asserted-Identity: " + value])
            self.assertRegex(passed, rf"P-Asserted-Identity: <sip:\+{CALLER};verstat=(TN-Validation-Failed|No-TN-Validation)@")
            self.assertEqual(passed.count("P-Asserted-Identity"), 1, passed)
        # Nothing that can be received is too long.
        asserted = f'P-Asserted-Identity: "{"x" * 30000}" <sip:+{CALLER}@caller.example.org>'
        self.assertIn(f"{CALLER};verstat=TN-Validation-Failed@", self.goes_on(kamailio, ["Identity: " + forged, asserted]))
        from_uri = f"sip:+{CALLER}@caller.example.org"
        long = lambda text: text.replace(f"From: <{from_uri}>", f"From: <{from_uri};x={'y' * 5000}>")
        self.assertIn(f"P-Asserted-Identity: <sip:+{CALLER};verstat=No-TN-Validation@", self.goes_on(kamailio, [], long))

    def test_a_caller_without_a_number_is_marked_as_nobody(self):
        nobody = "P-Asserted-Identity: <sip:anonymous;verstat=No-TN-Validation@anonymous.invalid>\r\n"
        urn = lambda text: text.replace(f"From: <sip:+{CALLER}@caller.example.org>", "From: <urn:x:y>")
        emergency = lambda text: urn(text).replace(f"INVITE sip:+{CALLED}@", "INVITE sip:112@")
        for header in ("p-asserted-identity", "from"):
            kamailio = self.start(config=self.lab.write_config(f"nobody-{header}.json", {
                "default": {"mode": "tag", "verstat": {"header": header}}}))
            percent = lambda text: emergency(text).replace("From: <", 'From: "100% \\\\ %" <')
            for change in (urn, emergency, percent):
                for headers in ([], ["P-Asserted-Identity: <mailto:a@b>"]):
                    passed = self.goes_on(kamailio, headers, change)
                    self.assertIn(nobody, passed)
                    self.assertEqual(passed.count("P-Asserted-Identity"), 1, passed)

    def test_a_long_from_is_marked(self):
        kamailio = self.start(config=self.lab.write_config("long-from.json", {
            "default": {"mode": "tag", "verstat": {"header": "from"}}}))
        for name in ("x" * 17000, "100 % " * 3000):
            passed = self.goes_on(kamailio, [], lambda text, name=name: text.replace("From: <", f'From: "{name}" <'))
            self.assertIn(f'" <sip:+{CALLER};verstat=No-TN-Validation@', passed)

    def test_verstat_stands_in_front_of_a_password(self):
        kamailio = self.start(config=self.lab.write_config("password.json", {"default": {"mode": "tag"}}))
        passed = self.goes_on(kamailio, [f"P-Asserted-Identity: <sip:+{CALLER}:pw@h>"])
        self.assertIn(f"P-Asserted-Identity: <sip:+{CALLER};verstat=No-TN-Validation:pw@h>", passed)

    def test_from_without_brackets_is_marked(self):
        config = self.lab.write_config("mark-from.json", {"default": {"verstat": {"header": "from"}}})
        kamailio = self.start(config=config)
        client = Client(kamailio.port)
        text = client.build(headers=["Identity: " + self.lab.sign()])
        client.send(text.replace(f"<sip:+{CALLER}@caller.example.org>", f"sip:+{CALLER}@caller.example.org"))
        self.assertEqual(client.receive().code, 486)
        self.assertRegex(self.callee.received[-1], rf"From: <sip:\+{CALLER};verstat=TN-Validation-Passed@")


class Dialogs(SipTest):
    """Requests with a To tag: what belongs to a dialog that was judged when it began goes on."""

    def setUp(self):
        self.callee.answers = {"INVITE": ["180 Ringing", "200 OK"]}
        self.addCleanup(setattr, self.callee, "answers", {})
        self.callee.received.clear()

    def begin(self, kamailio, *headers, signed=True, caller=CALLER, called=CALLED, code=200):
        """A call; its caller wants to be called where the callee is, so that all is received there."""
        self.client = Client(kamailio.port)
        identity = ["Identity: " + self.lab.sign()] if signed else []
        text = self.client.build(headers=[*identity, *headers], caller=caller, called=called)
        self.caller_contact = f"sip:+{caller}@127.0.0.1:{self.callee.port}"
        self.client.send(re.sub("Contact: .*\r", f"Contact: <{self.caller_contact}>\r", text))
        self.call_id = self.client.call_id
        self.sides = [f"<sip:+{caller}@caller.example.org>;tag=caller", f"<sip:+{called}@callee.example.org>;tag=callee"]
        if code is None:
            return
        reply = self.client.receive(cseq="INVITE")
        self.assertEqual(reply.code, code, reply.text)
        self.keep_route(kamailio)

    def keep_route(self, kamailio):
        self.begun = next(text for text in self.callee.received if self.call_id in text)
        route = re.search(r"Record-Route: (.*)\r", self.begun).group(1)
        self.route = re.sub(r"127.0.0.1:\d+", f"127.0.0.1:{kamailio.port}", route)

    def within(self, kamailio, method, *headers, back=False, uri=None, sender=None, receiver=None, route=None):
        """A request of the dialog by its caller, or (`back`) by who was called, with these changes: (code, relayed)."""
        sides = self.sides[::-1] if back else self.sides
        client = Client(kamailio.port)
        text = client.build(method, ["Route: " + (route or self.route), *headers], call_id=self.call_id)
        text = re.sub(r" sip:\S* SIP/2.0", f" {uri or (self.caller_contact if back else self.callee.contact())} SIP/2.0", text, 1)
        text = re.sub(r"From: .*\r", f"From: {sender or sides[0]}\r", text)
        text = re.sub(r"To: .*\r", f"To: {receiver or sides[1]}\r", text)
        text = re.sub(r"Contact: .*\r", f"Contact: <{self.callee.contact() if back else self.caller_contact}>\r", text)
        mark = f"X-Test: {client.branch}\r\n"  # others may come again, late
        client.send(text.replace("Max-Forwards:", mark + "Max-Forwards:", 1))
        reply = client.receive(cseq=method)
        relayed = [received for received in self.callee.received if mark in received]
        self.passed = relayed[0] if relayed else None
        return reply.code, bool(relayed)

    def assert_nothing_passes(self, kamailio, **changes):
        for method in ("INVITE", "MESSAGE"):
            self.assertEqual(self.within(kamailio, method, **changes), (428, False), (method, changes))
        for method in ("UPDATE", "REFER", "NOTIFY", "SUBSCRIBE", "INFO", "PRACK"):
            self.assertEqual(self.within(kamailio, method, **changes), (481, False), (method, changes))

    def test_a_good_dialog(self):
        kamailio = self.start()
        self.begin(kamailio)
        checked = kamailio.stats()["checked"]
        for back in (False, True):
            for method in ("INVITE", "UPDATE", "PRACK", "INFO", "REFER", "NOTIFY", "MESSAGE", "OPTIONS"):
                self.assertEqual(self.within(kamailio, method, back=back), (200, True), (method, back))
        self.client.send(self.client.build("ACK", ["Route: " + self.route], call_id=self.call_id, to_tag=";tag=callee").replace(
            f"sip:+{CALLED}@127.0.0.1:{kamailio.port} SIP", f"{self.callee.contact()} SIP", 1))
        self.assertEqual(kamailio.stats()["checked"], checked)
        for back in (False, True):
            self.begin(kamailio)
            self.assertEqual(self.within(kamailio, "BYE", back=back), (200, True), back)
            self.assert_nothing_passes(kamailio)
            self.assert_nothing_passes(kamailio, back=True)

    def test_an_answer_that_comes_again_does_not_begin_an_ended_dialog(self):
        kamailio = self.start()
        self.begin(kamailio)
        invite = self.callee.last
        self.assertEqual(self.within(kamailio, "BYE"), (200, True))
        self.callee.answer("200 OK", *invite)
        self.assertEqual(self.client.receive(cseq="INVITE").code, 200)
        self.assert_nothing_passes(kamailio)
        self.assert_nothing_passes(kamailio, back=True)

    def test_a_side_that_moves_is_found(self):
        kamailio = self.start()
        self.begin(kamailio)
        old, self.caller_contact = self.caller_contact, f"sip:moved@127.0.0.1:{self.callee.port}"
        self.assertEqual(self.within(kamailio, "INVITE"), (200, True))
        self.assertEqual(self.within(kamailio, "UPDATE", back=True), (200, True))
        self.assertEqual(self.within(kamailio, "UPDATE", back=True, uri=old), (481, False))

    def test_nobody_else_is_called_or_calls(self):
        kamailio = self.start()
        self.begin(kamailio)
        own, called = self.sides
        other = "<sip:+12025550000@bank.example.org>"
        for changes in (
                {"sender": f"{other};tag=caller"}, {"sender": own.replace("tag=caller", "tag=other")},
                {"receiver": f"{other};tag=callee"}, {"receiver": called.replace("tag=callee", "tag=other")},
                {"uri": f"sip:+12125551234@127.0.0.1:{self.callee.port}"}, {"uri": "sip:+" + CALLED + "@127.0.0.1:9"},
                # The other way round, by the caller: to itself, from whom it likes.
                {"sender": f"{other};tag=zz", "receiver": own}, {"sender": f"{other};tag=callee", "receiver": own},
                {"sender": f"{other};tag=callee", "receiver": own, "uri": self.caller_contact}):
            self.assert_nothing_passes(kamailio, **changes)
        self.assertIn(self.within(kamailio, "INVITE", sender=own + ", " + other)[0], (400, 428, 500))
        # Two callers in From, of whom Kamailio reads the first.
        self.assertFalse(any("bank.example.org" in text for text in self.callee.received))

    def test_what_is_asserted_within_a_dialog_does_not_go_on(self):
        kamailio = self.start()
        self.begin(kamailio)
        other = "<sip:+12025550000@x;verstat=TN-Validation-Passed>"
        headers = [f"{name}: {other}" for name in ("P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Diversion")]
        for back in (False, True):
            for method in ("INVITE", "UPDATE", "REFER", "BYE"):
                self.assertEqual(self.within(kamailio, method, *headers, "Attestation-Info: A", back=back), (200, True))
                passed = self.passed
                self.assertTrue(passed.startswith(method), passed)
                for name in ("P-Asserted", "P-Preferred", "Remote-Party", "verstat", "Attestation-Info"):
                    self.assertNotIn(name, passed)
                if method == "BYE":
                    self.begin(kamailio)

    def test_what_is_removed_within_a_dialog_follows_a_reload(self):
        config = self.lab.write_config("strip.json", {"default": {"strip_headers": ["X-One"]}})
        policy = self.lab.folder / "policy-strip.json"
        kamailio = self.start(config=config, workers=3)
        self.begin(kamailio)
        for removed, kept in (("X-One", "X-Two"), ("X-Two", "X-One")):
            for _ in range(12):
                self.assertEqual(self.within(kamailio, "INFO", "X-One: 1", "X-Two: 2"), (200, True))
                self.assertNotIn(removed, self.passed)
                self.assertIn(kept, self.passed)
            policy.write_text('{"default": {"strip_headers": ["X-Two"]}}')
            self.assertIn("ok", kamailio.kamcmd("callvet.reload"))

    def test_a_call_that_failed_is_no_dialog(self):
        kamailio = self.start()
        self.callee.answers = {}
        self.begin(kamailio, code=486)
        self.assert_nothing_passes(kamailio)
        self.assert_nothing_passes(kamailio, sender="<sip:+12025550000@bank.example.org>;tag=zz", receiver=self.sides[0])
        # Nor is one that nobody signed: an emergency call goes on, and gives no key to others.
        config = self.lab.write_config("psap.json", {"default": {"psap_callback": "ignore"}})
        kamailio = self.start(config=config)
        self.client = Client(kamailio.port)
        text = self.client.build(caller="12025550000", called="911").replace("sip:+911@", "sip:911@")
        self.client.send(re.sub(r" sip:\S* SIP/2.0", " urn:service:sos SIP/2.0", text, 1))
        self.assertEqual(self.client.receive(cseq="INVITE").code, 486)
        self.call_id = self.client.call_id
        self.keep_route(kamailio)
        self.sides = ["<sip:+12025550000@caller.example.org>;tag=caller", "<sip:911@callee.example.org>;tag=callee"]
        self.assert_nothing_passes(kamailio)
        self.assert_nothing_passes(kamailio, receiver=f"<sip:+{CALLED}@callee.example.org>;tag=x")

    def test_before_the_answer(self):
        kamailio = self.start()
        self.callee.answers = {"INVITE": ["183 Session Progress"]}
        for final in ("486 Busy Here", "200 OK"):
            self.begin(kamailio, code=None)
            for _ in range(100):
                if any(self.call_id in text for text in self.callee.received):
                    break
                time.sleep(0.05)
            time.sleep(0.3)
            self.keep_route(kamailio)
            invite = self.callee.last
            for back in (False, True):
                for method in ("PRACK", "UPDATE", "INFO", "OPTIONS"):
                    self.assertEqual(self.within(kamailio, method, back=back), (200, True), (method, back))
                self.assertEqual(self.within(kamailio, "INVITE", back=back), (428, False))
                self.assertEqual(self.within(kamailio, "REFER", back=back), (481, False))
            self.callee.answer(final, *invite)
            self.assertEqual(self.client.receive(cseq="INVITE").code, int(final[:3]))
            if final.startswith("2"):
                self.assertEqual(self.within(kamailio, "UPDATE", back=True), (200, True))
            else:
                self.assert_nothing_passes(kamailio)

    def test_a_running_call_can_be_ended_after_a_restart(self):
        self.begin(self.start())
        kamailio = self.start()
        self.route = re.sub(r"127.0.0.1:\d+", f"127.0.0.1:{kamailio.port}", self.route)
        self.assert_nothing_passes(kamailio)
        self.assertEqual(self.within(kamailio, "BYE", back=True), (200, True))
        self.assertEqual(self.within(kamailio, "BYE"), (200, True))
        self.assertEqual(self.within(kamailio, "BYE", sender="<sip:+12025550000@x>;tag=caller"), (481, False))

    def test_a_challenged_bye_leaves_the_dialog(self):
        kamailio = self.start()
        self.begin(kamailio)
        self.callee.answers["BYE"] = ["407 Proxy Authentication Required"]
        self.assertEqual(self.within(kamailio, "BYE")[0], 407)
        self.assertEqual(self.within(kamailio, "UPDATE"), (200, True))
        # The other side knows nothing of it.
        self.callee.answers["UPDATE"] = ["481 Call Does Not Exist"]
        self.assertEqual(self.within(kamailio, "UPDATE"), (481, True))
        self.assert_nothing_passes(kamailio)

    def test_verstat_in_from(self):
        config = self.lab.write_config("dialog-from.json", {"default": {"verstat": {"header": "from"}}})
        kamailio = self.start(config=config)
        self.begin(kamailio)
        marked = re.search(r"From: (.*)\r", self.begun).group(1)
        self.assertIn("verstat=TN-Validation-Passed", marked)
        self.assertEqual(self.within(kamailio, "INVITE", back=True, receiver=marked), (200, True))
        self.assertEqual(self.within(kamailio, "UPDATE"), (200, True))
        self.assertEqual(self.within(kamailio, "BYE", back=True, receiver=marked), (200, True))

    def test_a_cancel_of_no_call_is_answered(self):
        for script in (INLINE, REDIRECT):
            kamailio = self.start(script)
            self.assertEqual(Client(kamailio.port).request("CANCEL", patience=5).code, 481)


class Redirect(SipTest):
    def test_answers(self):
        kamailio = self.start(REDIRECT)
        reply = self.call(kamailio, self.lab.sign(), code=302, reason="verified")
        self.assertIn(f"<sip:+{CALLER};verstat=TN-Validation-Passed@caller.example.org",
                      reply.header("P-Asserted-Identity"))
        contact = reply.header("Contact")
        self.assertIn(f"<sip:+{CALLED}@127.0.0.1", contact)
        self.assertIn(f"?P-Asserted-Identity=%3Csip:+{CALLER}%3Bverstat%3DTN-Validation-Passed%40caller.example.org", contact)
        self.assertIsNone(reply.header("Reason"))
        self.assertEqual(Client(kamailio.port).request("OPTIONS").code, 200)
        reply = self.call(kamailio, self.lab.sign(payload={"attest": "X"}), code=438, reason="attest-invalid")
        self.assertRegex(reply.header("Reason"), r"^STIR;cause=438")
        # Not all that goes on is verified.
        tagging = self.start(REDIRECT, config=self.lab.write_config("redirect-unsigned.json", {"default": {"mode": "tag"}}))
        reply = self.call(tagging, code=302, reason="no-identity")
        self.assertTrue(reply.text.startswith("SIP/2.0 302 Moved Temporarily\r\n"), reply.text)
        # A To tag does not make a call one that was judged before.
        reply = self.call(kamailio, to_tag=";tag=made-up", code=428, reason="no-identity")

    def contact_of(self, kamailio, request_uri, *headers):
        client = Client(kamailio.port)
        text = client.build(headers=["Identity: " + self.lab.sign(), *headers])
        client.send(re.sub(r"^INVITE \S*", "INVITE " + request_uri, text))
        reply = client.receive()
        return reply.code, (reply.header("Contact") or "").split("?")[0]

    def test_contact_is_the_request_uri(self):
        kamailio = self.start(REDIRECT)
        at = f"+{CALLED}@127.0.0.1:{kamailio.port}"
        for uri, contact in ((f"sip:{at};transport=tcp", f"<sip:{at};transport=tcp;user=phone"),
                             (f"sips:{at};user=phone", f"<sips:{at};user=phone"),
                             (f"tel:+{CALLED}", f"<tel:+{CALLED}>"), ("urn:service:sos", "<urn:service:sos>"),
                             ("sip:psap.example", "<sip:psap.example"), (f"sip:127.0.0.1:{kamailio.port};lr", f"<sip:127.0.0.1:{kamailio.port};lr")):
            self.assertEqual(self.contact_of(kamailio, uri), (302, contact))
        for uri, code in ((f"sip:@127.0.0.1:{kamailio.port}", 400), (f"sip:{at}?P-Asserted-Identity=x", 400),
                          (f"sip:{at};x=<y>", 400), ("urn:x<y", 400), ("http://example.org", 416)):
            found, contact = self.contact_of(kamailio, uri)
            # What Kamailio cannot read at all it answers itself, with 400.
            self.assertIn(found, (code, 400), uri)
            self.assertEqual(contact, "", uri)

    def test_all_asserted_identities(self):
        kamailio = self.start(REDIRECT)
        caller = f"<sip:+{CALLER}@caller.example.org>"
        reply = self.call(kamailio, self.lab.sign(), f"P-Asserted-Identity: {caller}", f"P-Asserted-Identity: <tel:+{CALLER}>",
                          code=302, reason="verified")
        passed = "verstat=TN-Validation-Passed"
        expected = f"<sip:+{CALLER};{passed}@caller.example.org>, <tel:+{CALLER};{passed}>"
        self.assertEqual(reply.header("P-Asserted-Identity"), expected)
        self.assertEqual(reply.header("Contact").count("TN-Validation-Passed"), 2)
        # An empty one is none.
        reply = self.call(kamailio, self.lab.sign(), "P-Asserted-Identity: ", code=302, reason="verified")
        self.assertIn(passed, reply.header("P-Asserted-Identity"))
        long = "x" * 9000
        reply = self.call(kamailio, self.lab.sign(), f'P-Asserted-Identity: "{long}" {caller}', code=302, reason="verified")
        self.assertIn(passed, reply.header("P-Asserted-Identity"))
        # One that has no room in the answer: From is as good.
        reply = self.call(kamailio, self.lab.sign(), f'P-Asserted-Identity: "{long * 2}" {caller}', code=302, reason="verified")
        self.assertEqual(reply.header("P-Asserted-Identity"), f"<sip:+{CALLER};{passed}@caller.example.org>")
        self.assertEqual(reply.header("Contact").count("TN-Validation-Passed"), 1)

    def test_an_asserted_identity_that_cannot_be_read_stops_no_call(self):
        """Emergency calls go on, and what the policy lets go on does."""
        kamailio = self.start(REDIRECT)
        for value in ("<mailto:a@b>", "<urn:service:sos>", "123", f"<sip:+{CALLER}@h", f'"{"x" * 17000}" <sip:+{CALLER}@h>',
                      f'"{"," * 16250}" <sip:+{CALLER}@h>'):  # with its escapes more than a packet
            for uri, to in (("urn:service:sos", None), ("sip:112@psap.example", None), ("sip:psap.example", "<urn:service:sos>")):
                client = Client(kamailio.port)
                text = client.build(headers=["P-Asserted-Identity: " + value])
                text = re.sub(r"^INVITE \S*", "INVITE " + uri, text)
                client.send(text if to is None else re.sub("\nTo: .*\r", f"\nTo: {to}\r", text))
                reply = client.receive()
                self.assertEqual((reply.code, reply.header("X-Callvet")), (302, "no-identity"), reply.text)
                self.assertEqual(reply.header("P-Asserted-Identity"),
                                 f"<sip:+{CALLER};verstat=No-TN-Validation@caller.example.org>")
        # The answer repeats From, too: both have to fit into its packet.
        client = Client(kamailio.port)
        text = client.build(headers=[f'P-Asserted-Identity: "{"," * 12000}" <sip:+{CALLER}@h>'])
        text = re.sub(r"^INVITE \S*", "INVITE sip:112@psap.example", text).replace("\nFrom: ", f'\nFrom: "{"x" * 20000}" ')
        client.send(text)
        reply = client.receive()
        self.assertEqual((reply.code, reply.header("X-Callvet")), (302, "no-identity"), reply.text[:200])
        self.assertIn(";verstat=No-TN-Validation@", reply.header("P-Asserted-Identity"))
        reply = self.call(kamailio, self.lab.sign(), f"P-Asserted-Identity: < sip:+{CALLER}@caller.example.org>",
                          code=302, reason="verified")
        self.assertEqual(reply.header("P-Asserted-Identity"),
                         f"<sip:+{CALLER};verstat=TN-Validation-Passed@caller.example.org>")

    def test_an_asserted_identity_that_is_stripped_is_not_repeated(self):
        config = self.lab.write_config("redirect-strip.json", {"default": {"mode": "tag", "strip_headers": ["P-Asserted-Identity"]}})
        kamailio = self.start(REDIRECT, config=config)
        reply = self.call(kamailio, "P-Asserted-Identity: <sip:boss@elsewhere.example.org>", code=302, reason="no-identity")
        self.assertEqual(reply.header("P-Asserted-Identity"),
                         f"<sip:+{CALLER};verstat=No-TN-Validation@caller.example.org>")
        self.assertNotIn("boss", reply.header("Contact"))

    def test_other_vendors_codes(self):
        config = self.lab.write_config("redirect-tag.json", {"default": {
            "mode": "tag", "verstat": {"place": "uri-parameter"}, "reason_header": {"protocol": "SIP"}}})
        kamailio = self.start(REDIRECT, config=config, GO_ON_CODE="300")
        reply = self.call(kamailio, self.lab.sign(payload={"orig": {"tn": "999888777"}}), code=300, reason="orig-mismatch")
        self.assertRegex(reply.header("Reason"), r'^SIP;cause=438;text="Invalid Identity Header"')
        self.assertIn("@caller.example.org;verstat=No-TN-Validation>", reply.header("P-Asserted-Identity"))
        kamailio = self.start(REDIRECT, BLOCK_CODE="603")
        reply = self.call(kamailio, self.lab.sign(payload={"attest": "X"}), code=603, reason="attest-invalid")
        self.assertRegex(reply.header("Reason"), r"cause=438")


class Fetching(SipTest):
    def hanging(self, name="", **options):
        return self.lab.sign(x5u=f"/hang-{time.monotonic_ns()}{name}", **options)

    def test_one_fetch_for_all_that_wait(self):
        kamailio = self.start()
        self.lab.web.hang = 0.8
        identity = self.hanging("-one")
        path = re.search(r"/hang-\d+-one", identity)  # in info=<...>
        clients = [Client(kamailio.port) for _ in range(20)]
        for client in clients:
            client.send(client.build(headers=["Identity: " + identity]))
        replies = [client.receive() for client in clients]
        self.assertEqual([(r.code, r.header("X-Callvet")) for r in replies], [(486, "verified")] * 20)
        self.assertEqual(self.lab.web.requests.count(path.group(0)), 1)
        stats = kamailio.stats()
        self.assertEqual((stats["fetches"], stats["suspended"], stats["resumed"], stats["waiting_calls"]), (1, 20, 20, 0))

    def test_deadline_gives_each_call_its_outcome(self):
        kamailio = self.start(FETCH_TIMEOUT=500)
        self.lab.web.hang = 3
        clients = [Client(kamailio.port) for _ in range(10)]
        # Signed before the first call is sent: after half a second that host is not asked for a while.
        identities = [self.hanging() for _ in clients]
        begin = time.monotonic()
        for client, identity in zip(clients, identities):
            client.send(client.build(headers=["Identity: " + identity]))
        replies = [client.receive() for client in clients]
        self.assertEqual([(r.code, r.header("X-Callvet")) for r in replies], [(436, "fetch-timeout")] * 10)
        self.assertGreater(time.monotonic() - begin, 0.4)
        self.assertEqual(kamailio.stats()["waiting_calls"], 0)

    def test_limit_gives_the_outcome_at_once(self):
        kamailio = self.start(SUSPEND_MAX=2, FETCH_TIMEOUT=15000)
        self.lab.web.hang = 3
        clients = [Client(kamailio.port) for _ in range(5)]
        identities = [self.hanging() for _ in clients]
        for client, identity in zip(clients, identities):
            client.send(client.build(headers=["Identity: " + identity]))
        reasons = sorted(client.receive().header("X-Callvet") for client in clients)
        self.assertEqual(reasons, ["fetch-busy"] * 3 + ["verified"] * 2)
        self.assertEqual(kamailio.stats()["busy"], 3)

    def test_a_call_that_waited_has_all_its_certificates(self):
        """It goes on in another process, which has what is in the table: also what the worker has in its own memory, and
        never asked the table for again."""
        before, after = INLINE.read_text().split('modparam("callvet"', 1)
        script = self.lab.folder / "little-room.cfg"
        script.write_text(f'{before}modparam("callvet", "cache_max", 16)\nmodparam("callvet"{after}')
        target = "12155550155"
        for name, order, fetched in (("gone", "ff----------------", 2), ("used", "ff--------f--------", 1)):
            kamailio = self.start(script, workers=1)
            first = self.lab.sign(x5u=f"/any-first-{name}")
            for i, which in enumerate(order):
                identity = first if which == "f" else self.lab.sign(x5u=f"/any-other-{name}-{i}")
                self.call(kamailio, identity, code=486, reason="verified")
            inner = self.lab.folder / "inner.txt"
            inner.write_text(first)
            diverted = self.lab.sign("--ppt", "div", "--div-from", inner, x5u=f"/any-forwarder-{name}", orig=None, dest=target)
            client = Client(kamailio.port)
            text = client.build(headers=["Identity: " + first, "Identity: " + diverted])
            client.send(text.replace(f"INVITE sip:+{CALLED}@", f"INVITE sip:+{target}@", 1))
            reply = client.receive()
            self.assertEqual((reply.code, reply.header("X-Callvet")), (486, "verified"), reply.text)
            self.assertEqual(self.lab.web.requests.count(f"/any-first-{name}"), fetched)

    def test_tokens_that_were_refused_fetch_nothing(self):
        """Nor do they keep the good one from being fetched."""
        kamailio = self.start()
        old = {"iat": int(time.time()) - 7200}
        refused = [self.lab.sign(x5u=f"/any-refused-{i}", payload=old) for i in range(6)]
        refused.append(self.lab.sign(x5u="/any-" + "x" * 3000, payload=old))
        self.call(kamailio, self.lab.sign(x5u="/any-good"), *refused, code=486, reason="verified")
        self.assertEqual(kamailio.stats()["fetches"], 1)
        self.assertEqual([path for path in self.lab.web.requests if "refused" in path or "xxx" in path], [])

    def test_a_call_that_goes_on_though_it_may_not_wait_is_answered(self):
        """tm of Kamailio 5.6 drops the replies of a transaction that was suspended and is no more."""
        config = self.lab.write_config("open.json", {"default": {"certificate_unavailable": "open"}})
        kamailio = self.start(config=config, QUEUE_MAX=1, FETCH_TIMEOUT=5000)
        self.lab.web.hang = 2
        identities = [self.hanging("-a"), self.hanging("-b")]
        first, second = Client(kamailio.port), Client(kamailio.port)
        first.send(first.build(headers=["Identity: " + identities[0]]))
        for _ in range(100):
            if kamailio.stats()["suspended"]:
                break
            time.sleep(0.02)
        second.send(second.build(headers=["Identity: " + identities[1]]))
        self.assertEqual(second.receive(patience=1.5).code, 486)
        self.assertEqual(kamailio.stats()["busy"], 1)
        self.assertEqual(first.receive().code, 486)

    def test_a_flush_takes_no_certificate_from_calls_that_waited_for_it(self):
        kamailio = self.start()
        self.lab.web.hang = 0.3
        ending = threading.Event()

        def flush():
            while not ending.is_set():
                kamailio.kamcmd("callvet.flush", check=False)
        flushing = threading.Thread(target=flush)
        flushing.start()
        try:
            for round_ in range(5):
                identity = self.hanging(f"-{round_}")
                clients = [Client(kamailio.port) for _ in range(20)]
                for client in clients:
                    client.send(client.build(headers=["Identity: " + identity]))
                replies = [client.receive() for client in clients]
                self.assertEqual({(reply.code, reply.header("X-Callvet")) for reply in replies}, {(486, "verified")})
        finally:
            ending.set()
            flushing.join()

    def test_a_certificate_is_fetched_though_no_call_may_wait(self):
        kamailio = self.start(SUSPEND_MAX=0)
        self.lab.web.hang = 0.3  # else it may be there before the worker goes on
        self.call(kamailio, self.lab.sign(x5u="/hang-nobody-waits"), code=436, reason="fetch-busy")
        for _ in range(100):
            if kamailio.stats()["certificates"]:
                break
            time.sleep(0.05)
        self.call(kamailio, self.lab.sign(x5u="/hang-nobody-waits"), code=486, reason="verified")
        self.assertEqual(kamailio.stats()["suspended"], 0)

    def flood(self, kamailio, port, hosts, paths):
        """Calls with certificates of `hosts` that never come."""
        urls = [f"http://127.0.7.{host}:{port}/{path}" for path in paths for host in range(1, hosts + 1)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            identities = list(pool.map(lambda url: self.lab.sign(who="stranger", x5u=url), urls))
        client = Client(kamailio.port)
        for identity in identities:
            client.send(client.build(headers=["Identity: " + identity]))
        time.sleep(0.3)
        return client

    def silent_hosts(self):
        """Give the certificate of a stranger at /first, and nothing at any other path: (port, configuration)."""
        document = self.lab.web.documents["/untrusted.pem"]

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path != "/first":
                    time.sleep(6)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 128

        server = Server(("0.0.0.0", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        port = server.server_address[1]
        ports = [s.server_address[1] for s in self.lab.web.servers] + [port]
        return port, self.lab.write_config(f"silent-{port}.json", certificates={
            "insecure_allow_http": True, "insecure_allow_private_addresses": True, "insecure_allow_ports": ports})

    def test_a_host_is_known_by_a_call_that_it_verified(self):
        """Not by any certificate: the hosts of an attacker would have the fetcher to themselves."""
        port, config = self.silent_hosts()
        kamailio = self.start(config=config, FETCH_TIMEOUT=4000)
        self.call(kamailio, self.lab.sign(), code=486, reason="verified")
        for host in range(1, 6):
            self.call(kamailio, self.lab.sign(who="stranger", x5u=f"http://127.0.7.{host}:{port}/first"), code=437,
                      reason="chain-untrusted")
        good = [self.lab.sign(x5u=f"/any-known-{i}") for i in range(3)]
        flood = self.flood(kamailio, port, 5, range(8))
        begin = time.monotonic()
        for identity in good:
            self.call(kamailio, identity, code=486, reason="verified")
        self.assertLess(time.monotonic() - begin, 3)
        flood.socket.close()

    def test_the_queue_has_room_for_known_hosts(self):
        port, config = self.silent_hosts()
        kamailio = self.start(config=config, FETCH_TIMEOUT=4000, QUEUE_MAX=20)
        self.call(kamailio, self.lab.sign(), code=486, reason="verified")
        good = self.lab.sign(x5u="/any-in-the-queue")
        flood = self.flood(kamailio, port, 10, range(3))
        stats = kamailio.stats()
        self.assertEqual((stats["fetching"], stats["busy"]), (15, 15))
        self.call(kamailio, good, code=486, reason="verified")
        flood.socket.close()

    def test_cancel_while_it_waits(self):
        kamailio = self.start()
        self.lab.web.hang = 1.0
        client = Client(kamailio.port)
        client.send(client.build(headers=["Identity: " + self.hanging()]))
        time.sleep(0.2)
        begin = time.monotonic()
        client.send(client.build("CANCEL", branch=client.branch, call_id=client.call_id))
        codes = {}
        while len(codes) < 2:
            reply = client.receive()
            codes[reply.header("CSeq")] = reply.code
        self.assertEqual(codes, {"1 CANCEL": 200, "1 INVITE": 487})
        self.assertLess(time.monotonic() - begin, 0.7)  # not when the certificate is there
        time.sleep(1.2)
        stats = kamailio.stats()
        self.assertEqual((stats["waiting_calls"], stats["gone"]), (0, 1))
        self.call(kamailio, self.lab.sign(), code=486, reason="verified")

    def test_retransmission_while_it_waits(self):
        kamailio = self.start()
        self.lab.web.hang = 0.6
        client = Client(kamailio.port)
        text = client.build(headers=["Identity: " + self.hanging()])
        for _ in range(3):
            client.send(text)
            time.sleep(0.1)
        self.assertEqual(client.receive().code, 486)
        self.assertEqual(kamailio.stats()["suspended"], 1)

    def test_waiting_calls_leave_nothing_behind(self):
        """Shared memory after rounds of calls that waited, a third of them cancelled, a third timed out."""
        script = self.lab.folder / "short.cfg"
        script.write_text(INLINE.read_text().replace('modparam("ctl"', 'modparam("tm", "wt_timer", 1000)\nmodparam("ctl"', 1))
        kamailio = self.start(script, FETCH_TIMEOUT=400)
        used = []
        for _ in range(3):
            self.lab.web.hang = 0.3
            clients = []
            for i in range(45):
                client = Client(kamailio.port)
                path = "/hang-leak" if i % 3 == 0 else f"/hang-leak-{i}"
                client.send(client.build(headers=["Identity: " + self.lab.sign(x5u=path)]))
                if i % 3 == 1:
                    client.send(client.build("CANCEL", branch=client.branch, call_id=client.call_id))
                clients.append(client)
            for client in clients:
                client.receive(cseq="INVITE")
            time.sleep(2.5)  # tm keeps transactions for a second here
            self.assertEqual(kamailio.stats()["waiting_calls"], 0)
            kamailio.kamcmd("callvet.flush")
            used.append(int(re.search(r"used: (\d+)", kamailio.kamcmd("core.shmmem")).group(1)))
        self.assertLess(used[2] - used[1], 20_000, used)

    def test_failures_stand_for_a_while(self):
        kamailio = self.start()
        before = len(self.lab.web.requests)
        for _ in range(5):
            self.call(kamailio, self.lab.sign(x5u="/gone-once.pem"), code=436, reason="fetch-http-status")
        self.assertEqual(len(self.lab.web.requests), before + 1)

    def test_a_worker_uses_what_another_one_fetched(self):
        kamailio = self.start(workers=4)
        self.lab.web.hang = 0
        identity = self.lab.sign(x5u="/any-shared")
        for _ in range(40):
            self.call(kamailio, identity, code=486, reason="verified")
        self.assertEqual(self.lab.web.requests.count("/any-shared"), 1)
        # More than one process took it from the table: the fetcher, which let the first call go on, and workers.
        self.assertGreater(kamailio.stats()["table_hits"], 1)

    def test_what_ends_is_fetched_anew_at_once(self):
        """In the first milliseconds of a second too, when time() still tells the one before."""
        kamailio = self.start(NEGATIVE_EXPIRE=1)
        identity = self.lab.sign(x5u="/gone-again.pem")
        self.call(kamailio, identity, code=436, reason="fetch-http-status")
        before = len(self.lab.web.requests)
        reasons = set()
        for _ in range(5):
            clients = [Client(kamailio.port) for _ in range(40)]
            texts = [client.build(headers=["Identity: " + identity]) for client in clients]
            time.sleep(0.998 - time.time() % 1 if time.time() % 1 < 0.99 else 1)
            for client, text in zip(clients, texts):
                client.send(text)
                time.sleep(0.0003)
            reasons |= {client.receive().header("X-Callvet") for client in clients}
        self.assertNotIn("certificate-not-available", reasons)
        self.assertIn("fetch-http-status", reasons)
        self.assertGreater(len(self.lab.web.requests), before)

    def test_a_bad_identity_does_not_hide_a_good_one_that_is_not_fetched_yet(self):
        """RFC 8224 6.2: one that is valid is enough (A-53), whichever certificate is there first."""
        bad = self.lab.sign(payload={"attest": "X"})
        self.lab.web.hang = 0
        for script, code in ((INLINE, 486), (KEMI, 486), (REDIRECT, 302)):
            kamailio = self.start(script)
            self.call(kamailio, self.lab.sign(), code=code, reason="verified")
            for other in (bad, "x", self.lab.sign(who="stranger", x5u="/untrusted.pem")):
                good = self.lab.sign(x5u=f"/any-cold-{time.monotonic_ns()}")
                self.call(kamailio, other, good, code=code, reason="verified")

    def test_calls_that_are_over_do_not_keep_the_fetcher_busy(self):
        """Hosts of an attacker, who sends many calls with certificates that never come, while others call."""
        with socket.socket() as silent:
            silent.bind(("0.0.0.0", 0))
            silent.listen(128)  # answers nobody
            port = silent.getsockname()[1]
            ports = [server.server_address[1] for server in self.lab.web.servers] + [port]
            config = self.lab.write_config("slots.json", certificates={
                "insecure_allow_http": True, "insecure_allow_private_addresses": True, "insecure_allow_ports": ports})
            kamailio = self.start(config=config, FETCH_TIMEOUT=5000)
            self.call(kamailio, self.lab.sign(), code=486, reason="verified")
            calls = [[f"Identity: {self.lab.sign(who='stranger', x5u=f'http://127.0.{i}.{j}:{port}/c')}" for j in (1, 2, 3)]
                     for i in range(30)]
            good = [self.lab.sign(x5u=f"/any-slot-{i}") for i in range(3)]
            client = Client(kamailio.port)
            for headers in calls:
                client.send(client.build(headers=headers))
            time.sleep(0.3)
            fetching = kamailio.stats()["fetching"]
            self.assertTrue(12 < fetching <= 60, fetching)  # at most two URLs of a call
            for identity in good:
                self.call(kamailio, identity, code=486, reason="verified")
            # They did not have to wait until the others' time was over.
            self.assertGreater(kamailio.stats()["waiting_calls"], 0)
            # All of the others have their outcome: nothing is fetched for them any more.
            for _ in range(100):
                if kamailio.stats()["fetching"] == 0:
                    break
                time.sleep(0.1)
            stats = kamailio.stats()
            self.assertEqual((stats["fetching"], stats["waiting_calls"]), (0, 0))
            self.assertLess(stats["fetches"], 45)

    def large_certificate(self, size):
        """One of a stranger, with an extension of `size` bytes."""
        config, out = self.lab.folder / "large.cnf", self.lab.folder / "large.pem"
        config.write_text("[req]\ndistinguished_name=n\nx509_extensions=e\nprompt=no\n[n]\nCN=SHAKEN 1001\n[e]\n"
                          f"1.2.3.4.5=DER:0482{size:04x}" + "61" * size + "\n")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", os.devnull,
            "-out", out, "-days", "9", "-config", config)
        return out.read_bytes()

    def test_large_documents_do_not_fill_the_memory(self):
        self.lab.web.documents["/large.pem"] = self.large_certificate(16000)
        filler = self.large_certificate(7000)
        kamailio = self.start(CACHE_KBYTES=64)
        self.call(kamailio, self.lab.sign(x5u="/large.pem"), code=436, reason="fetch-too-large")
        for i in range(12):
            self.lab.web.documents[f"/filler-{i}.pem"] = filler
            self.call(kamailio, self.lab.sign(x5u=f"/filler-{i}.pem"), code=437, reason="chain-untrusted")
            self.assertLessEqual(kamailio.stats()["kbytes"], 64)
        self.assertGreater(kamailio.stats()["evicted"], 3)
        self.call(kamailio, self.lab.sign(), code=486, reason="verified")

    def test_kemi_waits_too(self):
        kamailio = self.start(KEMI)
        self.lab.web.hang = 0.5
        self.call(kamailio, self.hanging(), code=486, reason="verified")
        self.assertEqual(kamailio.stats()["suspended"], 1)

    def test_fetcher_killed_ends_kamailio(self):
        """As with any of its processes: Kamailio ends, and whoever watches over it starts it anew."""
        kamailio = self.start()
        kamailio.may_be_dead = True
        fetcher = kamailio.processes("callvet fetcher")
        self.assertEqual(len(fetcher), 1)
        os.kill(fetcher[0], signal.SIGKILL)
        kamailio.process.wait(10)

    def test_ends_soon_while_calls_wait(self):
        kamailio = self.start()
        self.lab.web.hang = 3
        client = Client(kamailio.port)
        client.send(client.build(headers=["Identity: " + self.hanging()]))
        time.sleep(0.2)
        self.assertLess(kamailio.close(), 2 if not SANITIZE else 10)
        kamailio.may_be_dead = True


class Rpc(SipTest):
    def test_reload_changes_the_verdict_in_all_workers(self):
        anchor = self.lab.folder / "anchor.pem"
        good, other = ((self.lab.folder / who / "root.pem").read_text() for who in ("carrier", "stranger"))
        anchor.write_text(good)
        config = self.lab.write_config("reload.json", {}, trust={"anchors": str(anchor)})
        policy = self.lab.folder / "policy-reload.json"
        kamailio = self.start(config=config, workers=4)
        identity = self.lab.sign()
        for _ in range(20):
            self.call(kamailio, identity, code=486, reason="verified")
        anchor.write_text(other)
        self.assertIn("ok", kamailio.kamcmd("callvet.reload"))
        for _ in range(20):
            self.call(kamailio, identity, code=437, reason="chain-untrusted")
        # What cannot be used changes nothing.
        anchor.write_text("no certificate")
        self.assertRegex(kamailio.kamcmd("callvet.reload", check=False), r"file-invalid|error: 500")
        # A worker that had no call since the reload before this cannot follow it any more.
        self.assertIn(self.call(kamailio, identity).header("X-Callvet"), ("chain-untrusted", "evidence-not-kept"))
        anchor.write_text(good)
        policy.write_text('{"default": {"code_map": "opensipit"}}')
        self.assertIn("ok", kamailio.kamcmd("callvet.reload"))
        for _ in range(20):
            self.call(kamailio, identity, code=486, reason="verified")
            self.call(kamailio, self.lab.sign(payload={"orig": {"tn": "999888777"}}), code=403, reason="orig-mismatch")

    def test_the_fetcher_follows_a_reload_at_once(self):
        """It judges the calls that waited, also when the files have become unusable before the first of them."""
        anchor = self.lab.folder / "anchor-fetcher.pem"
        good = (self.lab.folder / "carrier/root.pem").read_text()
        anchor.write_text(good)
        config = self.lab.write_config("fetcher.json", {}, trust={"anchors": str(anchor)})
        kamailio = self.start(config=config, workers=1)
        self.lab.web.hang = 0
        warm = self.lab.sign(x5u="/copy.pem")
        self.call(kamailio, warm, code=486, reason="verified")
        self.assertIn("ok", kamailio.kamcmd("callvet.reload"))
        time.sleep(5 if SANITIZE else 1.5)  # the fetcher's own upkeep is a reload more
        self.call(kamailio, warm, code=486, reason="verified")  # the worker follows
        anchor.write_text("no certificate")
        for _ in range(5):
            self.call(kamailio, self.lab.sign(x5u=f"/any-{time.monotonic_ns()}"), code=486, reason="verified")
        anchor.write_text(good)

    def test_a_worker_that_cannot_follow_a_reload_lets_nothing_pass(self):
        anchor = self.lab.folder / "anchor-lost.pem"
        good, other = ((self.lab.folder / who / "root.pem").read_text() for who in ("carrier", "stranger"))
        anchor.write_text(good)
        config = self.lab.write_config("lost.json", {}, trust={"anchors": str(anchor)})
        kamailio = self.start(config=config, workers=2)
        identity = self.lab.sign()
        self.call(kamailio, identity, code=486, reason="verified")
        anchor.write_text(other)
        self.assertIn("ok", kamailio.kamcmd("callvet.reload"))
        anchor.write_text("no certificate")  # before any worker had a call
        for _ in range(20):
            self.call(kamailio, identity, code=503, reason="evidence-not-kept")
            self.call(kamailio, code=503, reason="evidence-not-kept")  # unsigned: the old policy does not count either
            self.call(kamailio, code=486, reason="evidence-not-kept", called="1911")  # an emergency call
        # Nor does it wait for a certificate that is not there.
        cold = self.lab.sign(x5u=f"/any-{time.monotonic_ns()}")
        self.call(kamailio, cold, code=503, reason="evidence-not-kept")
        anchor.write_text(good)
        self.assertIn("ok", kamailio.kamcmd("callvet.reload"))
        for _ in range(20):
            self.call(kamailio, identity, code=486, reason="verified")

    def test_a_downloaded_crl_reaches_all_workers(self):
        """Workers, which were there before it, have it from the fetcher by the state directory."""
        carrier, state = self.lab.folder / "carrier", self.lab.folder / "state"
        state.mkdir()
        run(laboratory.CALLVET, "pki", "crl", "--issuer-cert", carrier / "intermediate.pem", "--issuer-key",
            carrier / "intermediate.key", "--revoke", carrier / "leaf.pem", "--der", "--out", carrier / "list.crl")
        self.lab.web.documents["/list.crl"] = (carrier / "list.crl").read_bytes()
        config = self.lab.write_config("crl.json", {}, trust={
            "anchors": str(carrier / "root.pem"), "crl_urls": [self.lab.web.url("/list.crl")], "state_dir": str(state)})
        kamailio = self.start(config=config, workers=3)
        for _ in range(100):
            if self.call(kamailio, self.lab.sign()).header("X-Callvet") == "certificate-revoked":
                break
            time.sleep(0.1)
        for _ in range(20):
            self.call(kamailio, self.lab.sign(), code=437, reason="certificate-revoked")

    def test_a_worker_that_could_not_reload_tries_again(self):
        anchor = self.lab.folder / "anchor-again.pem"
        good, other = ((self.lab.folder / who / "root.pem").read_text() for who in ("carrier", "stranger"))
        anchor.write_text(good)
        kamailio = self.start(config=self.lab.write_config("again.json", {}, trust={"anchors": str(anchor)}), workers=3)
        for _ in range(12):
            self.call(kamailio, self.lab.sign(), code=486, reason="verified")
        anchor.write_text(other)
        self.assertIn("ok", kamailio.kamcmd("callvet.reload"))
        anchor.write_text("no certificate")  # when the workers look
        for _ in range(12):
            self.call(kamailio, self.lab.sign())
        anchor.write_text(other)
        time.sleep(1.2)
        for _ in range(12):
            self.call(kamailio, self.lab.sign(), code=437, reason="chain-untrusted")

    def test_many_certificates(self):
        kamailio = self.start()
        for i in range(300):
            self.call(kamailio, self.lab.sign(x5u=f"/any-many-{i}-{'p' * 200}"), code=486, reason="verified")
        listed = kamailio.kamcmd("callvet.certs")
        left_off = int(re.search(r"left_off: (\d+)", listed).group(1))
        self.assertEqual(listed.count("url:") + left_off, 300)
        one = kamailio.kamcmd("callvet.certs", self.lab.web.url("/any-many-77-"))
        self.assertEqual((one.count("url:"), "left_off" in one), (1, False))

    def test_flush_and_certs(self):
        kamailio = self.start()
        self.call(kamailio, self.lab.sign(x5u="/any-flush"), code=486, reason="verified")
        self.assertIn("/any-flush", kamailio.kamcmd("callvet.certs"))
        self.assertIn("ready", kamailio.kamcmd("callvet.certs"))
        self.assertEqual(kamailio.kamcmd("callvet.flush"), "1")
        self.assertNotIn("/any-flush", kamailio.kamcmd("callvet.certs"))
        self.call(kamailio, self.lab.sign(x5u="/any-flush"), code=486, reason="verified")
        self.assertEqual(self.lab.web.requests.count("/any-flush"), 2)
        self.call(kamailio, self.lab.sign(), code=486, reason="verified")
        self.assertEqual(kamailio.kamcmd("callvet.flush", self.lab.web.url("/any-flush")), "1")
        self.assertIn("/cert.pem", kamailio.kamcmd("callvet.certs"))
        self.call(kamailio, self.lab.sign(x5u="/any-flush"), code=486, reason="verified")
        self.assertEqual(self.lab.web.requests.count("/any-flush"), 3)

    def test_verify_and_config(self):
        kamailio = self.start()
        identity = self.lab.sign()
        first = kamailio.kamcmd("callvet.verify", "s:" + identity, "s:+" + CALLER, "s:+" + CALLED)
        self.assertIn("certificate-not-available", first)
        for _ in range(50):
            time.sleep(0.1)
            if kamailio.stats()["certificates"] == 1:
                break
        second = kamailio.kamcmd("callvet.verify", "s:" + identity, "s:+" + CALLER, "s:+" + CALLED)
        self.assertIn("verstat: TN-Validation-Passed", second)
        self.assertIn("signature=passed", second)
        # kamcmd makes numbers of what looks like one.
        plain = kamailio.kamcmd("callvet.verify", "s:" + identity, "+" + CALLER, "+" + CALLED)
        self.assertIn("verstat: TN-Validation-Passed", plain)
        shown = kamailio.kamcmd("callvet.config")
        self.assertIn("fetch_timeout: 2000", shown)
        self.assertIn("policy: as config says", shown)
        self.assertIn("verified", run("kamcmd", "-s", kamailio.ctl, "stats.fetch", "callvet:"))


class Tls(SipTest):
    def test_with_tls_module(self):
        kamailio = self.start(WITH_TLS="")
        self.call(kamailio, self.lab.sign(), code=486, reason="verified")
        self.call(kamailio, self.lab.sign(payload={"attest": "X"}), code=438, reason="attest-invalid")
        self.call(kamailio, self.lab.sign(who="stranger", x5u="/untrusted.pem"), code=437, reason="chain-untrusted")
        self.assertIn("ok", kamailio.kamcmd("callvet.reload"))
        for _ in range(10):
            self.call(kamailio, self.lab.sign(), code=486, reason="verified")


class Load(SipTest):
    def background(self, kamailio, identity, rate, seconds):
        """`rate` warm calls a second by SIPp: (response times in ms, retransmissions, failed calls)."""
        folder = kamailio.folder / "load"
        folder.mkdir()
        scenario = (HERE / "call.xml").read_text().replace("@CODE@", "486").replace("@REASON@", "verified")
        scenario = scenario.replace('<send retrans="500">', '<send retrans="500" start_rtd="1">', 1)
        scenario = scenario.replace('<recv response="486">', '<recv response="486" rtd="1">')
        (folder / "call.xml").write_text(scenario)
        return subprocess.Popen(
            ["sipp", f"127.0.0.1:{kamailio.port}", "-i", "127.0.0.1", "-sf", str(folder / "call.xml"), "-r", str(rate), "-m",
             str(rate * seconds), "-nostdin", "-key", "custom_identity", "Identity: " + identity, "-key", "caller", CALLER,
             "-key", "callee", CALLED, "-timeout", f"{seconds + 20}s", "-trace_rtt", "-rtt_freq", "1", "-trace_stat", "-fd",
             "1s"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL), folder

    def result(self, process, folder, seconds):
        process.wait(seconds + 60)
        times = []
        for path in folder.glob("*_rtt.csv"):
            for line in path.read_text().splitlines()[1:]:
                times.append(float(line.split(";")[1]))
        statistics = next(folder.glob("call_*_.csv"), None)
        rows = [line.split(";") for line in statistics.read_text().splitlines()]
        last = dict(zip(rows[0], rows[-1]))
        return sorted(times), int(last["Retransmissions(C)"]), int(last["FailedCall(C)"])

    def skip_if_starved(self, kamailio, identity, rate):
        """What the same calls take with nothing else to do says whether the machine or the module is slow."""
        (kamailio.folder / "load").rename(kamailio.folder / "load-before")
        process, folder = self.background(kamailio, identity, rate, 3)
        times, retransmissions, _ = self.result(process, folder, 3)
        p99 = times[int(len(times) * 0.99)]
        if p99 > 25 or retransmissions:
            self.skipTest(f"NOT MEASURED: this machine is too busy, p99 is {p99:.0f} ms without slow calls")

    def measure(self, cancel):
        seconds, rate = 6, 200
        kamailio = self.start(memory=1024)
        self.lab.web.hang = 2
        identity = self.lab.sign()
        for _ in range(5):
            self.call(kamailio, identity, code=486, reason="verified")
        process, folder = self.background(kamailio, identity, rate, seconds)
        time.sleep(1)
        slow = []
        for i in range(6):
            client = Client(kamailio.port)
            client.send(client.build(headers=["Identity: " + self.lab.sign(x5u=f"/hang-load-{cancel}-{i}")]))
            slow.append(client)
            if cancel:
                time.sleep(0.3)
                client.send(client.build("CANCEL", branch=client.branch, call_id=client.call_id))
        times, retransmissions, failed = self.result(process, folder, seconds)
        p99 = times[int(len(times) * 0.99)]
        print(f"200 calls/s beside a certificate server that hangs, cancel={cancel}: p50 {times[len(times) // 2]:.1f} p99 "
              f"{p99:.1f} max {times[-1]:.1f} ms, retransmissions {retransmissions}, failed {failed}", file=sys.stderr)
        self.assertEqual(failed, 0)
        if p99 >= 50 or retransmissions:
            self.skip_if_starved(kamailio, identity, rate)
        # Measured 8 to 12 ms on a busy machine, 1900 with a fetch in the worker; a retransmission is due at 500.
        self.assertLess(p99, 50 if not SANITIZE else 500)
        self.assertEqual(retransmissions, 0)
        return kamailio

    def test_hanging_certificate_server(self):
        self.measure(cancel=False)

    def test_hanging_certificate_server_and_cancel(self):
        self.measure(cancel=True)

    @staticmethod
    def take_answers(client, answered, wanted):
        """Reads answers until `wanted` calls have one, or nothing comes any more."""
        client.socket.settimeout(2 if len(answered) < wanted else 0.0)
        try:
            while len(answered) < wanted:
                text = client.socket.recv(65535)
                if not text.startswith(b"SIP/2.0 1"):
                    answered.add(re.search(rb"branch=(\w+)", text).group(1))
        except (BlockingIOError, TimeoutError):
            pass

    def test_mixed_calls(self):
        """Good, bad and fuzzed calls; under sanitizers no report may be in the log (see finish)."""
        kamailio = self.start(memory=1024)
        self.lab.web.hang = 0
        if SANITIZE:
            maps = pathlib.Path(f"/proc/{kamailio.processes('udp receiver')[0]}/maps").read_text()
            self.assertIn("libasan", maps)
        generator = random.Random(4)
        pool = []
        client = Client(kamailio.port)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        answered = set()
        begin = time.monotonic()
        for i in range(CALLS):
            if i % 4000 == 0:  # tokens stay fresh for a minute
                pool = [case[0](self.lab) for name, case in CASES.items() if not name.startswith("209")]
            identity = pool[0] if i % 3 == 0 else generator.choice(pool)
            if i % 3 == 2:
                letters = bytearray(identity.encode())
                for _ in range(generator.randint(1, 8)):
                    letters[generator.randrange(len(letters))] = generator.choice(b"\x01\t ;=<>\".,%\\0aAzZ\xc3\xff")
                identity = letters.decode("utf-8", "surrogateescape").replace("\r", " ").replace("\n", " ")
            name = generator.choice(("Identity: ", "y: ", "identity:\r\n "))
            client.send(client.build(headers=[name + identity] * generator.choice((1, 1, 1, 2, 5)),
                                     caller=generator.choice((CALLER, CALLER, "12155550100"))))
            self.take_answers(client, answered, i + 1 - 60)
        self.take_answers(client, answered, CALLS)
        seconds = time.monotonic() - begin
        stats = kamailio.stats()
        print(f"{CALLS} mixed calls in {seconds:.1f} s: {stats['checked']} judged, {stats['verified']} verified, "
              f"{stats['failed']} failed, {stats['unsigned']} unsigned, {stats['undecided']} undecided", file=sys.stderr)
        self.assertGreater(stats["checked"], CALLS * 0.9)
        self.assertGreater(stats["verified"], CALLS * 0.1)
        self.assertGreater(stats["failed"], CALLS * 0.3)
        self.call(kamailio, self.lab.sign(), code=486, reason="verified")


class Functions(SipTest):
    """Every function and variable of the native script; the configuration by parameters."""

    def setUp(self):
        ports = ",".join(str(server.server_address[1]) for server in self.lab.web.servers)
        self.kamailio = self.start(HERE / "functions.cfg", ANCHORS=str(self.lab.folder / "carrier/root.pem"), PORTS=ports)

    def ask(self, what, **headers):
        lines = [f"X-Do: {what}"] + [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        reply = Client(self.kamailio.port).request(headers=lines)
        return reply.header("X-Result"), reply.header("X-Callvet"), reply.header("X-All").split("|")

    def wait_for_certificate(self):
        for _ in range(100):
            if self.kamailio.stats()["certificates"]:
                return
            time.sleep(0.05)
        self.fail("no certificate came")

    def test_functions_and_variables(self):
        self.assertEqual(self.ask("nothing")[:2], ("99", "<null>"))
        self.assertEqual(self.ask("check")[:2], ("-3", "no-identity"))
        # check never waits: the certificate is there for the next call.
        self.assertEqual(self.ask("check", Identity=self.lab.sign())[:2], ("-2", "certificate-not-available"))
        self.wait_for_certificate()
        identity = self.lab.sign()
        result, reason, values = self.ask("check", Identity=identity)
        self.assertEqual((result, reason), ("1", "verified"))
        self.assertEqual(values[:12], ["TN-Validation-Passed", "verified", "pass", "verified", "0", "<null>", "0", "1", "B", CALLER,
                                       CALLED, values[11]])
        self.assertRegex(values[11], r"^[0-9a-f-]{36}$")
        self.assertEqual(values[12], "shaken")
        self.assertLess(int(values[13]), 10)
        self.assertEqual(values[14:16], [self.lab.web.url("/cert.pem"), "1001"])
        self.assertIn("signature=passed", values[16])

        result, reason, values = self.ask("check", Identity=self.lab.sign(payload={"attest": "X"}))
        self.assertEqual((result, reason), ("-1", "attest-invalid"))
        self.assertEqual(values[:8], ["No-TN-Validation", "refused", "tag", "attest-invalid", "438", "Invalid Identity Header",
                                      "438", "-1"])

        self.assertEqual(self.ask("numbers", Identity=identity, X_Orig="+" + CALLER, X_Dest="+" + CALLED)[:2], ("1", "verified"))
        self.assertEqual(self.ask("numbers", Identity=identity, X_Orig="+12155550199", X_Dest="+" + CALLED)[:2],
                         ("-1", "orig-mismatch"))
        value = {"X_Identity": identity, "X_Orig": "+" + CALLER, "X_Dest": "+" + CALLED}
        self.assertEqual(self.ask("value", **value, X_Time=0)[:2], ("1", "verified"))
        self.assertEqual(self.ask("value", **value, X_Time=int(time.time()) + 40)[:2], ("-1", "iat-stale"))

        # Nothing is done with the call because of another value: see Guards.
        self.assertEqual(self.ask("preload", X_Url=self.lab.web.url("/copy.pem", 1))[:2], ("1", "<null>"))
        for _ in range(100):
            if self.kamailio.stats()["certificates"] == 2:
                break
            time.sleep(0.05)
        self.assertEqual(self.ask("check", Identity=self.lab.sign(x5u="/copy.pem", which=1))[:2], ("1", "verified"))


class Guards(SipTest):
    def test_a_wrong_reason_or_code_fails_a_case(self):
        """Guards the guard: SIPp says no."""
        suite = Conformance("test_native_rfc8224")
        suite.lab = self.lab
        kamailio = self.start()
        self.assertIsNone(suite.sipp(kamailio, "303-orig-mismatch", 438, "orig-mismatch"))
        for code, reason in ((438, "dest-mismatch"), (403, "orig-mismatch")):
            (kamailio.folder / "303-orig-mismatch").rename(kamailio.folder / f"done-{code}-{reason}")
            self.assertIsNotNone(suite.sipp(kamailio, "303-orig-mismatch", code, reason))

    def test_apply_without_a_check_lets_nobody_through(self):
        script = self.lab.folder / "unchecked.cfg"
        text = INLINE.read_text().replace('callvet_check_async("VERIFIED");', "")
        script.write_text(text)
        kamailio = self.start(script)
        self.assertEqual(self.call(kamailio, self.lab.sign()).code, 500)

    def test_a_value_that_is_verified_lets_no_call_through(self):
        script = self.lab.folder / "value.cfg"
        text = INLINE.read_text().replace("	callvet_apply();", '	callvet_check_value("$hdr(X-Identity)", "+' + CALLER + '", "+' + CALLED +
                                          '", "0");\n	callvet_apply();')
        script.write_text(text)
        kamailio = self.start(script)
        self.assertEqual(self.call(kamailio, self.lab.sign()).code, 486)
        self.callee.received.clear()
        reply = self.call(kamailio, f"X-Identity: {self.lab.sign()}", caller="12025550000")
        self.assertEqual(reply.code, 428, reply.text)
        self.assertEqual(self.callee.received, [])

    def test_a_verdict_that_the_script_spoiled_lets_nobody_through(self):
        script = self.lab.folder / "spoiled.cfg"
        script.write_text(INLINE.read_text().replace("route[VERIFIED] {", 'route[VERIFIED] {\n\t$xavp(callvet) = "x";'))
        kamailio = self.start(script)
        self.assertNotEqual(self.call(kamailio, self.lab.sign()).code, 486)

    def test_other_version_or_flags_are_refused(self):
        """Guards the guard: tools/kamailio/abi-check says no to what kamailio would refuse."""
        check = ROOT / "tools/kamailio/abi-check"
        run(check, laboratory.MODULE)
        binary = pathlib.Path(laboratory.MODULE).read_bytes()
        for old, new in ((b"kamailio 5.", b"kamailio 4."), (b"USE_TCP, USE_TLS", b"USE_TCP, USE_TLX")):
            self.assertIn(old, binary)
            other = self.lab.folder / "other.so"
            other.write_bytes(binary.replace(old, new))
            result = subprocess.run([check, other], capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 1, result.stdout + result.stderr)

    def test_parameters_that_do_not_go_together_stop_the_start(self):
        config = self.lab.folder / "broken.json"
        config.write_text('{"trust": {"anchors": "/nonexistent"}}')
        with self.assertRaisesRegex(AssertionError, "did not come up"):
            Kamailio(self.lab, INLINE, config=config)
        # What the state directory keeps may say who was revoked. A link to itself is unreadable for every user.
        state = self.lab.folder / "unreadable-state"
        state.symlink_to(state.name)
        config = self.lab.write_config("unreadable-state.json", {}, trust={
            "anchors": str(self.lab.folder / "carrier/root.pem"), "state_dir": str(state)})
        with self.assertRaisesRegex(AssertionError, "did not come up(.|\n)*unreadable-state/?: "):
            Kamailio(self.lab, INLINE, config=config)
        # The configuration names a policy file, so a parameter would not count.
        config = self.lab.write_config("two-policies.json", {})
        for parameter in ("CODE_MAP", "FAIL_POLICY"):
            with self.assertRaisesRegex(AssertionError, "did not come up"):
                Kamailio(self.lab, INLINE, config=config, **{parameter: "opensipit" if parameter == "CODE_MAP" else "open"})
        with self.assertRaisesRegex(AssertionError, "did not come up"):
            Kamailio(self.lab, INLINE, NEGATIVE_EXPIRE=0)
        functions = {"ANCHORS": str(self.lab.folder / "carrier/root.pem"), "PORTS": "9443"}
        for parameter in ({"FETCH_MAX": 17}, {"FETCH_MAX": 0}, {"IAT_WINDOW": 0}, {"IAT_WINDOW": -5}):
            with self.assertRaisesRegex(AssertionError, "did not come up"):
                Kamailio(self.lab, HERE / "functions.cfg", **functions, **parameter)
        with self.assertRaisesRegex(AssertionError, r"evidence_on_full: \[drop\] is not refuse or count"):
            Kamailio(self.lab, HERE / "functions.cfg", **functions, EVIDENCE_STORE=str(self.lab.folder / "drop.db"),
                     EVIDENCE_SPILL=str(self.lab.folder / "drop"), EVIDENCE_NUMBER_KEY=str(self.lab.folder / "drop.key"),
                     EVIDENCE_ON_FULL="drop")
        Kamailio(self.lab, HERE / "functions.cfg", **functions, FETCH_MAX=16, IAT_WINDOW=1).close()
        without = self.lab.folder / "without-secret.cfg"
        without.write_text(INLINE.read_text().replace("ifndef DIALOG_SECRET", "ifdef DIALOG_SECRET"))
        with self.assertRaisesRegex(AssertionError, "did not come up(.|\n)*DIALOG_SECRET-is-missing"):
            Kamailio(self.lab, without)
        undefined = self.lab.folder / "undefined.cfg"
        undefined.write_text(INLINE.read_text().replace("DIALOG_SECRET +", "OTHER_SECRET +"))
        with self.assertRaisesRegex(AssertionError, "did not come up"):
            Kamailio(self.lab, undefined)


if __name__ == "__main__":
    reason = laboratory.why_not()
    if reason:
        print(f"SKIPPED: the SIP tests are NOT run: {reason}", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2, warnings="ignore")
