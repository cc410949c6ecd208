#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Evidence survives: processes that write 5,000 records a second are killed at random moments, the database is
stopped and started, two processes write at once. What was said to be durable is in the store, once, and the
chain is whole.

CALLVET and CALLVET_EVIDENCE_PROCESS name the programs; CALLVET_KILLS how often each store's writer is killed
(default 8; 200 takes about five minutes each)."""

import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from postgres import Postgres, Unavailable

CALLVET = os.environ.get("CALLVET", "")
PROCESS = os.environ.get("CALLVET_EVIDENCE_PROCESS", "")
KILLS = int(os.environ.get("CALLVET_KILLS", "8"))
RATE = 5000
MANY = 100_000_000


class Writer:
    """A process that writes, and the ids that it said are durable."""

    def __init__(self, store, key, spill, rate=RATE, count=MANY, burst=2000, env=None):
        self.durable = []
        self.process = subprocess.Popen([PROCESS, str(store), str(key), str(spill), str(rate), str(count), str(burst)],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**os.environ, **(env or {})})
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            if line.endswith(b"\n"):
                self.durable.append(line.decode().strip())

    def wait_for(self, count, seconds=60):
        end = time.monotonic() + seconds
        while len(self.durable) < count:
            assert time.monotonic() < end and self.process.poll() is None, self.ended()
            time.sleep(0.01)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.ended()

    def ended(self):
        error = self.process.stderr.read().decode()
        self.process.stderr.close()
        self.process.wait(120)
        self.thread.join()
        self.process.stdout.close()
        return error


class Evidence(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="callvet-kill-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.key = self.dir / "checkpoint.key"
        made = subprocess.run([CALLVET, "pki", "key", "--out-key", self.key, "--out-public-key",
                               self.dir / "checkpoint.pub"], capture_output=True, check=False)
        self.assertEqual(made.returncode, 0, made.stderr)

    def postgres(self):
        try:
            server = Postgres()
        except Unavailable as reason:
            self.skipTest(str(reason))
        self.addCleanup(server.close)
        return server

    def writer(self, store, spill="spill", **more):
        return Writer(store, self.key, self.dir / spill, **more)

    def drain(self, store, spill="spill"):
        """What lies in the spill directory goes into the store, as with the next start of any writer."""
        for _ in range(600):
            writer = self.writer(store, spill, rate=2, count=2)
            error = writer.ended()
            self.assertEqual(writer.process.returncode, 0, error)
            self.assertEqual(len(writer.durable), 2, error)
            self.extra += writer.durable
            if "waiting 0 bytes" in error:
                return
        self.fail("the spill directory is never empty: " + error)

    extra = []

    def check(self, store, ids, durable):
        self.assertEqual(len(ids), len(set(ids)), "a record is doubled")
        missing = set(durable) - set(ids)
        self.assertEqual(missing, set(), f"{len(missing)} of {len(durable)} durable records are lost")
        audit = subprocess.run([CALLVET, "evidence", "audit", "--store", str(store), "--json"], capture_output=True,
                               check=False)
        report = json.loads(audit.stdout or "{}")
        self.assertEqual(audit.returncode, 0, (audit.stderr, report.get("findings")))
        self.assertEqual(report["records"], len(ids))
        return report

    def sqlite_ids(self, path):
        database = sqlite3.connect(path)
        ids = []
        for day, in database.execute("SELECT day FROM day").fetchall():
            ids += [id.hex() for id, in database.execute(f"SELECT id FROM record_{day}")]
        database.close()
        return [f"{i[:8]}-{i[8:12]}-{i[12:16]}-{i[16:20]}-{i[20:]}" for i in ids]

    def postgres_ids(self, server):
        return [row[0] for row in server.query("SELECT id FROM evidence_record")]

    def kill_again_and_again(self, store, **more):
        generator = random.Random(1)
        durable = []
        start = time.monotonic()
        for _ in range(KILLS):
            writer = self.writer(store, **more)
            writer.wait_for(1)
            time.sleep(generator.uniform(0, 0.8))
            writer.kill()
            durable += writer.durable
        self.extra = []
        self.drain(store)
        durable += self.extra
        print(f"{KILLS} kills, {len(durable)} durable records, {time.monotonic() - start:.0f} s", flush=True)
        return durable

    def test_sqlite_killed(self):
        store = self.dir / "calls.db"
        durable = self.kill_again_and_again(store)
        self.check(store, self.sqlite_ids(store), durable)

    def test_sqlite_killed_without_bursts(self):
        """Every group into the store at once."""
        store = self.dir / "calls.db"
        durable = self.kill_again_and_again(store, burst=0)
        self.check(store, self.sqlite_ids(store), durable)

    def killed_in_a_burst(self, store):
        """Thousands of records lie in the spill directory; each comes into the store after a restart, once."""
        durable = []
        for _ in range(2):
            writer = self.writer(store, burst=1)
            writer.wait_for(5000)
            writer.kill()
            durable += writer.durable
            self.assertNotEqual(list((self.dir / "spill").glob("spill-*")), [], "nothing was spilled")
        self.extra = []
        self.drain(store)
        self.assertEqual(list((self.dir / "spill").glob("spill-*")), [])
        return durable + self.extra

    def test_sqlite_killed_in_a_burst(self):
        store = self.dir / "calls.db"
        durable = self.killed_in_a_burst(store)
        self.check(store, self.sqlite_ids(store), durable)

    def test_postgres_killed_in_a_burst(self):
        server = self.postgres()
        durable = self.killed_in_a_burst(server.url)
        self.check(server.url, self.postgres_ids(server), durable)

    def test_postgres_killed(self):
        server = self.postgres()
        durable = self.kill_again_and_again(server.url)
        self.check(server.url, self.postgres_ids(server), durable)

    def test_postgres_stopped_and_started(self):
        server = self.postgres()
        pause = float(os.environ.get("CALLVET_PAUSE", "3"))
        for how in (signal.SIGINT, signal.SIGQUIT):
            writer = self.writer(server.url, rate=2000, count=int(2000 * (pause + 4)))
            writer.wait_for(1000)
            server.stop(how)
            before = len(writer.durable)
            time.sleep(pause)
            writer.wait_for(before + 1000)  # spilled meanwhile; how fast is the machine's matter
            server.start()
            error = writer.ended()
            self.assertEqual(writer.process.returncode, 0, error)
            self.assertIn("refused 0", error)
            self.extra = []
            self.drain(server.url)
            self.all = getattr(self, "all", []) + writer.durable + self.extra
        ids = self.postgres_ids(server)
        self.assertEqual(len(ids), len(self.all))
        self.check(server.url, ids, self.all)

    def test_postgres_hangs(self):
        """A server that takes connections and never answers."""
        server = self.postgres()
        writer = self.writer(server.url, rate=500, count=500 * 15)
        writer.wait_for(200)
        children = [server.process.pid, *map(int, subprocess.run(
            ["pgrep", "-P", str(server.process.pid)], capture_output=True, check=False).stdout.split())]
        for pid in children:
            os.kill(pid, signal.SIGSTOP)
        before = len(writer.durable)
        end = time.monotonic() + 14
        while len(writer.durable) <= before + 100 and time.monotonic() < end:
            time.sleep(0.1)
        for pid in children:
            os.kill(pid, signal.SIGCONT)
        self.assertGreater(len(writer.durable), before + 100, "nothing was spilled meanwhile")
        error = writer.ended()
        self.assertEqual(writer.process.returncode, 0, error)
        self.extra = []
        self.drain(server.url)
        self.check(server.url, self.postgres_ids(server), writer.durable + self.extra)

    def test_two_writers_of_one_postgres(self):
        server = self.postgres()
        writers = [self.writer(server.url, f"spill-{i}", rate=1500, count=6000) for i in range(2)]
        errors = [writer.ended() for writer in writers]
        durable = writers[0].durable + writers[1].durable
        self.assertEqual(len(durable), 12000, errors)
        for i in range(2):
            self.extra = []
            self.drain(server.url, f"spill-{i}")
            durable += self.extra
        report = self.check(server.url, self.postgres_ids(server), durable)
        self.assertEqual(report["head"]["seq"], len(durable))

    def test_disk_full(self):
        """A small file system: store and spill fill it up; calls are refused, nothing durable is lost, and all goes
        on when there is room."""
        mount = self.dir / "small"
        mount.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", mount], capture_output=True,
                          check=False).returncode != 0:
            self.skipTest("a small file system cannot be mounted here")
        try:
            store = mount / "calls.db"
            # More than a slow writer's queue holds, too: then calls are refused before the disk is full.
            writer = Writer(store, self.key, mount / "spill", rate=5000, count=40000)
            error = writer.ended()
            self.assertEqual(writer.process.returncode, 0, error)
            self.assertNotIn("refused 0 ", error)
            self.assertGreater(len(writer.durable), 100)
            subprocess.run(["mount", "-o", "remount,size=200m", mount], check=True)
            again = Writer(store, self.key, mount / "spill", rate=2000, count=2000)
            error = again.ended()
            self.assertEqual(len(again.durable), 2000, error)
            self.assertIn("refused 0 ", error)
            for _ in range(60):
                last = Writer(store, self.key, mount / "spill", rate=10, count=1)
                error = last.ended()
                again.durable += last.durable
                if "waiting 0 bytes" in error:
                    break
            self.check(store, self.sqlite_ids(store), writer.durable + again.durable)
        finally:
            subprocess.run(["umount", mount], check=False)


if __name__ == "__main__":
    unittest.main(verbosity=2)
