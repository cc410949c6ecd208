#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The certificate store from outside: verify with downloads, fetch, cache and trust, against HTTPS
servers on loopback with a TLS CA of their own.

CALLVET names the program. Everything happens in a temporary directory.
"""

import base64
import datetime
import http.server
import ipaddress
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import NameOID

CALLVET = os.environ.get("CALLVET", "")
ORIG = "+12155550100"
DEST = "+12155550101"


class Run:
    """One run of the program; its output as text."""

    def __init__(self, *args, cwd):
        environment = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run([CALLVET, *map(str, args)], capture_output=True, cwd=cwd, env=environment,
                              timeout=120, check=False, text=True)
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr
        self.args = args

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"{self.args}\nexit {self.code}\n{self.out}\n{self.err}"


def make_tls(folder):
    """tls-ca.pem vouches for server.pem, which is for 127.0.0.1."""
    now = datetime.datetime.utcnow()
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("TLS CA", "server")]
    certificates = []
    for index in range(2):
        builder = (x509.CertificateBuilder().subject_name(names[index]).issuer_name(names[0])
                   .public_key(keys[index].public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(hours=1))
                   .not_valid_after(now + datetime.timedelta(days=1))
                   .add_extension(x509.BasicConstraints(ca=index == 0, path_length=None), critical=True))
        if index == 1:
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        certificates.append(builder.sign(keys[0], hashes.SHA256()))
    pem = serialization.Encoding.PEM
    (folder / "tls-ca.pem").write_bytes(certificates[0].public_bytes(pem))
    (folder / "server.pem").write_bytes(
        keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) +
        certificates[1].public_bytes(pem))


def make_list_signer(folder):
    """signer.pem and signer.key below root.pem: no TNAuthList, for it signs no calls."""
    root = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
    root_key = serialization.load_pem_private_key((folder / "root.key").read_bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.utcnow()
    certificate = (x509.CertificateBuilder().issuer_name(root.subject).public_key(key.public_key())
                   .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "List signer")]))
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(minutes=30))
                   .not_valid_after(now + datetime.timedelta(days=1))
                   .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                   .sign(root_key, hashes.SHA256()))
    pem = serialization.Encoding.PEM
    (folder / "signer.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "signer.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


class Site:
    """An HTTPS server on 127.0.0.1: files of a dictionary, and every request that came."""

    def __init__(self, folder):
        site = self
        self.documents = {}
        self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                site.requests.append((self.command, self.path, dict(self.headers), body))
                document = site.documents.get(self.path)
                self.send_response(200 if document is not None else 404)
                self.send_header("Content-Length", str(len(document or b"")))
                self.end_headers()
                self.wfile.write(document or b"")

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # clients that break the handshake off
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        # The handshake runs on the thread of the connection.
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def url(self, path):
        return f"https://127.0.0.1:{self.port}{path}"

    def paths(self):
        return [path for _, path, _, _ in self.requests]

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class StoreTest(unittest.TestCase):
    def setUp(self):
        self.lab = pathlib.Path(tempfile.mkdtemp(prefix="callvet-store-"))
        self.addCleanup(shutil.rmtree, self.lab)
        make_tls(self.lab)
        self.site = Site(self.lab)
        self.addCleanup(self.site.stop)
        self.lab_switches = ("--ca-file", "tls-ca.pem", "--insecure-allow-private-addresses",
                             "--insecure-allow-port", self.site.port)
        self.make("pki", "root", "--dir", "sti")
        self.make("pki", "intermediate", "--dir", "sti", *self.by("sti/root"), *self.names_crl("/root.crl"))
        self.make("pki", "leaf", "--dir", "sti", *self.by("sti/intermediate"), "--spc", "4321",
                  *self.names_crl("/ca.crl"))
        self.site.documents["/chain.pem"] = (self.lab / "sti/chain.pem").read_bytes()

    def run_in_lab(self, *args):
        return Run(*args, cwd=self.lab)

    def make(self, *args):
        run = self.run_in_lab(*args)
        self.assertEqual(run.code, 0, run)
        return run

    @staticmethod
    def by(name):
        return ("--issuer-cert", name + ".pem", "--issuer-key", name + ".key")

    def names_crl(self, path):
        return ("--crl-url", self.site.url(path))

    def serve_crl(self, path, issuer, *revoked):
        self.make("pki", "crl", "--dir", "crl", "--force", *self.by(issuer),
                  *(argument for name in revoked for argument in ("--revoke", name)))
        self.site.documents[path] = (self.lab / "crl/crl.pem").read_bytes()

    def verify(self, *args, anchors=("--anchors", "sti/root.pem"), switches=None):
        identity = self.make("sign", "--key", "sti/leaf.key", "--x5u", self.site.url("/chain.pem"),
                             "--orig", ORIG, "--dest", DEST, "--insecure-unchecked").out.strip()
        return self.run_in_lab("verify", "--orig", ORIG, "--dest", DEST, "--json", *anchors, *args,
                               *(self.lab_switches if switches is None else switches), identity)

    def assert_reason(self, run, reason, code=1):
        self.assertEqual((run.json()["reason"], run.code), (reason, code), run)

    def assert_refused(self, run, reason, code=2):
        self.assertEqual(run.code, code, run)
        self.assertIn(f"callvet: {reason}: ", run.err, run)


class Verify(StoreTest):
    def test_downloads_by_default_and_says_so(self):
        run = self.verify()
        self.assert_reason(run, "verified", 0)
        self.assertIn("/chain.pem", self.site.paths())
        for switch in ("insecure_allow_private_addresses", "insecure_allow_port"):
            self.assertIn(switch, run.err)

    def test_refuses_loopback_and_ports_without_the_switches(self):
        self.assert_reason(self.verify(switches=("--ca-file", "tls-ca.pem")), "info-invalid")
        port = ("--insecure-allow-port", self.site.port)
        self.assert_reason(self.verify(switches=port), "fetch-address-refused", 3)
        self.assertEqual(self.site.requests, [])
        self.assert_reason(self.verify(switches=("--insecure-allow-private-addresses", *port)),
                           "fetch-tls-failed", 3)
        self.assertEqual(self.site.requests, [])

    def test_host_lists(self):
        self.assert_reason(self.verify("--deny-host", "127.0.0.1"), "fetch-url-refused", 3)
        self.assert_reason(self.verify("--allow-host", "cert.example.org"), "fetch-url-refused", 3)
        self.assertEqual(self.site.requests, [])
        self.assert_reason(self.verify("--allow-host", "127.0.0.1"), "verified", 0)

    def test_offline_and_cache(self):
        self.assert_reason(self.verify("--offline"), "fetch-offline", 3)
        self.assert_reason(self.verify("--offline", "--cache-dir", "cache"), "fetch-offline", 3)
        self.assertEqual(self.site.requests, [])
        self.assert_reason(self.verify("--cache-dir", "cache"), "verified", 0)
        self.site.requests.clear()
        self.assert_reason(self.verify("--offline", "--cache-dir", "cache"), "verified", 0)
        self.assert_reason(self.verify("--no-crl-download", "--cache-dir", "cache"), "verified", 0)
        self.assertEqual(self.site.requests, [])

    def test_revocation_by_the_lists_that_certificates_name(self):
        self.assert_reason(self.verify("--revocation", "if-covered"), "verified", 0)
        self.assert_reason(self.verify("--revocation", "best-effort"), "verified", 0)
        self.assert_reason(self.verify("--require-crl"), "crl-not-available")
        self.serve_crl("/root.crl", "sti/root")
        self.serve_crl("/ca.crl", "sti/intermediate")
        self.assert_reason(self.verify("--revocation", "required"), "verified", 0)
        self.assert_reason(self.verify("--require-crl", "--no-crl-download"), "crl-not-available")
        self.serve_crl("/ca.crl", "sti/intermediate", "sti/leaf.pem")
        self.assert_reason(self.verify("--state-dir", "state"), "certificate-revoked")
        self.serve_crl("/ca.crl", "sti/intermediate")
        self.serve_crl("/root.crl", "sti/root", "sti/intermediate.pem")
        self.assert_reason(self.verify(), "certificate-revoked")
        self.assert_refused(self.verify("--revocation", "sometimes"), "parameter-invalid")
        self.assert_refused(self.verify("--revocation", "best-effort", "--require-crl"), "parameter-invalid")


class RichCallData(StoreTest):
    """What rcd names by URI, fetched through the same guard (F-23, F-26)."""

    URL = "/icon.png"
    ICON = b"\x89PNG" + bytes(range(256)) * 300  # larger than a certificate may be

    def setUp(self):
        super().setUp()
        (self.lab / "icon.png").write_bytes(self.ICON)
        self.site.documents[self.URL] = self.ICON

    def judge(self, *args):
        url = self.site.url(self.URL)
        sign = ("sign", "--key", "sti/leaf.key", "--x5u", self.site.url("/chain.pem"), "--orig", ORIG, "--dest", DEST,
                "--insecure-unchecked")
        call = self.make(*sign).out.strip()
        rcd = self.make(*sign, "--ppt", "rcd", "--rcd", json.dumps({"nam": "Alice", "icn": url}),
                        "--rcdi", "/icn=icon.png").out.strip()
        (self.lab / "identities.txt").write_text(f"Identity: {call}\nIdentity: {rcd}\n")
        run = self.run_in_lab("verify", "--orig", ORIG, "--dest", DEST, "--json", "--anchors", "sti/root.pem", *args,
                              *self.lab_switches, "--identity-file", "identities.txt")
        self.assert_reason(run, "verified", 0)  # the base result stays, whatever becomes of the picture
        shown = run.json()["passports"][1]
        self.assertEqual(shown["reason"], shown["rich_call_data"]["reason"])
        return shown["reason"], [part["outcome"] for part in shown["rich_call_data"]["content"]]

    def test_fetched_only_when_asked(self):
        self.assertEqual(self.judge(), ("verified", ["not-run"]))
        self.assertNotIn(self.URL, self.site.paths())
        self.assertEqual(self.judge("--fetch-rcd"), ("verified", ["passed"]))
        self.assertIn(self.URL, self.site.paths())

    def test_other_content_and_none(self):
        self.site.documents[self.URL] = self.ICON + b"x"
        self.assertEqual(self.judge("--fetch-rcd"), ("rcd-digest-mismatch", ["failed"]))
        del self.site.documents[self.URL]
        self.assertEqual(self.judge("--fetch-rcd"), ("rcd-content-not-available", ["failed"]))
        self.site.documents[self.URL] = bytes(2 << 20)
        self.assertEqual(self.judge("--fetch-rcd"), ("rcd-content-not-available", ["failed"]))


class Fetch(StoreTest):
    STEPS = ["policy", "dns", "connect", "tls", "http", "body", "parse", "chain", "revocation", "lint"]

    def fetch(self, *args, path="/chain.pem", switches=None):
        return self.run_in_lab("fetch", *args, *(self.lab_switches if switches is None else switches),
                               self.site.url(path))

    def outcomes(self, run):
        self.assertEqual([step["step"] for step in run.json()["steps"]], self.STEPS, run)
        return {step["step"]: (step["outcome"], step["reason"]) for step in run.json()["steps"]}

    def test_every_step(self):
        run = self.fetch("--anchors", "sti/root.pem", "--json", "--out", "got.pem")
        outcomes = self.outcomes(run)
        for step in self.STEPS[:-1]:
            self.assertEqual(outcomes[step], ("passed", None), run)
        self.assertTrue(all(step["microseconds"] >= 0 for step in run.json()["steps"]), run)
        self.assertEqual(run.json()["http_status"], 200)
        self.assertEqual(run.json()["address"], f"127.0.0.1:{self.site.port}")
        self.assertEqual(len(run.json()["certificates"]), 2)
        self.assertEqual((self.lab / "got.pem").read_bytes(), self.site.documents["/chain.pem"])
        # The lab's CAs sign CRLs themselves: the profile says no to that, so lint alone fails.
        self.assertEqual(run.code, 1 if outcomes["lint"][0] == "failed" else 0, run)

    def test_out_replaces_no_link(self):
        link = self.lab / "out-link"
        link.symlink_to("got-elsewhere.pem")
        pipe = self.lab / "out-pipe"
        os.mkfifo(pipe)
        for out in (str(link), str(pipe), "-"):
            run = self.fetch("--out", out)
            self.assertEqual(run.code, 2, run)
            self.assertIn("--out: ", run.err)
        self.assertTrue(link.is_symlink() and pipe.is_fifo())
        self.assertFalse((self.lab / "-").exists())

    def test_final_line(self):
        last = self.fetch("--anchors", "sti/root.pem").out.splitlines()[-1]
        self.assertRegex(last, "^(GOOD|BAD): ")
        self.make("pki", "root", "--dir", "other")
        run = self.fetch("--anchors", "other/root.pem")
        self.assertEqual(run.code, 1, run)
        self.assertIn("BAD: ", run.out.splitlines()[-1])
        self.assertIn("chain (chain-untrusted)", run.out.splitlines()[-1])
        run = self.fetch(path="/none.pem")
        self.assertEqual(run.code, 3, run)
        self.assertEqual(run.out.splitlines()[-1], "NOT FETCHED: http (fetch-http-status)")

    def test_where_it_fails(self):
        self.site.documents["/page.html"] = b"<html>moved</html>"
        self.site.documents["/large"] = b"x" * 70_000
        cases = [
            ("http", "fetch-http-status", self.fetch("--json", path="/none")),
            ("body", "fetch-too-large", self.fetch("--json", path="/large")),
            ("parse", "certificate-unreadable", self.fetch("--json", path="/page.html")),
            ("policy", "info-invalid", self.fetch("--json", switches=())),
            ("connect", "fetch-address-refused",
             self.fetch("--json", switches=("--insecure-allow-port", self.site.port))),
            ("tls", "fetch-tls-failed", self.fetch("--json", switches=self.lab_switches[2:])),
        ]
        for step, reason, run in cases:
            outcomes = self.outcomes(run)
            with self.subTest(step=step, reason=reason):
                self.assertEqual(run.code, 3, run)
                self.assertEqual(outcomes[step], ("failed", reason), run)
                at = self.STEPS.index(step)
                self.assertTrue(all(outcomes[name][0] == "passed" for name in self.STEPS[:at]), run)
                self.assertTrue(all(outcomes[name][0] == "not-run" for name in self.STEPS[at + 1:]), run)

    def test_nobody_listens_and_nobody_answers(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        port = silent.getsockname()[1]
        begin = time.monotonic()
        run = self.run_in_lab("fetch", "--json", "--timeout", 1, *self.lab_switches[:3],
                              "--insecure-allow-port", port, f"https://127.0.0.1:{port}/x")
        self.assertEqual(self.outcomes(run)["tls"], ("failed", "fetch-timeout"), run)
        self.assertLess(time.monotonic() - begin, 60)
        silent.close()
        run = self.run_in_lab("fetch", "--json", *self.lab_switches[:3], "--insecure-allow-port", port,
                              f"https://127.0.0.1:{port}/x")
        self.assertEqual(self.outcomes(run)["connect"], ("failed", "fetch-connect-failed"), run)

    def test_revoked(self):
        self.make("pki", "crl", "--dir", "crl", *self.by("sti/intermediate"), "--revoke", "sti/leaf.pem")
        run = self.fetch("--anchors", "sti/root.pem", "--crl", "crl/crl.pem", "--json")
        outcomes = self.outcomes(run)
        self.assertEqual(outcomes["chain"], ("passed", None), run)
        self.assertEqual(outcomes["revocation"], ("failed", "certificate-revoked"), run)
        self.assertEqual(run.code, 1, run)

    def test_revocation_by_the_lists_that_the_chain_names(self):
        run = self.fetch("--anchors", "sti/root.pem", "--json")
        self.assertEqual(self.outcomes(run)["revocation"], ("passed", None), run)
        detail = {step["step"]: step["detail"] for step in run.json()["steps"]}["revocation"]
        for url in ("/ca.crl", "/root.crl"):
            self.assertIn(self.site.url(url) + ": fetch-http-status", detail)
        self.serve_crl("/root.crl", "sti/root")
        self.serve_crl("/ca.crl", "sti/intermediate", "sti/leaf.pem")
        run = self.fetch("--anchors", "sti/root.pem", "--json")
        self.assertEqual(self.outcomes(run)["revocation"], ("failed", "certificate-revoked"), run)
        self.assertIn("revocation (certificate-revoked)", run.json()["result"])

    def test_usage(self):
        self.assertEqual(self.run_in_lab("fetch").code, 2)
        self.assert_refused(self.fetch("--anchors", "none.pem"), "file-unreadable")


class Cache(StoreTest):
    def cache(self, *args):
        return self.run_in_lab("cache", *args, "--cache-dir", "cache")

    def test_list_show_purge(self):
        self.assertEqual(self.cache("list").code, 2)  # no such directory: not an empty cache
        self.assert_reason(self.verify("--cache-dir", "cache"), "verified", 0)
        url = self.site.url("/chain.pem")
        entries = self.cache("list", "--json").json()["entries"]
        self.assertEqual([(entry["url"], entry["state"]) for entry in entries], [(url, "fresh")])
        self.assertIn(url, self.cache("list").out)
        shown = self.cache("show", url, "--json").json()
        self.assertEqual(len(shown["certificates"]), 2)
        self.assertEqual(shown["bytes"], len(self.site.documents["/chain.pem"]))
        self.assertIn(shown["certificates"][0]["sha256"], self.cache("show", url).out)
        self.assertEqual(self.cache("show", url + "x").code, 1)
        self.assertEqual(self.cache("purge").code, 2)
        self.assertEqual(self.cache("purge", url, "--all").code, 2)
        self.assertEqual(self.cache("purge", url + "x", "--json").json(), {"removed": 0})
        self.assertEqual(self.cache("purge", url, "--json").json(), {"removed": 1})
        self.assertEqual(self.cache("list", "--json").json(), {"entries": []})
        self.assert_reason(self.verify("--cache-dir", "cache"), "verified", 0)
        self.assertEqual(self.cache("purge", "--all", "--json").json(), {"removed": 1})

    def test_damaged_file_is_not_served(self):
        self.assert_reason(self.verify("--cache-dir", "cache"), "verified", 0)
        [file] = [path for path in (self.lab / "cache").iterdir() if len(path.name) == 64]
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
        self.assert_reason(self.verify("--cache-dir", "cache", "--offline"), "fetch-offline", 3)
        self.assert_reason(self.verify("--cache-dir", "cache"), "verified", 0)


class Trust(StoreTest):
    """The STI-PA's signed list: by file, by URL, by login."""

    def setUp(self):
        super().setUp()
        self.make("pki", "root", "--dir", "pa", "--cn", "STI-PA ROOT")
        make_list_signer(self.lab / "pa")
        self.site.documents["/signer.pem"] = (self.lab / "pa/signer.pem").read_bytes()
        self.roots = ("--trust-list-root", "pa/root.pem")
        self.kept = (*self.roots, "--state-dir", "state")

    def list(self, sequence, seconds=3600, key="pa/signer.key"):
        header = {"alg": "ES256", "typ": "JWT", "x5u": self.site.url("/signer.pem")}
        payload = {"version": "1.0", "sequence": sequence, "exp": int(time.time()) + seconds,
                   "trustList": [(self.lab / "sti/root.pem").read_text()]}
        parts = [base64url(json.dumps(part).encode()) for part in (header, payload)]
        key = serialization.load_pem_private_key((self.lab / key).read_bytes(), None)
        r, s = utils.decode_dss_signature(key.sign(".".join(parts).encode(), ec.ECDSA(hashes.SHA256())))
        return ".".join([*parts, base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))])

    def put(self, text):
        (self.lab / "list.jwt").write_text(text)
        return ("--trust-list", "list.jwt")

    def trust(self, action, *args, code=0):
        online = () if action == "show" else self.lab_switches
        run = self.run_in_lab("trust", action, "--json", *args, *online)
        self.assertEqual(run.code, code, run)
        return run

    def reasons(self, run):
        return [source["failure"]["reason"] for source in run.json()["sources"] if source["failure"]]

    def test_check_changes_nothing(self):
        run = self.trust("check", *self.put(self.list(7)), *self.kept)
        self.assertEqual(run.json()["trust_list"]["sequence"], 7)
        self.assertIsNone(run.json()["trust_list"]["accepted_at"])
        self.assertFalse((self.lab / "state").exists())
        self.assertEqual(self.reasons(self.trust("show", *self.kept, code=3)), ["trust-list-not-available"])

    def test_update_guards_over_restarts(self):
        run = self.trust("update", *self.put(self.list(7)), *self.kept)
        self.assertEqual(run.json()["trust_list"]["sequence"], 7)
        self.assertEqual(len(run.json()["anchors"]), 1)
        self.trust("update", *self.put(self.list(8)), *self.kept)
        bad = [(self.list(7), "trust-list-rollback"), (self.list(9, seconds=-1), "trust-list-expired"),
               (self.list(9, key="sti/leaf.key"), "trust-list-untrusted"), ("junk", "trust-list-malformed")]
        for text, reason in bad:
            for action in ("check", "update"):
                self.assertEqual(self.reasons(self.trust(action, *self.put(text), *self.kept, code=1)), [reason])
        self.assertEqual(self.trust("show", *self.kept).json()["trust_list"]["sequence"], 8)
        (self.lab / "list.jwt").unlink()
        self.assertEqual(self.reasons(self.trust("update", "--trust-list", "list.jwt", *self.kept, code=3)),
                         ["trust-list-not-available"])
        self.assert_reason(self.verify(*self.kept, anchors=()), "verified", 0)
        run = self.verify(*self.kept, *self.put(self.list(7)), anchors=())
        self.assert_reason(run, "verified", 0)  # by the old list, and it says so
        self.assertIn("trust-list-rollback", run.err)

    def test_list_under_another_root(self):
        run = self.trust("check", *self.put(self.list(1)), "--trust-list-root", "sti/root.pem", code=1)
        self.assertEqual(self.reasons(run), ["trust-list-untrusted"])
        self.assert_refused(self.verify(*self.put(self.list(1)), "--trust-list-root", "sti/root.pem",
                                        anchors=()), "trust-list-untrusted")

    def test_by_url(self):
        self.site.documents["/list"] = self.list(3).encode()
        url = ("--trust-list", self.site.url("/list"))
        self.assertEqual(self.trust("update", *url, *self.kept).json()["trust_list"]["sequence"], 3)
        self.assert_reason(self.verify(*url, *self.roots, anchors=()), "verified", 0)
        del self.site.documents["/list"]
        self.assert_refused(self.verify(*url, *self.roots, anchors=()), "trust-list-not-available", 3)
        self.assert_reason(self.verify(*url, *self.kept, anchors=()), "verified", 0)
        self.assertIn("/signer.pem", self.site.paths())

    def test_by_login(self):
        account = self.lab / "account.json"
        account.write_text(json.dumps({"url": self.site.url("/api/v1"), "userId": "someone",
                                       "password": "geheim"}))
        login = ("--sti-pa-account", "account.json")
        account.chmod(0o644)
        run = self.run_in_lab("trust", "update", *login, *self.kept, *self.lab_switches)
        self.assert_refused(run, "file-invalid")
        self.assertNotIn("geheim", run.out + run.err)
        account.chmod(0o600)
        run = self.trust("update", *login, *self.kept, code=3)
        self.assertEqual(self.reasons(run), ["trust-list-not-available"])
        self.assertNotIn("geheim", run.out + run.err)
        self.site.documents["/api/v1/auth/login"] = b'{"status":"success","accessToken":"tok-1"}'
        self.site.documents["/api/v1/ca-list"] = json.dumps(
            {"status": "success", "caList": self.list(5)}).encode()
        self.site.requests.clear()
        self.assertEqual(self.trust("update", *login, *self.kept).json()["trust_list"]["sequence"], 5)
        (method, path, _, body), (_, second, headers, _) = self.site.requests[:2]
        self.assertEqual((method, path), ("POST", "/api/v1/auth/login"))
        self.assertEqual(json.loads(body), {"userId": "someone", "password": "geheim"})
        self.assertEqual((second, headers["Authorization"]), ("/api/v1/ca-list", "tok-1"))

    def test_crls_of_urls(self):
        self.serve_crl("/root.crl", "sti/root")
        crl = ("--crl-url", self.site.url("/root.crl"), "--anchors", "sti/root.pem", "--state-dir", "state")
        self.assertEqual(self.reasons(self.trust("show", *crl, code=3)), ["fetch-offline"])
        run = self.trust("update", *crl)
        self.assertEqual([entry["current"] for entry in run.json()["crls"]], [True])
        del self.site.documents["/root.crl"]
        self.assertEqual(len(self.trust("show", *crl).json()["crls"]), 1)
        self.assertEqual(self.reasons(self.trust("update", *crl, code=3)), ["fetch-http-status"])

    def test_usage(self):
        self.trust("update", *self.put(self.list(1)), *self.roots, code=2)
        self.trust("update", *self.kept, code=2)
        self.trust("check", *self.put(self.list(1)), code=2)
        self.trust("check", "--anchors", "sti/leaf.pem", code=1)


if __name__ == "__main__":
    unittest.main()
