#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Drives `verify --evidence` and `evidence` from outside: record, find, show, verify, export, audit,
prune, with numbers as they are and with numbers hashed."""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import time
import unittest

CALLVET = os.environ.get("CALLVET", "")
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ORIG = "+12155550100"
DEST = "+12155550101"
X5U = "https://cert.example.org/chain.pem"


class Run:
    def __init__(self, *args, stdin=None, env=None):
        environment = {**os.environ, "LC_ALL": "C", **(env or {})}
        done = subprocess.run([CALLVET, *map(str, args)], capture_output=True, input=stdin,
                              env=environment, timeout=120, check=False)
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8")
        self.err = done.stderr.decode("utf-8")
        self.args = args

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"{self.args}\nexit {self.code}\n{self.out}\n{self.err}"


class EvidenceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = pathlib.Path(tempfile.mkdtemp(prefix="callvet-evidence-"))
        for args in (["root"], ["intermediate", "--issuer-cert", cls.lab / "root.pem", "--issuer-key",
                                cls.lab / "root.key"],
                     ["leaf", "--issuer-cert", cls.lab / "intermediate.pem", "--issuer-key",
                      cls.lab / "intermediate.key", "--spc", "4321"]):
            run = Run("pki", *args, "--dir", cls.lab)
            assert run.code == 0, run

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.lab)

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(dir=self.lab))
        self.store = self.dir / "calls.db"

    def sign(self, orig=ORIG, key=None):
        run = Run("sign", "--key", key or self.lab / "leaf.key", "--x5u", X5U, "--orig", orig, "--dest", DEST,
                  "--attest", "A")
        self.assertEqual(run.code, 0, run)
        return run.out.strip().removeprefix("Identity: ")

    def record(self, *more, orig=ORIG, header=None):
        run = Run("verify", "--evidence", self.store, "--orig", orig, "--dest", DEST, "--anchors",
                  self.lab / "root.pem", "--cert", self.lab / "chain.pem", "--json", *more,
                  header or self.sign())
        self.assertIn(run.code, (0, 1), run)
        return run.json()

    def evidence(self, command, *args, code=0):
        where = [] if command == "verify-file" else ["--store", self.store]
        run = Run("evidence", command.removesuffix("-file"), *where, *args)
        self.assertEqual(run.code, code, run)
        return run

    def test_verify_of_what_is_no_file_says_so(self):
        run = subprocess.run([CALLVET, "evidence", "verify", "nofile"], capture_output=True, text=True, timeout=60, check=False,
                             env={name: value for name, value in os.environ.items() if name != "CALLVET_EVIDENCE"})
        self.assertEqual(run.returncode, 2, run)
        self.assertIn('"nofile" is no file', run.stderr)
        self.assertIn("--store", run.stderr)

    def test_one_call_from_record_to_audit(self):
        answer = self.record("--trunk", "pstn-1", "--call-id", "1@example.org")
        self.assertEqual(answer["reason"], "verified")
        id = answer["evidence_id"]
        self.assertEqual(os.stat(self.store).st_mode & 0o77, 0)
        self.assertEqual(os.stat(f"{self.store}.key").st_mode & 0o77, 0)
        other = self.record(orig="+12155550199")
        self.assertEqual(other["reason"], "orig-mismatch")

        found = self.evidence("find", "--orig", ORIG, "--json").json()["records"]
        self.assertEqual([entry["id"] for entry in found], [id])
        entry = found[0]
        for name, value in {"orig": "12155550100", "dest": "12155550101", "call_id": "1@example.org",
                            "trunk": "pstn-1", "reason": "verified", "attest": "A", "spc": "4321",
                            "numbers": "plain"}.items():
            self.assertEqual(entry[name], value, name)
        for option, value, count in (("--dest", DEST, 2), ("--spc", "4321", 1), ("--trunk", "pstn-1", 1),
                                     ("--reason", "orig-mismatch", 1), ("--call-id", "1@example.org", 1),
                                     ("--origid", entry["origid"], 1), ("--from", "2020-01-01T00:00:00Z", 2),
                                     ("--to", "2020-01-01T00:00:00Z", 0), ("--limit", 1, 1)):
            found = self.evidence("find", option, value, "--json").json()["records"]
            self.assertEqual(len(found), count, option)

        story = self.evidence("show", id, "--json").json()
        self.assertEqual(story["responsible"]["trunk"], "pstn-1")
        self.assertEqual(story["responsible"]["signer"]["spcs"], ["4321"])
        self.assertEqual(story["replay"]["outcome"], "repeated")
        self.assertIn("Who is responsible", self.evidence("show", id).out)
        for one, reason in ((id, "verified"), (other["evidence_id"], "orig-mismatch")):
            again = self.evidence("verify", one, "--json").json()
            self.assertEqual((again["outcome"], again["reason"]), ("repeated", reason))
        self.assertIn("INTACT", self.evidence("audit").out)
        accesses = self.evidence("find", "--access", "--json").json()["accesses"]
        self.assertEqual(accesses[-1]["what"], "find")
        self.assertIn("show", {access["what"] for access in accesses})
        self.evidence("show", "00000000-0000-7000-8000-000000000000", code=2)

    def test_a_setting_that_is_gone_is_an_altered_store(self):
        self.record()
        connection = sqlite3.connect(self.store)
        connection.execute("DELETE FROM setting WHERE name = 'number_key'")
        connection.commit()
        connection.close()
        for command in ("audit", "find"):
            self.assertIn("evidence-altered", self.evidence(command, code=1).err)

    def test_bytes_that_are_no_utf_8_are_shown(self):
        message = self.dir / "call.sip"
        message.write_bytes(f"INVITE sip:{DEST}@example.org SIP/2.0\r\nFrom: \"J\xfcrgen\" <sip:{ORIG}@example.org>;tag=1\r\n"
                            f"To: <sip:{DEST}@example.org>\r\nCall-ID: caf\xe9@example.org\r\n"
                            f"Identity: {self.sign()};note=\"\xe9\"\r\n\r\n".encode("latin-1"))
        run = Run("verify", "--evidence", self.store, "--sip-file", message, "--anchors", self.lab / "root.pem",
                  "--cert", self.lab / "chain.pem", "--json")
        self.assertIn(run.code, (0, 1), run)
        id = run.json()["evidence_id"]
        shown = self.evidence("show", id).out
        self.assertRegex(shown, r"Call-ID: caf.+@example\.org")
        self.assertRegex(shown, r"Identity: .+note=")
        file = self.dir / "latin.json"
        self.evidence("export", id, "--out", file)
        self.assertRegex(self.evidence("verify-file", file).out, r"Call-ID caf.+@example\.org")

    def test_a_bundle_needs_nothing_else_and_tells_changes(self):
        id = self.record()["evidence_id"]
        file = self.dir / "bundle.json"
        self.evidence("export", id, "--out", file)
        self.assertEqual(os.stat(file).st_mode & 0o77, 0)
        public = self.dir / "pub.pem"
        self.assertEqual(Run("pki", "key", "--key", f"{self.store}.key", "--out-public-key", public).code, 0)
        for end in ("", "-wal", "-shm", ".key"):
            pathlib.Path(f"{self.store}{end}").unlink(missing_ok=True)
        again = self.evidence("verify-file", file, "--json").json()
        self.assertEqual((again["outcome"], again["reason"]), ("repeated", "verified"))
        self.assertIs(again["responsible"]["signer_verified"], True)
        self.evidence("verify-file", file, "--public-key", public)
        bundle = json.loads(file.read_text())

        def altered(change):
            copy = json.loads(json.dumps(bundle))
            change(copy)
            (self.dir / "altered.json").write_text(json.dumps(copy))
            run = self.evidence("verify-file", self.dir / "altered.json", code=1)
            self.assertIn("evidence-altered", run.err)

        # The same key in other words, and what is none.
        pem = public.read_text()
        der = subprocess.run(["openssl", "ec", "-pubin", "-in", public, "-outform", "DER"],
                             capture_output=True, check=True).stdout
        compressed = subprocess.run(["openssl", "ec", "-pubin", "-in", public, "-conv_form", "compressed"],
                                    capture_output=True, check=True).stdout
        key = self.dir / "same.key"
        for form in (pem.replace("\n", "\r\n").encode(), b"# of the archive\n" + pem.encode(), der, compressed):
            key.write_bytes(form)
            self.evidence("verify-file", file, "--public-key", key)
        for form in (b"", b"no key", der[:-1], (self.lab / "root.pem").read_bytes()):
            key.write_bytes(form)
            self.evidence("verify-file", file, "--public-key", key, code=2)
        self.assertIn("file's own word", self.evidence("verify-file", file).out)
        self.assertEqual(again["own_word"], ["anchors", "key", "time", "options", "revocation", "downloads", "call", "trunk", "decision"])
        self.assertEqual(self.evidence("verify-file", file, "--public-key", public, "--anchors",
                                       self.lab / "root.pem", "--json").json()["own_word"], [])
        self.assertEqual(again["responsible"]["signer"]["spcs"], ["4321"])
        self.assertEqual([len(anchor["sha256"]) for anchor in again["anchors"]], [64])
        text = self.evidence("verify-file", file).out
        for part in (f"{ORIG} -> {DEST}  Call-ID -", "signer: ", "SPC 4321", "came in by trunk: -", "The call as it came in"):
            self.assertIn(part, text)

        # Other keys and anchors are named as such.
        other = self.dir / "other.pub"
        self.assertEqual(Run("pki", "key", "--out-key", self.dir / "other.key", "--out-public-key", other).code, 0)
        self.assertIn("evidence-altered: it is signed with another key: ",
                      self.evidence("verify-file", file, "--public-key", other, code=1).err)
        self.assertEqual(Run("pki", "root", "--dir", self.dir / "foreign").code, 0)
        foreign = self.evidence("verify-file", file, "--anchors", self.dir / "foreign" / "root.pem", "--json", code=1).json()
        self.assertIn("none of --anchors is among those by which it was judged", foreign["difference"])
        self.assertEqual((foreign["outcome"], foreign["anchors"]), ("differs", []))

        altered(lambda b: b["private"]["call"].update(orig=["+12155550177"]))
        altered(lambda b: b.update(record=b["record"].replace('"attest":"A"', '"attest":"B"')))
        altered(lambda b: b["blobs"].pop(sorted(b["blobs"])[0]))
        altered(lambda b: b["blobs"].update({sorted(b["blobs"])[0]: "AAAA"}))
        altered(lambda b: b.update(signature=b["signature"][:-4] + "AAAA"))
        self.evidence("verify-file", self.lab / "root.pem", code=2)

    def test_export_replaces_nothing_of_the_store_and_no_link(self):
        number_key = self.dir / "numbers.key"
        number_key.write_text("0123456789abcdef" * 4 + "\n")
        number_key.chmod(0o600)
        id = self.record("--number-key", number_key)["evidence_id"]
        other_name = self.dir / "other-name.json"
        os.link(self.store, other_name)
        link = self.dir / "link.json"
        link.symlink_to(self.dir / "elsewhere.json")
        pipe = self.dir / "pipe"
        os.mkfifo(pipe)
        key = pathlib.Path(f"{self.store}.key")
        before = [path.read_bytes() for path in (self.store, key, number_key)]
        for out in (self.store, self.dir / "." / "calls.db", f"{self.store}-wal", f"{self.store}-shm", key, number_key,
                    other_name, link, pipe, self.dir):
            run = self.evidence("export", id, "--number-key", number_key, "--out", out, code=2)
            self.assertIn("parameter-invalid: --out: ", run.err)
        self.assertEqual([path.read_bytes() for path in (self.store, key, number_key)], before)
        self.assertTrue(link.is_symlink() and pipe.is_fifo())
        here = os.getcwd()
        os.chdir(self.dir)
        try:
            run = self.evidence("export", id, "--number-key", number_key, "--out", "-")
        finally:
            os.chdir(here)
        self.assertEqual(run.json()["id"], id)
        self.assertFalse((self.dir / "-").exists())

    def test_a_delegates_call_leads_to_who_delegated(self):
        by = lambda name: ("--issuer-cert", self.lab / f"{name}.pem", "--issuer-key", self.lab / f"{name}.key")
        folder = self.dir / "delegate"
        for args in (["intermediate", *by("intermediate"), "--tnauthlist", "4321"],
                     ["leaf", "--issuer-cert", folder / "intermediate.pem", "--issuer-key", folder / "intermediate.key",
                      "--issuer-chain", self.lab / "intermediate.pem", "--tn", "12155550100", "--org", "A Customer"]):
            run = Run("pki", *args, "--dir", folder)
            self.assertEqual(run.code, 0, run)
        header = self.sign(key=folder / "leaf.key")
        answer = Run("verify", "--evidence", self.store, "--orig", ORIG, "--dest", DEST, "--anchors", self.lab / "root.pem",
                     "--cert", folder / "chain.pem", "--offline", "--json", header).json()
        self.assertEqual((answer["reason"], answer["signer"]["delegated_by_spcs"]), ("verified", ["4321"]))
        found = self.evidence("find", "--spc", "4321", "--json").json()["records"]
        self.assertEqual([(entry["id"], entry["spc"]) for entry in found], [(answer["evidence_id"], "4321")])
        self.assertIn("delegated by SPC 4321", self.evidence("show", answer["evidence_id"]).out)
        rows = self.evidence("report", "--json").json()["rows"]
        self.assertEqual([row["party"] for row in rows], ["4321"])
        self.assertEqual(self.evidence("verify", answer["evidence_id"], "--json").json()["outcome"], "repeated")

    def test_with_a_store_an_id_is_an_id(self):
        id = self.record()["evidence_id"]
        other = self.record(orig="+12155550199")["evidence_id"]
        self.evidence("export", other, "--out", self.dir / id)
        here = os.getcwd()
        os.chdir(self.dir)
        try:
            again = self.evidence("verify", id, "--json").json()
        finally:
            os.chdir(here)
        self.assertEqual((again["id"], again["reason"]), (id, "verified"))
        self.assertEqual(again["own_word"], [])
        run = self.evidence("verify", id, "--public-key", self.dir / "none.pem", code=2)
        self.assertIn("--public-key is for a file", run.err)

    def signature(self, statement):
        """ES256 by the checkpoint key, r || s."""
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", f"{self.store}.key"], input=statement,
                             capture_output=True, check=True).stdout
        r = der[4:4 + der[3]]
        s = der[6 + der[3]:]
        return b"".join(part.lstrip(b"\0").rjust(32, b"\0") for part in (r, s))

    def test_a_file_whose_own_verdict_is_false_differs(self):
        """Whoever makes a file signs it too."""
        id = self.record()["evidence_id"]
        file = self.dir / "bundle.json"
        self.evidence("export", id, "--out", file)
        bundle = json.loads(file.read_text())

        def sha256(value):
            text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"),
                                                                   ensure_ascii=False)
            return hashlib.sha256(text.encode()).hexdigest()

        for change, code in ((lambda v: None, 0), (lambda v: v.update(attest="C"), 1),
                             (lambda v: v.update(judged_at="2020-01-01T00:00:00Z"), 1)):
            copy = json.loads(json.dumps(bundle))
            change(copy["verdict"])
            statement = "\n".join(("callvet evidence export", str(copy["seq"]), copy["hash"], sha256(copy["record"]),
                                   sha256(copy["private"]), sha256(copy["verdict"]), ""))
            copy["signature"] = base64.urlsafe_b64encode(self.signature(statement.encode())).decode().rstrip("=")
            file.write_text(json.dumps(copy))
            run = self.evidence("verify-file", file, "--json", code=code)
            self.assertEqual(run.json()["outcome"], "differs" if code else "repeated")

    def sign_anew(self):
        """All hashes follow again, and the end is signed by the writer's own key."""
        database = sqlite3.connect(self.store)
        (day,) = database.execute("SELECT day FROM day").fetchone()
        link = bytes(32)
        for seq, text in database.execute(f"SELECT seq, text FROM record_{day} ORDER BY seq").fetchall():
            link = hashlib.sha256(link + hashlib.sha256(text.encode()).digest()).digest()
            database.execute(f"UPDATE record_{day} SET hash = ? WHERE seq = ?", (link, seq))
        (time_,) = database.execute("SELECT time FROM chain_end WHERE name = 'head'").fetchone()
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_))
        statement = f"callvet evidence head\n{seq}\n{link.hex()}\n{moment}\n".encode()
        database.execute("UPDATE chain_end SET hash = ?, signature = ?", (link, self.signature(statement)))
        database.execute("DELETE FROM checkpoint")
        database.commit()
        database.close()

    def test_show_tells_by_its_exit_code_that_the_verdict_differs(self):
        id = self.record()["evidence_id"]
        database = sqlite3.connect(self.store)
        (day,) = database.execute("SELECT day FROM day").fetchone()
        database.execute(f"""UPDATE record_{day} SET text = replace(text, '"attest":"A"', '"attest":"B"')""")
        database.commit()
        database.close()
        self.sign_anew()
        self.assertIn("differs", self.evidence("show", id, code=1).out)
        self.assertEqual(self.evidence("show", id, "--json", code=1).json()["replay"]["outcome"], "differs")
        self.evidence("verify", id, code=1)

    def test_a_record_of_access_is_no_call(self):
        id = self.record()["evidence_id"]
        self.evidence("show", id)
        access = self.evidence("find", "--access", "--json").json()["accesses"][-1]["id"]
        self.evidence("export", access, code=2)
        run = self.evidence("show", access)
        self.assertIn(f"evidence was read by uid {os.getuid()}: show {id}", run.out)
        self.assertNotIn("signer", run.out)
        story = self.evidence("show", access, "--json").json()
        self.assertEqual((story["kind"], story["access"]["what"], story["access"]["about"]), ("access", "show", id))

    def diverted(self, *more):
        """A call to DEST that was sent on to another number."""
        (self.dir / "first.txt").write_text(self.sign())
        redirected = Run("sign", "--key", self.lab / "leaf.key", "--x5u", X5U, "--ppt", "div", "--div-from",
                         self.dir / "first.txt", "--dest", "+12155550177")
        self.assertEqual(redirected.code, 0, redirected)
        (self.dir / "div.txt").write_text(redirected.out)
        run = Run("verify", "--evidence", self.store, "--orig", ORIG, "--dest", "+12155550177", "--anchors",
                  self.lab / "root.pem", "--cert", self.lab / "chain.pem", "--json", "--identity-file",
                  self.dir / "first.txt", "--identity-file", self.dir / "div.txt", *more)
        self.assertEqual(run.json()["reason"], "verified", run)
        return run.json()["evidence_id"]

    def test_found_by_who_redirected_it(self):
        key = self.dir / "numbers.key"
        key.write_text("5a" * 32)
        key.chmod(0o600)
        for keyed in ((), ("--number-key", key)):
            with self.subTest(keyed):
                self.store = self.dir / f"calls-{len(keyed)}.db"
                id = self.diverted(*keyed)
                self.record(*keyed)
                for div, wanted in ((DEST, [id]), ("+1 (215) 555-0101", [id]), (ORIG, []), ("+12155550177", [])):
                    found = self.evidence("find", "--div", div, "--json", *keyed).json()
                    self.assertEqual([r["id"] for r in found["records"]], wanted, div)
                self.assertEqual(self.evidence("find", "--div", DEST, "--trunk", "none", "--json", *keyed).json()["records"], [])
                self.assertIn("--div", self.evidence("find", "--div", "2155550100", *keyed).err)
                for never in (("--div", DEST), ("--reason", "outside-hours")):
                    self.assertIn("--access", self.evidence("find", "--access", *never, *keyed, code=2).err)
                accesses = self.evidence("find", "--access", "--json", *keyed).json()["accesses"]
                self.assertIn(f"div={DEST}", [access["about"] for access in accesses])

    def test_found_by_the_policys_reason(self):
        orig = "+861058880200"
        rejected = Run("verify", "--evidence", self.store, "--orig", orig, "--dest", DEST, "--anchors", self.lab / "root.pem",
                       "--cert", self.lab / "chain.pem", "--json", "--policy", ROOT / "tools/policy/intercept.json", self.sign(orig))
        decision = rejected.json()["disposition"]["reason"]
        self.assertEqual((rejected.json()["reason"], decision), ("verified", "number-not-assigned"), rejected)
        self.record()
        found = self.evidence("find", "--reason", decision, "--json").json()["records"]
        self.assertEqual([r["id"] for r in found], [rejected.json()["evidence_id"]])
        self.assertEqual(len(self.evidence("find", "--reason", "verified", "--json").json()["records"]), 2)
        self.assertEqual(self.evidence("find", "--reason", "outside-hours", "--json").json()["records"], [])

    def test_show_is_the_whole_story(self):
        policy = self.dir / "policy.json"
        (self.dir / "numbers.csv").write_text("first,last,holder\n+12155550100,,bank\n")
        policy.write_text(json.dumps({"country": "US", "number_plans": ["NANP"], "registry": {"files": ["numbers.csv"]},
                                      "holders": {"bank": {"spcs": ["9999"]}, "shop": {}}, "trunks": {"pbx": {"customer": "shop"}}}))
        header = self.sign()
        answer = self.record("--policy", policy, "--trunk", "pbx", "--call-id", "77@example.org", header=header)
        self.assertEqual((answer["reason"], answer["disposition"]["reason"]), ("verified", "number-of-another-holder"))
        text = self.evidence("show", answer["evidence_id"]).out
        story = self.evidence("show", answer["evidence_id"], "--json").json()
        self.assertEqual(story["kind"], "call")
        decision = story["decision"]
        code = f" ({decision['sip_code']})" if "sip_code" in decision else ""
        for part in (f"decision: {decision['action']}, {decision['reason']}{code}; mode {decision['mode']}\n",
                     "Call-ID: 77@example.org\n", f"received: {story['received']}\n", f"policy: {story['policy']}\n",
                     "trust list: ", f"Identity: {header}\n"):
            self.assertIn(part, text)
        text = self.evidence("show", self.record()["evidence_id"]).out
        self.assertIn("decision: none, there was no policy", text)

    def test_audit_names_what_was_done_by_hand(self):
        ids = [self.record()["evidence_id"] for _ in range(6)]
        database = sqlite3.connect(self.store)
        table = database.execute("SELECT 'record_' || day FROM day").fetchone()[0]
        database.execute(f"UPDATE {table} SET text = replace(text, '4321', '9999') WHERE seq = 2")
        database.execute(f"DELETE FROM {table} WHERE seq = 4")
        database.execute(f"INSERT INTO {table} SELECT 7, x'00112233445566778899aabbccddeeff', kind, time, orig,"
                         f" dest, origid, spc, trunk, reason, call_id, hash, text FROM {table} WHERE seq = 6")
        database.commit()
        database.close()
        report = Run("evidence", "audit", "--store", self.store, "--json")
        self.assertEqual(report.code, 1, report)
        findings = {(f["kind"], f["first"]): f["id"] for f in report.json()["findings"]}
        self.assertEqual(findings[("changed", 2)], ids[1])
        self.assertIn(("missing", 4), findings)
        self.assertEqual(findings[("inserted", 7)], "00112233-4455-6677-8899-aabbccddeeff")

    def test_audit_names_a_table_that_is_gone(self):
        self.record()
        whole = self.store.read_bytes()
        for table in ("checkpoint", "signer", "chain_end", "blob", "day"):
            self.store.write_bytes(whole)
            database = sqlite3.connect(self.store)
            database.execute("DROP TABLE " + table)
            database.commit()
            database.close()
            report = Run("evidence", "audit", "--store", self.store, "--json")
            self.assertEqual(report.code, 1, report)
            self.assertIn(("structure", f"table {table} is missing"),
                          {(f["kind"], f["detail"]) for f in report.json()["findings"]})

    def test_hashed_numbers_are_found_with_the_key_only(self):
        key = self.dir / "numbers.key"
        key.write_text("0123456789abcdef" * 4 + "\n")
        key.chmod(0o644)
        run = Run("verify", "--evidence", self.store, "--number-key", key, "--orig", ORIG, "--dest", DEST, "x")
        self.assertEqual(run.code, 2, run)
        key.chmod(0o600)
        id = self.record("--number-key", key)["evidence_id"]
        raw = b"".join(path.read_bytes() for path in self.dir.glob("calls.db*"))
        self.assertNotIn(b"2155550100", raw)
        found = self.evidence("find", "--orig", ORIG, "--number-key", key, "--json").json()["records"]
        self.assertEqual([(e["id"], e["numbers"]) for e in found], [(id, "hashed")])
        self.evidence("verify", id, "--number-key", key)
        self.evidence("verify", id, code=2)
        self.assertEqual(Run("pki", "key", "--out-key", self.dir / "next.key", "--out-public-key", self.dir / "next.pub").code, 0)
        for args in (["find"], ["report"], ["prune"], ["rekey", "--new-checkpoint-key", self.dir / "next.key"]):
            self.assertIn("a key for numbers, which must be given: --number-key", self.evidence(*args, code=2).err)
        self.evidence("audit")
        file = self.dir / "bundle.json"
        self.evidence("export", id, "--number-key", key, "--out", file)
        self.evidence("verify-file", file)

    def test_retention(self):
        for _ in range(3):
            self.record()
        database = sqlite3.connect(self.store)
        day = database.execute("SELECT day FROM day").fetchone()[0]
        for table, in database.execute("SELECT name FROM sqlite_schema WHERE name = ?",
                                       (f"record_{day}",)).fetchall():
            database.execute(f"ALTER TABLE {table} RENAME TO record_{day - 181}")
        database.execute("UPDATE day SET day = day - 181")
        database.execute("UPDATE blob SET last_day = last_day - 181")
        database.commit()
        database.close()
        # A day that is only said to be old: its records are of today, as their ids say.
        self.record()
        self.assertIn("evidence-altered", self.evidence("prune", "--json", code=1).err)
        self.assertEqual(len(self.evidence("find", "--json").json()["records"]), 4)
        self.evidence("audit", code=1)

    def test_a_changed_record_is_not_shown(self):
        ids = [self.record()["evidence_id"] for _ in range(4)]
        database = sqlite3.connect(self.store)
        table = database.execute("SELECT 'record_' || day FROM day").fetchone()[0]
        database.execute(f"UPDATE {table} SET text = replace(text, '4321', '9999'), spc = '9999' WHERE seq = 2")
        database.execute(f"UPDATE {table} SET trunk = 'innocent' WHERE seq = 4")
        database.commit()
        database.close()
        for command in ("show", "verify", "export"):
            self.assertIn("evidence-altered", self.evidence(command, ids[1], code=1).err)
            self.assertIn("evidence-altered", self.evidence(command, ids[3], code=1).err)
        self.evidence("show", ids[0], code=1)  # perhaps it is this one that was changed, with its hash
        self.evidence("show", ids[2])
        found = self.evidence("find", "--trunk", "innocent", "--json", code=1).json()["records"]
        self.assertIn("altered", found[0])

    def test_keys(self):
        self.record()
        report = self.evidence("audit", "--json").json()
        self.assertIs(report["key_pinned"], True)
        own = pathlib.Path(f"{self.store}.key")
        own.rename(self.dir / "away.key")
        self.assertIs(self.evidence("audit", "--json").json()["key_pinned"], False)
        (self.dir / "away.key").rename(own)
        key = self.dir / "next.key"
        public = self.dir / "next.pub"
        self.assertEqual(Run("pki", "key", "--out-key", key, "--out-public-key", public).code, 0)
        # Another key is not taken in passing, and not believed because the store names it.
        self.evidence("find", "--checkpoint-key", key, code=2)
        self.evidence("audit", "--checkpoint-key", key, code=1)
        self.evidence("rekey", "--new-checkpoint-key", key)
        self.evidence("audit", code=1)  # STORE.key is still the old one
        self.evidence("find", code=2)
        after = self.evidence("audit", "--public-key", public, "--json").json()
        self.assertEqual((len(report["keys"]), len(after["keys"])), (1, 1))
        self.assertNotEqual(report["keys"], after["keys"])
        pathlib.Path(f"{self.store}.key").write_bytes(key.read_bytes())
        self.evidence("find")
        self.assertIn("INTACT", self.evidence("audit", "--expect",
                                              f"{report['head']['seq']}:{report['head']['hash']}").out)

    def test_many_begin_a_store_at_once(self):
        header = self.sign()
        args = ["verify", "--evidence", self.store, "--orig", ORIG, "--dest", DEST, "--anchors", self.lab / "root.pem",
                "--cert", self.lab / "chain.pem", header]
        processes = [subprocess.Popen([CALLVET, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                     for _ in range(12)]
        for process in processes:
            out, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, (out, err))
        self.assertEqual(self.evidence("audit", "--json").json()["records"], 12)
        self.assertEqual(len(list(self.dir.glob("calls.db.key*"))), 1)

    def test_audit_by_who_may_only_read(self):
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            self.skipTest("another user is needed")
        self.record()
        for path in (self.lab, self.dir):
            path.chmod(0o755)
        self.store.chmod(0o644)
        audit = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", CALLVET, "evidence", "audit", "--store",
                 str(self.store)]
        run = subprocess.run(audit, capture_output=True, text=True, check=False)
        if "failed to execute" in run.stderr:
            self.skipTest("the program is where others may not run it")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("INTACT", run.stdout)

    def test_what_cannot_be_read_is_said(self):
        id = self.record()["evidence_id"]
        for option, value, country in (("--orig", "2155550100", []), ("--orig", "(215) 555-0100", []), ("--dest", "abc", []),
                                       ("--orig", "\uff0b\uff11\uff12", []), ("--orig", "abc", ["--country", "US"]),
                                       ("--origid", "nonsense", [])):
            run = self.evidence("find", option, value, *country)
            self.assertEqual(run.out, "")
            self.assertIn(f"{option} ", run.err)
            self.assertIn("only calls that show exactly this are found", run.err)
        for args in (["--orig", "2155550100", "--country", "US"], ["--orig", "12155550100"], ["--orig", ORIG], ["--dest", "tel:" + DEST], []):
            run = self.evidence("find", *args)
            self.assertEqual(run.err, "")
            self.assertIn(id, run.out)
        self.assertIn("Not searched", Run("evidence", "find", "--help").out)

    def test_times_as_people_write_them_and_ids_in_upper_case(self):
        id = self.record()["evidence_id"]
        for since, count in (("yesterday 00:00", 1), ("2020-01-01 00:00", 1), ("2099-01-01 00:00", 0)):
            found = self.evidence("find", "--from", since, "--zone", "+08:00", "--json").json()["records"]
            self.assertEqual(len(found), count, since)
        self.evidence("find", "--from", "2020-01-01 00:00", "--zone", "east", code=2)
        self.evidence("find", "--to", "now and then", code=2)
        accesses = self.evidence("find", "--access", "--json").json()["accesses"]
        self.assertIn("from=2019-12-31T16:00:00Z", [access["about"] for access in accesses])
        self.assertEqual(self.evidence("show", id.upper(), "--json").json()["id"], id)
        self.evidence("verify", id.upper())
        self.assertEqual(self.evidence("export", id.upper()).json()["id"], id)

    def test_a_file_is_a_file_whatever_it_is_called(self):
        for name in (":memory:", "file:x.db?mode=memory"):
            for command in (["verify", "--evidence", name, "--orig", ORIG, "--dest", DEST, self.sign()],
                            ["evidence", "find", "--store", name]):
                run = subprocess.run([CALLVET, *command], capture_output=True, text=True, timeout=60, check=False, cwd=self.dir)
            self.assertIn(f"{ORIG[1:]} -> {DEST[1:]}", run.stdout, name)

    def test_what_is_no_store(self):
        self.store.write_text("this is no database, whatever it is called ....." * 100)
        self.evidence("audit", code=2)
        self.store.unlink()
        self.assertIn("calls.db is not there", self.evidence("find", code=2).err)
        self.record()
        self.evidence("find", "--reason", "nosuchreason", code=2)

    def test_what_waits_is_said(self):
        self.record()
        spill = self.dir / "spill"
        spill.mkdir()
        self.assertEqual(self.evidence("find", "--spill-dir", spill).err, "")
        (spill / "spill-7").write_bytes(b"x" * 100)
        (spill / "spill-8").write_bytes(b"x" * 23)
        (spill / "spill-6.torn").write_bytes(b"x")
        (spill / "lock").write_bytes(b"")
        run = self.evidence("find", "--spill-dir", spill)
        self.assertIn("2 files of 123 bytes wait", run.err)
        self.assertEqual(run.out, self.evidence("find").out)
        self.assertIn("--spill-dir", self.evidence("find", "--spill-dir", self.dir / "missing", code=2).err)

    def test_no_evidence_no_answer(self):
        run = Run("verify", "--evidence", self.dir / "missing" / "calls.db", "--orig", ORIG, "--dest", DEST,
                  "--anchors", self.lab / "root.pem", "--cert", self.lab / "chain.pem", self.sign())
        self.assertEqual((run.code, run.out), (2, ""), run)
        # The key that signed the chain is gone: no other one is made.
        self.record()
        pathlib.Path(f"{self.store}.key").unlink()
        run = Run("verify", "--evidence", self.store, "--orig", ORIG, "--dest", DEST, "--anchors",
                  self.lab / "root.pem", "--cert", self.lab / "chain.pem", self.sign())
        self.assertEqual((run.code, run.out), (2, ""), run)
        run = Run("evidence", "find", env={"CALLVET_EVIDENCE": ""})
        self.assertEqual(run.code, 2, run)


if __name__ == "__main__":
    unittest.main()
