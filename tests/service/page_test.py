#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page in headless Chromium: verdicts, languages, keyboard, no script from any claim, no other origin."""

import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import webdriver  # noqa: E402
from support import CALLED, CALLER, TOKENS, X5U, Lab, Server, yesterdays_call  # noqa: E402

SHOTS = os.environ.get("CALLVET_SCREENSHOTS")  # a folder, to look at the page
EVIL = "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>"


def invite(identity, shown=CALLER, display=""):
    return ("INVITE sip:+%s@example.org SIP/2.0\nFrom: %s<sip:+%s@example.org>;tag=1\n"
            "To: <sip:+%s@example.org>\nIdentity: %s\n\n") % (CALLED, display, shown, CALLED, identity)

# Visible text whose colour does not stand out from what is behind it (WCAG 2.1, 1.4.3: 4.5 to 1; 3 to 1 if it is large):
# [text, ratio]. Colours are read through a canvas, whichever way they are written.
FAINT_TEXT = """
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
                           return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
                                        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor);
                                                        if (c[3] === 255) return c; } return [255, 255, 255]; };
  const faint = [];
  for (const e of document.querySelectorAll('body *')) {
    const text = [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join(' ').trim();
    if (!text || !e.getClientRects().length || e.closest('svg') || e.disabled) continue;
    const style = getComputedStyle(e), size = parseFloat(style.fontSize);
    const [a, b] = [light(rgba(style.color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.push([text.slice(0, 40), Math.round(ratio * 100) / 100]);
  }
  return faint;"""


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(valid_for_days=3)
        policy = cls.lab.folder / "pools-policy.json"
        policy.write_text(json.dumps({"country": "US", "default": {"mode": "observe"}, "pools": [
            {"name": EVIL, "sources": ["trunk"], "calls": 50, "callers": 50, "callees_per_call": 0.8}]}))
        cls.server = Server(cls.lab, evidence={"store": str(cls.lab.folder / "evidence.db")}, pools={}, policy=str(policy))
        cls.browser = webdriver.Browser()
        cls.origin = f"http://127.0.0.1:{cls.server.port}"

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        assert cls.server.stop() == 0
        cls.lab.close()

    def setUp(self):
        self.browser.open(self.origin + "/")
        self.browser.run("localStorage.clear(); sessionStorage.clear();")
        self.browser.open(self.origin + "/")

    def tearDown(self):
        severe = [entry for entry in self.browser.log("browser")
                  if entry["level"] == "SEVERE" and "status of 4" not in entry["message"]]
        self.assertEqual(severe, [])
        for url in self.browser.requested_urls():
            self.assertTrue(url.startswith((self.origin, "data:", "chrome:", "chrome-untrusted:")), url)
        self.assertIsNone(self.browser.run("return window.pwned === undefined ? null : 1"))

    def shot(self, name):
        if SHOTS:
            self.browser.screenshot(os.path.join(SHOTS, name + ".png"))

    def check(self, text, **fields):
        for name in ("text", "from", "to", "at"):
            self.browser.run("document.getElementById(arguments[0]).value = arguments[1]", name,
                             text if name == "text" else fields.get(name, ""))
        self.browser.run("document.getElementById('result').replaceChildren()")
        self.browser.click("#check-form .primary")
        return self.browser.wait("const v = document.querySelector('#result .card'); return v && v.innerText;")

    def failing(self):
        return self.browser.run("return [...document.querySelectorAll('li.failed')].map(e => e.dataset.check)")

    def test_a_genuine_call(self):
        self.check(invite(self.lab.sign()))
        self.assertIn("TN-Validation-Passed", self.browser.text("#verdict"))
        self.assertEqual(self.failing(), [])
        self.assertEqual(self.browser.run("return document.querySelectorAll('.cert').length"), 3)
        self.shot("genuine")

    def test_a_spoofed_call_shows_the_failing_check(self):
        self.check(invite(self.lab.sign(), shown="12155550199"))
        self.assertIn("orig-mismatch", self.browser.text("#verdict"))
        self.assertEqual(self.failing(), ["orig"])
        self.assertIn("12155550199", self.browser.text("td.differs"))
        self.shot("spoofed")

    def test_bare_tokens_and_numbers_beside_them(self):
        token = self.lab.sign().split(";")[0]
        self.check(token, **{"from": "+" + CALLER, "to": "+" + CALLED})
        self.assertIn("TN-Validation-Passed", self.browser.text("#verdict"))
        self.check(token, **{"from": "+" + CALLER, "to": "+" + CALLED, "at": str(int(time.time()) + 1000)})
        self.assertIn("iat-stale", self.browser.text("#verdict"))
        self.assertIn("400", self.check("{}", at="yesterday"))

    def test_language_is_switched_and_remembered(self):
        self.check(invite(self.lab.sign(), shown="12155550199"))
        self.browser.click("#language")
        self.assertEqual(self.browser.run("return document.documentElement.lang"), "zh-CN")
        self.assertIn("未通过验证", self.browser.text("#verdict"))
        self.assertEqual(self.browser.text("#tab-trust"), "信任")
        self.shot("chinese")
        self.browser.open(self.origin + "/")
        self.assertEqual(self.browser.text("#tab-traffic"), "流量")
        self.browser.click("#language")
        self.assertEqual(self.browser.text("#tab-traffic"), "Traffic")

    def test_no_claim_becomes_markup(self):
        for identity in (self.lab.sign_raw(payload={"origid": EVIL}),
                         self.lab.sign_raw(payload={"orig": {"tn": EVIL}}),
                         self.lab.sign_raw(payload={"dest": {"tn": [EVIL], "uri": [EVIL]}}),
                         self.lab.sign_raw(payload={"attest": EVIL, EVIL: EVIL}),
                         self.lab.sign_raw(header={"x5u": "https://cert.example.org/" + EVIL, "typ": EVIL}),
                         self.lab.sign().replace("shaken", '"' + EVIL.replace('"', "'") + '"')):
            for text in (invite(identity), invite(identity, display='"' + EVIL.replace('"', "'") + '" ')):
                self.check(text)
                time.sleep(0.2)
                self.assertEqual(self.browser.run(
                    "return document.querySelectorAll('main img, main script, main iframe').length"), 0)
        self.check(EVIL)
        self.shot("evil")

    def test_keyboard(self):
        self.browser.run("document.getElementById('tab-check').focus()")
        right, left = "\ue014", "\ue012"
        self.browser.keys(right)
        self.assertEqual(self.browser.run("return document.activeElement.id"), "tab-traffic")
        self.assertFalse(self.browser.run("return document.getElementById('view-traffic').hidden"))
        self.browser.keys(left, left)  # around the end
        self.assertEqual(self.browser.run("return document.activeElement.id"), "tab-trust")
        self.browser.keys(right)
        self.assertEqual(self.browser.run("return document.activeElement.id"), "tab-check")
        unreachable = self.browser.run(
            "return [...document.querySelectorAll('[tabindex]')].filter(e => e.tabIndex > 0).length")
        self.assertEqual(unreachable, 0)

    def test_evidence_one_calls_story(self):
        for trunk, shown in (("pstn-7", CALLER), (EVIL, "12155550199")):
            self.server.request("POST", "/v1/calls", {"identity": self.lab.sign(), "from": "+" + shown,
                                                      "to": "+" + CALLED, "trunk": trunk, "call_id": EVIL})
        self.browser.run("sessionStorage.setItem('token', arguments[0])", TOKENS["read-evidence"])
        self.browser.click("#tab-evidence")
        self.browser.wait("return document.querySelectorAll('#evidence tbody tr').length >= 2")
        self.browser.run("document.getElementById('e-trunk').value = 'pstn-7'")
        self.browser.click("#evidence-form .primary")
        self.browser.wait("return document.querySelectorAll('#evidence tbody tr').length === 1")
        self.browser.click("#evidence tbody button")
        story = self.browser.wait("const s = document.getElementById('story'); return s.children.length && s.innerText")
        for text in ("Who is responsible", "SPC 4321", "pstn-7", "the same verdict"):
            self.assertIn(text, story)
        self.shot("evidence")
        self.browser.run("document.getElementById('e-trunk').value = ''; window.scrollTo(0, 0);")
        self.browser.click("#evidence-form .primary")
        self.browser.wait("return document.querySelectorAll('#evidence tbody tr').length >= 2")
        self.browser.run("window.scrollTo(0, 0)")
        self.browser.click("#evidence tbody button")
        self.browser.wait("return document.getElementById('story').children.length")
        self.assertEqual(self.browser.run(
            "return document.querySelectorAll('main img, main script, main iframe').length"), 0)

    def test_the_next_page_is_of_the_same_search(self):
        lines = "".join(json.dumps({"from": "+" + CALLER, "to": "+" + CALLED, "trunk": "many", "call_id": f"{i}@many"}) + "\n"
                        for i in range(60))
        self.server.request("POST", "/v1/calls:batch", lines)
        self.browser.run("sessionStorage.setItem('token', arguments[0])", TOKENS["read-evidence"])
        self.browser.click("#tab-evidence")
        rows = "return document.querySelectorAll('#evidence tbody tr').length === "
        more = "#evidence .card > button"

        def search(**fields):
            for name in ("trunk", "call_id", "origid", "div"):
                self.browser.run("document.getElementById('e-' + arguments[0]).value = arguments[1]", name, fields.get(name, ""))
            self.browser.click("#evidence-form .primary")

        for _ in range(100):  # until they are stored
            search(trunk="many", call_id="59@many")
            time.sleep(0.1)
            if self.browser.run(rows + "1"):
                break
        self.assertTrue(self.browser.run(rows + "1"))
        search(origid="de305d54-75b4-431b-adb2-000000000000")
        self.browser.wait("return document.querySelector('#evidence .hint')")
        search(trunk="many")
        self.browser.wait(rows + "50")
        search(trunk="many", div="+12155550188")
        self.browser.wait("return document.querySelector('#evidence .hint')")
        search(trunk="many")
        self.browser.wait(rows + "50")
        self.browser.run("document.getElementById('e-trunk').value = 'other'")
        self.browser.click(more)
        self.browser.wait(rows + "60")
        # An export that fails says so.
        self.browser.run("window.scrollTo(0, 0)")
        self.browser.click("#evidence tbody button")
        self.browser.wait("return document.querySelector('#story button')")
        self.browser.run("sessionStorage.removeItem('token')")
        self.browser.click("#story p button")
        self.browser.wait("const p = document.querySelector('#story .problem'); return p && !p.hidden && p.textContent")

    def fill(self, **fields):
        for name, value in fields.items():
            self.browser.run("document.getElementById(arguments[0]).value = arguments[1]", name.replace("_", "-"), value)

    def file_complaint(self, **fields):
        """Files it with one token, and looks with another: nobody needs both."""
        self.browser.run("document.getElementById('filed').replaceChildren()")
        self.fill(c_caller="", c_reference="", c_text="", c_category="other", c_tolerance="15")
        self.fill(**fields)
        self.browser.run("sessionStorage.setItem('token', arguments[0])", TOKENS["file-complaints"])
        self.browser.click("#complaint-form .primary")
        id = self.browser.wait("const f = document.querySelector('#filed .mono'); return f && f.textContent")
        self.browser.wait("return document.querySelector('#complaint .problem')")  # it may not look
        self.browser.run("sessionStorage.setItem('token', arguments[0])", TOKENS["read-evidence"])
        self.browser.click("#tab-complaints")
        self.browser.wait("return document.querySelector('#complaints [data-id=\"' + arguments[0] + '\"]')", id)
        self.browser.click(f'#complaints [data-id="{id}"]')
        return id, self.browser.wait(
            "const c = document.getElementById('complaint'); return c.innerText.includes(arguments[0]) && c.innerText", id)

    def test_a_complaint_finds_its_call_and_who_connected_it(self):
        # Ten past three yesterday, on the clock of this browser.
        offset = self.browser.run("return -new Date().getTimezoneOffset() / 60")
        id, day = yesterdays_call(self.lab, self.server, "12155550142", zone=int(offset))
        self.browser.click("#tab-complaints")
        complaint, shown = self.file_complaint(c_callee="+12155550142", c_caller="+12155550100", c_about=day + "T15:10",
                                               c_category="fraud", c_reference="12321-17", c_text="They said: my bank!")
        for text in ("fraud", "12321-17", "They said: my bank!"):
            self.assertIn(text, shown)
        for text in ("call found", "SPC 4321", "gateway-3", CALLED + " → 12155550142"):
            self.assertIn(text, shown)
        self.shot("complaint")
        self.browser.click(f'#complaint [data-story="{id}"]')
        story = self.browser.wait("const s = document.getElementById('complaint-story'); return s.children.length && s.innerText")
        for text in ("Who is responsible", "SPC 4321", "gateway-3", "the same verdict", CALLED + " → 12155550142"):
            self.assertIn(text, story)
        self.browser.click("#tab-report")
        self.browser.wait("return document.querySelector('#report table')")
        self.fill(r_by="trunk", r_from=day + "T00:00")
        self.browser.click("#report-form .primary")
        report = self.browser.wait("const r = document.getElementById('report'); return r.innerText.includes('gateway-3') && r.innerText")
        self.assertIn("Total", report)
        self.assertGreaterEqual(self.browser.run("return document.querySelectorAll('#report svg.bars rect').length"), 2)
        self.shot("report")
        self.browser.click("#language")
        self.assertIn("合计", self.browser.wait(
            "const r = document.getElementById('report'); return r.innerText.includes('合计') && r.innerText"))
        self.assertEqual(self.browser.text("#tab-complaints"), "投诉")
        self.assertEqual(self.browser.run("return document.querySelector('#c-category option').textContent"), "骚扰")
        self.shot("report-chinese")

    def test_no_complaint_becomes_markup(self):
        now = self.browser.run("const d = new Date(); d.setMinutes(d.getMinutes() - d.getTimezoneOffset());"
                               "return d.toISOString().slice(0, 16)")
        self.server.request("POST", "/v1/calls", {"identity": self.lab.sign(dest="+12155550143"), "from": "+" + CALLER,
                                                  "to": "+12155550143", "trunk": EVIL, "call_id": EVIL})
        time.sleep(0.5)  # until its record is there
        self.browser.click("#tab-complaints")
        _, shown = self.file_complaint(c_callee="+12155550143", c_about=now, c_reference=EVIL, c_text=EVIL)
        self.assertIn(EVIL, shown)
        self.browser.click("#tab-report")
        self.fill(r_by="trunk")
        self.browser.click("#report-form .primary")
        self.browser.wait("return document.getElementById('report').innerText.includes(arguments[0])", EVIL)
        self.browser.run("sessionStorage.setItem('token', arguments[0])", TOKENS["file-complaints"])
        self.browser.click("#tab-complaints")
        self.fill(c_callee=EVIL, c_about=now)
        self.browser.click("#complaint-form .primary")
        self.browser.wait("return document.querySelector('#filed .problem')")
        self.assertEqual(self.browser.run(
            "return document.querySelectorAll('main img, main script, main iframe').length"), 0)

    def test_the_report_names_flagged_sources_and_when_they_were_released(self):
        lines = [json.dumps({"from": f"+1215555{1000 + i}", "to": f"+1312555{1000 + i}", "trunk": EVIL}) for i in range(90)]
        self.assertEqual(self.server.request("POST", "/v1/calls:batch", "\n".join(lines) + "\n")[0], 200)
        self.browser.run("sessionStorage.setItem('token', arguments[0])", TOKENS["read-evidence"])
        self.browser.click("#tab-report")
        self.fill(r_by="trunk")
        self.browser.click("#report-form .primary")
        shown = self.browser.wait("const r = document.getElementById('report').innerText;"
                                  "return r.includes('Sources whose callers rotate') && r")
        self.assertIn("trunk " + EVIL, shown)
        self.assertNotIn("(released)", shown)
        self.server.request("POST", "/v1/pools/release", {"kind": "trunk", "value": EVIL}, token=TOKENS["admin"])
        time.sleep(1.5)  # until its record is there
        self.browser.click("#report-form .primary")
        self.browser.wait("return document.getElementById('report').innerText.includes('(released)')")
        self.assertEqual(self.browser.run("return document.querySelectorAll('main img, main script').length"), 0)

    def test_traffic_and_trust_need_a_token(self):
        self.check(invite(self.lab.sign()))
        self.browser.click("#tab-traffic")
        self.browser.wait("return document.querySelector('#traffic .problem')")
        self.browser.click("#token-button")
        self.browser.type("#token", TOKENS["read-evidence"] + "\n")  # Enter uses it
        self.browser.wait("return document.querySelector('#traffic svg.chart')")
        self.assertIn("4321", self.browser.text("#traffic"))
        self.shot("traffic")
        self.browser.click("#tab-trust")
        self.browser.wait("return document.querySelector('#trust table')")
        self.assertIn("SHAKEN", self.browser.text("#trust"))
        self.shot("trust")

    def test_phone_width(self):
        self.browser.devtools("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)
        try:
            self.browser.open(self.origin + "/")
            self.check(invite(self.lab.sign(), shown="12155550199"))
            self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 390)
            if SHOTS:
                self.shot("phone")
        finally:
            self.browser.devtools("Emulation.clearDeviceMetricsOverride")

    def test_light_and_dark(self):
        self.addCleanup(self.browser.prefer, "")
        backgrounds = {}
        for scheme in ("light", "dark"):
            self.browser.prefer(scheme)
            backgrounds[scheme] = self.browser.run("return getComputedStyle(document.body).backgroundColor")
            for name, text in (("genuine", invite(self.lab.sign())),
                               ("spoofed", invite(self.lab.sign(), shown="12155550199"))):
                self.check(text)
                self.assertEqual(self.browser.run(FAINT_TEXT), [], scheme)
                self.shot(f"{name}-{scheme}")
            self.browser.click("#tab-traffic")
            self.browser.wait("return document.querySelector('#traffic .problem')")
            self.assertEqual(self.browser.run(FAINT_TEXT), [], scheme)
            self.browser.click("#tab-check")
        self.assertNotEqual(backgrounds["light"], backgrounds["dark"])

    def test_the_policy_of_the_page_forbids_inline_script(self):
        headers = self.server.request("GET", "/")[1]
        policy = headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)


if __name__ == "__main__":
    if not webdriver.available():
        print("SKIPPED: chromium and chromium-driver are not installed (tools/packages.sh)")
        sys.exit(77)
    sys.exit(unittest.main(verbosity=1))
