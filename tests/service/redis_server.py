# SPDX-License-Identifier: MIT
"""Debian's redis-server on a free port of loopback, in a folder of its own, ended by its process id."""

import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time


class Unavailable(Exception):
    """redis-server is not installed."""


class Nonsense:
    """Takes whatever comes and answers `answer` to every piece of it."""

    def __init__(self, answer):
        self.answer = answer
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with connection:
            try:
                while connection.recv(65536):
                    connection.sendall(self.answer)
            except OSError:
                pass

    def close(self):
        self.socket.close()


class Redis:
    """Runs until stop(); start() may be called again, on the same port and with nothing remembered."""

    def __init__(self):
        self.binary = shutil.which("redis-server")
        if self.binary is None:
            raise Unavailable("no redis-server is installed (Debian: apt-get install redis-server)")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="callvet-redis-", dir="/tmp"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--dir", str(self.dir), "--daemonize", "no"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                if self.command("PING").startswith(b"+PONG"):
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError("redis-server does not answer")

    def command(self, *words):
        """The raw answer, as far as it comes at once."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            parts = [f"*{len(words)}\r\n".encode()]
            parts += [f"${len(word.encode())}\r\n{word}\r\n".encode() for word in words]
            connection.sendall(b"".join(parts))
            return connection.recv(65536)

    def pause(self):
        """It accepts connections and answers nothing any more."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)
