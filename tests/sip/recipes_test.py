#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes of tools/recipes: what they send and read, by curl, against a running service. That of FreeSWITCH is run, with
a stand-in for what its applications do to their words."""

import ctypes
import ctypes.util
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/service"))
from support import CALLED, CALLER, Lab, Server  # noqa: E402

RECIPES = ROOT / "tools/recipes"
# Request-URIs, and whether a call goes on to them without an answer.
UNANSWERED = {"sip:911@x": True, "sip:110@192.0.2.1:5060;user=phone;transport=udp": True, "sips:112@x": True,
              f"sip:+{CALLED}@x": False, "sip:911;rn=+12155550101@x": False, "sip:911@x;rn=+12155550101": False,
              "sip:9110@x": False, "sip:0911@x": False, "sip:x@911": False, "sip:911@x?To=a": False,
              "sip:911@x;phone-context=+49": False, "sip:x@sip:911@x": False, "sip:911@x\nsip:1": False,
              "sip:+12155550101@x;a=<sip:911@x>": False, "sip:9;user=phone11@x": False, "sip:9;transport=a11@x": False,
              "sip:911@[2001:db8::1]:5060;lr;ob": True, "SIP:911@X;User=Phone;Transport=UDP": True, "sip:911@x;lr;rn=1": False,
              "sip:911@x;lrx": False, "sip:911@x;user=phone1": False, "sip:911@x;": False, "sip:911@;lr": False}
URNS = {"tel:119": True, "tel:119;rn=1": False, "urn:service:sos": True, "urn:service:sos.police": True,
        "urn:service:sosx": False, "urn:service:counseling": False,
        "URN:Service:SOS.Fire": True, "TEL:911": True, "tel:9;user=phone11": False}
FROM, TO = f'"A \\"b\\"" <sip:+{CALLER}@caller.example.org>;tag=1', f"<sip:+{CALLED}@callee.example.org>"


# FreeSWITCH as far as the recipe uses it. `perform` is Python's: "CODE\\nJSON\\nLUA TABLE".
STAND_IN = r"""
local function encoded(value)
  if type(value) == "table" then
    local parts = {}
    if #value > 0 then
      for _, item in ipairs(value) do parts[#parts + 1] = encoded(item) end
      return "[" .. table.concat(parts, ",") .. "]"
    end
    for name, item in pairs(value) do parts[#parts + 1] = encoded(name) .. ":" .. encoded(item) end
    return "{" .. table.concat(parts, ",") .. "}"
  end
  return '"' .. value:gsub('[%c"\\]', function(c) return string.format("\\u%04x", c:byte()) end) .. '"'
end
local decoded
freeswitch = { JSON = function() return {
  encode = function(_, value) return encoded(value) end, decode = function() return decoded end } end }
session = {
  getVariable = function(_, name) return variables[name] end,
  setVariable = function(_, name, value) variables[name] = value end,
  hangup = function() variables["hung up"] = "yes" end,
  execute = function(_, application, data)
    if application == "unset" then variables[data] = nil return end
    if application ~= "curl" then variables[application] = data return end
    local code, text, source = perform(data):match("^(%d+)\n([^\n]*)\n(.*)$")
    variables.curl_response_code, variables.curl_response_data = code, text
    decoded = loadstring("return " .. source)()
  end }
"""


def lua_text(value):
    if isinstance(value, dict):
        return "{" + ",".join(f"[{lua_text(k)}]={lua_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ",".join(lua_text(item) for item in value) + "}"
    if isinstance(value, str):
        return '"' + "".join(f"\\{byte:03d}" for byte in value.encode()) + '"'
    return {None: "nil", True: "true", False: "false"}[value] if value in (None, True, False) else str(value)


class Lua:
    """One script, by the library that Kamailio's Lua module uses."""

    library = ctypes.util.find_library("lua5.1")
    Function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)

    def __init__(self, perform):
        self.lua = lua = ctypes.CDLL(self.library)
        lua.luaL_newstate.restype = ctypes.c_void_p
        for function in ("lua_tolstring", "lua_close", "luaL_openlibs", "luaL_loadstring", "lua_pcall", "lua_pushlstring",
                         "lua_setfield", "lua_pushcclosure"):
            getattr(lua, function).argtypes = None
        lua.lua_tolstring.restype = ctypes.c_char_p
        self.state = ctypes.c_void_p(lua.luaL_newstate())
        lua.luaL_openlibs(self.state)

        def called(state):
            answer = perform(lua.lua_tolstring(ctypes.c_void_p(state), 1, None).decode()).encode()
            lua.lua_pushlstring(ctypes.c_void_p(state), answer, ctypes.c_size_t(len(answer)))
            return 1

        self.kept = self.Function(called)
        lua.lua_pushcclosure(self.state, self.kept, 0)
        lua.lua_setfield(self.state, -10002, b"perform")

    def run(self, script, results=0):
        status = self.lua.luaL_loadstring(self.state, script.encode()) or self.lua.lua_pcall(self.state, 0, results, 0)
        text = self.lua.lua_tolstring(self.state, -1, None) if status or results else b""
        assert not status, text
        return text.decode()

    def close(self):
        self.lua.lua_close(self.state)


def words_of(text, variables):
    """What FreeSWITCH does to the words of an application: expansion, then division at blanks."""
    text = re.sub(r"\$\{([^}]*)\}", lambda found: variables.get(found.group(1), ""), text)
    words, quote, word = [], "", ""
    characters = iter(text)
    for c in characters:
        if c == "\\":
            word += next(characters, "")
        elif quote or c in "'\"":
            quote = "" if c == quote else quote or c
            word += "" if c in (quote, "'", '"') else c
        elif c == " ":
            words.append(word)
            word = ""
        else:
            word += c
    return [*words, word]


# What a service without a policy says of a call, also of one that it verified.
UNDECIDED = b'{"verstat":"TN-Validation-Passed","reason":"ok","disposition":null}'


class Overloaded(http.server.BaseHTTPRequestHandler):
    """A service that refuses all, or (200) has no policy."""

    status = 503

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = UNDECIDED if self.status == 200 else b'{"error":{"reason":"evidence-not-kept","detail":""}}'
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Recipes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.policy = cls.lab.folder / "policy.json"
        cls.policy.write_text("{}")
        cls.server = Server(cls.lab, policy=str(cls.policy))

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.lab.close()

    overloaded = None

    def overload(self, status):
        """From now on the recipes of this test ask a service that answers with `status`."""
        handler = type("Handler", (Overloaded,), {"status": status})
        self.overloaded = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.addCleanup(self.overloaded.server_close)
        self.addCleanup(self.overloaded.shutdown)
        threading.Thread(target=self.overloaded.serve_forever, daemon=True).start()

    def url(self):
        if self.overloaded is not None:
            return f"http://127.0.0.1:{self.overloaded.server_port}/v1/calls"
        return f"http://127.0.0.1:{self.server.port}/v1/calls"

    def curl(self, body):
        result = subprocess.run(["curl", "-s", "-w", "\n%{http_code}", self.url(), "-H", "Content-Type: application/json",
                                 "--data-binary", "@-"], input=json.dumps(body), capture_output=True, text=True, timeout=30,
                                check=True)
        text, status = result.stdout.rsplit("\n", 1)
        self.assertEqual(status, "200", text)
        return json.loads(text)

    def filled(self, template, identity):
        """The request of a recipe, its variables replaced by what such a server has in them."""
        values = {"from": FROM, "to": TO, "request_uri": f"sip:+{CALLED}@sbc.example.org", "identity": [identity],
                  "p_asserted_identity": None, "resource_priority": None, "priority": None, "date": None, "trunk": "192.0.2.1", "call_id": "1@example.org"}
        asked = json.loads(template)
        self.assertEqual(set(asked) - set(values), set())
        return {name: values[name] for name in asked if values[name] is not None}

    def test_what_servers_send_and_read(self):
        for name in ("opensips.cfg", "freeswitch.lua"):
            text = (RECIPES / name).read_text()
            template = re.search(r"request: (\{.*\})$", text, re.M).group(1)
            paths = re.search(r"answer: (.*)$", text, re.M).group(1).split()
            for identity, action, code in ((self.lab.sign(), "pass", None),
                                           (self.lab.sign(orig="+12155550199"), "reject", 438)):
                answer = self.curl(self.filled(template, identity))
                for path in paths:
                    place = answer
                    for part in path.split("/"):
                        self.assertIn(part, place, f"{name}: {path}")
                        place = place[part]
                self.assertEqual((answer["disposition"]["action"], answer["disposition"]["sip"]["code"]), (action, code))

    def freeswitch(self, identities, asserted=(), caller=FROM, priorities=(), target=f"+{CALLED}@sbc.example.org", others=()):
        """Runs the recipe; the variables that it leaves, and what was asked."""
        joined = lambda values: values[0] if len(values) == 1 else "ARRAY::" + "|:".join(values)
        variables = {"sip_full_from": caller, "sip_full_to": TO, "sip_req_uri": target,
                     "sip_received_ip": "192.0.2.1", "sip_call_id": "1@example.org", "injected": '","x":"', **dict(others)}
        if identities:
            variables["sip_i_identity"] = joined(identities)
        if asserted:
            variables["sip_i_p_asserted_identity"] = joined(asserted)
        if priorities:
            variables["sip_i_priority"] = joined(priorities)
        asked = []

        def perform(data):
            words = words_of(data, variables)
            # mod_curl: the word behind "post" is the body, percent-decoded; what follows is none.
            body = urllib.parse.unquote_to_bytes(words[words.index("post") + 1])
            asked.append(body)
            result = subprocess.run(["curl", "-s", "-w", "\n%{http_code}", self.url(), "-H", "Content-Type: application/json",
                                     "--data-binary", "@-"], input=body, capture_output=True, timeout=30, check=True)
            text, status = result.stdout.decode().rsplit("\n", 1)
            return f"{status}\n{text}\n{lua_text(json.loads(text))}"

        lua = Lua(perform)
        try:
            lua.run("variables = " + lua_text(variables) + STAND_IN)
            lua.run((RECIPES / "freeswitch.lua").read_text())
            names = ("respond", "hung up", "sip_h_X-Verstat", "callvet_reason", "effective_caller_id_number",
                     "effective_caller_id_name", *(name for name in others if name != "sip_h_X-Verstat"))
            values = lua.run('return ' + '.."\\n"..'.join(f'(variables["{name}"] or "")' for name in names), 1).split("\n")
        finally:
            lua.close()
        return dict(zip(names, values)), json.loads(asked[0])

    def test_freeswitch(self):
        if Lua.library is None:
            self.skipTest("NOT RUN: there is no liblua5.1")
        passed, asked = self.freeswitch(["x", self.lab.sign()])
        self.assertEqual((passed["sip_h_X-Verstat"], passed["hung up"]), ("TN-Validation-Passed", ""))
        self.assertEqual((asked["from"], asked["identity"][0], len(asked["identity"])), (FROM, "x", 2))
        refused, _ = self.freeswitch([self.lab.sign(orig="+12155550199")])
        self.assertEqual((refused["respond"], refused["hung up"]), ("438 Invalid Identity Header", "yes"))
        refused, _ = self.freeswitch([])
        self.assertEqual((refused["respond"], refused["hung up"]), ("428 Use Identity Header", "yes"))
        two = [f"<sip:+{CALLER}@caller.example.org>", f"<tel:+{CALLER}>"]
        self.assertEqual(self.freeswitch([self.lab.sign()], two)[1]["p_asserted_identity"], two)
        self.assertNotIn("request_uri", self.freeswitch([], target="")[1])  # not known
        # An emergency centre calls back: never refused.
        called_back, asked = self.freeswitch([], priorities=["psap-callback"])
        self.assertEqual((asked["priority"], called_back["hung up"]), ("psap-callback", ""))
        refused, asked = self.freeswitch([], priorities=["psap-callback", "normal"])
        self.assertEqual(("priority" in asked, refused["hung up"]), (False, "yes"))

    def test_freeswitch_callers_cannot_write_into_the_question(self):
        if Lua.library is None:
            self.skipTest("NOT RUN: there is no liblua5.1")
        forged = f"%22,%22p_asserted_identity%22:[%22sip:+{CALLER}@x%22],%22priority%22:%22normal"
        for text in (f"<sip:+12155550199@x;a={forged}>;tag=1", '"${injected}" <sip:+12155550199@x>;tag=1',
                     "\"a ' b\\\\\" <sip:+12155550199@x;b=100%25+%2B&c#d>;tag=ä"):
            variables, asked = self.freeswitch([self.lab.sign()], caller=text)
            self.assertEqual(asked["from"], text)
            self.assertEqual(set(asked), {"from", "to", "request_uri", "identity", "trunk", "call_id"})
            self.assertEqual(variables["hung up"], "yes", text)

    def agi(self, url, headers, target=None):
        """Runs the AGI script; the variables that it set."""
        script = subprocess.Popen([sys.executable, str(RECIPES / "asterisk_agi.py"), url], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        script.stdin.write("agi_request: asterisk_agi.py\nagi_channel: PJSIP/trunk-1\n\n")
        script.stdin.flush()
        variables = {}
        for line in script.stdout:
            read = re.match(r'GET FULL VARIABLE "\$\{PJSIP_HEADER\(read,([^,]+),(\d+)\)\}"', line)
            setting = re.match(r'SET VARIABLE (\w+|CALLERID\(num\)) "(.*)"$', line)
            answer = "200 result=1"
            if read:
                values = headers.get(read.group(1), [])
                number = int(read.group(2))
                answer = f"200 result=1 ({values[number - 1]})" if number <= len(values) else "200 result=0"
            elif "CHANNEL(pjsip,request_uri)" in line and target is not None:
                answer = f"200 result=1 ({target})"
            elif setting:
                variables[setting.group(1)] = setting.group(2)
            else:
                answer = "200 result=0"
            script.stdin.write(answer + "\n")
            script.stdin.flush()
        script.wait(10)
        return variables

    def test_asterisk(self):
        headers = {"From": [FROM], "To": [TO], "Call-ID": ["1@example.org"]}
        good = self.agi(self.url(), {**headers, "Identity": ["x", self.lab.sign()]})
        self.assertEqual((good["CALLVET_ACTION"], good["CALLVET_VERSTAT"]), ("pass", "TN-Validation-Passed"))
        bad = self.agi(self.url(), {**headers, "Identity": [self.lab.sign(orig="+12155550199")]})
        self.assertEqual((bad["CALLVET_ACTION"], bad["CALLVET_CODE"], bad["CALLVET_REASON"]),
                         ("reject", "438", "orig-mismatch"))
        self.assertIn("cause=438", bad["CALLVET_REASON_HEADER"])
        # The caller that goes on is the one that was judged, where Asterisk may have taken another.
        self.assertNotIn("CALLERID(num)", good)
        headers["Remote-Party-ID"] = ["<sip:+12155550199@x>"]
        good = self.agi(self.url(), {**headers, "Identity": [self.lab.sign()]})
        self.assertEqual(good["CALLERID(num)"], f"+{CALLER}")
        asserted = [f'<sip:+12155550199@x>, "sip:1" <tel:+{CALLER};verstat=TN-Validation-Passed>']
        good = self.agi(self.url(), {**headers, "From": ["<sip:+12155550199@x>;tag=1"], "P-Asserted-Identity": asserted,
                                     "Identity": [self.lab.sign()]})
        self.assertEqual((good["CALLVET_VERSTAT"], good["CALLERID(num)"]), ("TN-Validation-Passed", f"+{CALLER}"))
        called_back = self.agi(self.url(), {**headers, "Priority": ["psap-callback"]})
        self.assertNotIn("CALLERID(num)", called_back)
        self.assertEqual(called_back["CALLVET_ACTION"], "tag")
        self.assertEqual(self.agi(self.url(), {**headers, "Priority": ["psap-callback"] * 2})["CALLVET_ACTION"], "reject")
        # Nobody answers.
        gone = self.agi("http://127.0.0.1:9/v1/calls", {**headers, "Identity": [self.lab.sign()]})
        self.assertEqual(gone["CALLVET_ACTION"], "reject")

    def test_asterisk_lets_emergency_calls_go_on_unanswered(self):
        headers = {"From": [FROM], "To": ["<sip:911@x>"]}
        for status in (200, 429, 503, 500):
            self.overload(status)
            for target, goes_on in ({**UNANSWERED, **URNS} if status == 503 else {"sip:911@x": True}).items():
                found = self.agi(self.url(), headers, target.replace("\n", " "))
                self.assertEqual((found["CALLVET_ACTION"], found["CALLVET_VERSTAT"]),
                                 ("tag" if goes_on else "reject", "No-TN-Validation"), target)
        self.assertEqual(self.agi("http://127.0.0.1:9/v1/calls", headers, "sip:911@x")["CALLVET_ACTION"], "tag")
        self.assertEqual(self.agi("http://127.0.0.1:9/v1/calls", headers)["CALLVET_ACTION"], "reject")

    def test_freeswitch_lets_emergency_calls_go_on_unanswered(self):
        if Lua.library is None:
            self.skipTest("NOT RUN: there is no liblua5.1")
        said = {"sip_h_P-Attestation-Indicator": "A", "sip_h_P-Origination-ID": "x", "sip_h_X-Verstat": "TN-Validation-Passed-A"}
        for status in (200, 429, 503):
            self.overload(status)
            for target, goes_on in UNANSWERED.items():
                found, _ = self.freeswitch([], target=target.split(":", 1)[1], others=said)
                self.assertEqual(found["hung up"], "" if goes_on else "yes", target)
                if goes_on:
                    self.assertEqual([found[name] for name in said], ["", "", "No-TN-Validation"])

    def test_opensips_lets_emergency_calls_go_on_unanswered(self):
        text = (RECIPES / "opensips.cfg").read_text()
        unanswered = text[text.index("route[CALLVET_NO_ANSWER] {"):text.index("route[CALLVET_UNJUDGED]")]
        pattern = re.search(r'if \(\$\(ru\{s\.tolower\}\) =~ "(.*)"\) \{\s+route\(CALLVET_UNJUDGED\);\s+exit;', unanswered).group(1)
        self.assertLess(unanswered.index("CALLVET_UNJUDGED"), unanswered.index("t_reply(436"))
        self.assertRegex(unanswered, r't_reply\(436, "Bad Identity Info"\);\s+exit;\s+\}')
        for target, goes_on in {**UNANSWERED, **URNS}.items():
            self.assertEqual(bool(re.search(pattern, target.lower())), goes_on, target)
        self.assertIn("X-Verstat: No-TN-Validation", text[text.index("route[CALLVET_UNJUDGED]"):])

    def test_opensips_takes_no_answer_of_old_and_none_without_a_disposition(self):
        """Of a service that refuses all, one without a policy, and what is no JSON (then `a` stays what it was)."""
        text = (RECIPES / "opensips.cfg").read_text()
        steps = [line.strip() for line in text[text.index("route[CALLVET_ANSWER] {"):].splitlines()[1:]
                 if line.strip() and not line.strip().startswith("#")]
        self.assertEqual(steps[:4], ["if ($rc < 0 || $var(status) != 200) route(CALLVET_NO_ANSWER);",
                                     '$json(a) := "{}";', "$json(a) := $var(answer);",
                                     "if ($json(a/disposition/action) == NULL) route(CALLVET_NO_ANSWER);"])

    def test_the_asterisk_dialplan_lets_only_verdicts_go_on(self):
        """Also where the script did not run, or was ended, and no variable is set."""
        text = (RECIPES / "asterisk_agi.py").read_text()
        condition = re.search(r"GotoIf\(\$\[(.*)\]\?go\)", text).group(1)
        for action, goes_on in (("pass", True), ("tag", True), ("reject", False), ("", False), ("other", False)):
            filled = condition.replace("${CALLVET_ACTION}", action)
            terms = [re.fullmatch(r'\s*"(\w*)" (!?=) "(\w*)"\s*', term).groups() for term in filled.split("|")]
            found = any((left == right) == (operator == "=") for left, operator, right in terms)
            self.assertEqual(found, goes_on, action)

    def test_the_asterisk_dialplan_tells_the_outbound_channel(self):
        text = (RECIPES / "asterisk_agi.py").read_text().split("The script sets")[0]
        inbound, handler = text.split("[callvet]")
        self.assertNotIn("Set(PJSIP_HEADER", inbound)
        self.assertIn("b(callvet^tell^1(${CALLVET_VERSTAT}))", inbound)
        self.assertRegex(handler, r"exten => tell,1,Set\(PJSIP_HEADER\(add,X-Verstat\)=\$\{ARG1\}\)\s+same => n,Return\(\)")

    def test_freeswitch_hands_on_nothing_that_callers_say_of_themselves(self):
        """mod_sofia hands on headers that begin with P- or X-, and shows the number of P-Preferred-Identity or else of
        P-Asserted-Identity or else of Remote-Party-ID."""
        if Lua.library is None:
            self.skipTest("NOT RUN: there is no liblua5.1")
        said = {"sip_h_P-Attestation-Indicator": "A", "sip_h_P-Origination-ID": "x", "sip_h_P-Other": "y",
                "sip_h_X-Verstat": "TN-Validation-Passed-A"}
        passed, _ = self.freeswitch([self.lab.sign()], others=said)
        self.assertEqual({name: passed[name] for name in said},
                         {**dict.fromkeys(said, ""), "sip_h_P-Other": "y", "sip_h_X-Verstat": "TN-Validation-Passed"})
        self.assertEqual(passed["effective_caller_id_number"], "")
        for header in ("sip_i_p_preferred_identity", "sip_i_remote_party_id"):
            judged, _ = self.freeswitch([self.lab.sign()], others={header: "<sip:+12155550199@x>"})
            self.assertEqual((judged["effective_caller_id_number"], judged["effective_caller_id_name"]),
                             (f"+{CALLER}", f"+{CALLER}"))
        asserted = [f'"sip:1 \\" <sip:2@x>" <tel:+{CALLER};verstat=TN-Validation-Passed>']
        judged, _ = self.freeswitch([self.lab.sign()], asserted, caller="<sip:+12155550199@x>;tag=1",
                                    others={"sip_i_p_preferred_identity": "<sip:+12155550199@x>"})
        self.assertEqual(judged["effective_caller_id_number"], f"+{CALLER}")

    def test_opensips_strips_what_callers_say_of_themselves(self):
        text = (RECIPES / "opensips.cfg").read_text()
        goes_on = text[text.index("# What callers say"):]
        self.assertRegex(goes_on, r"while \(\$json\(a/disposition/strip_headers\[\$var\(i\)\]\) != NULL\) \{\s+"
                                  r"remove_hf\(\$json\(a/disposition/strip_headers\[\$var\(i\)\]\)\);\s+"
                                  r"\$var\(i\) = \$var\(i\) \+ 1;")
        pattern = re.search(r"subst\('/(.*)//ig'\);", goes_on).group(1)
        for came, left in (("<sip:+1;verstat=TN-Validation-Passed-A@h;user=phone>;tag=1", "<sip:+1@h;user=phone>;tag=1"),
                           ("<tel:+1;VerStat=No-TN-Validation;phone-context=x>", "<tel:+1;phone-context=x>"),
                           ("sip:+1@h ; verstat = TN-Validation-Passed", "sip:+1@h "),
                           ("<sip:+1;%76%45rst%61t=TN%2DValidation-Passed@h>", "<sip:+1@h>"),
                           ("<sip:+1;verstat=a;verstat=b@h>", "<sip:+1@h>"),
                           ("<sip:+1;\tverstat\t=\r\n a%3Bverstat%3Db@h>", "<sip:+1@h>"),
                           ("<sip:+1;myverstat=a@h;verstats=b>", None),
                           # Nothing that divides a header may go.
                           ('";verstat=\\" <sip:+2@h>" <sip:+1@h>', None),
                           ('";verstat="<sip:+1@h>;x="verstat=a"', None)):
            self.assertEqual(re.sub(pattern, "", came, flags=re.I), came if left is None else left)

    def test_opensips_sends_all_headers_of_a_kind(self):
        text = (RECIPES / "opensips.cfg").read_text()
        for name in ("Identity", "P-Asserted-Identity", "Resource-Priority"):
            self.assertIn(f"while ($(hdr({name})[$var(i)]) != NULL)", text)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    unittest.main(verbosity=2, warnings="ignore")
