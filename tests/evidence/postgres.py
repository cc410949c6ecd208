# SPDX-License-Identifier: MIT
"""A PostgreSQL server of Debian's packages, in a folder of its own, on a Unix socket there."""

import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time


class Unavailable(Exception):
    """PostgreSQL is not installed, or cannot be run by this user."""


def _binaries():
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not folders:
        raise Unavailable("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    return pathlib.Path(folders[-1])


class Postgres:
    """Runs until stop(); start() may be called again. PostgreSQL refuses to run as root, so that root needs
    the user postgres, which Debian's package makes."""

    def __init__(self):
        self.bin = _binaries()
        self.prefix = []
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="callvet-pg-", dir="/tmp"))
        if os.geteuid() == 0:
            try:
                user = pwd.getpwnam("postgres")
            except KeyError as error:
                raise Unavailable("there is no user postgres") from error
            os.chown(self.dir, user.pw_uid, user.pw_gid)
            self.prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self.user = "postgres"
        self.process = None
        subprocess.run([*self.prefix, self.bin / "initdb", "-D", self.dir / "data", "-U", self.user, "-A", "trust",
                        "-E", "UTF8", "--no-locale"], check=True, capture_output=True, cwd="/")
        self.start()

    @property
    def url(self):
        return f"postgresql:///postgres?host={self.dir}&user={self.user}"

    def start(self):
        log = open(self.dir / "log", "ab")  # closed with the process
        self.process = subprocess.Popen(
            [*self.prefix, self.bin / "postgres", "-D", self.dir / "data", "-c", "listen_addresses=",
             "-c", f"unix_socket_directories={self.dir}"], cwd="/", stdout=log, stderr=log)
        log.close()
        for _ in range(300):
            ready = subprocess.run([self.bin / "pg_isready", "-h", self.dir, "-U", self.user, "-q"], check=False)
            if ready.returncode == 0:
                return
            time.sleep(0.1)
        raise Unavailable("the server does not start: " + (self.dir / "log").read_text()[-2000:])

    def stop(self, how=signal.SIGINT):
        """SIGINT ends it in order but at once, SIGQUIT as a crash does."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def query(self, sql):
        """The rows of one statement, as lists of texts."""
        done = subprocess.run([self.bin / "psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1",
                               self.url, "-c", sql], check=True, capture_output=True, cwd="/")
        return [line.split("\t") for line in done.stdout.decode().splitlines()]
