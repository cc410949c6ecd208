# SPDX-License-Identifier: MIT
"""What is done to the processes under test while calls go on: upkeep that any operator does (reloads, certificates that
come, end and are revoked), and faults, one after the other, each with a check that it is over."""

import json
import os
import re
import socket
import sqlite3
import subprocess
import threading
import time

from carrier import number
from plugin import Caller
from service import member_form
from world import Call

RECOVERY = 330.0  # seconds: the longest back-off, and a little


class Upkeep:
    """New leafs, revocations with reloads, and fresh tokens, every so many seconds."""

    LEAF_LIVES, LEAF_EVERY, REVOKE_EVERY, SAME_LIVES = 300, 20, 60, 120

    def __init__(self, world, service, plugin, pace=1.0):
        """`pace` < 1: more often, for short runs."""
        self.world, self.service, self.plugin, self.pace = world, service, plugin, pace
        self.carrier = world.carrier
        self.leafs = self.reloads = 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.pause = threading.Lock()  # held while a fault needs reloads for itself

    def begin(self):
        self.world.same = {"generations": []}
        self.next_generation(time.time())
        self.new_leaf()
        self.world.sign_all()

    def start(self):
        self.thread.start()

    def stop(self):
        self.ending.set()
        self.thread.join(120)

    def run(self):
        try:
            self.keep_up()
        except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as error:
            self.world.complain(self.world.sides["service"], "upkeep", [], type(error).__name__, str(error))

    def keep_up(self):
        due = {"sign": time.time() + 15, "leaf": 0.0, "revoke": time.time() + self.REVOKE_EVERY * self.pace}
        while not self.ending.wait(0.5):
            now = time.time()
            if now >= due["leaf"]:
                due["leaf"] = now + self.LEAF_EVERY * self.pace
                self.new_leaf()
            if now >= due["revoke"]:
                due["revoke"] = now + self.REVOKE_EVERY * self.pace
                self.revoke_one()
            last = self.world.same["generations"][-1]
            if now >= last["ends"] - self.world.PUBLISHED:
                self.next_generation(last["ends"])
            if now >= due["sign"]:
                due["sign"] = now + 15
                self.world.sign_all()

    def new_leaf(self):
        """At a URL that nobody has asked for yet."""
        self.leafs += 1
        ends = int(time.time()) + self.LEAF_LIVES
        name, path = f"rotated-{self.leafs}", f"/rotated/{self.leafs}.pem"
        self.carrier.leaf(name, path, "--not-after", ends, key=self.leafs)
        self.world.rotated.append((name, path, ends))
        while self.world.rotated and self.world.rotated[0][2] < time.time() - 60:
            name, path, _ = self.world.rotated.pop(0)
            self.carrier.forget(name, path)
            for side in self.world.sides.values():
                side.revoked.pop(name, None)

    def next_generation(self, begins):
        """At the URL of its predecessor, which counts until its end at `begins`."""
        generations = self.world.same["generations"]
        ends = int(begins) + self.SAME_LIVES
        name = f"same-{len(generations) + 1}"
        self.carrier.leaf(name, "/same.pem", "--not-after", ends, key=len(generations))
        generations.append({"name": name, "begins": begins if len(generations) else 0, "ends": ends})

    def revoke_one(self):
        """One of the leafs in use; known to each side when its reload is done."""
        with self.pause:
            usable = [name for name, _, ends in self.world.rotated[:-1] if ends > time.time() + 100 and not any(
                name in side.revoked for side in self.world.sides.values())]
            if usable:
                for side in self.world.sides.values():
                    side.revoked[usable[0]] = "soon"
                self.carrier.revoke(usable[0])
            self.reload()
            if usable:
                for side in self.world.sides.values():
                    side.revoked[usable[0]] = "known"

    def reload(self):
        """By SIGHUP and by /admin/reload in turn. A signal has no answer: the log has it."""
        self.reloads += 1
        if self.reloads % 2:
            size = os.path.getsize(self.service.log)
            self.service.hang_up()
            for _ in range(200):
                with self.service.log.open("rb") as log:
                    log.seek(size)
                    if b'"event":"reload' in log.read().replace(b" ", b""):
                        break
                time.sleep(0.1)
            else:
                self.world.complain(self.world.sides["service"], "reload", ["an event in the log"], "nothing", "")
        elif (status := self.service.reload()) != 200:
            self.world.complain(self.world.sides["service"], "reload", [200], str(status), "")
        if self.plugin is not None:
            self.plugin.reload()
            time.sleep(1.5)  # its processes take it up with their next call


class Faults:
    """One fault after the other. `log`: (name, begun, seconds, recovered after, what was seen)."""

    def __init__(self, world, service, plugin, clients, upkeep, stores, length, gap):
        self.world, self.service, self.plugin, self.clients, self.upkeep = world, service, plugin, clients, upkeep
        self.stores = stores  # Mounts by side, or None where they could not be made
        self.length, self.gap = length, gap
        self.now = ""
        self.log = []
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.probes = 0

    def all(self):
        return [self.bad_files, self.nothing_kept, self.server_stopped, self.store_locked, self.server_hangs, self.store_full,
                self.idle_connections, self.server_garbage]

    def start(self):
        self.thread.start()

    def stop(self):
        self.ending.set()
        self.thread.join(RECOVERY + 120)

    def run(self):
        while True:
            for fault in self.all():
                if self.ending.wait(self.gap):
                    return
                self.now, begun = fault.__name__.replace("_", "-"), time.time()
                try:
                    seen, ended, over = fault()
                    recovered = over - ended
                except (OSError, RuntimeError, AssertionError, sqlite3.Error, subprocess.SubprocessError) as error:
                    self.world.complain(self.world.sides["service"], self.now, [], type(error).__name__, str(error))
                    seen, ended, recovered = f"broke: {error}", time.time(), -1
                if seen is not None:
                    self.log.append((self.now, begun, ended - begun, recovered, seen))
                self.now = ""

    def wait(self, seconds=None):
        self.ending.wait(self.length if seconds is None else seconds)

    # --- The carriers' server

    def outage(self, begin, end):
        sides = [side for name, side in self.world.sides.items() if name == "service" or self.plugin is not None]
        before = self.failures()
        for side in sides:
            side.outage = True
        begin()
        self.wait()
        end()
        ended = time.time()
        seen = self.failures() - before
        for side in sides:
            self.until_fetched_again(side, ended)
        over = time.time()
        # URLs that failed are asked again later than the host.
        self.wait(max(60.0, 2 * self.length) if self.length >= 10 else 30.0)
        for side in sides:
            side.outage = False
        return f"{seen} calls without certificate", ended, over

    def failures(self):
        return sum(count for side in self.world.sides.values() for reason, count in list(side.answers.items())
                   if reason.startswith(("fetch-", "certificate-unreadable")))

    def until_fetched_again(self, side, ended):
        """By URLs that nobody asked for yet."""
        while time.time() - ended < RECOVERY:
            self.probes += 1
            path = f"/probe/{self.probes}.pem"
            self.world.carrier.good.documents[path] = self.world.carrier.good.documents["/cert.pem"]
            orig, dest = number(), number()
            token = self.world.carrier.sign(orig, dest, path=path)
            call = Call("probe", orig, dest, [token], lambda side: {"verified", *side.answers}, cold=True)
            if self.place(side, call) == "verified":
                return
            if self.ending.wait(2):
                return
        self.world.complain(side, self.now, ["recovery"], "still no certificate", "")

    def place(self, side, call):
        """The reason that one call gets, from a client of its own."""
        if side.name == "plugin":
            reply = Caller(self.plugin.port).place(call)
            return reply.header("X-Callvet") if reply else None
        status, text = self.service.request("POST", "/v1/calls", json.dumps(member_form(call)))
        return json.loads(text).get("reason") if status == 200 else str(status)

    def server_stopped(self):
        return self.outage(self.world.carrier.good.stop, self.world.carrier.good.start)

    def server_hangs(self):
        return self.outage(lambda: self.fail("hang"), lambda: self.fail(None))

    def server_garbage(self):
        return self.outage(lambda: self.fail("garbage"), lambda: self.fail(None))

    def fail(self, how):
        self.world.carrier.good.failing = how

    # --- What the operator does wrong

    def bad_files(self):
        """A configuration, then a revocation list, that cannot be used: refused, and nothing changes."""
        with self.upkeep.pause:
            self.service.write_config('{"listen": "127.0.0.1:0", "no-such-member": 1}')
            codes = [self.service.reload()]
            self.service.write_config()
            crl = self.world.carrier.folder / "crl.pem"
            good = crl.read_bytes()
            crl.write_bytes(good[: len(good) // 2])
            codes.append(self.service.reload())
            refused = self.plugin is None
            try:
                if self.plugin is not None:
                    self.plugin.reload()
            except AssertionError:
                refused = True
            self.wait()
            crl.write_bytes(good)
            ended = time.time()
            self.upkeep.reload()
            if 200 in codes or not refused:
                self.world.complain(self.world.sides["service"], "bad-files", ["refused"], f"{codes}, plugin {refused}", "")
        return f"reloads refused: {codes[0]}, {codes[1]}" + (", plugin" if self.plugin else ""), ended, time.time()

    # --- Evidence

    def evidence(self, name):
        """(bytes that wait in spill files, records that wait in memory) of a side."""
        if name == "plugin":
            stats = self.plugin.stats()
            return stats["evidence_spill_kib"] * 1024, stats["evidence_queued"] + stats["evidence_waiting"]
        text = self.service.request("GET", "/metrics", scope="read-evidence")[1]
        value = lambda what: int(re.search(rf"^callvet_evidence_{what} (\d+)", text, re.M).group(1))
        return value("spill_bytes"), value("queued")

    def sides_with_evidence(self):
        return [name for name in self.world.sides if name == "service" or self.plugin is not None]

    def until_written(self, ended):
        """All that waited is in the stores."""
        while time.time() - ended < RECOVERY:
            waiting = [self.evidence(name) for name in self.sides_with_evidence()]
            if all(spilled == 0 and queued < 100 for spilled, queued in waiting):
                self.clients.behind_until = time.monotonic() + 3
                return
            if self.ending.wait(1):
                return
        self.world.complain(self.world.sides["service"], self.now, ["all is written"], "records still wait", "")

    def without_store(self, begin, end, seconds=None, refusals=False):
        refused = {name: self.world.sides[name].refused for name in self.sides_with_evidence()}
        self.clients.behind_until = time.monotonic() + 10_000
        for name in refused if refusals else ():
            self.world.sides[name].refusing = True
        begin()
        self.wait(seconds)
        spilled = sum(self.evidence(name)[0] for name in refused)
        end()
        ended = time.time()
        self.until_written(ended)
        over = time.time()
        for name in refused:
            self.world.sides[name].refusing = False
        seen = f"{spilled // 1024} KiB spilled"
        if refusals:
            counts = {name: self.world.sides[name].refused - count for name, count in refused.items()}
            seen += ", refused " + ", ".join(f"{count} ({name})" for name, count in counts.items())
        return seen, ended, over

    def store_locked(self):
        """Somebody else has both stores to himself."""
        held = []

        def lock():
            for mount in self.stores.values():
                connection = sqlite3.connect(mount.store, timeout=20, isolation_level=None, check_same_thread=False)
                connection.execute("BEGIN IMMEDIATE")
                held.append(connection)

        def release():
            for connection in held:
                connection.execute("ROLLBACK")
                connection.close()

        return self.without_store(lock, release)

    def store_full(self):
        if not all(mount.mounted for mount in self.stores.values()):
            return None, 0.0, 0.0
        return self.without_store(lambda: [mount.fill("store") for mount in self.stores.values()],
                                  lambda: [mount.free("store") for mount in self.stores.values()])

    def nothing_kept(self):
        """Neither the store nor the spill directory takes anything: calls are refused, by 503."""
        if not all(mount.mounted for mount in self.stores.values()):
            return None, 0.0, 0.0
        return self.without_store(lambda: [mount.fill(part) for mount in self.stores.values() for part in ("store", "spill")],
                                  lambda: [mount.free(part) for mount in self.stores.values() for part in ("spill", "store")],
                                  3 * self.length, refusals=True)

    # --- Clients

    def idle_connections(self):
        """Some hundred that send nothing, or a byte a second."""
        sockets = []
        for _ in range(300):
            sockets.append(socket.create_connection(("127.0.0.1", self.service.port), timeout=10))
        end = time.time() + self.length
        while time.time() < end and not self.ending.is_set():
            for connection in sockets[::3]:
                try:
                    connection.sendall(b"G")
                except OSError:
                    pass
            self.wait(1)
        for connection in sockets:
            connection.close()
        return f"{len(sockets)} connections", time.time(), time.time()


class Mount:
    """Where a side keeps its evidence: two small file systems that can be full, or plain folders without root."""

    SIZE = "4g"

    def __init__(self, folder):
        self.folder = folder
        self.parts = {part: folder / part for part in ("store", "spill")}
        self.mounted = []
        for part in self.parts.values():
            part.mkdir(parents=True)
            if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.SIZE}", "soak", part], check=False,
                              capture_output=True).returncode == 0:
                self.mounted.append(part)
        if len(self.mounted) < len(self.parts):
            self.close()
        self.store = self.parts["store"] / "calls.db"

    def fill(self, part):
        """It gets no larger than it is now."""
        used = int(subprocess.run(["df", "--output=used", "-k", self.parts[part]], check=True, capture_output=True,
                                  text=True).stdout.split()[-1])
        self.resize(part, f"{max(used, 4)}k")

    def free(self, part):
        self.resize(part, self.SIZE)

    def resize(self, part, size):
        for _ in range(20):  # it may have grown meanwhile
            if subprocess.run(["mount", "-o", f"remount,size={size}", self.parts[part]], check=False,
                              capture_output=True).returncode == 0:
                return
            size = f"{int(size[:-1]) + 512}k" if size.endswith("k") else size
        raise RuntimeError("the file system cannot be resized")

    def close(self):
        for part in self.mounted:
            subprocess.run(["umount", part], check=False, capture_output=True)
        self.mounted = []

