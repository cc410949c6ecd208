#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The service over real sockets: ATIS-1000082 with exact bodies, callvet's own API, who may do what, operations."""

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from support import CALLED, CALLER, CALLVET, PATIENCE, ROOT, TOKENS, X5U, Lab, Server, callvet  # noqa: E402

LAB = None


def setUpModule():
    global LAB
    LAB = Lab()


def tearDownModule():
    LAB.close()


def failed(code, text, description, verstat="No-TN-Validation"):
    return json.dumps({"verificationResponse": {"reasoncode": code, "reasontext": text, "reasondesc": description,
                                                "verstat": verstat}}, separators=(",", ":"))


PASSED = '{"verificationResponse":{"verstat":"TN-Validation-Passed"}}'
MISMATCH = "'{}' claim from PASSporT payload doesn't match the received in the verification request claim."


class Service(unittest.TestCase):
    CHANGES = {}

    @classmethod
    def setUpClass(cls):
        cls.server = Server(LAB, **cls.CHANGES)

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0

    def expect(self, identity, body, **arguments):
        status, headers, text = self.server.verify(identity, **arguments)
        self.assertEqual((status, text), (200, body))
        self.assertEqual(headers["Content-Type"], "application/json")


class Atis(Service):
    def test_E7_E10_every_row_of_e3(self):
        now = int(time.time())
        good = LAB.sign()
        token, parameters = good.split(";", 1)
        header_row = lambda description: failed(438, "Invalid Identity Header", description)
        info_row = lambda description: failed(436, "Bad identity Info", description)
        self.expect(good, PASSED)
        self.expect(good, failed(403, "Stale Date", "Received 'time' value is not fresh."), time_of_request=now - 120)
        self.expect(LAB.sign("--compact", "--ppt", "base"), header_row(
            "Identity header in compact form instead of required by SHAKEN spec full form."))
        self.expect(good.replace("ppt=shaken", "ppt=div"), header_row(
            "Identity header is received with 'ppt' parameter value that is not 'shaken'."))
        self.expect(token + ";ppt=shaken", info_row("Missing 'info' parameter in the 'identity'."))
        self.expect(good.replace("https", "http", 1), info_row("Invalid 'info' URI."))
        for name in ("ppt", "typ", "alg", "x5u"):
            self.expect(LAB.sign_raw(header={name: None}), info_row(f"Missing '{name}' claim in the PASSporT header."))
        self.expect(LAB.sign_raw(header={"typ": "JWT"}), failed(437, "Unsupported credential",
                                                                "'typ' from PASSporT header is not 'passport'."))
        self.expect(LAB.sign_raw(header={"alg": "HS256"}), failed(437, "Unsupported credential",
                                                                  "'alg' from PASSporT header is not 'ES256'."))
        self.expect(LAB.sign_raw(header={"x5u": X5U + "2"}), info_row(
            "'x5u' from PASSporT header doesn't match the 'info' parameter of identity header value."))
        self.expect(LAB.sign_raw(header={"ppt": "div"}), header_row("'ppt' from PASSporT header is not 'shaken'."))
        for name in ("dest", "orig", "attest", "origid", "iat"):
            self.expect(LAB.sign_raw(payload={name: None}),
                        header_row(f"Missing '{name}' mandatory claim in PASSporT payload"))
        self.expect(LAB.sign_raw(payload={"iat": now - 300}),
                    failed(403, "Stale Date", "'iat' from PASSporT payload is not fresh."))
        self.expect(LAB.sign_raw(payload={"attest": "D"}), header_row("'attest' claim in PASSporT is not valid."))
        self.expect(good, header_row(MISMATCH.format("orig")), orig="12155550199")
        self.expect(good, header_row(MISMATCH.format("dest")), dest=["12155550199"])
        self.expect(good, header_row(MISMATCH.format("dest")), dest=[CALLED, "12155550199"])
        self.expect(LAB.sign(who="stranger"), failed(438, "Invalid Identity Header", "Signature validation failed.",
                                                     "TN-Validation-Failed"))

    def test_e8_and_e17(self):
        for changes, body in (
                ({"certificates": {"files": [], "offline": True}},
                 failed(436, "Bad identity Info", "Failed to dereference 'info' URI.")),
                ({"trust": {"anchors": [str(LAB.folder / "stranger/root.pem")]}},
                 failed(437, "Unsupported credential", "Failed to authenticate CA.", "TN-Validation-Failed"))):
            server = Server(LAB, **changes)
            try:
                self.assertEqual(server.verify(LAB.sign())[2], body)
            finally:
                self.assertEqual(server.stop(), 0)

    def test_E11_every_exception_of_e4(self):
        path = "/stir/v1/verification"

        def exception(message_id, text, *variables, kind="serviceException"):
            body = {"messageId": message_id, "text": text}
            if variables:
                body["variables"] = list(variables)
            return json.dumps({"requestError": {kind: body}}, separators=(",", ":"))

        good = {"from": {"tn": CALLER}, "to": {"tn": [CALLED]}, "time": 1}
        rows = [
            (400, ("POST", path, ""), exception("SVC4000", "Missing request body")),
            (400, ("POST", path, {"verificationRequest": {**good, "from": None}}), None),
            (400, ("POST", path, {}), exception("SVC4001", "Missing mandatory parameter '%1'", "verificationRequest")),
            (400, ("POST", path, {"verificationRequest": {k: v for k, v in good.items() if k != "time"}}),
             exception("SVC4001", "Missing mandatory parameter '%1'", "time")),
            (406, ("POST", path, {}, {"Accept": "text/html"}),
             exception("SVC4002", "Requested response body type '%1' is not supported", "text/html")),
            (404, ("POST", "/stir/v1/other", {}), exception("SVC4003", "Requested resource was not found")),
            (415, ("POST", path, "{}", {"Content-Type": "text/plain"}),
             exception("SVC4004", "Unsupported request body type, expected '%1'", "application/json")),
            (400, ("POST", path, {"verificationRequest": {**good, "time": "1"}}),
             exception("SVC4005", "Invalid '%1' parameter value: %2", "time",
                       "not a whole number of seconds since 1970")),
            (400, ("POST", path, "{"), exception("SVC4006", "Failed to parse received message body: %1",
                                                 "invalid JSON body")),
            (405, ("GET", path), exception("POL4050", "Method not allowed", kind="policyException")),
        ]
        for status, arguments, body in rows:
            got, _, text = self.server.request(*arguments)
            self.assertEqual(got, status, arguments)
            if body:
                self.assertEqual(text, body)
        # No Content-Length: a chunked body.
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        connection.request("POST", path, body=iter([b"{}"]), headers={"Content-Type": "application/json"},
                           encode_chunked=True)
        response = connection.getresponse()
        self.assertEqual((response.status, response.read().decode()),
                         (411, exception("SVC4007", "Missing mandatory Content-Length header")))
        connection.close()

    def test_heartbeat_and_request_id(self):
        status, headers, text = self.server.verify(None, headers={"X-RequestID": "abc-1", "X-InstanceID": "sbc"})
        self.assertEqual((status, text), (200, '{"verificationResponse":{"verstat":"No-TN-Validation"}}'))
        self.assertEqual(headers["X-RequestID"], "abc-1")
        made = self.server.verify(None)[1]["X-RequestID"]
        self.assertRegex(made, r"^[0-9a-f-]{36}$")

    def test_E4_what_cannot_be_read_is_answered_in_the_form_of_its_path(self):
        def answer(path, headers, version="1.1"):
            got = b""
            with socket.create_connection(("127.0.0.1", self.server.port), PATIENCE) as client:
                client.sendall(f"POST {path} HTTP/{version}\r\n{headers}X-RequestID: seven\r\n\r\n".encode())
                while part := client.recv(65536):
                    got += part
            return got.decode()

        exception = '{"requestError":{"serviceException":{"messageId":"SVC4006",'
        length = '"variables":["invalid message body length specified"]'
        for headers, status, said in (
                ("Host: x\r\nContent-Length: five\r\n", 400, length),
                ("Host: x\r\nContent-Length: 5, 5\r\n", 400, length),
                ("Host: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n", 400, length),
                ("Host: x\r\nContent-Length: 999999999\r\n", 413, length),
                ("Host: x\r\nA: b\r\n folded\r\n", 400, "the request cannot be read"),
                ("Host: x\r\nTransfer-Encoding: gzip\r\n", 501, "this transfer coding is not supported"),
                ("", 400, "the request cannot be read")):
            got = answer("/stir/v1/verification", headers)
            self.assertTrue(got.startswith(f"HTTP/1.1 {status} "), got)
            self.assertIn("\r\nX-RequestID: seven\r\n", got)
            self.assertIn(exception, got)
            self.assertIn(said, got)
            own = answer("/v1/calls", headers)
            self.assertTrue(own.startswith(f"HTTP/1.1 {status} "), own)
            self.assertIn('{"error":{"reason":"body-invalid"', own)
            self.assertIn("\r\nX-RequestID: seven\r\n", own)

    def test_E2_headers_in_other_forms(self):
        body = json.dumps({"verificationRequest": {"from": {"tn": CALLER}, "to": {"tn": [CALLED]}, "time": 1}})

        def status(*headers, target="/stir/v1/verification"):
            with socket.create_connection(("127.0.0.1", self.server.port), PATIENCE) as client:
                head = "".join(line + "\r\n" for line in headers)
                client.sendall((f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
                                f"Content-Type: application/json\r\nConnection: close\r\n{head}\r\n{body}").encode())
                return int(client.recv(65536).split(b" ")[1])

        self.assertEqual(status(), 200)
        self.assertEqual(status("Accept: text/html", "Accept: application/json"), 200)
        self.assertEqual(status("Accept:"), 200)
        self.assertEqual(status("Accept: text/html", "Accept: text/plain"), 406)
        self.assertEqual(status("Content-Type: text/plain"), 400)
        self.assertEqual(status("Content-Encoding: gzip"), 415)
        self.assertEqual(status("Content-Encoding: identity"), 200)
        self.assertEqual(status("Content-Encoding: gzip", target="/v1/calls"), 415)
        self.assertEqual(status(target="http://x/stir/v1/verification"), 200)
        self.assertEqual(status(target="http://x/none?http://y/stir/v1/verification"), 404)

    def test_E1_E20_signing_then_verification(self):
        request = {"signingRequest": {"attest": "B", "orig": {"tn": CALLER}, "dest": {"tn": [CALLED]},
                                      "iat": int(time.time()), "origid": "de305d54-75b4-431b-adb2-eb6b9e546014"}}
        status, _, text = self.server.request("POST", "/stir/v1/signing", request, token=TOKENS["sign"])
        self.assertEqual(status, 200, text)
        self.expect(json.loads(text)["signingResponse"]["identity"], PASSED)

    def test_keep_alive_and_pipelining(self):
        body = json.dumps({"verificationRequest": {"from": {"tn": CALLER}, "to": {"tn": [CALLED]}, "time": 1}})
        request = (f"POST /stir/v1/verification HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                   f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
        with socket.create_connection(("127.0.0.1", self.server.port), PATIENCE) as client:
            client.sendall(request * 5)
            got = b""
            while got.count(b"No-TN-Validation") < 5:
                part = client.recv(65536)
                self.assertTrue(part, got)
                got += part
        self.assertEqual(got.count(b"HTTP/1.1 200 OK"), 5)


class OwnApi(Service):
    def invite(self, identity, shown=CALLER):
        return ("INVITE sip:+%s@example.org SIP/2.0\r\nFrom: <sip:+%s@example.org>;tag=1\r\n"
                "To: <sip:+%s@example.org>\r\nIdentity: %s\r\n\r\n") % (CALLED, shown, CALLED, identity)

    def test_calls(self):
        good = LAB.sign()
        status, _, text = self.server.request("POST", "/v1/calls", {
            "id": "c1", "identity": good, "from": "+" + CALLER, "to": "+" + CALLED, "trunk": "t", "certificates": True})
        answer = json.loads(text)
        self.assertEqual((status, answer["id"], answer["reason"]), (200, "c1", "verified"))
        self.assertEqual(answer["verdict"]["signer"]["spc"], "4321")
        self.assertEqual(len(answer["certificates"]), 2)
        answer = json.loads(self.server.request("POST", "/v1/calls", {"sip": self.invite(good, "12155550199")})[2])
        self.assertEqual(answer["reason"], "orig-mismatch")
        answer = json.loads(self.server.request("POST", "/v1/calls", {"sip": self.invite(good),
                                                                      "at": int(time.time()) + 100})[2])
        self.assertEqual(answer["reason"], "iat-stale")

    def test_batch_keeps_order_and_streams(self):
        good = LAB.sign()
        count = 500
        past = {"at": int(time.time())}  # calls of the present and of the past come back in one order
        lines = "".join(json.dumps({"id": str(n), "identity": good, "from": "+" + CALLER,
                                    "to": "+" + (CALLED if n % 2 else "12155550199"), **(past if n % 3 else {})}) + "\n"
                        for n in range(count))
        result = subprocess.run(["curl", "-sS", "--max-time", "120", "-H", "Content-Type: application/x-ndjson",
                                 "-H", "Transfer-Encoding: chunked", "--data-binary", "@-",
                                 f"http://127.0.0.1:{self.server.port}/v1/calls:batch"],
                                input=lines + "{broken\n", capture_output=True, text=True, check=False)
        answers = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual(len(answers), count + 1, result.stderr)
        for n in range(count):
            self.assertEqual((answers[n]["id"], answers[n]["reason"]),
                             (str(n), "verified" if n % 2 else "dest-mismatch"))
        self.assertEqual(answers[count]["error"]["reason"], "body-invalid")

    def test_batch_goes_on_behind_a_line_that_is_too_long(self):
        call = {"identity": LAB.sign(), "from": "+" + CALLER, "to": "+" + CALLED}
        good = [json.dumps({**call, "id": str(n)}).encode() + b"\n" for n in range(4)]
        long = lambda size: b'{"from": "' + b"1" * size + b'"}'
        body = good[0] + long(300_000) + b"\n" + good[1] + long(5_000_000) + b"\n" + good[2] + good[3] + long(300_000)
        expected = ["0", "body-invalid", "1", "body-invalid", "2", "3", "body-invalid"]
        for chunked in (False, True):
            framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
            parts = [body[i:i + 70_000] for i in range(0, len(body), 70_000)] if chunked else [body]
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as client:
                client.sendall(b"POST /v1/calls:batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                               + framing + b"\r\n\r\n")
                for part in parts:
                    client.sendall(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
                if chunked:
                    client.sendall(b"0\r\n\r\n")
                got = b""
                while part := client.recv(65536):
                    got += part
            answers = [json.loads(line) for line in got.decode().splitlines() if line.startswith("{")]
            self.assertEqual([answer.get("id") or answer["error"]["reason"] for answer in answers], expected, chunked)
            self.assertEqual({answer["reason"] for answer in answers if "id" in answer}, {"verified"})

    def test_batch_answers_a_client_that_sends_one_line_and_waits(self):
        call = {"identity": LAB.sign(), "from": "+" + CALLER, "to": "+" + CALLED}
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as client:
            client.sendall(b"POST /v1/calls:batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                           b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
            got = b""
            for n in range(3):
                line = json.dumps({**call, "id": f"line-{n}"}).encode() + b"\n"
                client.sendall(b"%x\r\n%s\r\n" % (len(line), line))
                while f'"line-{n}"'.encode() not in got:
                    part = client.recv(65536)
                    self.assertTrue(part, got)
                    got += part
            client.sendall(b"0\r\n\r\n")
            while part := client.recv(65536):
                got += part
        for n in range(3):
            self.assertIn(f'{{"id":"line-{n}","verstat":"TN-Validation-Passed","reason":"verified"'.encode(), got)

    def test_decode(self):
        status, _, text = self.server.request("POST", "/v1/decode", {"text": LAB.sign()})
        self.assertEqual((status, json.loads(text)["headers"][0]["payload"]["orig"]), (200, {"tn": CALLER}))


class Policy(unittest.TestCase):
    """Calls are verified by the dialling rules of the policy's country, as on the command line."""

    NATIONAL = {"from": CALLER[1:], "to": CALLED[1:]}

    def answer(self, policy, **changes):
        path = LAB.folder / "policy.json"
        path.write_text(json.dumps(policy))
        server = Server(LAB, policy=str(path), **changes)
        try:
            return json.loads(server.request("POST", "/v1/calls", {"identity": LAB.sign(), **self.NATIONAL})[2])
        finally:
            self.assertEqual(server.stop(), 0)

    def test_the_country_of_the_policy_counts(self):
        self.assertEqual(self.answer({})["reason"], "orig-mismatch")
        answer = self.answer({"country": "US"})
        self.assertEqual((answer["reason"], answer["disposition"]["action"]), ("verified", "pass"))
        answer = self.answer({"country": "US"}, verification={"country": "CA"})  # the same country code
        self.assertEqual(answer["reason"], "verified")

    def test_a_blank_request_uri_hides_no_emergency_call(self):
        """H4: what a script sends that knows none."""
        path = LAB.folder / "policy.json"
        path.write_text(json.dumps({"country": "US"}))
        server = Server(LAB, policy=str(path))
        try:
            for to in ("911", "urn:service:sos"):
                for target, emergency in ((None, True), ("", True), (" ", True), ("sip:", True), ("911@x", True), ("sip:911@", True),
                                          ("sip:esrp@psap.example.org", True), (f"sip:{CALLED}@", False), (f"{CALLED}@x", False),
                                          (f"sip:esrp@gw;rn={CALLED}", False)):
                    call = {"from": CALLER, "to": to} | ({} if target is None else {"request_uri": target})
                    disposition = json.loads(server.request("POST", "/v1/calls", call)[2])["disposition"]
                    self.assertEqual((disposition["emergency"], disposition["action"]),
                                     (emergency, "tag" if emergency else "reject"), (to, target))
        finally:
            self.assertEqual(server.stop(), 0)

    def test_another_country_is_refused_and_warnings_are_shown(self):
        (LAB.folder / "numbers.csv").write_text("first,last,holder\n+12155550100,,bank\n")
        policy = LAB.folder / "policy.json"
        config = LAB.folder / "checked.json"

        def check(country):
            policy.write_text(json.dumps({"country": "US", "registry": {"files": ["numbers.csv"]},
                                          "trunks": {"pbx": {"customer": "bnak"}}}))
            config.write_text(json.dumps({"listen": "127.0.0.1:0", "policy": str(policy),
                                          "trust": {"anchors": str(LAB.folder / "carrier/root.pem")},
                                          "certificates": {"offline": True}, "verification": {"country": country}}))
            return subprocess.run([CALLVET, "serve", "--config", str(config), "--check-config"], capture_output=True,
                                  text=True, timeout=60, check=False)

        run = check("CN")
        self.assertEqual(run.returncode, 2, run)
        self.assertIn("country", run.stderr)
        run = check("US")
        self.assertEqual(run.returncode, 0, run)
        self.assertIn("bnak", run.stderr)


class Access(Service):
    CHANGES = {"access": {"verify_without_token": False}}
    ENDPOINTS = [("POST", "/stir/v1/verification", "verify"), ("POST", "/stir/v1/signing", "sign"),
                 ("POST", "/v1/calls", "verify"), ("POST", "/v1/calls:batch", "verify"), ("POST", "/v1/decode", "verify"),
                 ("GET", "/v1/samples", "verify"), ("GET", "/v1/trust", "read-evidence"),
                 ("GET", "/v1/traffic", "read-evidence"), ("GET", "/v1/evidence", "read-evidence"),
                 ("POST", "/v1/evidence:search", "read-evidence"),
                 ("GET", "/v1/evidence/{id}", "read-evidence"), ("GET", "/v1/evidence/{id}/export", "read-evidence"),
                 ("GET", "/v1/pools", "read-evidence"), ("POST", "/v1/pools/release", "admin"),
                 ("POST", "/v1/complaints", "file-complaints"), ("GET", "/v1/complaints", "read-evidence"),
                 ("GET", "/v1/complaints/{id}", "read-evidence"), ("GET", "/v1/report", "read-evidence"),
                 ("GET", "/metrics", "read-evidence"),
                 ("POST", "/admin/reload", "admin"), ("GET", "/healthz", None), ("GET", "/readyz", None),
                 ("GET", "/", None), ("GET", "/app.js", None), ("GET", "/complaints.js", None), ("GET", "/app.css", None), ("GET", "/texts.js", None),
                 ("GET", "/openapi.json", None)]

    def test_every_endpoint_with_every_scope(self):
        for method, path, needed in self.ENDPOINTS:
            for scope, token in [(None, None), ("wrong", "t-wrong"), *TOKENS.items()]:
                status = self.server.request(method, path, "{}" if method == "POST" else None, token=token)[0]
                if needed is None or scope == needed:
                    self.assertNotIn(status, (401, 403), (path, scope))
                else:
                    self.assertEqual(status, 403 if scope in TOKENS else 401, (path, scope))

    def test_a_page_of_another_origin_posts_nothing_without_a_token(self):
        server = Server(LAB)
        self.addCleanup(server.stop)
        own = f"http://127.0.0.1:{server.port}"
        for path in ("/v1/calls:batch", "/v1/calls", "/v1/decode", "/stir/v1/verification"):
            for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site", "Origin": own}, {"Origin": "null"},
                            {"Origin": "http://evil.example.org"}, {"Origin": f"http://127.0.0.1:{server.port + 1}"},
                            # A name that was made to lead here.
                            {"Origin": "http://evil.example.org:8080", "Host": "evil.example.org:8080"}):
                status, _, text = server.request("POST", path, "{}", {**headers, "Content-Type": "text/plain"})
                self.assertEqual(status, 403, (path, headers))
                self.assertIn("another origin", text)
                self.assertNotEqual(server.request("POST", path, "{}", headers, token=TOKENS["verify"])[0], 403)
            for headers in ({}, {"Origin": own}, {"Sec-Fetch-Site": "same-origin", "Origin": "https://front.example.org"},
                            {"Sec-Fetch-Site": "none"}, {"Origin": "http://localhost:8080", "Host": "localhost:8080"},
                            {"Origin": "http://127.0.0.1", "Host": "127.0.0.1:80"}, {"Origin": "https://[::1]:443", "Host": "[::1]"}):
                self.assertNotEqual(server.request("POST", path, "{}", headers)[0], 403, (path, headers))
        self.assertNotIn('trunk="carrier-a"', server.request("GET", "/metrics", token=TOKENS["read-evidence"])[2])

    def test_405_says_what_the_path_has(self):
        for method, path, allowed in (("GET", "/v1/calls", "POST"), ("POST", "/metrics", "GET, HEAD"), ("POST", "/app.js", "GET, HEAD"),
                                      ("DELETE", "/v1/complaints", "POST, GET, HEAD"), ("GET", "/stir/v1/signing", "POST")):
            status, headers, _ = self.server.request(method, path)
            self.assertEqual((status, headers["Allow"]), (405, allowed), path)

    def test_the_table_has_every_endpoint_of_the_openapi_document(self):
        document = json.loads(self.server.request("GET", "/openapi.json")[2])
        described = {(method.upper(), path, operation["x-scope"]) for path, methods in document["paths"].items()
                     for method, operation in methods.items()}
        known = {(method, path, scope or "public") for method, path, scope in self.ENDPOINTS
                 if path not in ("/", "/app.js", "/complaints.js", "/app.css", "/texts.js", "/openapi.json")}
        self.assertEqual(described, known)

    def test_verify_without_token_if_configured(self):
        server = Server(LAB)
        try:
            self.assertEqual(server.verify(None)[0], 200)
            self.assertEqual(server.request("GET", "/v1/trust")[0], 401)
        finally:
            server.stop()


class OpenApi(Service):
    """The document says what the service answers."""

    @classmethod
    def setUpClass(cls):
        cls.CHANGES = {"evidence": {"store": str(LAB.folder / "openapi.db"), "commit_ms": 1}}
        super().setUpClass()

    def resolve(self, schema):
        while "$ref" in schema:
            target = self.document
            for part in schema["$ref"][2:].split("/"):
                target = target[part]
            schema = target
        return schema

    def check(self, value, schema, path):
        schema = self.resolve(schema)
        if "anyOf" in schema:
            for choice in schema["anyOf"]:
                try:
                    return self.check(value, choice, path)
                except AssertionError:
                    continue
            self.fail(f"{path}: {value!r} is none of the choices")
        if "enum" in schema:
            self.assertIn(value, schema["enum"], path)
        kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None),
                 "number": (int, float)}
        if "type" in schema:
            names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            self.assertTrue(any(isinstance(value, kinds[name]) for name in names), (path, value, names))
        if isinstance(value, dict):
            for name in schema.get("required", []):
                self.assertIn(name, value, path)
            properties = schema.get("properties")
            for name, member in value.items():
                if properties is not None:
                    self.assertIn(name, properties, path)
                    self.check(member, properties[name], f"{path}.{name}")
        if isinstance(value, list) and "items" in schema:
            for element in value:
                self.check(element, schema["items"], path + "[]")

    def test_answers_are_as_described(self):
        self.document = json.loads(self.server.request("GET", "/openapi.json")[2])
        self.assertEqual(self.document["openapi"], "3.1.0")
        good = LAB.sign()
        verification = {"from": {"tn": CALLER}, "to": {"tn": [CALLED]}, "time": int(time.time()), "identity": good}
        ms = {"from": {"tn": CALLER}, "to": {"tn": CALLED}, "time": int(time.time()), "identityHeader": good}
        call = {"identity": good, "from": CALLER, "to": CALLED, "certificates": True, "id": "1"}
        complaint = {"callee": "+" + CALLED, "caller": "*0100", "about": int(time.time()), "category": "fraud",
                     "reference": "1", "text": "they said that they were my bank"}
        exchanges = [
            ("POST", "/stir/v1/verification", {"verificationRequest": verification}, "verify"),
            ("POST", "/stir/v1/verification", {"verificationRequest": ms}, "verify"),
            ("POST", "/stir/v1/verification", {"verificationRequest": {**verification, "identity": "x"}}, "verify"),
            ("POST", "/stir/v1/verification", {}, "verify"),
            ("POST", "/stir/v1/signing", {}, "sign"), ("POST", "/stir/v1/signing", {}, "verify"),
            ("POST", "/v1/calls", call, "verify"), ("POST", "/v1/calls", {"x": 1}, "verify"),
            ("POST", "/v1/decode", {"text": good}, "verify"), ("GET", "/v1/samples", None, "verify"),
            ("GET", "/v1/trust", None, "read-evidence"), ("GET", "/v1/trust", None, "admin"),
            ("GET", "/v1/traffic", None, "read-evidence"), ("GET", "/metrics", None, "read-evidence"),
            ("POST", "/admin/reload", "", "admin"), ("GET", "/healthz", None, "verify"),
            ("GET", "/readyz", None, "verify"),
            ("POST", "/v1/complaints", complaint, "file-complaints"), ("POST", "/v1/complaints", complaint, "file-complaints"),
            ("POST", "/v1/complaints", {}, "file-complaints"), ("GET", "/v1/complaints", None, "read-evidence"),
            ("GET", "/v1/complaints", None, "file-complaints"), ("GET", "/v1/report", None, "read-evidence"),
            ("GET", "/v1/evidence", None, "read-evidence"), ("GET", "/v1/complaints/{id}", None, "read-evidence")]
        filed = ""
        for method, path, body, scope in exchanges:
            status, headers, text = self.server.request(method, path.replace("{id}", filed), body, token=TOKENS[scope])
            filed = json.loads(text)["id"] if status == 201 else filed
            operation = self.document["paths"][path][method.lower()]
            self.assertIn(str(status), operation["responses"], (path, status, text))
            response = self.resolve(operation["responses"][str(status)])
            kind = headers["Content-Type"].split(";")[0]
            self.assertIn(kind, response["content"], path)
            value = json.loads(text) if kind == "application/json" else text
            self.check(value, response["content"][kind]["schema"], path)
            if isinstance(body, dict) and status in (200, 201):
                self.check(body, operation["requestBody"]["content"]["application/json"]["schema"], path)


class Operations(Service):
    def test_health_and_readiness(self):
        self.assertEqual(self.server.request("GET", "/healthz")[2], '{"status":"ok"}')
        self.assertEqual(self.server.request("GET", "/readyz")[2], '{"ready":true}')
        server = Server(LAB, trust={"anchors": []})
        try:
            status, _, text = server.request("GET", "/readyz")
            self.assertEqual((status, json.loads(text)["ready"]), (503, False))
            self.assertIn("anchor", json.loads(text)["detail"])
        finally:
            server.stop()

    def test_metrics(self):
        self.server.verify(LAB.sign())
        text = self.server.request("GET", "/metrics", token=TOKENS["read-evidence"])[2]
        for wanted in ('callvet_calls_total{verstat="TN-Validation-Passed",reason="verified",attest="A"}',
                       'callvet_stage_seconds_bucket{stage="total",le="+Inf"}', "callvet_trust_anchors 1",
                       'callvet_signer_calls_total{spc="4321",verstat="TN-Validation-Passed"}', "callvet_ready 1",
                       "callvet_signature_engine{path=", "callvet_signature_table_limit_bytes ", "callvet_signature_promotions_total ",
                       "callvet_signature_disagreements_total 0"):
            self.assertIn(wanted, text)
        names = set()
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                self.assertNotIn(line.split()[2], names)
                names.add(line.split()[2])
            elif not line.startswith("#"):
                self.assertRegex(line, r'^[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9.e+-]+$')

    def test_alerts_and_dashboard_name_metrics_that_there_are(self):
        sources = "".join(path.read_text() for path in (ROOT / "src/service").glob("*.cc"))
        known = set(re.findall(r'"(callvet_[a-z_]+)"', sources))
        for file in ("alerts.yml", "dashboard.json"):
            named = set(re.findall(r"callvet_[a-z_]+", (ROOT / "tools/grafana" / file).read_text()))
            self.assertIn("callvet_evidence_failing", named)
            self.assertIn("callvet_pool_share_failing", named)
            self.assertEqual({re.sub("_(bucket|sum|count)$", "", name) for name in named} - known, set(), file)

    def test_metrics_of_downloaded_certificates(self):
        server = Server(LAB, certificates={"files": [], "offline": True, "cache_dir": str(LAB.folder / "cache")})
        self.addCleanup(server.stop)
        text = server.request("GET", "/metrics", token=TOKENS["read-evidence"])[2]
        for name in ("cache_entries", "cache_hits_total", "cache_misses_total", "fetches_total", "fetch_failures_total",
                     "stale_served_total", "disk_evictions_total"):
            self.assertIn(f"\ncallvet_certificate_{name} 0\n", text)

    def test_the_log_has_neither_numbers_nor_tokens(self):
        identity = LAB.sign()
        self.server.verify(identity, headers={"X-RequestID": "in-the-log"}, token=TOKENS["verify"])
        self.server.request("GET", f"/v1/none/{CALLER}?n={CALLER}")
        log = self.server.log() if self.server.process.send_signal(signal.SIGHUP) is None else ""
        for _ in range(100):  # the reload writes the log out
            log = self.server.log()
            if '"event":"reload"' in log and "in-the-log" in log:
                break
            time.sleep(0.1)
        entry = next(json.loads(line) for line in log.splitlines() if "in-the-log" in line)
        self.assertEqual((entry["reason"], entry["token"], entry["orig"]), ("verified", "verify", "1215*****00"))
        for secret in (CALLER, CALLED, identity.split(".")[1], TOKENS["verify"]):
            self.assertNotIn(secret, log)

    def test_the_log_is_no_file_of_everybody(self):
        target = LAB.folder / "private.log"
        server = Server(LAB, log={"target": str(target), "numbers": "full"})
        self.assertEqual(server.stop(), 0)
        self.assertEqual(target.stat().st_mode & 0o777, 0o640)

    def test_what_is_refused_unread_is_in_the_log_too(self):
        for headers, status, said in (("Host: x\r\nContent-Length: 999999999\r\n", 413, "the body is longer than allowed"),
                                      ("Host: x\r\nX: " + "a" * (1 << 17) + "\r\n", 431, "the header fields are longer"),
                                      ("", 400, "the request cannot be read")):
            with socket.create_connection(("127.0.0.1", self.server.port), PATIENCE) as client:
                client.sendall(f"POST /v1/calls HTTP/1.1\r\nX-RequestID: refused-{status}\r\n{headers}\r\n".encode())
                got = client.recv(65536).decode()
            self.assertTrue(got.startswith(f"HTTP/1.1 {status} "), got)
            self.assertIn(said, got)
        self.server.process.send_signal(signal.SIGHUP)  # the reload writes the log out
        for _ in range(100):
            log = self.server.log()
            if "refused-413" in log and "refused-400" in log:
                break
            time.sleep(0.1)
        entries = {entry["request_id"]: entry for entry in map(json.loads, log.splitlines()) if "request_id" in entry}
        for status in (413, 400):
            entry = entries[f"refused-{status}"]
            self.assertEqual((entry["status"], entry["client"]), (status, "127.0.0.1"))
            self.assertGreater(entry["microseconds"], 0)

    def test_a_refused_head_request_has_no_body(self):
        with socket.create_connection(("127.0.0.1", self.server.port), PATIENCE) as client:
            client.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n")
            got = b""
            while part := client.recv(65536):
                got += part
        self.assertTrue(got.startswith(b"HTTP/1.1 413 ") and got.endswith(b"\r\n\r\n"), got)

    def test_a_flood_of_refusals_is_counted_in_the_log(self):
        server = Server(LAB, limits={"batches": 1})
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client:
            client.sendall(b"POST /v1/calls:batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            while server.request("POST", "/v1/calls:batch", "")[0] != 503:
                time.sleep(0.01)
            for _ in range(100):
                self.assertEqual(server.request("POST", "/v1/calls:batch", "")[0], 503)
        self.assertEqual(server.stop(), 0)
        lines = [json.loads(line) for line in server.log().splitlines()]
        listed = sum(line.get("status") == 503 for line in lines)
        left_out = sum(int(line["detail"].split()[0]) for line in lines if line.get("event") == "refused")
        self.assertEqual(listed + left_out, 101)
        self.assertGreater(left_out, 0)

    def test_reload_is_all_or_nothing(self):
        server = Server(LAB)
        try:
            good = LAB.sign()
            self.assertEqual(server.verify(good)[2], PASSED)
            server.config["trust"]["anchors"] = [str(LAB.folder / "none.pem")]
            server.config["access"]["verify_without_token"] = False
            server.write_config()
            status, _, text = server.request("POST", "/admin/reload", "", token=TOKENS["admin"])
            self.assertEqual((status, json.loads(text)["error"]["reason"]), (409, "file-unreadable"))
            self.assertEqual(server.verify(good)[2], PASSED)
            server.config["trust"]["anchors"] = [str(LAB.folder / "stranger/root.pem")]
            server.write_config()
            self.assertEqual(server.request("POST", "/admin/reload", "", token=TOKENS["admin"])[0], 200)
            self.assertEqual(server.verify(good)[0], 401)
            self.assertIn("Failed to authenticate CA.", server.verify(good, token=TOKENS["verify"])[2])
        finally:
            self.assertEqual(server.stop(), 0)

    def test_a_reload_says_in_the_log_what_needs_a_restart(self):
        """SIGHUP (systemctl reload) has no other answer."""
        server = Server(LAB)

        def reload(**changes):
            server.config.update(changes)
            server.write_config()
            before = server.log().count("\n")
            server.process.send_signal(signal.SIGHUP)
            for _ in range(PATIENCE * 10):
                # The log reopens with the reload; its line comes behind that.
                lines = [json.loads(line) for line in server.log().splitlines()[before:]]
                details = [line["detail"] for line in lines if line.get("event") == "reload"]
                if details:
                    return details[0]
                time.sleep(0.1)
            return self.fail("no reload in the log: " + server.log())
        try:
            self.assertEqual(reload(), "")
            self.assertEqual(reload(limits={"requests_per_second_per_client": 1000}), "")
            store = {"store": str(LAB.folder / "late.db")}
            self.assertEqual(reload(evidence=store), "changes only with a restart: evidence")
            policy = LAB.folder / "note-policy.json"
            (LAB.folder / "note-numbers.csv").write_text("first,last,holder\n+12155550100,,bank\n")
            policy.write_text(json.dumps({"country": "US", "registry": {"files": ["note-numbers.csv"]},
                                          "trunks": {"pbx": {"customer": "bnak"}}}))
            said = reload(listen=["127.0.0.1:0", "127.0.0.2:0"], limits={"workers": 3}, pools={},
                          log={**server.config["log"], "numbers": "full"},
                          policy=str(policy), certificates={"insecure_allow_http": True})
            # As long as it is so, each reload says it.
            for name in ("listen", "limits of connections", "evidence", "log", "pools", "bnak", "insecure_allow_http"):
                self.assertIn(name, said)
            status, _, text = server.request("POST", "/admin/reload", "", token=TOKENS["admin"])
            self.assertEqual(status, 200)
            self.assertTrue(any(note.startswith("changes only with a restart: listen, ")
                                for note in json.loads(text)["notes"]), text)
            self.assertFalse((LAB.folder / "late.db").exists())
        finally:
            self.assertEqual(server.stop(), 0)

    def test_a_kept_list_that_cannot_be_read_stops_start_and_reload(self):
        """It may say who was revoked: only what does not exist is nothing. A link to itself is unreadable for every user."""
        state = LAB.folder / "state"
        state.mkdir()
        kept, aside = state / f"crl-{'0' * 64}.crl", state / "aside"
        callvet("pki", "crl", "--issuer-cert", str(LAB.folder / "carrier/intermediate.pem"), "--issuer-key",
                str(LAB.folder / "carrier/intermediate.key"), "--revoke", str(LAB.folder / "carrier/leaf.pem"),
                "--out", str(kept))
        call = json.dumps({"identity": LAB.sign(), "from": CALLER, "to": CALLED})
        identity = LAB.folder / "kept-identity.txt"
        server = Server(LAB, trust={"state_dir": str(state)}, certificates={"offline": True})

        def reason():
            return json.loads(server.request("POST", "/v1/calls", call)[2])["reason"]

        def check():
            result = subprocess.run([CALLVET, "serve", "--config", str(server.path), "--check-config"],
                                    capture_output=True, text=True, timeout=60, check=False)
            return result.returncode, result.stdout + result.stderr
        try:
            self.assertEqual(reason(), "certificate-revoked")
            self.assertEqual(check()[0], 0)
            for path in (kept, state):
                hidden = aside if path == kept else state.with_name("state-aside")
                path.rename(hidden)
                path.symlink_to(path.name)
                code, said = check()
                self.assertEqual(code, 2)
                self.assertIn(str(path), said)
                with self.assertRaisesRegex(AssertionError, "file-unreadable"):
                    Server(LAB, trust={"state_dir": str(state)}, certificates={"offline": True})
                identity.write_text(LAB.sign())
                verified = subprocess.run([CALLVET, "verify", "--identity-file", str(identity), "--orig", "+" + CALLER,
                                           "--dest", "+" + CALLED, "--cert", str(LAB.folder / "carrier/chain.pem"), "--anchors",
                                           str(LAB.folder / "carrier/root.pem"), "--state-dir", str(state)],
                                          capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(verified.returncode, 2, verified.stdout + verified.stderr)
                self.assertIn(str(path), verified.stderr)
                status, _, text = server.request("POST", "/admin/reload", "", token=TOKENS["admin"])
                self.assertEqual(status, 409)
                self.assertIn(str(path), text)
                self.assertEqual(reason(), "certificate-revoked")
                path.unlink()
                hidden.rename(path)
            self.assertEqual(server.request("POST", "/admin/reload", "", token=TOKENS["admin"])[0], 200)
            self.assertEqual(reason(), "certificate-revoked")
        finally:
            self.assertEqual(server.stop(), 0)

    def test_reload_of_a_policy_is_all_or_nothing(self):
        """A policy, or a table of it, that cannot be used changes nothing, whatever else is new."""
        policy, numbers = LAB.folder / "reload-policy.json", LAB.folder / "reload-numbers.csv"
        policy.write_text(json.dumps({"country": "US", "registry": {"files": [str(numbers)], "unassigned": "reject"}}))
        numbers.write_text("first,last,holder\n+12155550100,+12155550109,4321\n")
        server = Server(LAB, policy=str(policy))
        call = json.dumps({"identity": LAB.sign(), "from": CALLER, "to": CALLED})

        def decided():
            return json.loads(server.request("POST", "/v1/calls", call)[2])["disposition"]["reason"]

        def reload():
            status, _, text = server.request("POST", "/admin/reload", "", token=TOKENS["admin"])
            return status, text
        try:
            self.assertIsNone(decided())
            numbers.write_text("first,last,holder\n+12155550100,+12155550109,9999\n+12155550105,,9999\n")
            status, text = reload()
            self.assertEqual(status, 409, text)
            self.assertIn("reload-numbers.csv:3", text)
            self.assertIsNone(decided())
            numbers.write_text("first,last,holder\n+12155550100,+12155550109,9999\n")
            policy.write_text("{")
            self.assertEqual(reload()[0], 409)
            self.assertIsNone(decided())
            policy.write_text(json.dumps({"country": "US", "registry": {"files": [str(numbers)], "unassigned": "reject"}}))
            self.assertEqual(reload()[0], 200)
            self.assertEqual(decided(), "number-of-another-holder")
        finally:
            self.assertEqual(server.stop(), 0)

    def test_rate_limit(self):
        server = Server(LAB, limits={"requests_per_second_per_client": 1, "burst_per_client": 3})
        try:
            answers = [server.verify(None) for _ in range(6)]
            self.assertEqual([answer[0] for answer in answers[:3]], [200, 200, 200])
            self.assertEqual(answers[5][0], 429)
            self.assertGreaterEqual(int(answers[5][1]["Retry-After"]), 1)
            self.assertEqual(server.request("GET", "/healthz")[0], 200)
        finally:
            server.stop()

    def test_check_config(self):
        def check(text):
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                file.write(text)
                file.flush()
                result = subprocess.run([CALLVET, "serve", "--config", file.name, "--check-config"],
                                        capture_output=True, text=True, timeout=60, check=False)
                return result.returncode, result.stdout + result.stderr
        self.assertEqual(check("{} // a comment")[0], 0)
        for text, said in (("{", "config-invalid"), ('{"lisen": "127.0.0.1:1"}', 'did you mean "listen"?'),
                           ('{"trust": {"anchor": "/none.pem"}}', 'did you mean "anchors"?'),
                           ('{"listen": 8080}', "neither a string nor an array of strings"),
                           ('{"limits": {"workers": "8"}}', "limits.workers"),
                           ('{"listen": "0.0.0.0:8080"}', "insecure_plain_http"),
                           ('{"access": {"tokens": [{"name": "a", "sha256": "00", "scopes": ["verify"]}]}}', "64 hex"),
                           (json.dumps({"access": {"tokens": [{"name": "a", "sha256": "0" * 64, "scopes": ["verify"]},
                                                              {"name": "b", "sha256": "0" * 64, "scopes": ["sign"]}]}}),
                            "same sha256"),
                           ('{"trust": {"anchors": ["/none.pem"]}}', "/none.pem"),
                           ('{"signing": {"key": "/none.key", "x5u": "https://cert.example.org:9443/a.pem"}}', "signing.x5u"),
                           ('{"signing": {"key": "/none.key", "x5u": "https://cert.example.org/a.pem"}}', "/none.key")):
            code, output = check(text)
            self.assertEqual(code, 2, text)
            self.assertIn(said, output)
        code, output = check('{"listen": "0.0.0.0:8080", "insecure_plain_http": true}')
        self.assertEqual(code, 0)
        self.assertIn("insecure_plain_http", output)

    def check_of(self, **members):
        """What --check-config says of a configuration with these members, and its exit code."""
        config = LAB.folder / f"check-{time.monotonic_ns()}.json"
        config.write_text(json.dumps({"listen": "127.0.0.1:0", "certificates": {"offline": True}, **members}))
        run = subprocess.run([CALLVET, "serve", "--config", str(config), "--check-config"], capture_output=True, text=True,
                             timeout=60, check=False)
        return run.returncode, run.stdout + run.stderr

    def test_check_config_makes_nothing(self):
        """Who checks may be root, who serves is not."""
        folder = LAB.folder / "checked"
        folder.mkdir()
        crl = LAB.folder / "checked.crl"
        callvet("pki", "crl", "--issuer-cert", str(LAB.folder / "carrier/intermediate.pem"), "--issuer-key",
                str(LAB.folder / "carrier/intermediate.key"), "--out", str(crl))
        members = {
            "log": {"target": str(folder / "log/access.log")},
            "certificates": {"cache_dir": str(folder / "cache/here"), "offline": True},
            "trust": {"state_dir": str(folder / "state"), "crls": [str(crl)]},
            "evidence": {"store": str(folder / "calls.db"), "spill_dir": str(folder / "spill/here")}}
        self.assertEqual(self.check_of(**members)[0], 0)
        self.assertEqual(list(folder.iterdir()), [])
        (folder / "file").write_text("")
        for section, name, value in (("log", "target", "file/access.log"), ("log", "target", "."),
                                     ("certificates", "cache_dir", "file"), ("certificates", "cache_dir", "file/cache"),
                                     ("trust", "state_dir", "file/state"),
                                     ("evidence", "spill_dir", "file/spill"), ("evidence", "store", "file/calls.db"),
                                     ("evidence", "store", "none/calls.db")):
            changed = {**members, section: {**members[section], name: str(folder / value)}}
            code, said = self.check_of(**changed)
            self.assertEqual(code, 2, (name, value, said))
            self.assertIn("file-unreadable", said)
        self.assertIn(f"the folder {folder}/none of the store is not there", said)

    def test_serve_says_what_check_config_says(self):
        """Of places that cannot be used: the one where CRLs and trust lists would be kept was told nowhere."""
        folder = LAB.folder / "served"
        folder.mkdir()
        (folder / "file").write_text("")
        for members in ({"trust": {"state_dir": str(folder / "file/state")}},
                        {"evidence": {"store": str(folder / "none/calls.db")}}):
            code, said = self.check_of(**members)
            self.assertEqual(code, 2, said)
            config = folder / "serve.json"
            config.write_text(json.dumps({"listen": "127.0.0.1:0", "certificates": {"offline": True}, **members}))
            run = subprocess.run([CALLVET, "serve", "--config", str(config)], capture_output=True, text=True, timeout=20,
                                 check=False)
            self.assertEqual((run.returncode, run.stdout + run.stderr), (code, said))

    def test_check_config_reads_the_keys_of_evidence(self):
        folder = LAB.folder / "keys"
        folder.mkdir()
        (folder / "open.key").write_text("0" * 64)
        (folder / "open.key").chmod(0o644)
        (folder / "number.key").write_text("0123456789abcdef" * 4)
        (folder / "number.key").chmod(0o600)
        store = {"store": str(folder / "calls.db")}
        good = {**store, "number_key": str(folder / "number.key"), "checkpoint_key": str(LAB.folder / "carrier/leaf.key")}
        self.assertEqual(self.check_of(evidence=good)[0], 0)
        for changes, said in (({"number_key": str(folder / "nope")}, "nope"),
                              ({"number_key": str(folder / "open.key")}, "key-invalid"),
                              ({"checkpoint_key": str(folder / "nope")}, "nope"),
                              ({"checkpoint_key": str(folder / "number.key")}, "checkpoint key"),
                              ({"store": "postgresql:///calls", "checkpoint_key": ""}, "parameter-missing")):
            code, output = self.check_of(evidence={**good, **changes})
            self.assertEqual(code, 2, (changes, output))
            self.assertIn(said, output)
        (folder / "calls.db").write_text("")  # a file whose key vanished
        self.assertEqual(self.check_of(evidence=store)[0], 2)

    def test_sigterm_answers_what_came_in(self):
        import socket
        server = Server(LAB)
        body = json.dumps({"verificationRequest": {"from": {"tn": CALLER}, "to": {"tn": [CALLED]}, "time": 1}})
        head = (f"POST /stir/v1/verification HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client:
            client.sendall(head + body[:10].encode())
            time.sleep(0.5)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            client.sendall(body[10:].encode())
            client.settimeout(PATIENCE)
            got = b""
            while part := client.recv(4096):
                got += part
        self.assertIn(b"No-TN-Validation", got)
        self.assertIn(b"Connection: close", got)
        self.assertEqual(server.process.wait(PATIENCE), 0)
        server.process.stdout.close()
        server.errors.close()


class Tls(unittest.TestCase):
    def make_certificates(self, folder):
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl("req", "-x509", *new_key, "-keyout", "server.key", "-out", "server.pem", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2")
        openssl("req", "-x509", *new_key, "-keyout", "client.key", "-out", "client.pem", "-subj", "/CN=sbc", "-days", "2")

    def test_tls_and_client_certificates(self):
        with tempfile.TemporaryDirectory() as folder:
            self.make_certificates(folder)
            server = Server(LAB, listen="0.0.0.0:0", tls={"certificate": folder + "/server.pem", "key": folder + "/server.key",
                                                          "client_ca": folder + "/client.pem"})
            try:
                context = ssl.create_default_context(cafile=folder + "/server.pem")
                with self.assertRaises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
                    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=PATIENCE)
                    connection.request("GET", "/healthz")
                    connection.getresponse()
                context.load_cert_chain(folder + "/client.pem", folder + "/client.key")
                connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=PATIENCE)
                for _ in range(3):
                    connection.request("GET", "/readyz")
                    response = connection.getresponse()
                    self.assertEqual((response.status, response.read()), (200, b'{"ready":true}'))
                connection.close()
                with self.assertRaises((ConnectionError, http.client.HTTPException, OSError)):
                    server.request("GET", "/healthz")  # plain HTTP
            finally:
                self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
