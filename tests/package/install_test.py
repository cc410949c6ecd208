#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What `cmake --install` puts below a DESTDIR runs from there: program, default configuration, unit, SBOM. Loopback only."""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

CALLVET = os.environ["CALLVET"]
BUILD = os.environ["CALLVET_BUILD"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMIT_SCRIPT = ROOT / "src/cli/commit.cmake"


def run(*command, code=0, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=240, check=False, **options)
    if code is not None and done.returncode != code:
        raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def install(destination):
    """Always below a DESTDIR: a build that was configured for packages has absolute paths."""
    run("cmake", "--install", BUILD, "--prefix", "/opt/callvet", "--component", "callvet",
        env={**os.environ, "DESTDIR": str(destination)})


def configuration_in(destination):
    """Where the unit looks for it: below the prefix that the build was configured with, whatever --prefix says."""
    unit = (destination / "opt/callvet/lib/systemd/system/callvet.service").read_text()
    return destination / re.search(r"^ExecStart=.* --config /(\S+)", unit, re.M).group(1)


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="callvet-install-"))
        install(cls.folder)
        cls.prefix = cls.folder / "opt/callvet"
        cls.program = cls.prefix / "bin/callvet"
        cls.config = configuration_in(cls.folder)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def test_program_says_what_it_is(self):
        lines = run(self.program, "--version").splitlines()
        project = re.search(r"project\(callvet VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
        self.assertEqual(lines[0], f"callvet {project}")
        said = dict(re.split(r": +", line, maxsplit=1) for line in lines[1:])
        self.assertRegex(said["commit"], "^([0-9a-f]{40}(-modified)?|unknown)$")
        self.assertRegex(said["ES256 engine"], r"^(\w+) \(usable here: \1, .*openssl\)$")
        engine = said["ES256 engine"].split()[0]
        run(self.program, "verify", "--engine", engine, "x", "--orig", "1", "--dest", "2", "--json", code=1)
        self.assertRegex(said["cryptography"], "^OpenSSL 3")
        self.assertRegex(said["downloads"], "^libcurl .* with OpenSSL")
        self.assertRegex(said["evidence"], "^SQLite 3.*, PostgreSQL by libpq ")
        self.assertRegex(said["pools"], "Redis by hiredis ")

    def test_everything_has_its_place(self):
        for path in ("bin/callvet", self.config, self.config.parent / "anchors/README", "lib/systemd/system/callvet.service",
                     "share/man/man1/callvet.1", "share/man/man5/callvet.json.5", "share/man/man5/callvet-policy.5",
                     "share/bash-completion/completions/callvet", "share/doc/callvet/README.md",
                     "share/doc/callvet/examples/policy/intercept.json"):
            self.assertGreater((self.prefix / path).stat().st_size, 0, path)
        self.assertEqual((self.prefix / "share/man/man1/callvet.1").read_text(), run(CALLVET, "manual"))

    def test_an_edited_configuration_is_not_overwritten(self):
        with tempfile.TemporaryDirectory(prefix="callvet-install-") as folder:
            config = pathlib.Path(folder) / self.config.relative_to(self.folder)
            config.parent.mkdir(parents=True)
            config.write_text("mine")
            install(folder)
            self.assertEqual(config.read_text(), "mine")
            self.assertTrue((config.parent / "anchors/README").exists())

    def test_default_configuration_serves_and_waits_for_anchors(self):
        lab = self.folder / "lab"
        run(self.program, "pki", "root", "--dir", lab)
        etc = self.config.parent
        config = etc / "here.json"  # the directories of /var are not this test's
        config.write_text((etc / "callvet.json").read_text().replace("/var/", f"{self.folder}/var-")
                          .replace("127.0.0.1:8080", "127.0.0.1:0"))
        (self.folder / "var-lib/callvet").mkdir(parents=True)
        (self.folder / "var-cache/callvet").mkdir(parents=True)
        run(self.program, "serve", "--config", config, "--check-config")
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.settimeout(60)
        manager.bind(str(self.folder / "notify"))
        log = open(self.folder / "log", "w+", encoding="utf-8")
        self.addCleanup(log.close)
        process = subprocess.Popen([self.program, "serve", "--config", config], stdout=subprocess.PIPE, stderr=log, text=True,
                                   env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify")})
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        self.assertEqual(manager.recv(100), b"READY=1")
        port = int(re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline()).group(1))

        def get(path):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            return answer.status, json.loads(body)

        self.assertEqual(get("/healthz")[0], 200)
        status, answer = get("/readyz")
        self.assertEqual((status, answer["ready"], answer["reason"]), (503, False, "config-invalid"))
        self.assertIn(str(etc / "anchors"), answer["detail"])

        def ready_after(change, expected):
            change()
            process.send_signal(signal.SIGHUP)
            for _ in range(600):
                if get("/readyz")[0] == expected:
                    return True
                time.sleep(0.05)
            return False

        anchor = etc / "anchors/lab.pem"
        self.assertTrue(ready_after(lambda: shutil.copy(lab / "root.pem", anchor), 200))
        self.assertTrue(ready_after(anchor.unlink, 503), "who takes the last anchor away trusts nobody")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertEqual(manager.recv(100), b"STOPPING=1")
        log.seek(0)
        self.assertIn("not-ready", [json.loads(line).get("event") for line in log])

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze")
    def test_the_unit_is_good_and_tight(self):
        unit = self.folder / "callvet.service"
        text = (self.prefix / "lib/systemd/system/callvet.service").read_text()
        self.assertNotIn("@CALLVET", text)
        unit.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={self.program}", text).replace("man:callvet(1) man:callvet.json(5)", "man:sh(1)"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60, check=False)
        own = [line for line in (done.stdout + done.stderr).splitlines() if "callvet" in line]
        self.assertEqual((done.returncode, own), (0, []), done.stderr)
        said = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit, code=None)
        exposure = re.search(r"Overall exposure level for .*: ([0-9.]+)", said)
        self.assertIsNotNone(exposure, said)
        self.assertLessEqual(float(exposure.group(1)), 1.5)


class Sbom(unittest.TestCase):
    def make(self, **environment):
        return run("/usr/bin/python3", ROOT / "tools/install/sbom.py", "--name", "callvet", "--version", "0.1.0-1", "--licence", "MIT",
                   "--header-only", "nlohmann-json3-dev", CALLVET, env={**os.environ, **environment})

    def test_is_spdx_and_names_what_is_linked(self):
        text = self.make(SOURCE_DATE_EPOCH="1700000000")
        self.assertEqual(text, self.make(SOURCE_DATE_EPOCH="1700000000"), "the same input, the same bytes")
        document = json.loads(text)
        # SPDX 2.3, clauses 6 (document), 7 (packages), 11 (relationships): what is mandatory.
        self.assertEqual((document["spdxVersion"], document["dataLicense"], document["SPDXID"]),
                         ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"))
        self.assertEqual(document["creationInfo"]["created"], "2023-11-14T22:13:20Z")
        self.assertTrue(all(re.match("(Tool|Person|Organization): .", who) for who in document["creationInfo"]["creators"]))
        self.assertRegex(document["documentNamespace"], r"^https?://[^#\s]+$")
        self.assertTrue(document["name"])
        ids = [package["SPDXID"] for package in document["packages"]]
        self.assertEqual(len(ids), len(set(ids)))
        for package in document["packages"]:
            self.assertRegex(package["SPDXID"], r"^SPDXRef-[A-Za-z0-9.-]+$")
            self.assertTrue(package["name"] and package["versionInfo"])
            self.assertRegex(package["downloadLocation"], r"^(NOASSERTION|NONE|(https?|git|ftp)\S*)$")
            self.assertIs(package["filesAnalyzed"], False)
            for field in ("licenseConcluded", "licenseDeclared"):
                self.assertRegex(package[field], r"^(NOASSERTION|NONE|[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*)$")
            self.assertTrue(package["copyrightText"])
        known = {*ids, "SPDXRef-DOCUMENT"}
        for relation in document["relationships"]:
            self.assertLessEqual({relation["spdxElementId"], relation["relatedSpdxElement"]}, known)
        self.assertIn(("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Package-callvet"),
                      [(r["spdxElementId"], r["relationshipType"], r["relatedSpdxElement"]) for r in document["relationships"]])
        licences = {package["name"]: package["licenseDeclared"] for package in document["packages"]}
        self.assertEqual((licences["libssl3"], licences["nlohmann-json3-dev"], licences["libcurl4"]), ("Apache-2.0", "MIT", "curl"))
        needed = set(re.findall(r"NEEDED +(\S+)", run("objdump", "-p", CALLVET)))
        linked = {r["comment"].removeprefix("needs ") for r in document["relationships"] if r["relationshipType"] == "DYNAMIC_LINK"}
        # A relation names one library of a package.
        self.assertLessEqual(linked, needed)
        for library in ("libssl.so.3", "libcurl.so.4", "libsqlite3.so.0", "libpq.so.5", "libhiredis.so.0.14"):
            self.assertIn(library, linked)


class Commit(unittest.TestCase):
    """commit.cmake: who compiles an archive of the source has its commit too."""

    def commit_of(self, folder, source):
        output = folder / "commit.cc"
        run("cmake", f"-DSOURCE={source}", f"-DOUTPUT={output}", "-P", folder / "commit.cmake")
        return re.search('return "(.*)"', output.read_text()).group(1)

    def test_archive_clone_and_neither(self):
        with tempfile.TemporaryDirectory(prefix="callvet-commit-") as name:
            folder = pathlib.Path(name)
            shutil.copy(COMMIT_SCRIPT, folder)
            (folder / "commit.txt").write_text("$Format:%H$\n$Format:%ct$\n")
            self.assertEqual(self.commit_of(folder, folder), "unknown")
            before = (folder / "commit.cc").stat().st_mtime_ns
            self.commit_of(folder, folder)
            self.assertEqual((folder / "commit.cc").stat().st_mtime_ns, before, "nothing new, nothing to compile")
            (folder / "commit.txt").write_text("0123456789abcdef0123456789abcdef01234567\n1700000000\n")
            self.assertEqual(self.commit_of(folder, folder), "0123456789abcdef0123456789abcdef01234567")
            if not shutil.which("git"):
                return
            (folder / "commit.txt").write_text("$Format:%H$\n$Format:%ct$\n")
            git = ("git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@example.org")
            (folder / ".gitattributes").write_text("commit.txt export-subst\n")
            run(*git, "init", "-q")
            run(*git, "add", "commit.txt", "commit.cmake", ".gitattributes")
            run(*git, "commit", "-q", "-m", "x")
            head = run(*git, "rev-parse", "HEAD").strip()
            self.assertEqual(self.commit_of(folder, folder), head)
            (folder / "commit.cmake").write_text((folder / "commit.cmake").read_text() + "# more\n")
            self.assertEqual(self.commit_of(folder, folder), head + "-modified")
            (folder / "archive").mkdir()
            archive = subprocess.run([*map(str, git), "archive", "HEAD"], capture_output=True, check=True).stdout
            subprocess.run(["tar", "-x", "-C", folder / "archive"], input=archive, check=True)
            self.assertEqual(self.commit_of(folder / "archive", folder / "archive"), head)


if __name__ == "__main__":
    unittest.main(verbosity=2)
