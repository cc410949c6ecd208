#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the hand-written seeds of tests/fuzz/corpus: for each target some inputs that get to its point,
and some that fail just before. CALLVET names the program, for the evidence bundle. Numbers and domains are
those for examples. Fuzzing adds to the corpus; this keeps what is there."""

import base64
import hashlib
import json
import os
import subprocess
import tempfile

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography import x509

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.path.join(HERE, "lab")
NOW = 1768478400
ORIG, DEST, NEXT = "12155550100", "12155550101", "12155550102"
ORIGID = "de305d54-75b4-431b-adb2-eb6b9e546014"


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def lab(name):
    with open(os.path.join(LAB, name), "rb") as file:
        return file.read()


def sign(label, text):
    key = serialization.load_pem_private_key(lab(label + ".key"), None)
    r, s = utils.decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def x5u(label):
    return f"https://cert.example.org/{label}.pem"


def dump(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def token(payload, label="carrier", ppt="shaken", by=None, header=None):
    head = {"alg": "ES256", "typ": "passport", "x5u": x5u(label), **({"ppt": ppt} if ppt else {})}
    head.update(header or {})
    text = b64(dump(head).encode()) + "." + b64(dump(payload).encode())
    return text + "." + b64(sign(by or label, text))


def identity(payload, label="carrier", ppt="shaken", **more):
    return (token(payload, label, ppt, **more) + f";info=<{x5u(label)}>;alg=ES256" +
            (f";ppt={ppt}" if ppt else ""))


def shaken(**more):
    return {"attest": "A", "dest": {"tn": [DEST]}, "iat": NOW, "orig": {"tn": ORIG}, "origid": ORIGID, **more}


def base(**more):
    return {"dest": {"tn": [DEST]}, "iat": NOW, "orig": {"tn": ORIG}, **more}


def div(**more):
    return {"dest": {"tn": [NEXT]}, "div": {"tn": DEST}, "iat": NOW, "orig": {"tn": ORIG}, **more}


def compact():
    head = dump({"alg": "ES256", "typ": "passport", "x5u": x5u("carrier")})
    text = b64(head.encode()) + "." + b64(dump(base()).encode())
    return ".." + b64(sign("carrier", text)) + f";info=<{x5u('carrier')}>;alg=ES256"


def call(*identities, orig="+" + ORIG, dest="+" + DEST, more=()):
    return "\n".join([f"I{i}" for i in identities] + [f"O{orig}", f"D{dest}", *more])


DATE = "Thu, 15 Jan 2026 12:00:00 GMT"


def invite(value, method="INVITE", uri="sip:+12155550101@example.org", more=""):
    return "\r\n".join([
        f"{method} {uri} SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKseed",
        "From: \"A\" <sip:+12155550100@example.org;user=phone>;tag=1",
        "To: <sip:+12155550101@example.org;user=phone>", "Call-ID: seed@192.0.2.1", "CSeq: 1 INVITE",
        f"Date: {DATE}", f"Identity: {value}", *([more] if more else []), "Content-Length: 0", "", ""])


RCD = {"nam": "Example", "icn": "https://example.org/i.png"}


def verifier_seeds():
    good = identity(shaken())
    forged = identity(shaken(), by="stranger")
    yield "pass-shaken", call(good)
    yield "pass-numbers", call(identity(shaken(), "numbers"))
    yield "pass-bound", call(identity(shaken(attest="B"), "bound"))
    yield "pass-base", call(identity(base(), ppt=None))
    yield "pass-compact", call(compact(), more=[f"t{DATE}"])
    yield "pass-date", call(good, more=[f"t{DATE}", "Tsip:+12155550101@example.org"])
    yield "pass-beside-forged", call(forged, good)
    yield "pass-merged", call(forged + "," + good)
    yield "pass-uri", call(identity({"dest": {"uri": ["sip:b@example.org"]}, "iat": NOW,
                                     "orig": {"uri": "sip:a@example.org"}}, ppt=None),
                           orig="sip:a@example.org", dest="<sip:b@example.org>")
    yield "pass-div", call(good, identity(div(), "carrier", "div"), dest="+" + NEXT)
    inner = token(shaken())
    yield "pass-div-o", call(identity(div(opt=inner), ppt="div-o"), dest="+" + NEXT)
    yield "pass-rph", call(good, identity(base(rph={"auth": ["ets.0"]}), ppt="rph"), more=["Rets.0"])
    yield "pass-rcd", call(good, identity(base(rcd=RCD), ppt="rcd"))
    yield "fail-forged", call(forged)
    yield "fail-stranger", call(identity(shaken(), "stranger"))
    yield "fail-bound", call(identity(shaken(attest="C"), "bound"))
    yield "fail-numbers", call(identity(shaken(orig={"tn": "12155550199"}), "numbers"), orig="+12155550199")
    yield "fail-orig", call(good, orig="+12155550199")
    yield "fail-stale", call(identity(shaken(iat=NOW - 61)))
    yield "fail-alg", call(identity(shaken(), header={"alg": "none"}))
    yield "fail-div-forged", call(good, identity(div(), ppt="div", by="stranger"), dest="+" + NEXT)
    yield "fail-msg", call(identity(base(msgi="sha256-" + "A" * 43 + "="), ppt="msg"), more=["Mhello"])


def passport_seeds():
    yield "shaken", dump(shaken())
    yield "uri", dump(base(orig={"uri": "sip:a@example.org"}))
    yield "mky", dump(base(mky=[{"alg": "sha-256", "dig": "02" * 32}]))
    yield "rcd", dump(base(rcd={"nam": "E", "jcd": ["vcard", [["fn", {}, "text", "E"]]]},
                           rcdi={"/jcd/1/0/3": "sha256-" + "A" * 43 + "="}))
    yield "div", dump(div())
    yield "rph", dump(base(rph={"auth": ["ets.0", "wps.1"]}, sph="psap-callback"))
    yield "header", dump({"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": x5u("carrier")})
    yield "escapes", '{"dest":{"tn":["12155550101"]},"iat":1768478400,"orig":{"tn":"1215\\u00355550100"},"\\ud83d\\ude00":1e3}'
    yield "twice", '{"dest":{"tn":["12155550101"]},"iat":1768478400,"iat":1,"orig":{"tn":"12155550100"}}'


def json_seeds():
    yield "claims", dump(shaken())
    yield "numbers", "[0,-1,1.5,1e10,18446744073709551615,-9223372036854775808,1e400,0.1e-5]"
    yield "nested", "[" * 15 + "]" * 15
    yield "texts", '{"a":"\\u00e9\\n\\"\\\\\\/","b":"\u00e9\U0001F600","c":[true,false,null]}'
    yield "twice", '{"a":1,"\\u0061":2}'
    yield "spaces", ' { "a" : [ 1 , 2 ] } \n'


def identity_seeds():
    good = identity(shaken())
    yield "full", good
    yield "quoted", token(base(), ppt="rph") + f';info=<{x5u("carrier")}>;ALG="ES256" ; ppt="rph";x="a,;b"'
    yield "compact", compact()
    yield "bare", token(shaken())
    yield "two", good + " , " + good
    yield "folded", good.replace(";info", ";\r\n info")
    yield "twice", good + ";ppt=shaken"


def der(tag, body):
    return bytes([tag, len(body)]) + body


def sequence(*parts):
    return der(0x30, b"".join(parts))


def spc(text):
    return der(0xA0, der(0x16, text))


def numbers(first, count):
    return der(0xA1, sequence(der(0x16, first), der(0x02, count)))


def tn_auth_list_seeds():
    yield "spc", sequence(spc(b"4321"))
    yield "numbers", sequence(numbers(b"12155550100", b"\x32"), der(0xA2, der(0x16, b"12155550199")))
    yield "mixed", sequence(spc(b"4321"), spc(b"818H"), numbers(b"1215", b"\x01\x00"))
    yield "implicit", sequence(der(0x80, b"4321"))
    yield "too-many", sequence(numbers(b"99", b"\x02"))


def claim_constraints_seeds():
    names = lambda tag, *texts: der(tag, sequence(*[der(0x16, t) for t in texts]))
    values = lambda claim, *texts: sequence(der(0x16, claim), sequence(*[der(0x0C, t) for t in texts]))
    permitted = der(0xA1, sequence(values(b"attest", b"A", b"B"), values(b"rcd", b'{"nam":"E"}')))
    yield "include", sequence(names(0xA0, b"attest", b"origid"))
    yield "permitted", sequence(permitted)
    yield "both", sequence(names(0xA0, b"rcd"), permitted)
    yield "exclude", sequence(names(0xA0, b"attest"), permitted, names(0xA2, b"rcd", b"crn"))
    yield "excludes-iat", sequence(names(0xA2, b"iat"))
    yield "empty", sequence()


def crl_seeds():
    for name in ("revokes_numbers", "revokes_nobody", "forged"):
        yield name, lab(name + ".crl")
    yield "der", x509.load_pem_x509_crl(lab("revokes_numbers.crl")).public_bytes(serialization.Encoding.DER)
    yield "two", lab("forged.crl") + lab("revokes_nobody.crl")


def bundle_seeds():
    for name in ("carrier", "numbers", "bound", "pa"):
        yield name, lab(name + ".pem")
    yield "der", x509.load_pem_x509_certificate(lab("ca.pem")).public_bytes(serialization.Encoding.DER)
    yield "with-crl", lab("carrier.pem") + lab("revokes_nobody.crl")


def trust_list_seeds():
    pa = "https://list.example.org/pa.pem"

    def jws(payload, by="pa", header=None):
        text = b64(dump({"alg": "ES256", "typ": "JWT", "x5u": pa, **(header or {})}).encode()) + "." + b64(
            dump(payload).encode())
        return text + "." + b64(sign(by, text))

    payload = {"version": "1", "sequence": 7, "exp": NOW + 86400, "trustList": [lab("root.pem").decode()]}
    good = jws(payload)
    parts = good.split(".")
    yield "compact", good
    yield "answer", json.dumps({"status": "success", "caList": good})
    yield "flattened", json.dumps({"protected": parts[0], "payload": parts[1], "signature": parts[2]})
    yield "general", json.dumps({"payload": parts[1], "signatures": [{"protected": parts[0], "signature": parts[2]}]})
    yield "forged", jws(payload, by="stranger")
    yield "no-ca", jws({**payload, "trustList": [lab("carrier.pem").decode().split("-----END")[0] +
                                                 "-----END CERTIFICATE-----\n"]})
    yield "crit", jws(payload, header={"crit": ["x"]})


def url_seeds():
    for name, url in [("plain", x5u("carrier")), ("port", "https://cert.example.net:8443/a/b.pem"),
                      ("below", "https://a.b.example.org/p"), ("denied", "https://evil.example.org/p"),
                      ("address", "https://192.0.2.1/p"), ("v6", "https://[2001:db8::1]:443/p"),
                      ("octal", "https://0177.0.0.1/p"), ("hex", "https://0x7f000001/p"),
                      ("number", "https://2130706433/p"), ("user", "https://a@cert.example.org/p"),
                      ("http", "http://cert.example.org/p"), ("encoded", "https://cert.example.org/%2e%2e/p?"),
                      ("query", "https://cert.example.org/certdist?cmd=crl&issuer=CN=A"),
                      ("fragment", "https://cert.example.org/crl#x"), ("bare", "https://cert.example.org?@evil.example.org/"),
                      ("mapped", "::ffff:127.0.0.1"), ("public", "2606:4700::1"), ("loopback", "127.0.0.1"),
                      ("nat64", "64:ff9b::7f00:1"), ("v4", "203.0.113.9"), ("entry", ".example.org")]:
        yield name, url
    yield "answer", ("HTTP/1.1 200 OK\r\nContent-Type: application/pem-certificate-chain\r\nCache-Control: "
                     "max-age=86400, s-maxage=\"604800\"\r\nAge: 10\r\nContent-Length: 4\r\n\r\nabcd")
    yield "interim", ("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/2 200\r\nexpires: Fri, 16 Jan 2026 12:00:00 GMT"
                      "\r\ndate: " + DATE + "\r\n\r\nx")
    yield "redirect", "HTTP/1.1 302 Found\r\nLocation: https://evil.example.org/\r\n\r\n"
    yield "packed", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b"


def number_seeds():
    for i, text in enumerate([
            "+1-215-555-0100", "12155550100", "tel:+12155550100;phone-context=+1", "2155550100;phone-context=+1",
            "0086 10 5888 0100", "(215) 555.0100", "*67#", "911", "\"A\" <sip:+12155550100@example.org;user=phone>;tag=1",
            "sip:Alice%20@EXAMPLE.org:5060;transport=tcp", "urn:service:sos", DATE, "2026-01-15T12:00:00Z",
            "yesterday 15:10", "+08:00", "1768478400", "17951013800138000", "sips:+8613800138000;npdi@example.org"]):
        yield f"{i:02}", text


def policy_seeds():
    folder = os.path.join(HERE, "..", "..", "tools", "policy")
    for name in ("intercept", "atis", "observe", "pools"):
        with open(os.path.join(folder, name + ".json"), encoding="utf-8") as file:
            yield name, file.read()
    yield "empty", "{}"
    yield "unknown", '{"default":{"mode":"tag","colour":1}}'


def table_seeds():
    folder = os.path.join(HERE, "..", "..", "tools", "policy")
    for name in ("numbers", "consent", "do_not_originate"):
        with open(os.path.join(folder, name + ".csv"), encoding="utf-8") as file:
            yield name, file.read()
    yield "lines", '{"first":"+861058880100","last":"+861058880149","holder":"4321"}\n{"first":"95588","holder":"bank"}\n'
    yield "plan", "country,US,1\nemergency,911\nzone,,-5\nnumber,[2-9]xx[2-9],10,e164,L,geographic,test\n"
    yield "overlap", "first,last,holder\n+12155550100,+12155550149,a\n+12155550120,+12155550199,b\n"


def config_seeds():
    yield "empty", "{}"
    yield "whole", """// all of it
{"listen": ["127.0.0.1:8080", "[::1]:8443"], "trust": {"anchors": ["root.pem"], "crls": ["a.crl"]},
 "certificates": {"files": "chain.pem"}, "signing": {"key": "leaf.key", "x5u": "https://cert.example.org/p.pem"},
 "access": {"verify_without_token": true, "tokens": [{"name": "a", "scopes": ["sign", "admin"], "sha256": "%s"}]},
 "policy": "policy.json", "pools": {"learning_hours": 1}, "evidence": {"store": "calls.db", "when_full": "count"},
 "limits": {"workers": 2}, "log": {"target": "off"}}""" % ("ab" * 32)
    yield "open", '{"listen": "0.0.0.0:80", "insecure_plain_http": true}'
    yield "unknown", '{"listn": 1}'


def request(line, body=""):
    return line + "\n\n" + (body if isinstance(body, str) else json.dumps(body))


def http_seeds():
    good = identity(shaken())
    ask = {"from": {"tn": ORIG}, "to": {"tn": [DEST]}, "time": NOW, "identity": good}
    yield "atis", request("POST /stir/v1/verification", {"verificationRequest": ask})
    yield "atis-other", request("POST /stir/v1/verification", {"verificationRequest": {**ask, "from": {"tn": "12155550199"}}})
    yield "ms", request("POST /stir/v1/verification", {"verificationRequest": {
        "from": {"tn": ORIG}, "to": {"tn": DEST}, "dest": {"tn": NEXT}, "time": NOW, "identityHeader": good,
        "identityHeaders": [identity(div(), ppt="div")], "protectedHeaders": ["Resource-Priority: ets.0"]}})
    yield "sign", request("POST /stir/v1/signing", {"signingRequest": {
        "attest": "A", "orig": {"tn": ORIG}, "dest": {"tn": [DEST]}, "iat": NOW, "origid": ORIGID}})
    yield "sign-div", request("POST /stir/v1/signing", {"signingRequest": {
        "ppt": "div", "orig": {"tn": ORIG}, "dest": {"tn": [NEXT]}, "iat": NOW, "div": {"tn": DEST}}})
    one = {"id": "1", "from": "+" + ORIG, "to": ["+" + DEST], "identity": good, "trunk": "pstn"}
    yield "call", request("POST /v1/calls", one)
    yield "call-sip", request("POST /v1/calls", {"sip": invite(good), "trunk": "pstn"})
    yield "call-parts", request("POST /v1/calls", {**one, "p_asserted_identity": ["+" + ORIG], "date": DATE,
        "request_uri": "sip:+12155550101@example.org", "resource_priority": "ets.0", "priority": "emergency",
        "sdp_fingerprints": [], "call_id": "x@example.org", "certificates": lab("carrier.pem").decode()})
    yield "call-at", request("POST /v1/calls", {**one, "at": NOW + 30})
    yield "batch", "POST /v1/calls:batch\n\n" + "\n".join(json.dumps({**one, "id": str(i), "to": t}) for i, t in enumerate(
        ["+" + DEST, "+" + NEXT])) + "\n{\n"
    yield "decode", request("POST /v1/decode", {"text": invite(good)})
    yield "decode-bare", request("POST /v1/decode", {"text": token(base(rcd=RCD), ppt="rcd")})
    for path in ("trust", "traffic", "pools", "evidence?orig=%2B12155550100&limit=10", "evidence?from=2026-01-15T00:00:00Z&to=today",
                 "evidence?origid=" + ORIGID, "evidence/019bd0a6-7c00-7000-8000-000000000001",
                 "evidence/019bd0a6-7c00-7000-8000-000000000001/export", "complaints?state=any&limit=5",
                 "complaints/019bd0a6-7c00-7000-8000-000000000001", "report?by=signer&format=csv", "report?by=trunk"):
        yield "get-" + path.split("?")[0].replace("/", "-")[:14] + str(len(path)), request("GET /v1/" + path)
    yield "metrics", request("GET /metrics")
    yield "health", request("GET /healthz")
    yield "ready", request("GET /readyz")
    yield "page", request("GET /")
    yield "reload", request("POST /admin/reload")
    yield "release", request("POST /v1/pools/release", {"kind": "trunk", "source": "dialler"})
    yield "complaint", request("POST /v1/complaints", {
        "callee": "+" + DEST, "caller": "5550100", "about": "yesterday 15:10", "zone": "+08:00", "category": "fraud",
        "text": "said to be my bank", "reference": "12321-7", "tolerance_minutes": 30})
    yield "complaint-seconds", request("POST /v1/complaints", {"callee": "+" + DEST, "about": NOW})
    yield "unknown", request("DELETE /v1/nothing")


def framing_seeds():
    yield "get", "GET /healthz HTTP/1.1\r\nHost: example.org\r\n\r\n"
    yield "post", "POST /v1/calls HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}"
    yield "chunked", "POST /v1/calls:batch HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    yield "chunks", "2;x=y\r\n{}\r\na\r\n0123456789\r\n0\r\nT: 1\r\n\r\n"
    yield "both", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield "old", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"


def es256_seeds():
    key = ec.generate_private_key(ec.SECP256R1())
    r, s = utils.decode_dss_signature(key.sign(b"x", ec.ECDSA(hashes.SHA256())))
    yield "foreign", r.to_bytes(32, "big") + s.to_bytes(32, "big") + b"x"
    yield "small", (1).to_bytes(32, "big") * 2 + b"x"
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    yield "large", (order - 1).to_bytes(32, "big") * 2
    yield "order", order.to_bytes(32, "big") * 2


def sip_seeds():
    good = identity(shaken())
    yield "invite", invite(good)
    yield "message", invite(good, "MESSAGE", more="Content-Type: text/plain")
    yield "priority", invite(good, more="Resource-Priority: ets.0, wps.1\r\nPriority: psap-callback")
    yield "pai", invite(good, more="P-Asserted-Identity: <tel:+12155550100>, <sip:+12155550100@example.org>")
    yield "short", "INVITE tel:+12155550101 SIP/2.0\r\nf: <tel:+12155550100>\r\nt: <tel:+12155550101>\r\ny: " + good + "\r\n\r\n"
    yield "sdp", invite(good)[:-4].replace("Content-Length: 0", "c: application/sdp") + (
        "\r\n\r\nv=0\r\na=fingerprint:sha-256 " + ":".join(["02"] * 32) + "\r\n")


def token_seeds():
    yield "full", identity(shaken())
    yield "bare", token(base(rcd=RCD), ppt="rcd")
    yield "div-o", identity(div(opt=token(shaken())), ppt="div-o")
    yield "compact", compact()


def capi_seeds():
    for name, text in verifier_seeds():
        if name in ("pass-shaken", "pass-numbers", "pass-div", "pass-compact", "fail-forged", "fail-orig"):
            yield name, text
    good = identity(shaken())
    yield "policy", call(good, more=["F\"A\" <sip:+12155550100@example.org>", "Kpstn", "cx@example.org",
                                     'p{"default":{"mode":"tag"}}'])
    yield "message", "\n".join("m" + line for line in invite(good).split("\r\n"))
    yield "config", call(good, more=['C{"trust": {}, "verifier": {"max_age_seconds": 60}}', "U" + x5u("carrier") + " junk"])
    yield "together", "\n\n".join([call(good), call(identity(shaken(), by="stranger")),
                                   call(identity(shaken(), "numbers")), call(good, orig="+12155550199")])
    yield "marked", call(good, orig="<sip:+12155550100;verstat=TN-Validation-Passed@example.org;user=phone>;tag=1")


def record_seeds():
    time = 4102444800000  # 2100: what is flagged then is flagged
    one = {"time": time, "caller": ORIG, "callee": DEST, "origid": ORIGID, "signer": "4321", "trunk": "gateway-3"}
    release = {"pool": {"kind": "trunk", "event": "released", "at": time, "until": time + 3600000, "by": "ops"},
               "private": {"value": "gateway-3"}}
    figures = {"window": 600, "calls": 150, "rejects": 3, "callers": 149, "callees": 148, "new_callers": 140}
    flag = {"pool": {"kind": "trunk", "event": "flagged", "rule": "many", "action": "reject", "since": time,
                     "until": time + 3600000, "figures": {**figures, "variation_thousandths": 1009}, "shared": True},
            "private": {"value": "gateway-3", "sample": [{"time": time, "caller": ORIG, "id": "x"}]}}
    signer = {"pool": {**flag["pool"], "kind": "signer", "action": "report", "figures": figures},
              "private": {"value": {"base64": "Z2F0ZQ=="}}}
    yield "call", "n" + dump({"call": one})
    yield "release", "n" + dump({"call": {"time": time, "trunk": "gateway-3", "refused": True}}) + "\nn" + dump(release)
    yield "times", "n" + dump({"call": {**one, "time": 9223372036854775807}})
    yield "flags", "f" + dump([flag, signer])
    yield "no-flags", "f"


def evidence_bundle():
    """A bundle of the lab's exporter, made by the program itself."""
    callvet = os.environ["CALLVET"]
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, name)
        with open(path("id.txt"), "w", encoding="ascii") as file:
            file.write(identity(shaken()))
        key = ["--checkpoint-key", os.path.join(LAB, "evidence.key")]
        os.chmod(os.path.join(LAB, "evidence.key"), 0o600)
        verdict = subprocess.run(
            [callvet, "verify", "--identity-file", path("id.txt"), "--orig", "+" + ORIG, "--dest", "+" + DEST, "--at",
             str(NOW), "--anchors", os.path.join(LAB, "root.pem"), "--cert", os.path.join(LAB, "carrier.pem"),
             "--evidence", path("calls.db"), *key, "--json"], check=True, capture_output=True)
        record = json.loads(verdict.stdout)["evidence_id"]
        subprocess.run([callvet, "evidence", "export", "--store", path("calls.db"), *key, record, "--out", path("b.json")],
                       check=True, capture_output=True)
        with open(path("b.json"), "rb") as file:
            return file.read()


def frame(payload):
    return b"\xf7cvF" + len(payload).to_bytes(4, "big") + hashlib.sha256(payload).digest()[:8] + payload


def package_seeds(bundle):
    # Beside these there is "calls": notes of calls (and a record), as a spill file of this version has them.
    made = json.loads(bundle)
    frames, names = b"", b""
    for name, text in made["blobs"].items():
        frames += frame(b"B" + base64.b64decode(text))
        names += bytes.fromhex(name)
    count = len(made["blobs"])
    record = frame(b"R" + count.to_bytes(4, "big") + names + made["record"].encode())
    yield "spill", frames + record
    yield "package", b"CVE1" + b"s" * 16 + (0).to_bytes(8, "big") + frames + record
    yield "no-blobs", record
    yield "damaged", frames[:-1] + b"?" + record


def write(target, seeds):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    for name, data in seeds:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)


def main():
    if "CALLVET" in os.environ:
        bundle = evidence_bundle()
        write("evidence_bundle", [("export", bundle)])
        packages = dict(package_seeds(bundle))
        write("evidence_package", packages.items())
        write("capi_records", [("package", b"p" + packages["package"])])
    for target, seeds in {
            "verifier": verifier_seeds(), "passport": passport_seeds(), "json": json_seeds(),
            "identity_header": identity_seeds(), "tn_auth_list": tn_auth_list_seeds(),
            "claim_constraints": claim_constraints_seeds(), "crl": crl_seeds(), "certificate_bundle": bundle_seeds(),
            "trust_list": trust_list_seeds(), "url_policy": url_seeds(), "number": number_seeds(),
            "policy_file": policy_seeds(), "policy_table": table_seeds(), "service_config": config_seeds(),
            "http_api": http_seeds(), "http_framing": framing_seeds(), "es256": es256_seeds(), "sip_message": sip_seeds(),
            "token": token_seeds(), "capi": capi_seeds(), "capi_records": record_seeds()}.items():
        write(target, seeds)


if __name__ == "__main__":
    main()
