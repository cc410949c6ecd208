# SPDX-License-Identifier: MIT
"""What the processes under test use, every few seconds: a line of CSV for each side."""

import csv
import pathlib
import re
import threading
import time

FIELDS = ["seconds", "side", "memory_kib", "shared_kib", "descriptors", "threads", "answered", "p50_ms", "p99_ms", "wrong", "refused",
          "spill_kib", "fault"]


def processes(pids):
    """(memory in KiB, descriptors, threads) of these processes and no others. Memory that several share counts once."""
    memory = descriptors = threads = 0
    for pid in pids:
        folder = pathlib.Path(f"/proc/{pid}")
        try:
            if len(pids) == 1:
                memory += int(re.search(r"^VmRSS:\s+(\d+)", (folder / "status").read_text(), re.M).group(1))
            else:
                memory += int(re.search(r"^Pss:\s+(\d+)", (folder / "smaps_rollup").read_text(), re.M).group(1))
            descriptors += len(list((folder / "fd").iterdir()))
            threads += len(list((folder / "task").iterdir()))
        except (OSError, AttributeError):
            pass  # it ended; that is seen elsewhere
    return memory, descriptors, threads


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else None


class Sampler:
    def __init__(self, world, service, plugin, faults, path, every=5.0):
        self.world, self.service, self.plugin, self.faults, self.every = world, service, plugin, faults, every
        self.rows = []
        self.file = path.open("w", newline="", encoding="utf-8")
        self.writer = csv.DictWriter(self.file, FIELDS)
        self.writer.writeheader()
        self.begin = time.monotonic()
        self.answered = {}
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.plugin_pids = plugin.pids() if plugin else []

    def start(self):
        self.thread.start()

    def stop(self):
        self.ending.set()
        self.thread.join(30)
        self.file.close()

    def run(self):
        due = time.monotonic()
        while True:
            due += self.every
            if self.ending.wait(max(0.0, due - time.monotonic())):
                return
            self.sample("service", self.service.pids(), 0)
            if self.plugin:
                try:
                    shared = self.plugin.shared_memory() // 1024
                except AssertionError:
                    shared = 0
                self.sample("plugin", self.plugin_pids, shared)

    def sample(self, name, pids, shared):
        side = self.world.sides[name]
        latencies = side.take()
        total = sum(side.answers.values())
        memory, descriptors, threads = processes(pids)
        try:
            spill = self.faults.evidence(name)[0] // 1024
        except (OSError, AssertionError, AttributeError):
            spill = None
        row = {"seconds": round(time.monotonic() - self.begin, 1), "side": name, "memory_kib": memory, "shared_kib": shared,
               "descriptors": descriptors, "threads": threads, "answered": total - self.answered.get(name, 0),
               "p50_ms": quantile(latencies, 0.5), "p99_ms": quantile(latencies, 0.99), "wrong": side.wrong,
               "refused": side.refused, "spill_kib": spill, "fault": self.faults.now}
        for column in ("p50_ms", "p99_ms"):
            row[column] = None if row[column] is None else round(row[column], 2)
        self.answered[name] = total
        self.rows.append(row)
        self.writer.writerow(row)
        self.file.flush()
