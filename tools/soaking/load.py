# SPDX-License-Identifier: MIT
"""Threads that send calls at a rate until told to end."""

import random
import threading
import time


class Load:
    """`loops`: pairs of a step and its rate, each in a thread of its own. A step gets what `connect` made for its
    thread. Whoever inherits says how a call is placed."""

    def __init__(self, world, side, connect, patience, loops):
        self.world, self.side, self.connect, self.patience = world, world.sides[side], connect, patience
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.loop, args=loop, daemon=True) for loop in loops]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(self.patience)

    def loop(self, step, rate):
        peer = self.connect()
        due = time.monotonic()
        while not self.ending.is_set():
            due = max(due + random.expovariate(rate), time.monotonic() - 1)
            if self.ending.wait(max(0.0, due - time.monotonic())):
                break
            self.take(step, peer)

    def take(self, step, peer):
        step(peer)

    def calls(self, peer):
        self.place(peer, self.world.pick())

    def cold_calls(self, peer):
        self.place(peer, self.world.pick_cold())
