#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whoever can write the PostgreSQL database of a store, but has not its key, and what writer, retention and audit make
of it. The same on SQLite: tests/unit/evidence/tamper_test.cc.

CALLVET and CALLVET_EVIDENCE_PROCESS name the programs."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from postgres import Postgres, Unavailable

CALLVET = os.environ.get("CALLVET", "")
PROCESS = os.environ.get("CALLVET_EVIDENCE_PROCESS", "")


class Tamper(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            cls.server = Postgres()
        except Unavailable as reason:
            raise unittest.SkipTest(str(reason))
        cls.dir = pathlib.Path(tempfile.mkdtemp(prefix="callvet-tamper-"))
        cls.key = cls.dir / "checkpoint.key"
        cls.run_tool("pki", "key", "--out-key", cls.key, "--out-public-key", cls.dir / "checkpoint.pub")
        cls.server.query("CREATE DATABASE whole")
        cls.write(cls.url_of("whole"), 8)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        shutil.rmtree(cls.dir)

    @classmethod
    def url_of(cls, database):
        return cls.server.url.replace("/postgres?", f"/{database}?")

    @classmethod
    def run_tool(cls, *args, code=0):
        run = subprocess.run([CALLVET, *map(str, args)], capture_output=True, text=True, check=False)
        if code is not None and run.returncode != code:
            raise AssertionError((args, run.returncode, run.stdout, run.stderr))
        return run

    @classmethod
    def write(cls, url, count):
        spill = tempfile.mkdtemp(dir=cls.dir)
        run = subprocess.run([PROCESS, url, cls.key, spill, "1000", str(count)], capture_output=True, text=True,
                             check=False)
        return run.stderr

    def setUp(self):
        self.server.query("DROP DATABASE IF EXISTS t")
        self.server.query("CREATE DATABASE t TEMPLATE whole")
        self.url = self.url_of("t")
        self.day = int(self.sql("SELECT max(day) FROM evidence_day")[0][0])

    def sql(self, *statements):
        for statement in statements:
            done = subprocess.run([self.server.bin / "psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1",
                                   self.url, "-c", statement], check=False, capture_output=True, cwd="/")
            self.assertEqual(done.returncode, 0, done.stderr)
        return [line.split("\t") for line in done.stdout.decode().splitlines()]

    def findings(self, *more):
        run = self.run_tool("evidence", "audit", "--store", self.url, "--json", *more, code=None)
        self.assertIn(run.returncode, (0, 1), run)
        return [(finding["kind"], finding["first"]) for finding in json.loads(run.stdout)["findings"]]

    def kinds(self):
        return {kind for kind, _ in self.findings()}

    def evidence(self, command, *more, code=0):
        return self.run_tool("evidence", command, "--store", self.url, "--checkpoint-key", self.key, *more, code=code)

    def refused(self):
        """The honest writer adds nothing, says so, and spills."""
        before = self.sql("SELECT count(*) FROM evidence_record")
        self.assertIn("evidence-altered", self.evidence("find", code=1).stderr)
        error = self.write(self.url, 3)
        self.assertIn("stored 0 spilled 3", error)
        self.assertEqual(self.sql("SELECT count(*) FROM evidence_record"), before)

    def rechain(self):
        value = bytes(32)
        for seq, body in self.sql("SELECT seq, encode(convert_to(body, 'UTF8'), 'hex') FROM evidence_record ORDER BY seq"):
            value = hashlib.sha256(value + hashlib.sha256(bytes.fromhex(body)).digest()).digest()
            self.sql(f"UPDATE evidence_record SET hash = '\\x{value.hex()}' WHERE seq = {seq}")
        self.sql(f"UPDATE evidence_chain_end SET seq = {seq}, hash = '\\x{value.hex()}' WHERE name = 'head'")

    def test_whole(self):
        self.assertEqual(self.findings(), [])
        self.assertIn("stored 3", self.write(self.url, 3))
        self.assertEqual(self.findings("--checkpoint-key", str(self.key)), [])

    def test_a_forged_chain_is_not_signed_by_its_writer(self):
        self.sql("DELETE FROM evidence_record WHERE seq = 2", "UPDATE evidence_record SET seq = seq - 1 WHERE seq > 2",
                 "DELETE FROM evidence_checkpoint")
        self.rechain()
        self.refused()
        self.assertIn("unsigned", self.kinds())

    def test_a_checkpoint_does_not_serve_as_an_end(self):
        self.sql("UPDATE evidence_chain_end e SET seq = c.seq, hash = c.hash, at = c.at, signature = c.signature FROM "
                 "(SELECT * FROM evidence_checkpoint ORDER BY seq LIMIT 1) c",
                 "DELETE FROM evidence_record WHERE seq > (SELECT min(seq) FROM evidence_checkpoint)")
        self.refused()
        self.assertIn("unsigned", self.kinds())

    def test_an_end_that_is_gone(self):
        self.sql("DELETE FROM evidence_record", "DELETE FROM evidence_chain_end")
        self.refused()
        self.assertIn("unsigned", self.kinds())

    def test_a_day_that_is_only_said_to_be_old(self):
        table, old = f"evidence_record_{self.day}", self.day - 400
        self.sql(f"ALTER TABLE evidence_record DETACH PARTITION {table}", f"UPDATE {table} SET day = {old}",
                 f"ALTER TABLE {table} RENAME TO evidence_record_{old}",
                 f"ALTER TABLE evidence_record ATTACH PARTITION evidence_record_{old} FOR VALUES FROM ({old}) TO ({old + 1})",
                 f"UPDATE evidence_day SET day = {old}")
        self.assertIn("columns", self.kinds())
        self.assertIn("evidence-altered", self.evidence("prune", code=1).stderr)
        self.assertEqual(self.sql("SELECT count(*) > 7 FROM evidence_record"), [["t"]])

    def test_what_hides_records(self):
        changes = {
            "columns": ["UPDATE evidence_record SET kind = 7 WHERE seq = 3",
                        "UPDATE evidence_record SET trunk = '' WHERE seq = 3"],
            "structure": ["DELETE FROM evidence_day",
                          "DROP INDEX evidence_record_orig; CREATE INDEX evidence_record_orig ON evidence_record "
                          "(orig, seq) WHERE seq > 4",
                          f"CREATE UNIQUE INDEX x ON evidence_record_{self.day} (dest, seq)",
                          "CREATE UNIQUE INDEX x ON evidence_blob (length(bytes), sha256)",
                          "DROP INDEX evidence_complaint_counts_at; CREATE UNIQUE INDEX "
                          "evidence_complaint_counts_at ON evidence_complaint (counts_at)",
                          "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'begin return null; end'; CREATE "
                          "TRIGGER x BEFORE INSERT ON evidence_record FOR EACH ROW EXECUTE FUNCTION f()",
                          "ALTER TABLE evidence_record ENABLE ROW LEVEL SECURITY",
                          "ALTER TABLE evidence_record ADD CONSTRAINT c CHECK (trunk <> 'none') NOT VALID",
                          "ALTER TABLE evidence_blob ADD CHECK (length(bytes) > 0)",
                          "ALTER TABLE evidence_record ALTER COLUMN body TYPE varchar(1000000)",
                          "ALTER TABLE evidence_record ALTER COLUMN trunk SET DEFAULT 'none'",
                          "ALTER TABLE evidence_record ADD COLUMN more text",
                          'ALTER TABLE evidence_signer ALTER COLUMN public_pem TYPE text COLLATE "C"',
                          "DROP TABLE evidence_checkpoint", "DROP TABLE evidence_signer", "DROP TABLE evidence_blob",
                          # Without these nothing can be written.
                          "ALTER TABLE evidence_blob DROP CONSTRAINT evidence_blob_pkey",
                          "ALTER TABLE evidence_tally DROP CONSTRAINT evidence_tally_pkey",
                          "ALTER TABLE evidence_tally ALTER COLUMN calls TYPE smallint",
                          "ALTER TABLE evidence_complaint ALTER COLUMN reference TYPE varchar(3)",
                          # A crash of the server would empty it.
                          f"ALTER TABLE evidence_record_{self.day} SET UNLOGGED",
                          "ALTER TABLE evidence_blob SET UNLOGGED"],
            "blob": ["UPDATE evidence_blob SET last_day = 0"],
        }
        for kind, statements in changes.items():
            for statement in statements:
                with self.subTest(statement):
                    self.setUp()
                    self.sql(statement)
                    self.assertIn(kind, self.kinds())

    def test_tables_of_others_are_none_of_audits_business(self):
        others = ("CREATE SCHEMA reports", "CREATE UNLOGGED TABLE reports.evidence_monthly (a int CHECK (a > 0))",
                  "CREATE UNLOGGED TABLE reports.evidence_record (a int CHECK (a > 0))",
                  "CREATE RULE x AS ON DELETE TO reports.evidence_monthly DO INSTEAD NOTHING",
                  "ALTER TABLE reports.evidence_monthly ENABLE ROW LEVEL SECURITY",
                  "CREATE UNLOGGED TABLE evidence_archive (a int)")
        self.sql(*others)
        session = subprocess.Popen([self.server.bin / "psql", "-X", "-q", "-A", "-t", self.url], cwd="/", text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(session.communicate, "")
        session.stdin.write("CREATE TEMP TABLE evidence_tmp (a int CHECK (a > 0));\n"
                            "CREATE TEMP TABLE evidence_record (a int); SELECT 1;\n")
        session.stdin.flush()
        self.assertEqual(session.stdout.readline(), "1\n")
        self.assertEqual(self.findings(), [])

    def test_a_day_is_stored_as_evidence_record_is(self):
        """As CREATE TABLE ... PARTITION OF would make it."""
        place = self.server.dir / "disk"
        subprocess.run([*self.server.prefix, "mkdir", place], check=True)
        self.addCleanup(lambda: self.server.query('DROP TABLESPACE "the disk"'))
        self.server.query(f"CREATE TABLESPACE \"the disk\" LOCATION '{place}'")
        self.server.query("DROP DATABASE IF EXISTS new")
        self.server.query("CREATE DATABASE new")
        self.addCleanup(lambda: self.server.query("DROP DATABASE new"))
        self.url = self.url_of("new")
        self.write(self.url, 0)
        self.sql('ALTER TABLE evidence_record SET TABLESPACE "the disk"',
                 "ALTER TABLE evidence_record ALTER body SET STORAGE EXTERNAL",
                 "ALTER TABLE evidence_record ALTER body SET COMPRESSION pglz",
                 "CREATE TABLE wanted PARTITION OF evidence_record FOR VALUES FROM (1) TO (2)")
        self.assertIn("stored 3", self.write(self.url, 3))
        made = self.sql("SELECT coalesce(s.spcname, ''), a.attname, a.attstorage, a.attcompression, c.relname = 'wanted' "
                        "FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid JOIN pg_attribute a ON a.attrelid = "
                        "c.oid AND a.attnum > 0 LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace WHERE h.inhparent = "
                        "'evidence_record'::regclass")
        self.assertIn(["the disk", "body", "e", "p", "f"], made)
        self.assertEqual([row[:4] for row in made if row[4] == "f"], [row[:4] for row in made if row[4] == "t"])
        indexes = self.sql("SELECT i.tablespace FROM pg_indexes i WHERE tablename ~ '^(wanted|evidence_record_[0-9]+)$' "
                           "GROUP BY 1")
        self.assertEqual(indexes, [[""]])
        self.sql("DROP TABLE wanted")
        self.assertEqual(self.findings(), [])

    def test_no_message_quotes_a_record(self):
        self.sql("ALTER TABLE evidence_record ADD CONSTRAINT c CHECK (kind <> 1)")
        run = self.evidence("find", code=3)
        self.assertIn('violates check constraint "c"', run.stderr)
        self.assertNotIn("Failing row", run.stderr)
        self.assertEqual(len(run.stderr.splitlines()), 1)

    def test_an_operator_of_somebody_hides_nothing(self):
        self.sql("CREATE FUNCTION no(text, text) RETURNS boolean LANGUAGE sql AS 'select false'",
                 "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = no)",
                 "ALTER DATABASE t SET search_path = public, pg_catalog")
        run = self.evidence("find", "--reason", "verified", "--json")
        self.assertEqual(len(json.loads(run.stdout)["records"]), 8)
        self.assertEqual(self.findings(), [])
        self.assertIn("stored 3", self.write(self.url, 3))

    def test_settings_of_the_database_change_nothing(self):
        for setting in ("bytea_output = escape", "array_nulls = off", "quote_all_identifiers = on",
                        "standard_conforming_strings = off", "default_transaction_isolation = serializable",
                        "synchronous_commit = off"):
            with self.subTest(setting):
                self.setUp()
                self.sql("ALTER DATABASE t SET " + setting)
                for _ in range(2):
                    self.assertIn("stored 3", self.write(self.url, 3))
                self.assertEqual(self.findings(), [])
                self.assertEqual(len(json.loads(self.evidence("find", "--json").stdout)["records"]), 14)

    def test_who_waits_for_the_chain_is_not_hurried_by_the_database(self):
        for setting in ("statement_timeout = 500", "lock_timeout = 500"):
            with self.subTest(setting):
                self.setUp()
                self.sql("ALTER DATABASE t SET " + setting)
                holder = self.reading()
                holder.stdin.write("SET statement_timeout = 0; SELECT pg_advisory_xact_lock(4851215093) IS NULL;\n")
                holder.stdin.flush()
                holder.stdout.readline()
                holder.stdin.write("SELECT pg_sleep(1.5) IS NULL; ROLLBACK;\n")
                holder.stdin.flush()
                self.evidence("find")
                self.assertEqual(self.findings(), [])
                holder.stdin.close()
                holder.wait()

    def test_writers_see_each_other_whatever_the_isolation(self):
        self.sql("ALTER DATABASE t SET default_transaction_isolation = 'repeatable read'")
        with concurrent.futures.ThreadPoolExecutor() as threads:
            said = list(threads.map(lambda _: self.write(self.url, 300), range(2)))
        self.assertEqual(["spilled 0" in text for text in said], [True, True], said)
        self.assertEqual(self.findings(), [])

    def test_options_of_the_url_count(self):
        self.sql("CREATE SCHEMA own")
        url = self.url
        self.url += "&options=-csearch_path%3Down"
        self.assertIn("stored 3", self.write(self.url, 3))
        self.assertEqual(self.findings(), [])
        self.url = url
        self.assertEqual(self.sql("SELECT count(*) FROM own.evidence_record"), [["3"]])

    def reading(self):
        """Somebody who reads for long, as pg_dump does."""
        reader = subprocess.Popen([self.server.bin / "psql", "-X", "-q", "-A", "-t", self.url], cwd="/", text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        reader.stdin.write("BEGIN; SELECT count(*) >= 0 FROM evidence_record;\n")
        reader.stdin.flush()
        self.assertEqual(reader.stdout.readline(), "t\n")
        self.addCleanup(lambda: reader.stdin.closed or reader.communicate("ROLLBACK;\n"))
        return reader

    def test_a_day_begins_while_somebody_reads(self):
        self.server.query("DROP DATABASE IF EXISTS new")
        self.server.query("CREATE DATABASE new")
        self.url = self.url_of("new")
        self.write(self.url, 0)
        self.reading()
        self.assertEqual(self.write(self.url, 3).split()[:4], ["stored", "3", "spilled", "0"])
        self.assertEqual(self.findings(), [])

    def test_who_gave_up_holds_no_lock(self):
        holder = self.reading()
        holder.stdin.write("SELECT pg_advisory_xact_lock(4851215093) IS NULL;\n")
        holder.stdin.flush()
        holder.stdout.readline()
        self.evidence("find", code=3)
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'callvet'"
        for _ in range(50):
            if self.sql(waiting) == [["0"]]:
                break
            time.sleep(0.1)
        self.assertEqual(self.sql(waiting), [["0"]])

    def add_old_day(self):
        old = self.day - 400
        self.sql(f"CREATE TABLE evidence_record_{old} PARTITION OF evidence_record FOR VALUES FROM ({old}) TO ({old + 1})",
                 f"INSERT INTO evidence_day VALUES ({old})")
        return f"SELECT to_regclass('evidence_record_{old}') IS NOT NULL"

    def test_retention_gives_way_to_long_readers_and_says_so(self):
        there = self.add_old_day()
        reader = self.reading()
        run = self.evidence("prune", code=3)
        self.assertIn("somebody reads the records for long", run.stderr)
        self.assertEqual(self.sql(there), [["t"]])
        reader.stdin.write("ROLLBACK; SELECT 1;\n")
        reader.stdin.flush()
        reader.stdout.readline()
        self.evidence("prune")
        self.assertEqual(self.sql(there), [["f"]])

    def test_who_owns_the_records_deletes_days_though_he_may_change_none(self):
        for statement in ("CREATE ROLE keeper LOGIN", "CREATE DATABASE kept OWNER keeper"):
            self.server.query(statement)
        self.url = self.url_of("kept").replace("user=postgres", "user=keeper")
        self.write(self.url, 3)
        there = self.add_old_day()
        self.sql(f"REVOKE UPDATE, DELETE, TRUNCATE ON evidence_record, evidence_record_{self.day - 400} FROM keeper")
        self.evidence("prune")
        self.assertEqual(self.sql(there), [["f"]])

    def test_who_cannot_make_the_next_day_is_told_so_today(self):
        self.sql("DROP ROLE IF EXISTS clerk", "CREATE ROLE clerk LOGIN", "GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk",
                 f"GRANT ALL ON evidence_record_{self.day} TO clerk")
        self.addCleanup(lambda: self.sql("DROP OWNED BY clerk", "DROP ROLE clerk"))
        self.url = self.url.replace("user=postgres", "user=clerk")
        self.assertIn("can neither make nor delete a day", self.evidence("prune", code=3).stderr)
        self.evidence("find")  # today's table is there
        run = self.run_tool("verify", "a.b.c", "--orig", "+12155550199", "--dest", "+12155550100",
                            "--evidence", self.url, "--checkpoint-key", self.key, code=1)
        self.assertIn("can neither make nor delete a day", run.stderr)
        self.url = self.url_of("t")

    def test_a_store_in_a_schema_of_its_own(self):
        self.server.query("DROP DATABASE IF EXISTS own")
        self.server.query("CREATE DATABASE own")
        self.url = self.url_of("own")
        self.sql('CREATE SCHEMA "a ""b"', 'ALTER DATABASE own SET search_path = "a ""b"')
        self.assertIn("stored 3", self.write(self.url, 3))
        self.assertEqual(self.findings(), [])
        self.assertEqual(self.sql("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'evidence%'"), [['a "b']])

    def test_a_changed_record_is_not_shown(self):
        id = self.sql("UPDATE evidence_record SET body = replace(body, '818H', '999X'), spc = '999X' WHERE seq = 4 "
                      "RETURNING id")[0][0]
        self.assertIn("evidence-altered", self.evidence("show", id, code=1).stderr)
        self.assertIn(("changed", 4), self.findings())
        self.sql("DELETE FROM evidence_record WHERE seq = 5")
        self.assertIn(("unchecked", 6), self.findings())

    def test_keys(self):
        key = self.dir / "next.key"
        public = self.dir / "next.pub"
        self.run_tool("pki", "key", "--out-key", key, "--out-public-key", public)
        self.run_tool("evidence", "find", "--store", self.url, "--checkpoint-key", key, code=2)
        self.evidence("rekey", "--new-checkpoint-key", key)
        self.evidence("find", code=2)
        self.run_tool("evidence", "find", "--store", self.url, "--checkpoint-key", key)
        self.assertEqual(self.findings("--public-key", str(public)), [])
        self.assertNotEqual(self.findings("--public-key", str(self.dir / "checkpoint.pub")), [])

    def test_audit_writes_nothing_and_needs_no_key_for_numbers(self):
        self.sql("UPDATE evidence_setting SET value = '0123456789abcdef'")
        self.assertEqual(self.findings(), [("structure", 0)])  # not the key of its records, and read all the same
        self.server.query("DROP DATABASE IF EXISTS empty")
        self.server.query("CREATE DATABASE empty")
        run = self.run_tool("evidence", "audit", "--store", self.url_of("empty"), code=2)
        self.assertIn("no evidence", run.stderr)
        self.url = self.url_of("empty")
        # Nor does who looks for calls in the wrong database.
        for command in (["find"], ["show", "01890a5d-ac96-774b-bcce-b302099a8057"], ["report"], ["prune"]):
            self.assertIn("no evidence", self.evidence(*command, code=2).stderr)
        self.assertEqual(self.sql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'evidence%'"), [["0"]])


if __name__ == "__main__":
    unittest.main(verbosity=2)
