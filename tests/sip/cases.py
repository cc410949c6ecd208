# SPDX-License-Identifier: MIT
"""The cases of the public suite stirshaken-scenarios, 000 to 403: what each signs, the code that it must get by
RFC 8224 and by the suite itself ("opensipit"), and the reason id. 486: the call reached the callee. A right code
for a wrong reason fails.

Where RFC 8224 leaves a code open, it is that of the table of reasons (include/callvet/reason.h): an unusable iat is an
invalid header (438) and not a stale one, an alg other than ES256 an unsupported credential (437), an unknown ppt alone is
as good as no Identity (428)."""


def replaced(identity, old, new):
    assert old in identity, (old, identity)
    return identity.replace(old, new)


HUGE = "9" * 600

# name: (how it is signed, RFC 8224, opensipit, reason id)
CASES = {
    "000-valid": (lambda lab: lab.sign(), 486, 486, "verified"),
    "010-identity-garbage": (lambda lab: "garbage", 438, 438, "token-malformed"),
    "011-jwt-invalid": (lambda lab: "abc.def.ghi;info=<" + lab.web.url("/cert.pem") + ">;alg=ES256;ppt=shaken", 438, 438, "json-invalid"),
    "015-payload-no-json": (lambda lab: lab.sign(payload="no json"), 438, 438, "json-invalid"),
    "016-info-missing": (lambda lab: replaced(lab.sign(), ";info=<" + lab.web.url("/cert.pem") + ">", ""), 436, 438,
                         "info-missing"),
    "017-alg-missing": (lambda lab: replaced(lab.sign(), ";alg=ES256", ""), 486, 486, "verified"),
    "018-alg-hs256": (lambda lab: replaced(lab.sign(), ";alg=ES256", ";alg=HS256"), 437, 438, "alg-unsupported"),
    "019-ppt-missing": (lambda lab: replaced(lab.sign(), ";ppt=shaken", ""), 486, 486, "verified"),
    "020-ppt-foobar": (lambda lab: replaced(lab.sign(), ";ppt=shaken", ";ppt=foobar"), 428, 438, "unsupported-ppt"),
    "100-iat-0": (lambda lab: lab.sign(payload={"iat": 0}), 438, 403, "iat-invalid"),
    "101-iat-missing": (lambda lab: lab.sign(payload={"iat": None}), 438, 403, "iat-missing"),
    "102-iat-2000": (lambda lab: lab.sign(payload={"iat": 946681200}), 403, 403, "iat-stale"),
    "103-iat-2030": (lambda lab: lab.sign(payload={"iat": 1893452400}), 403, 403, "iat-in-future"),
    "104-iat-2100": (lambda lab: lab.sign(payload={"iat": 4102441200}), 403, 403, "iat-in-future"),
    "105-iat-text": (lambda lab: lab.sign(payload={"iat": "a" * 50}), 438, 403, "iat-invalid"),
    "106-iat-negative": (lambda lab: lab.sign(payload={"iat": -1}), 438, 403, "iat-invalid"),
    "200-certificate-expired": (lambda lab: lab.sign(key="expired", x5u="/expired.pem"), 437, 438, "certificate-expired"),
    "201-certificate-future": (lambda lab: lab.sign(key="future", x5u="/future.pem"), 437, 438,
                               "certificate-not-yet-valid"),
    "204-certificate-untrusted": (lambda lab: lab.sign(who="stranger", x5u="/untrusted.pem"), 437, 438, "chain-untrusted"),
    "205-certificate-garbage": (lambda lab: lab.sign(x5u="/garbage.pem"), 436, 438, "certificate-unreadable"),
    "206-certificate-empty": (lambda lab: lab.sign(x5u="/empty.pem"), 436, 438, "certificate-unreadable"),
    "207-certificate-404": (lambda lab: lab.sign(x5u="/gone.pem"), 436, 438, "fetch-http-status"),
    "208-other-port": (lambda lab: lab.sign(x5u="/copy.pem", which=1), 486, 486, "verified"),
    "209-unresponsive": (lambda lab: lab.sign(x5u="/hang-209.pem"), 436, 486, "fetch-timeout"),
    "300-orig-dest-missing": (lambda lab: lab.sign(payload={"orig": None, "dest": None}), 438, 403, "dest-missing"),
    "301-orig-missing": (lambda lab: lab.sign(payload={"orig": None}), 438, 403, "orig-missing"),
    "302-dest-missing": (lambda lab: lab.sign(payload={"dest": None}), 438, 403, "dest-missing"),
    "303-orig-mismatch": (lambda lab: lab.sign(payload={"orig": {"tn": "999888777"}}), 438, 403, "orig-mismatch"),
    "304-dest-mismatch": (lambda lab: lab.sign(payload={"dest": {"tn": ["999888777"]}}), 438, 403, "dest-mismatch"),
    "305-orig-empty": (lambda lab: lab.sign(payload={"orig": {"tn": ""}}), 438, 403, "orig-missing"),
    "306-dest-empty": (lambda lab: lab.sign(payload={"dest": {"tn": [""]}}), 438, 403, "dest-missing"),
    "307-orig-garbage": (lambda lab: lab.sign(payload={"orig": {"tn": HUGE}}), 438, 438, "orig-invalid"),
    "308-dest-garbage": (lambda lab: lab.sign(payload={"dest": {"tn": [HUGE]}}), 438, 438, "dest-invalid"),
    "400-attest-missing": (lambda lab: lab.sign(payload={"attest": None}), 438, 438, "attest-missing"),
    "401-attest-empty": (lambda lab: lab.sign(payload={"attest": ""}), 438, 438, "attest-invalid"),
    "402-attest-x": (lambda lab: lab.sign(payload={"attest": "X"}), 438, 438, "attest-invalid"),
    "403-attest-garbage": (lambda lab: lab.sign(payload={"attest": "%$&/" * 50}), 438, 438, "attest-invalid"),
}
