# SPDX-License-Identifier: MIT
"""Kamailio with the module under test, and SIP clients that call through it."""

import os
import random
import re
import socket
import time

import lab as laboratory
from carrier import number
from lab import ROOT, Callee, Kamailio, Reply
from load import Load

FIRST_WAIT, PATIENCE = 0.5, 32.0  # T1 and 64 times T1


class ForgetfulCallee(Callee):
    """Answers, and keeps nothing of what came."""

    class Nothing(list):
        def append(self, _):
            pass

    def __init__(self):
        super().__init__()
        self.received = self.Nothing()


def script_with_full_caches(folder):
    """tools/kamailio/inline.cfg with so little room for certificates that it is used up within the first quarter."""
    before, after = (ROOT / "tools/kamailio/inline.cfg").read_text().split('modparam("callvet"', 1)
    script = folder / "inline.cfg"
    script.write_text(f'{before}modparam("callvet", "cache_max", 32)\nmodparam("callvet"{after}')
    return script


class Plugin:
    """A running kamailio with tools/kamailio/inline.cfg."""

    def __init__(self, folder, config):
        self.folder = folder  # what laboratory.Kamailio asks of a lab
        self.callee = ForgetfulCallee()
        self.kamailio = Kamailio(self, script_with_full_caches(folder), config=config, callee_port=self.callee.port,
                                 workers=2, memory=256)
        self.port = self.kamailio.port

    def pids(self):
        return self.kamailio.processes()

    def alive(self):
        return self.kamailio.alive()

    def reload(self):
        """Raises AssertionError with Kamailio's answer if that is not "ok"."""
        answer = self.kamailio.kamcmd("callvet.reload", check=False)
        if "ok" not in answer:
            raise AssertionError(answer)

    def flush(self, url):
        self.kamailio.kamcmd("callvet.flush", url)

    def stats(self):
        return self.kamailio.stats()

    def shared_memory(self):
        """Bytes of Kamailio's shared memory that are in use."""
        found = re.search(r"\bused: (\d+)", self.kamailio.kamcmd("core.shmmem", check=False))
        return int(found.group(1)) if found else 0

    def stop(self):
        self.kamailio.close()
        self.callee.close()


class Caller:
    """One SIP client over UDP, with retransmissions. A socket for some calls, then another."""

    def __init__(self, port):
        self.server = ("127.0.0.1", port)
        self.socket = None
        self.left = 0
        self.count = 0

    def renew(self):
        if self.left <= 0:
            if self.socket is not None:
                self.socket.close()
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.bind(("127.0.0.1", 0))
            self.left = 200
        self.left -= 1
        self.count += 1

    def text(self, method, call, mark, to_tag=""):
        port = self.socket.getsockname()[1]
        target = call.target or call.dest
        identities = [f"Identity: {identity}" for identity in call.identities] if method != "ACK" else []
        return "\r\n".join([
            f"{method} sip:+{target}@127.0.0.1:{self.server[1]} SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{mark}",
            f"From: <sip:+{call.orig}@caller.example.org>;tag=caller", f"To: <sip:+{call.dest}@callee.example.org>{to_tag}",
            f"Call-ID: {mark}@example.org", f"CSeq: 1 {method}", f"Contact: <sip:test@127.0.0.1:{port}>", "Max-Forwards: 70",
            *identities, "Content-Length: 0", "", ""]).encode()

    def send(self, data):
        self.socket.sendto(data, self.server)

    def place(self, call):
        """The final answer, or None."""
        self.renew()
        mark = f"{os.getpid()}x{id(self)}x{self.count}"
        invite = self.text("INVITE", call, mark)
        end, wait, provisional = time.monotonic() + PATIENCE, FIRST_WAIT, False
        self.send(invite)
        while time.monotonic() < end:
            self.socket.settimeout(wait)
            try:
                reply = Reply(self.socket.recv(65535).decode("utf-8", "replace"))
            except socket.timeout:
                wait = min(wait * 2, 4)
                if not provisional:
                    self.send(invite)
                continue
            if reply.header("Call-ID") != f"{mark}@example.org":
                continue
            if reply.code >= 200:
                tag = re.search(r";tag=[^;\s]+", reply.header("To") or "")
                self.send(self.text("ACK", call, mark, tag.group(0) if tag else ""))
                return reply
            provisional = True
        return None


class Callers(Load):
    """Place calls at a rate."""

    def __init__(self, plugin, world, rate, codes):
        super().__init__(world, "plugin", lambda: Caller(plugin.port), PATIENCE + 5,
                         [(self.calls, rate * 0.46), (self.calls, rate * 0.46), (self.cold_calls, max(0.5, rate * 0.02)),
                          (self.junk, max(0.5, rate * 0.06))])
        self.codes = codes

    def place(self, caller, call):
        before, started = call.allowed(self.side), time.monotonic()
        reply = caller.place(call)
        if reply is None:
            self.world.complain(self.side, call.kind, sorted(before), "no-answer", "")
            return
        reason = reply.header("X-Callvet") or f"none, {reply.code}"
        # A verified call reaches the callee, who is busy; no other does.
        consistent = reply.code == (486 if reason == "verified" else self.codes.get(reason))
        self.world.judge(self.side, call, before, reason, started, consistent, reply.text)

    def junk(self, caller):
        """What is no request gets no verdict, and a hidden line 400."""
        caller.renew()
        call = self.world.pick()
        text = caller.text("INVITE", call, f"junk{os.getpid()}x{id(caller)}x{caller.count}")
        which = random.randrange(4)
        if which == 0:
            caller.send(random.randbytes(random.randrange(1, 1200)))
        elif which == 1:
            caller.send(text[: random.randrange(1, len(text))])
        elif which == 2:
            place = random.randrange(len(text))
            caller.send(text[:place] + random.randbytes(3) + text[place + 3:])
        else:
            caller.send(text.replace(b"Contact:", b"X: a\rP-Asserted-Identity: <sip:+" + number().encode() + b"@x>\r\nContact:"))
        with self.side.lock:
            self.side.kinds["junk"] += 1


def why_not():
    return laboratory.why_not()
