#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Manual pages and completion say what the program and its sources say: nothing more, nothing less."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

CALLVET = os.environ["CALLVET"]
ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, check=False,
                          **options)


def help_of(path):
    done = run(CALLVET, *path, "--help")
    assert done.returncode == 0, done.stderr
    return done.stdout


def commands_of(text):
    block = re.search(r"(?m)^Subcommands:\n((?:  .*\n|\n)+)", text)
    return re.findall(r"(?m)^  (\S+)", block.group(1)) if block else []


def options_of(text):
    return set(re.findall(r"(?m)^  (?:-\w,)?(--[a-z0-9-]+)", text)) | set(re.findall(r"(?m)^  (-\w),--", text))


def tree(path=()):
    """path -> the options that --help shows, of every command."""
    text = help_of(path)
    found = {path: options_of(text)}
    for command in commands_of(text):
        found.update(tree((*path, command)))
    return found


TREE = tree()


class Manual(unittest.TestCase):
    """callvet(1)"""

    @classmethod
    def setUpClass(cls):
        cls.page = run(CALLVET, "manual").stdout

    def sections(self):
        """command path -> options, as the page has them."""
        page = self.page.replace("\\-", "-")
        found = {(): page.split(".SH OPTIONS\n", 1)[1].split(".SH COMMANDS\n", 1)[0]}
        for part in page.split(".SH COMMANDS\n", 1)[1].split(".SH FILES", 1)[0].split(".SS ")[1:]:
            found[tuple(part.split("\n", 1)[0].split()[1:])] = part
        return {path: {name for line in re.findall(r"(?m)^\.TP\n(.*)$", text) for name in re.findall(r"\\fB(-[^\\]*)\\fR", line)}
                for path, text in found.items()}

    def test_has_the_commands_and_options_of_help(self):
        self.assertGreater(len(TREE), 30)
        self.assertGreater(sum(map(len, TREE.values())), 200)
        self.assertEqual(self.sections(), TREE)

    @unittest.skipUnless(shutil.which("groff"), "no groff")
    def test_groff_has_no_complaint(self):
        pages = {"callvet.1": self.page}
        for name in ("callvet.json", "callvet-policy"):
            pages[name] = run(sys.executable, ROOT / "tools/install/manual5.py", name, ROOT / "src/cli/README.md").stdout
        for name, page in pages.items():
            done = run("groff", "-man", "-Tascii", "-ww", "-b", input=page)
            complaints = [line for line in done.stderr.splitlines() if "cannot break line" not in line and "can't break line" not in line
                          and "cannot adjust line" not in line and "can't adjust" not in line]
            self.assertEqual((name, complaints), (name, []))
            self.assertGreater(len(done.stdout), 5000, name)


class ConfigurationManuals(unittest.TestCase):
    """callvet.json(5) and callvet-policy(5) name every member that the sources read."""

    KEY = re.compile(r'\.(?:Read\w*|Text|Texts|Flag|Number|Milliseconds|Section|Value)\(\s*(?:\w+, )?"([a-z_0-9]+)"')

    def keys(self, *sources):
        found = set()
        for source in sources:
            text = (ROOT / "src" / source).read_text(encoding="utf-8")
            found |= set(self.KEY.findall(text))
        return found

    def check(self, page, keys, least):
        text = run(sys.executable, ROOT / "tools/install/manual5.py", page, ROOT / "src/cli/README.md").stdout
        text = re.sub(r"\\f[BIR]", "", text)
        self.assertGreaterEqual(len(keys), least, keys)
        self.assertEqual({key for key in keys if not re.search(rf"\b{key}\b", text)}, set())

    def test_entries_say_what_they_are_and_their_default(self):
        def page(name):
            return run(sys.executable, ROOT / "tools/install/manual5.py", name, ROOT / "src/cli/README.md").stdout
        policy = page("callvet-policy")
        self.assertIn(".TP\n\\fBmarketing\\fR\nits presence switches \\fBconsent\\fR on\n.br\n\\fIDefault\\fR: off\n", policy)
        self.assertIn(".TP\n\\fBorigin\\fR\n\\fBdomestic\\fR, \\fBinternational\\fR\n.br\n\\fIDefault\\fR: \\fBdomestic\\fR\n", policy)
        self.assertIn(".TP\n\\fBdrain_ms\\fR\nafter SIGTERM\n.br\n\\fIDefault\\fR: 15000\n", page("callvet.json"))
        self.assertNotIn("tools/policy/pools", policy)  # a package has no such folder

    def test_service(self):
        self.check("callvet.json", self.keys("service/config.cc", "api/verifier_config.cc", "api/evidence_config.cc",
                                             "api/pool_config.cc"), 60)

    def test_policy(self):
        self.check("callvet-policy", self.keys("policy/policy_file.cc", "policy/trunk_settings.cc", "policy/pool_rule_file.cc"), 20)


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.script = run(CALLVET, "completion", "bash").stdout

    def complete(self, lines, **options):
        """What bash offers for each of `lines` (words; the last one is begun), in one bash."""
        program = self.script
        for words in lines:
            quoted = " ".join("'" + word + "'" for word in ("callvet", *words))
            program += f"\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _callvet; printf '%s ' \"${{COMPREPLY[@]}}\"; echo"
        done = run("bash", "--norc", "-c", program, **options)
        self.assertEqual(done.stderr, "")
        return [set(line.split()) for line in done.stdout.split("\n")[:len(lines)]]

    def test_every_command_and_option(self):
        paths = list(TREE)
        offered = self.complete([(*path, "") for path in paths])
        dashed = self.complete([(*path, "-") for path in paths])
        for path, words, options in zip(paths, offered, dashed):
            self.assertEqual(options, TREE[path], path)
            below = {other[len(path)] for other in TREE if len(other) == len(path) + 1 and other[:len(path)] == path}
            self.assertLessEqual(below | TREE[path], words, path)

    def test_begun_words_and_values(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="callvet-manuals-")))
        (folder / "one.pem").write_text("")
        (folder / "dir").mkdir()
        offered = self.complete([("ver",), ("evidence", "fi"), ("verify", "--anch"), ("evidence", "report", "--by", ""),
                                 ("completion", ""), ("verify", "--cert", "o"), ("verify", "--cache-dir", ""),
                                 ("verify", "--orig", "o"), ("verify", "o"), ("pki", "crl", "--x", "pki", "l")], cwd=folder)
        self.assertEqual(offered, [{"verify"}, {"find"}, {"--anchors"}, {"signer", "holder", "trunk"},
                                   {"bash", "--help", "-h"}, {"one.pem"}, {"dir"}, set(), {"one.pem"}, set()])


if __name__ == "__main__":
    unittest.main(verbosity=2)
