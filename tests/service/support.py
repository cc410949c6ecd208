# SPDX-License-Identifier: MIT
"""A throw-away carrier and a running `callvet serve` for the tests of this folder. Loopback only."""

import datetime
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

CALLVET = os.environ["CALLVET"]
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
X5U = "https://cert.example.org/lab.pem"
CALLER, CALLED = "12155550100", "12155550101"
# Sanitizers make the service slower, never wrong.
PATIENCE = 30


def callvet(*arguments, check=True):
    result = subprocess.run([CALLVET, *arguments], capture_output=True, text=True, timeout=120, check=False)
    if check and result.returncode != 0:
        raise AssertionError(f"callvet {arguments}: {result.stdout}{result.stderr}")
    return result.stdout.strip()


class Lab:
    """A root, an intermediate and a carrier, and a stranger with a root of his own."""

    def __init__(self, valid_for_days=0):
        """With certificates that are valid since so many days, else since an hour."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="callvet-service-"))
        since = ("--not-before", str(int(time.time()) - valid_for_days * 86400)) if valid_for_days else ()
        for name in ("carrier", "stranger"):
            folder = self.folder / name
            callvet("pki", "root", "--dir", str(folder), *since)
            callvet("pki", "intermediate", "--dir", str(folder), "--issuer-cert", str(folder / "root.pem"),
                    "--issuer-key", str(folder / "root.key"), *since)
            callvet("pki", "leaf", "--dir", str(folder), "--issuer-cert", str(folder / "intermediate.pem"),
                    "--issuer-key", str(folder / "intermediate.key"), "--spc", "4321", *since)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def sign(self, *options, who="carrier", orig="+" + CALLER, dest="+" + CALLED, x5u=X5U):
        return callvet("sign", "--key", str(self.folder / who / "leaf.key"), "--x5u", x5u, "--orig", orig,
                       "--dest", dest, *options)

    def sign_raw(self, header=None, payload=None):
        """Signs what a signer must not: `header` and `payload` are the changes of the members."""
        good_header = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": X5U}
        good_payload = {"attest": "A", "dest": {"tn": [CALLED]}, "iat": int(time.time()), "orig": {"tn": CALLER},
                        "origid": "de305d54-75b4-431b-adb2-eb6b9e546014"}
        parts = []
        for good, changes in ((good_header, header), (good_payload, payload)):
            merged = {**good, **(changes or {})}
            parts.append(json.dumps({k: v for k, v in merged.items() if v is not None}, separators=(",", ":")))
        token = callvet("sign", "--key", str(self.folder / "carrier/leaf.key"), "--x5u", X5U, "--orig", "+" + CALLER,
                        "--dest", "+" + CALLED, "--insecure-unchecked", "--raw-header", parts[0], "--raw-payload",
                        parts[1], "--token-only")
        return f"{token};info=<{X5U}>;alg=ES256;ppt=shaken"


class LabTest(unittest.TestCase):
    """Tests with one lab, for `valid_for_days`; `count` numbers what they start in it."""

    valid_for_days = 0

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(cls.valid_for_days)
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.lab.close()


TOKENS = {"verify": "t-verify", "sign": "t-sign", "read-evidence": "t-read", "admin": "t-admin",
          "file-complaints": "t-complain"}


def token_entries():
    return [{"name": scope, "sha256": hashlib.sha256(token.encode()).hexdigest(), "scopes": [scope]}
            for scope, token in TOKENS.items()]


class Server:
    """A running service; `changes` are merged into a configuration that works."""

    def __init__(self, lab, **changes):
        self.lab = lab
        self.config = {
            "listen": "127.0.0.1:0",
            "access": {"verify_without_token": True, "tokens": token_entries()},
            "trust": {"anchors": [str(lab.folder / "carrier/root.pem")]},
            "certificates": {"files": [str(lab.folder / "carrier/chain.pem")]},
            "signing": {"key": str(lab.folder / "carrier/leaf.key"), "x5u": X5U},
            "log": {"target": str(lab.folder / f"access-{time.monotonic_ns()}.log")},
        }
        for name, value in changes.items():
            if value is None:
                self.config.pop(name, None)
            elif isinstance(value, dict) and isinstance(self.config.get(name), dict):
                self.config[name] = {**self.config[name], **value}
            else:
                self.config[name] = value
        self.path = lab.folder / f"config-{time.monotonic_ns()}.json"
        self.write_config()
        self.errors = open(lab.folder / f"stderr-{time.monotonic_ns()}", "w+", encoding="utf-8")
        self.process = subprocess.Popen([CALLVET, "serve", "--config", str(self.path)], stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        match = re.match(r"callvet listens on (.*):(\d+)$", line)
        if not match:
            self.process.wait(PATIENCE)
            raise AssertionError("no start: " + line + self.said())
        self.port = int(match.group(2))

    def write_config(self):
        self.path.write_text(json.dumps(self.config, indent=1), encoding="utf-8")

    def said(self):
        self.errors.flush()
        self.errors.seek(0)
        return self.errors.read()

    def log(self):
        return pathlib.Path(self.config["log"]["target"]).read_text(encoding="utf-8")

    def stop(self):
        """Ends it in order; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        said = self.said()
        self.errors.close()
        if "Sanitizer" in said or "runtime error" in said:
            raise AssertionError(said)
        return code

    def memory_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024

    def processor_seconds(self):
        """What the service has used of the processors so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def request(self, method, path, body=None, headers=None, token=None):
        """(status, headers, text) of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            sent = dict(headers or {})
            if token:
                sent["Authorization"] = "Bearer " + token
            if body is not None and "Content-Type" not in sent:
                sent["Content-Type"] = "application/json"
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read().decode()
        finally:
            connection.close()

    def verify(self, identity, time_of_request=None, orig=CALLER, dest=None, **more):
        """The body of the answer of the ATIS interface."""
        request = {"from": {"tn": orig}, "to": {"tn": dest or [CALLED]},
                   "time": int(time.time()) if time_of_request is None else time_of_request}
        if identity is not None:
            request["identity"] = identity
        status, headers, text = self.request("POST", "/stir/v1/verification", {"verificationRequest": request}, **more)
        return status, headers, text


def yesterdays_call(lab, server, forwarded, clock="15:10", zone=8):
    """A genuine call of yesterday, at that time of that zone, which CALLED redirected to `forwarded`: its evidence id once
    that can be read, and the day."""
    there = datetime.timezone(datetime.timedelta(hours=zone))
    day = (datetime.datetime.now(there) - datetime.timedelta(days=1)).date().isoformat()
    at = f"{day}T{clock}:00+{zone:02}:00"
    original = lab.sign("--iat", at)
    file = lab.folder / f"original-{time.monotonic_ns()}.txt"
    file.write_text(original + "\n")
    div = callvet("sign", "--key", str(lab.folder / "carrier/leaf.key"), "--x5u", X5U, "--ppt", "div", "--div-from",
                  str(file), "--dest", "+" + forwarded, "--iat", at)
    status, _, text = server.request("POST", "/v1/calls", {
        "identity": [original, div], "from": "+" + CALLER, "to": "+" + CALLED, "request_uri": f"sip:+{forwarded}@example.org",
        "at": at, "trunk": "gateway-3"})
    answer = json.loads(text)
    if status != 200 or answer["reason"] != "verified":
        raise AssertionError(answer.get("reason"))
    for _ in range(400):
        if server.request("GET", "/v1/evidence/" + answer["evidence_id"], token=TOKENS["read-evidence"])[0] == 200:
            return answer["evidence_id"], day
        time.sleep(0.05)
    raise AssertionError("the call's record does not come")
