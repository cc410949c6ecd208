#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The C interface: the C11 test program, the exported symbols, and a program of somebody else that is
built against what is installed, by pkg-config and by CMake. Loopback only."""

import http.server
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

CALLVET = os.environ["CALLVET"]
PROGRAM = os.environ["CAPI_PROGRAM"]
LIBRARY = os.environ["CAPI_LIBRARY"]
BUILD = os.environ["CALLVET_BUILD"]
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CALLER, CALLED = "+12155550100", "+12155550101"


def run(*command, **options):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, check=False,
                            **options)
    return result


def callvet(*arguments):
    result = run(CALLVET, *arguments)
    if result.returncode != 0:
        raise AssertionError(f"callvet {arguments}: {result.stdout}{result.stderr}")
    return result.stdout.strip()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class CApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="callvet-capi-"))
        folder = str(cls.folder)
        callvet("pki", "root", "--dir", folder)
        callvet("pki", "intermediate", "--dir", folder, "--issuer-cert", f"{folder}/root.pem", "--issuer-key",
                f"{folder}/root.key")
        callvet("pki", "leaf", "--dir", folder, "--issuer-cert", f"{folder}/intermediate.pem", "--issuer-key",
                f"{folder}/intermediate.key", "--spc", "4321")
        web = cls.folder / "web"
        web.mkdir()
        shutil.copy(cls.folder / "chain.pem", web)
        cls.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), lambda *a: Quiet(*a, directory=str(web)))
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        port = cls.server.server_address[1]
        url = f"http://127.0.0.1:{port}/chain.pem"
        (cls.folder / "url").write_text(url)
        (cls.folder / "gone").write_text(f"http://127.0.0.1:{port}/gone.pem")
        (cls.folder / "policy.json").write_text("{}")
        config = {
            "listen": "127.0.0.1:1",  # of a server; ignored here
            "trust": {"anchors": ["root.pem"]},
            "certificates": {"insecure_allow_http": True, "insecure_allow_private_addresses": True,
                             "insecure_allow_ports": [port]},
            "policy": "policy.json",
        }
        (cls.folder / "config.json").write_text(json.dumps(config))
        config["evidence"] = {"store": "calls.db", "queued_records": 100, "when_full": "count"}
        (cls.folder / "evidence.json").write_text(json.dumps(config))
        del config["evidence"]
        rule = {"name": "dialler", "calls": 100, "callers": 50, "callees_per_call": 0.8, "action": "reject", "for": 3600}
        (cls.folder / "pools-policy.json").write_text(json.dumps(
            {"default": {"overrides": {"no-identity": {"action": "pass"}}}, "pools": [rule]}))
        (cls.folder / "pools.json").write_text(json.dumps({**config, "policy": "pools-policy.json", "pools": {}}))
        identity = callvet("sign", "--key", f"{folder}/leaf.key", "--x5u", url, "--orig", CALLER, "--dest", CALLED,
                           "--insecure-unchecked")
        identity = identity.removeprefix("Identity:").strip()
        for name, caller in (("good", CALLER), ("tampered", "+12155550199")):
            (cls.folder / f"{name}.sip").write_text(
                f"INVITE sip:{CALLED}@callee.example.org SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
                f"From: <sip:{caller}@caller.example.org>;tag=1\r\nTo: <sip:{CALLED}@callee.example.org>\r\n"
                f"Call-ID: 1@example.org\r\nCSeq: 1 INVITE\r\nIdentity: {identity}\r\nContent-Length: 0\r\n\r\n",
                newline="")

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def test_program_in_c11(self):
        result = run(PROGRAM, self.folder)
        self.assertEqual((result.returncode, result.stdout.strip()), (0, "all good"), result.stderr)
        store = ("--store", self.folder / "calls.db")
        records = json.loads(callvet("evidence", "find", *store, "--json"))["records"]
        self.assertEqual(sorted(record["reason"] for record in records), ["orig-mismatch", "verified", "verified"])
        for record in records:
            self.assertEqual(record["call_id"], "1@example.org")
            replay = json.loads(callvet("evidence", "verify", *store, record["id"], "--json"))
            self.assertEqual(replay["outcome"], "repeated", replay)
        callvet("evidence", "audit", *store)

    def test_exported_symbols_are_the_golden_list(self):
        lines = run("nm", "--dynamic", "--defined-only", LIBRARY).stdout.splitlines()
        symbols = sorted(line.split()[2].split("@")[0] for line in lines if line.split()[1] in "TDBRVW")
        golden = (ROOT / "tests/capi/symbols.txt").read_text().split()
        self.assertEqual(symbols, golden)

    def test_example_builds_and_runs_against_what_is_installed(self):
        prefix = self.folder / "prefix"
        for script in ("src/capi",):
            result = run("cmake", "--install", f"{BUILD}/{script}", "--prefix", prefix)
            self.assertEqual(result.returncode, 0, result.stderr)
        example = ROOT / "tools/examples/verify.c"
        environment = {**os.environ, "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig", "LD_LIBRARY_PATH": f"{prefix}/lib"}
        sanitize = os.environ.get("CALLVET_SANITIZE", "")
        extra = [f"-fsanitize={sanitize}"] if sanitize else []
        flags = run("pkg-config", "--cflags", "--libs", "callvet", env=environment).stdout.split()
        self.assertIn("-lcallvet", flags)
        program = self.folder / "verify"
        result = run("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *extra, example, *flags, "-o", program)
        self.assertEqual(result.returncode, 0, result.stderr)
        good = run(program, self.folder / "config.json", self.folder / "good.sip", env=environment)
        self.assertEqual(good.returncode, 0, good.stdout + good.stderr)
        self.assertIn("verstat  TN-Validation-Passed", good.stdout)
        bad = run(program, self.folder / "config.json", self.folder / "tampered.sip", env=environment)
        self.assertEqual(bad.returncode, 1)
        self.assertIn("reason   orig-mismatch", bad.stdout)
        self.assertIn("reply    438", bad.stdout)

        source = self.folder / "user"
        source.mkdir()
        shutil.copy(example, source)
        (source / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(user C)\nfind_package(callvet 0.1 REQUIRED)\n"
            "add_executable(user verify.c)\ntarget_link_libraries(user callvet::callvet)\n")
        result = run("cmake", "-S", source, "-B", source / "build", f"-DCMAKE_PREFIX_PATH={prefix}",
                     f"-DCMAKE_C_FLAGS={' '.join(extra)}")
        self.assertEqual(result.returncode, 0, result.stderr)
        result = run("cmake", "--build", source / "build")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(run(source / "build/user", self.folder / "config.json", self.folder / "good.sip").returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
