# SPDX-License-Identifier: MIT
"""The REST service under test, and the clients that ask it."""

import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import time

from carrier import CALLVET, number
from load import Load

TOKENS = {scope: "soak-" + scope for scope in ("verify", "sign", "read-evidence", "file-complaints", "admin")}
PATIENCE = 30


class Service:
    """A running `callvet serve`."""

    def __init__(self, folder, config):
        self.path = folder / "service.json"
        self.config = {
            "listen": "127.0.0.1:0",
            "access": {"tokens": [{"name": scope, "sha256": hashlib.sha256(token.encode()).hexdigest(), "scopes": [scope]}
                                  for scope, token in TOKENS.items()]},
            "log": {"target": str(folder / "access.log")}, **config}
        self.write_config()
        self.errors = (folder / "service.stderr").open("w", encoding="utf-8")
        self.process = subprocess.Popen([CALLVET, "serve", "--config", str(self.path)], stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True, stdin=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        match = re.match(r"callvet listens on (.*):(\d+)$", line)
        if not match:
            self.process.wait(PATIENCE)
            raise RuntimeError("no start: " + line + (folder / "service.stderr").read_text())
        self.port = int(match.group(2))
        self.log = folder / "access.log"

    def write_config(self, text=None):
        new = self.path.with_suffix(".new")
        new.write_text(text or json.dumps(self.config, indent=1), encoding="utf-8")
        os.replace(new, self.path)

    def pids(self):
        return [self.process.pid]

    def alive(self):
        return self.process.poll() is None

    def hang_up(self):
        self.process.send_signal(signal.SIGHUP)

    def request(self, method, path, body=None, scope="verify"):
        return Connection(self.port, calls=1).request(method, path, body, scope)

    def reload(self):
        return self.request("POST", "/admin/reload", "", "admin")[0]

    def figures(self):
        """What /metrics says, by name; of those with labels none."""
        text = self.request("GET", "/metrics", scope="read-evidence")[1]
        return {name: float(value) for name, value in re.findall(r"^(\w+) (\S+)$", text, re.MULTILINE)}

    def fill_counters(self, carrier, customers=6, calls=40):
        """Every token has an origid of its own here, and so counters of its own, which are kept until others need their
        room. Calls of many customers, until a quarter of them was forgotten again: from then on that memory is full.
        Fewer at once than the queue of evidence takes."""
        connection = Connection(self.port)
        while (figures := self.figures())["callvet_pool_evicted_total"] <= figures["callvet_pool_sources"] / 4:
            lines = ""
            for _ in range(customers):
                orig, dest = number(), number()
                call = {"from": "+" + orig, "to": "+" + dest, "identity": [carrier.sign(orig, dest)]}
                lines += (json.dumps(call) + "\n") * calls
            status, text = connection.request("POST", "/v1/calls:batch", lines)
            reasons = {json.loads(line).get("reason") for line in text.splitlines()} if status == 200 else set()
            if reasons != {"verified"}:
                raise RuntimeError(f"counters cannot be filled: {status}, {reasons}: {text[-500:]}")
        connection.close()

    def stop(self):
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


class Connection:
    """A client's connection, which begins anew after some calls."""

    def __init__(self, port, calls=200):
        self.port, self.calls = port, calls
        self.connection = None
        self.left = 0

    def request(self, method, path, body=None, scope="verify"):
        if self.left <= 0:
            self.close()
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            self.left = self.calls
        self.left -= 1
        headers = {"Authorization": "Bearer " + TOKENS[scope]} if scope else {}
        if body is not None:
            headers["Content-Type"] = "application/x-ndjson" if path.endswith(":batch") else "application/json"
        try:
            self.connection.request(method, path, body=body, headers=headers)
            response = self.connection.getresponse()
            return response.status, response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            self.left = 0
            raise

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.left = 0


def member_form(call):
    """The call as POST /v1/calls takes it."""
    body = {"from": "+" + call.orig, "to": "+" + call.dest, "trunk": f"pstn-{int(call.orig[-1]) % 4}"}
    if call.identities:
        body["identity"] = call.identities
    if call.target:
        body["request_uri"] = f"sip:+{call.target}@127.0.0.1"
    return body


class Clients(Load):
    """Send calls at a rate. `ids`: what was answered as evidence."""

    def __init__(self, service, world, rate):
        super().__init__(world, "service", lambda: Connection(service.port), PATIENCE,
                         [(self.calls, rate * 0.45), (self.calls, rate * 0.45), (self.cold_calls, max(1.0, rate * 0.01)),
                          (self.others, max(1.0, rate * 0.04)), (self.batches, max(0.2, rate * 0.003))])
        self.ids = []
        self.lookups = []  # (evidence id, reason, when), to be read back
        self.filed = 0

    def take(self, step, peer):
        try:
            step(peer)
        except (OSError, http.client.HTTPException) as error:
            self.world.complain(self.side, "no-answer", [], type(error).__name__, str(error))

    def place(self, connection, call):
        before, started = call.allowed(self.side), time.monotonic()
        status, text = connection.request("POST", "/v1/calls", json.dumps(member_form(call)))
        self.check(call, before, started, status, text)

    def check(self, call, before, started, status, text):
        answer = json.loads(text)
        if status != 200 or "error" in answer:
            reason = answer.get("error", {}).get("reason", str(status))
            self.world.judge(self.side, call, before, reason, started, shown=text)
            return
        reason, passes = answer["reason"], answer["reason"] == "verified"
        consistent = ((answer["verstat"] == "TN-Validation-Passed") == passes and
                      (answer["disposition"]["action"] == "pass") == passes and bool(answer["evidence_id"]))
        self.world.judge(self.side, call, before, reason, started, consistent, text)
        self.ids.append(answer["evidence_id"])
        if call.kind == "verified" and len(self.lookups) < 100:
            self.lookups.append((answer["evidence_id"], reason, time.monotonic()))

    def batches(self, connection):
        calls = [self.world.pick() for _ in range(16)]
        before, started = [call.allowed(self.side) for call in calls], time.monotonic()
        status, text = connection.request("POST", "/v1/calls:batch",
                                          "".join(json.dumps(member_form(call)) + "\n" for call in calls))
        lines = text.splitlines()
        if status != 200 or len(lines) != len(calls):
            self.world.complain(self.side, "batch", [200, len(calls)], str((status, len(lines))), text)
            return
        for call, allowed, line in zip(calls, before, lines):
            call.cold, cold = True, call.cold  # sixteen at once: their time is not that of a call
            self.check(call, allowed, started, 200, line)
            call.cold = cold

    def others(self, connection):
        random.choice([self.atis, self.broken, self.without_scope, self.complain, self.find, self.look_up, self.plain])(connection)

    def expect(self, kind, allowed, status, text):
        """An answer that is no verdict."""
        with self.side.lock:
            self.side.kinds[kind] += 1
            self.side.answers[f"{kind} {status}"] += 1
        # A store that is not there now is said to be so.
        evidence = kind.startswith(("evidence", "complaint")) and self.behind()
        if status not in allowed and not ((self.side.refusing or evidence) and status == 503):
            self.world.complain(self.side, kind, sorted(allowed), str(status), text)

    def atis(self, connection):
        call = random.choice(self.world.calls[random.choice(["verified", "spoofed", "stale"])])
        body = {"verificationRequest": {"from": {"tn": call.orig}, "to": {"tn": [call.dest]}, "time": int(time.time()),
                                        "identity": call.identities[0]}}
        status, text = connection.request("POST", "/stir/v1/verification", json.dumps(body))
        passes = '"TN-Validation-Passed"' in text
        # Its table of errors knows no other answer for "cannot be kept" than POL5000.
        self.expect("atis", {200, 500} if self.side.refusing else {200}, status, text)
        if status == 200 and passes != (call.kind == "verified"):
            self.world.complain(self.side, "atis", [call.kind], "passed" if passes else "not passed", text)

    def broken(self, connection):
        body = random.choice(['{"from":', "[]", "nothing", '{"from": 1}', '{"from":"+1","from":"+2"}', "\xff" * 30,
                              json.dumps({"sip": "INVITE\r\nx\r"}), '{"no-such-member": 1}'])
        status, text = connection.request("POST", "/v1/calls", body.encode("latin-1"))
        self.expect("broken-body", {400}, status, text)

    def without_scope(self, connection):
        status, text = connection.request("POST", "/v1/calls", "{}", random.choice([None, "sign", "file-complaints"]))
        self.expect("no-scope", {401, 403}, status, text)

    def complain(self, connection):
        self.filed += 1
        call = random.choice(self.world.calls["spoofed"])
        body = {"callee": "+" + call.dest, "caller": random.choice(["+" + call.orig, "*" + call.orig[-4:]]),
                "about": int(time.time()), "tolerance_minutes": 2, "category": "spoofing", "reference": f"soak-{self.filed}"}
        status, text = connection.request("POST", "/v1/complaints", json.dumps(body), "file-complaints")
        self.expect("complaint", {201}, status, text)

    def find(self, connection):
        query = random.choice([f"orig=%2B{number()}", "reason=orig-mismatch&limit=20", "limit=50", "trunk=pstn-1&limit=10",
                               "spc=4321&limit=10"])
        status, text = connection.request("GET", "/v1/evidence?" + query, scope="read-evidence")
        self.expect("evidence-find", {200}, status, text)

    def look_up(self, connection):
        """A call of a while ago is in the store, and is judged again to the same."""
        if not self.lookups or time.monotonic() - self.lookups[0][2] < 5:
            return
        evidence, reason, _ = self.lookups.pop(0)
        status, text = connection.request("GET", "/v1/evidence/" + evidence, scope="read-evidence")
        # What is spilled comes into the store when the fault is over.
        self.expect("evidence-show", {200, 404} if self.behind() else {200}, status, text)
        if status == 200:
            story = json.loads(text)
            if story["recorded"]["reason"] != reason or story["replay"]["outcome"] != "repeated":
                self.world.complain(self.side, "evidence-show", [reason, "repeated"], "differs", text)

    behind_until = 0.0

    def behind(self):
        return time.monotonic() < self.behind_until

    def plain(self, connection):
        path, scope = random.choice([("/", None), ("/healthz", None), ("/v1/trust", "read-evidence"), ("/metrics", "read-evidence"),
                                     ("/v1/traffic", "read-evidence"), ("/v1/pools", "read-evidence")])
        status, text = connection.request("GET", path, scope=scope)
        self.expect("other-get", {200}, status, text)
