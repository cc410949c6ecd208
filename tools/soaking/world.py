# SPDX-License-Identifier: MIT
"""What is true at a moment of a soak run, for each process under test: which answers are right. Every call carries a
rule that is asked before it is sent and after it was answered; the answer must be one that either moment allows."""

import collections
import json
import random
import threading
import time

from carrier import number

FETCHES = {"fetch-connect-failed", "fetch-timeout", "fetch-backoff", "fetch-busy", "fetch-tls-failed", "fetch-transfer-failed"}
HOSTILE = {
    "hang": {"fetch-timeout", "deadline-exceeded"}, "slow": {"fetch-timeout", "deadline-exceeded"},
    "reset": {"fetch-transfer-failed", "fetch-tls-failed"}, "truncated": {"fetch-transfer-failed"},
    "garbage": {"certificate-unreadable", "certificate-malformed"}, "huge": {"fetch-too-large"}, "absent": {"fetch-http-status"}}
OUTAGE = FETCHES | {"certificate-unreadable", "certificate-malformed", "deadline-exceeded"}  # while the carriers' server fails
ALWAYS = {"fetch-backoff", "fetch-busy"}  # where a host or URL failed before


class Side:
    """What one process under test knows: the service, or the plugin."""

    def __init__(self, name):
        self.name = name
        self.lock = threading.Lock()
        self.revoked = {}  # leaf: "soon" while it is being made known, then "known"
        self.refusing = False  # evidence cannot be kept: a refusal is right
        self.outage = False  # the certificate server is down, or was and is not known to be back
        self.answers = collections.Counter()
        self.kinds = collections.Counter()
        self.latencies = []
        self.wrong = 0
        self.refused = 0

    def take(self):
        """Answered since the last time: latencies in ms."""
        with self.lock:
            taken, self.latencies = self.latencies, []
            return taken


class Call:
    """A call to be placed, and what may be answered."""

    def __init__(self, kind, orig, dest, identities, allowed, target=None, cold=False):
        self.kind, self.orig, self.dest, self.identities, self.target = kind, orig, dest, identities, target
        self.cold = cold  # it may wait for a certificate: its time is not the verifier's
        self.allowed = allowed if callable(allowed) else lambda side: {allowed}


class World:
    def __init__(self, carrier, out):
        self.carrier = carrier
        self.sides = {name: Side(name) for name in ("service", "plugin")}
        self.calls = {}  # kind: calls, replaced as a whole when they are signed anew
        self.cold = {}
        self.rotated = []  # (name, path, ends): leafs at new URLs
        self.same = None  # the one whose certificate is replaced at its URL
        self.serial = 0
        self.out = out
        self.wrong_file = (out / "wrong.ndjson").open("a", encoding="utf-8")
        self.lock = threading.Lock()

    # --- Answers

    def judge(self, side, call, before, reason, started, consistent=True, shown=""):
        """`before` is what was allowed when it was sent."""
        taken = (time.monotonic() - started) * 1000
        allowed = before | call.allowed(side)
        refused = reason == "evidence-not-kept"
        with side.lock:
            side.answers[reason] += 1
            side.kinds[call.kind] += 1
            side.refused += refused
            if not call.cold:
                side.latencies.append(taken)
        if (refused and side.refusing) or (reason in allowed and consistent):
            return
        self.complain(side, call.kind, sorted(allowed), reason, shown)

    def complain(self, side, kind, allowed, reason, shown):
        with side.lock:
            side.wrong += 1
        with self.lock:
            self.wrong_file.write(json.dumps({"time": time.time(), "side": side.name, "kind": kind, "allowed": allowed,
                                              "answered": reason, "shown": shown[:2000]}) + "\n")
            self.wrong_file.flush()

    # --- Calls

    WEIGHTS = {"verified": 40, "second": 10, "spoofed": 12, "other-callee": 5, "forged": 8, "unsigned": 10, "malformed": 6,
               "stale": 3, "untrusted": 3, "expired": 3, "div": 4, "div-missing": 2, "rotated": 8, "same-url": 4, "revoked": 4}

    def pick(self):
        kinds = [kind for kind in self.WEIGHTS if self.calls.get(kind)]
        kind = random.choices(kinds, [self.WEIGHTS[kind] for kind in kinds])[0]
        return random.choice(self.calls[kind])

    def pick_cold(self):
        kind = random.choice([kind for kind, calls in self.cold.items() if calls])
        return random.choice(self.cold[kind])

    def sign_all(self):
        """Tokens last a minute: signed anew every quarter of one."""
        sign = self.carrier.sign
        calls = {}
        pairs = [(number(), number()) for _ in range(4)]
        good = [(orig, dest, sign(orig, dest)) for orig, dest in pairs]
        calls["verified"] = [Call("verified", o, d, [token], "verified") for o, d, token in good]
        orig, dest = pairs[0]
        calls["second"] = [Call("second", orig, dest, [sign(orig, dest, name="second", path="/second.pem")], "verified")]
        token = good[0][2]
        calls["spoofed"] = [Call("spoofed", other, dest, [token], "orig-mismatch") for other in (number() for _ in range(20))
                            if other != orig]
        calls["other-callee"] = [Call("other-callee", orig, other, [token], "dest-mismatch")
                                 for other in (number() for _ in range(5)) if other != dest]
        calls["forged"] = [Call("forged", orig, dest, [self.forge(token)], "signature-invalid")]
        calls["unsigned"] = [Call("unsigned", number(), number(), [], "no-identity") for _ in range(20)]
        calls["malformed"] = [Call("malformed", orig, dest, [text], reason) for text, reason in (
            ("x", "token-malformed"), (";;;", "identity-malformed"), (token.replace(".", ".!", 1), "identity-malformed"),
            ("e30.e30.AA;" + token.split(";", 1)[1], "typ-missing"))]
        stale = sign(orig, dest, "--iat", int(time.time()) - 3600)
        calls["stale"] = [Call("stale", orig, dest, [stale], "iat-stale")]
        calls["untrusted"] = [Call("untrusted", orig, dest, [sign(orig, dest, name="untrusted", path="/untrusted.pem")],
                                   "chain-untrusted")]
        calls["expired"] = [Call("expired", orig, dest, [sign(orig, dest, name="expired", path="/expired.pem")],
                                 lambda side: {"certificate-expired"} | (OUTAGE if side.outage else set()), cold=True)]
        forwarded = number()
        div = self.carrier.divert(token, forwarded)
        calls["div"] = [Call("div", orig, dest, [token, div], "verified", target=forwarded)]
        calls["div-missing"] = [Call("div-missing", orig, dest, [token], "dest-mismatch", target=forwarded)]
        calls.update(self.sign_rotated())
        self.calls = calls
        self.cold = self.sign_hostile()

    @staticmethod
    def forge(token):
        """Another signature of the same form."""
        head, rest = token.split(";", 1)
        body, signature = head.rsplit(".", 1)
        changed = "A" if signature[20] != "A" else "B"
        return f"{body}.{signature[:20]}{changed}{signature[21:]};{rest}"

    def sign_rotated(self):
        calls = {"rotated": [], "same-url": [], "revoked": []}
        now = time.time()
        for name, path, ends in self.rotated:
            if ends < now + 30:
                continue
            orig, dest = number(), number()
            token = self.carrier.sign(orig, dest, name=name, path=path)
            calls["rotated"].append(Call("rotated", orig, dest, [token], self.rotated_rule(name), cold=True))
            if any(name in side.revoked for side in self.sides.values()):
                calls["revoked"].append(Call("revoked", orig, dest, [token], self.rotated_rule(name), cold=True))
        if self.same is not None:
            calls["same-url"] = self.sign_same_url()
        return calls

    @staticmethod
    def rotated_rule(name):
        def allowed(side):
            state = side.revoked.get(name)
            right = {None: {"verified"}, "soon": {"verified", "certificate-revoked"}, "known": {"certificate-revoked"}}[state]
            # A certificate that was not yet had when the server went away cannot be had.
            return right | (OUTAGE if side.outage else set())
        return allowed

    PUBLISHED = 40  # seconds before its predecessor ends

    def sign_same_url(self):
        """The certificate at this URL lives two minutes; its successor is there a while before it ends. What was fetched
        counts until its end, or until it was refreshed ahead of that; from then on the successor's key alone."""
        calls = []
        for generation in self.same["generations"][-2:]:
            orig, dest = number(), number()
            token = self.carrier.sign(orig, dest, name=generation["name"], path="/same.pem")
            calls.append(Call("same-url", orig, dest, [token], self.same_url_rule(generation), cold=True))
        return calls

    def same_url_rule(self, generation):
        def allowed(side):
            now = time.time()
            either = {"verified", "signature-invalid", "certificate-expired", "iat-outside-certificate"}
            for edge in (generation["begins"], generation["ends"]):
                if edge - self.PUBLISHED - 6 <= now <= edge + 6:
                    return either | (OUTAGE if side.outage else set())
            right = {"verified"} if generation["begins"] < now < generation["ends"] else {"signature-invalid"}
            return right | (OUTAGE | either if side.outage else set())
        return allowed

    def sign_hostile(self):
        calls = {}
        for kind, reasons in HOSTILE.items():
            self.serial += 1
            orig, dest = number(), number()
            token = self.carrier.sign(orig, dest, path=f"/{kind}/{self.serial}", server=self.carrier.bad)
            calls[kind] = [Call(kind, orig, dest, [token], lambda side, reasons=reasons: reasons | ALWAYS | FETCHES, cold=True)]
        return calls
