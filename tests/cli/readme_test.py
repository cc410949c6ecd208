#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the commands of the README in order and holds their outcome against what stands there."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CALLVET = os.environ["CALLVET"]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")

# (expected outcome, commands, printed output or "")
BLOCKS = re.findall(r"<!-- test: (\S+) -->\n```sh\n(.*?)```\n(?:\n```\n(.*?)```\n)?", TEXT, re.S)

# As anchors of links within the page.
HEADINGS = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", TEXT, re.M)]


def run(commands, folder):
    environment = dict(os.environ, PATH=os.path.dirname(CALLVET) + ":" + os.environ["PATH"])
    return subprocess.run(["bash", "-euc", commands], cwd=folder, env=environment, timeout=60,
                          capture_output=True, text=True, check=False)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def stop_service(pid):
    """Ends the service that the README starts, if a failure left it behind."""
    try:
        if "serve" in pathlib.Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8"):
            os.kill(pid, signal.SIGTERM)
    except OSError:
        pass


class Readme(unittest.TestCase):
    def test_commands(self):
        self.assertGreaterEqual(len(BLOCKS), 4)
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "tools").symlink_to(ROOT / "tools")
            port = str(free_port())
            for expected, commands, printed in BLOCKS:
                result = run(commands.replace("127.0.0.1:18080", "127.0.0.1:" + port), folder)
                if "serve.pid" in commands and expected == "run":
                    pid = int((pathlib.Path(folder) / "serve.pid").read_text(encoding="utf-8"))
                    self.addCleanup(stop_service, pid)
                said = result.stdout + result.stderr
                with self.subTest(commands=commands):
                    if expected == "run":
                        self.assertEqual(result.returncode, 0, said)
                        continue
                    if expected.startswith("exit-"):
                        self.assertEqual(result.returncode, int(expected[5:]), said)
                        self.assertNotEqual(printed, "")
                        for line in printed.splitlines():
                            if line.strip() != "...":
                                self.assertIn(line + "\n", result.stdout)
                        continue
                    self.assertEqual(result.returncode, 0 if expected == "verified" else 1, said)
                    self.assertIn(f" {expected} (", result.stdout.splitlines()[0])
                    for line in printed.splitlines():
                        # Ages depend on how fast the commands follow each other.
                        if line.strip() != "..." and "age" not in line:
                            self.assertIn(line, result.stdout)

    def test_every_command_that_is_named_exists(self):
        for command in set(re.findall(r"`callvet ([a-z-]+)", TEXT)):
            result = run(f"callvet {command} --help", "/")
            self.assertEqual(result.returncode, 0, command)

    def test_every_option_that_is_named_exists(self):
        helps = "".join(run(f"callvet {command} --help", "/").stdout
                        for command in ("verify", "decode", "sign", "pki root", "pki intermediate",
                                        "pki leaf", "pki crl", "lint-cert", "fetch", "trust update", "policy explain", "pools simulate", "serve",
                                        "evidence find", "evidence audit", "evidence verify", "evidence export", "evidence prune",
                                        "evidence report", "complaint add", "complaint list"))
        helps += run("callvet --help", "/").stdout
        helps += "".join(run(f"tools/{tool} --help", ROOT).stdout for tool in ("simulate", "soak", "fuzz", "differential", "coverage", "package", "bench/run"))
        own_tools = {"--preset", "--build", "--install", "--prefix", "--retry", "--retry-delay", "--retry-connrefused", "--data-binary"}
        for option in set(re.findall(r"(?<![-\w])--[a-z][a-z-]+", TEXT)) - own_tools:
            self.assertIn(option, helps)

    def test_every_tool_says_what_it_does_and_does_nothing_else(self):
        """tools/lint would install packages and build, and tools/test everything."""
        block = TEXT.split("## For developers", 1)[1].split("```sh\n", 1)[1].split("```", 1)[0]
        for tool in sorted(set(re.findall(r"^(tools/\w+)", block, re.M)) | {"tools/prove-p256", "tools/quickstart", "tools/kamailio/headers"}):
            result = run(f"timeout 10 {tool} --help", ROOT)
            self.assertEqual((result.returncode, result.stderr), (0, ""), tool)
            self.assertIn(tool, result.stdout)
            self.assertNotIn("==", result.stdout, tool)

    def test_files_that_are_named_exist(self):
        for name in re.findall(r"\]\(([^)]+)\)|`((?:tools|certs|src)/[\w./-]+)`", TEXT):
            path = name[0] or name[1]
            if path.startswith("#"):
                self.assertIn(path[1:], HEADINGS)
            else:
                self.assertTrue((ROOT / path).exists(), path)

    def test_demo_of_the_quickstart(self):
        result = subprocess.run([str(ROOT / "tools/demo")], env=dict(os.environ, CALLVET=CALLVET),
                                capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("\nVERIFIED verified (", result.stdout)
        self.assertGreaterEqual(result.stdout.count("\nNOT VERIFIED "), 6)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
