# SPDX-License-Identifier: MIT
"""Random calls: good ones, and such that one or more things were done to: header, claims, certificates, times,
numbers, parameters, signatures, several headers. The same seed and lab give the same call but for its signature."""

import base64
import datetime
import json
import random
import uuid

from random_lab import NOW, Lab


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sip_date(seconds):
    return datetime.datetime.utcfromtimestamp(seconds).strftime("%a, %d %b %Y %H:%M:%S GMT")


def random_number(rng, prefix="1215555"):
    return prefix + "".join(rng.choice("0123456789") for _ in range(4))


def dressed(rng, number):
    """The same number as a switch might write it."""
    plus = "+" + number
    return rng.choice([
        number, plus, plus, "+" + number[0] + "-" + number[1:4] + "-" + number[4:],
        "+1 (" + number[1:4] + ") " + number[4:7] + "." + number[7:], "tel:" + plus, "<tel:" + plus + ";verstat=x>",
        "sip:" + plus + "@example.org;user=phone", "\"A <b>\" <sip:" + plus + "@example.org;user=phone>;tag=1",
        "<sips:" + plus + "@EXAMPLE.org:5061;user=phone>", "<sip:" + plus + ";npdi@example.org;user=phone>",
        number[1:] + ";phone-context=+1", "tel:" + number[1:] + ";phone-context=+1", "<sip:" + plus + "@192.0.2.1>"])


class Call:
    def __init__(self, rng, lab):
        self.rng, self.lab = rng, lab
        others = [label for label in lab.signers if label not in lab.good]
        self.signer = rng.choice(lab.good) if rng.random() < 0.6 else rng.choice(others)
        self.url = Lab.url(self.signer)
        self.orig = random_number(rng) if rng.random() < 0.7 else "12155550" + str(rng.randrange(500)).zfill(3)
        self.dest = random_number(rng)
        self.header = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": self.url}
        self.payload = {"attest": rng.choice("ABC"), "dest": {"tn": [self.dest]}, "iat": NOW,
                        "orig": {"tn": self.orig}, "origid": str(uuid.UUID(int=rng.getrandbits(128)))}
        self.parameters = [("info", "<" + self.url + ">"), ("alg", "ES256"), ("ppt", "shaken")]
        self.now = NOW + rng.choice([0, 0, 1, -1, 30, -30, 60, -60])
        self.request = {"from": dressed(rng, self.orig), "to": [dressed(rng, self.dest)]}
        self.compact = False
        self.others = []  # further headers, before and behind
        self.after = []   # changes of the finished header
        self.mutations = []

    def token(self):
        leaf = self.lab.signers[self.signer][0]
        key = leaf if leaf.key.key_size == 256 else self.lab.signers["spc"][0]
        dump = lambda value: value if isinstance(value, str) else json.dumps(
            value, sort_keys=self.compact or self.rng.random() < 0.7, separators=(",", ":"))
        text = b64(dump(self.header).encode("utf-8", "surrogatepass")) + "." + b64(
            dump(self.payload).encode("utf-8", "surrogatepass"))
        signature = b64(key.sign(text))
        return (".." if self.compact else text + ".") + signature

    def identity(self):
        gap = self.rng.choice(["", "", " "])
        value = self.token() + "".join(gap + ";" + gap + n + (gap + "=" + gap + v if v is not None else "")
                                       for n, v in self.parameters)
        for change in self.after:
            value = change(value)
        return value

    def identities(self):
        value = self.identity()
        if not self.others:
            return [value]
        values = self.others + [value]
        self.rng.shuffle(values)
        return values if self.rng.random() < 0.5 else [",".join(values)]


def replace(old, new):
    return lambda value: value.replace(old, new, 1)


# ---- Mutations: each changes a call ----------------------------------------------------------------

def flip(rng, call):
    def change(value):
        if not value:
            return value
        at = rng.randrange(max(1, value.find(";")))
        return value[:at] + chr(ord(value[at]) ^ (1 << rng.randrange(7))) + value[at + 1:]
    call.after.append(change)


def flip_parameter(rng, call):
    def change(value):
        begin = value.find(";")
        if begin < 0:
            return value
        at = rng.randrange(begin, len(value))
        return value[:at] + rng.choice("\"\\<>;,=aZ0 .:/@%#?\t") + value[at + rng.randrange(2):]
    call.after.append(change)


def drop_claim(rng, call):
    if isinstance(call.payload, dict) and call.payload:
        del call.payload[rng.choice(list(call.payload))]


def drop_member(rng, call):
    if call.header:
        del call.header[rng.choice(list(call.header))]


ODD = [None, True, 0, -1, 1.5, "", "x", [], {}, [1], {"tn": 1}, "A", 4102444800, "1768478400", [["A"]], 1e300]


def odd_claim(rng, call):
    claim, value = rng.choice([
        ("iat", "1768478400"), ("iat", 1768478400.5), ("iat", -1), ("iat", 0), ("iat", None), ("iat", 4102444800),
        ("iat", NOW - 61 - 60), ("iat", 2 ** 63), ("attest", "Cabbage"), ("attest", "a"), ("attest", ""), ("attest", ["A"]),
        ("origid", "ref"), ("origid", 7), ("origid", "DE305D54-75B4-431B-ADB2-EB6B9E546014"), ("orig", []),
        ("orig", {"tn": ["12155550100"]}), ("orig", {}), ("orig", {"tn": ""}), ("orig", {"tn": "abc"}),
        ("orig", {"tn": call.orig + rng.choice([";npdi", ";phone-context=+44", ";"])}),
        ("orig", {"tn": call.orig, "uri": "sip:a@example.org"}), ("orig", {"uri": "sip:a@example.org"}),
        ("orig", {"tn": call.orig, "x": 1}), ("orig", {"TN": call.orig}), ("dest", {"tn": call.dest}), ("dest", {"tn": []}),
        ("dest", {"tn": [7]}), ("dest", "x"), ("dest", {"tn": ["1" * 16]}), ("dest", {"tn": [call.dest], "uri": []}),
        ("dest", {"uri": ["sip:b@example.org"]}), ("dest", {"tn": [call.dest], "uri": ["sip:b@example.org"]}),
        ("mky", []), ("mky", [{"alg": "sha-256"}]), ("mky", "x"),
        (rng.choice(["iat", "attest", "origid", "orig", "dest", "mky"]), rng.choice(ODD))])
    if isinstance(call.payload, dict):
        call.payload[claim] = value


def fresh_or_not(rng, call):
    """Times around every edge: iat, clock, Date."""
    if isinstance(call.payload, dict):
        call.payload["iat"] = NOW + rng.choice([0, 1, -1, 59, 60, 61, -59, -60, -61, 120, -120])
    if rng.random() < 0.5:
        call.request["date"] = sip_date(call.now + rng.choice([0, 59, 60, 61, -60, -61, 3600]))


def odd_date(rng, call):
    good = sip_date(call.now)
    call.request["date"] = rng.choice([
        good.replace("GMT", "UT"), good.replace("2026", "26"), good.replace("Thu", "Day"), good[5:], "", "now",
        good + " x", good.replace(":", "."), good.replace("Jan", "Foo"), good.replace("12:", "25:")])


def good_variation(rng, call):
    payload = call.payload if isinstance(call.payload, dict) else {}
    rng.choice([
        lambda: payload.update(extra={"a": [1, {"b": "c"}]}),
        lambda: payload.update(extra="\u00e9\U0001F600\"\\/"),
        lambda: payload.update(dest={"tn": [random_number(rng), call.dest]}),
        lambda: payload.update(dest={"tn": ["+" + call.dest]}),
        lambda: payload.update(orig={"tn": "+" + call.orig}),
        lambda: call.header.update(kid="x"),
        lambda: rng.shuffle(call.parameters),
        lambda: call.parameters.append(("foo", "\"a;b\"")),
        lambda: call.parameters.append(("bar", None)),
        lambda: call.parameters.__setitem__(slice(1, 2), [("ALG", "\"ES256\"")]),
        lambda: call.parameters.__setitem__(slice(2, 3), [("ppt", "\"shaken\"")]),
        lambda: call.parameters.pop(2) if len(call.parameters) > 2 else None,
        lambda: call.parameters.pop(1) if len(call.parameters) > 1 else None,
        lambda: call.request.update(date=sip_date(call.now)),
        lambda: call.request.update(p_asserted_identity=[dressed(rng, call.orig)], **{"from": "<sip:anonymous@example.org>"}),
        lambda: call.request.update(request_uri=rng.choice(["sip:+" + call.dest + "@example.org", "tel:+" + call.dest,
                                                            "sip:gateway@example.org"])),
    ])()


def base_passport(rng, call):
    """Without ppt; numbers or URIs; full or compact."""
    call.header.pop("ppt", None)
    call.parameters = [p for p in call.parameters if p[0].lower() != "ppt"]
    if isinstance(call.payload, dict):
        for claim in ("attest", "origid"):
            call.payload.pop(claim, None)
        if rng.random() < 0.4:
            user = rng.choice(["alice", "Alice.B", "a_b", "12x"])
            call.payload["orig"] = {"uri": rng.choice([f"sip:{user}@example.org".lower(), f"sip:{user}@Example.org"])}
            call.request["from"] = rng.choice([f"sip:{user}@example.org", f"\"A\" <sip:{user}@EXAMPLE.ORG:5060;lr>;tag=2",
                                               "sip:eve@example.org"])
        if rng.random() < 0.4:
            call.payload["dest"] = {"uri": ["sip:bob@example.org"]}
            call.request["to"] = [rng.choice(["<sip:bob@example.org>", "sip:bob:pw@example.org", "sip:carol@example.org"])]
    if rng.random() < 0.3:
        call.compact = True
        seconds = call.now + rng.choice([0, 0, 30, -60, 61])
        call.request["date"] = sip_date(seconds)
        if isinstance(call.payload, dict):
            call.payload["iat"] = seconds
        if rng.random() < 0.1:
            del call.request["date"]


def parameter_mutation(rng, call):
    place = lambda i, value: call.parameters.__setitem__(min(i, len(call.parameters) - 1), value)
    if not call.parameters:
        return
    rng.choice([
        lambda: call.parameters.pop(0),
        lambda: place(0, ("info", call.url)),
        lambda: place(0, ("info", "<" + call.url + "x>")),
        lambda: place(0, ("info", "<" + call.url.replace("https", "http") + ">")),
        lambda: place(0, ("info", "<" + call.url.replace("example.org", "example.org:" + rng.choice(["443", "8443", "80"])) + ">")),
        lambda: place(0, ("info", "<" + call.url + rng.choice(["?a", "#", " ", "%41", "\u00e9"]) + ">")),
        lambda: place(0, ("info", "<https://a@cert.example.org/spc.pem>")),
        lambda: place(0, ("info", "<" + call.url.upper() + ">")),
        lambda: call.parameters.append(("info", "<" + call.url + ">")),
        lambda: call.parameters.append(("PPT", "shaken")),
        lambda: place(1, ("alg", rng.choice(["HS256", "none", "es256", "", "\"ES256"]))),
        lambda: place(2, ("ppt", rng.choice(["foobar", "", "SHAKEN", "\"sha\\ken\"", "shaken2"]))),
        lambda: call.after.append(replace(">;", ">")),
        lambda: call.after.append(lambda value: value + rng.choice([";", ";=x", ";;", " x", ";a b", ";a=\"b"])),
        lambda: call.after.append(replace(";", "; x y;")),
    ])()


def header_mutation(rng, call):
    member, value = rng.choice([
        ("alg", "none"), ("alg", "HS256"), ("alg", "es256"), ("alg", ["ES256"]), ("typ", "JWT"), ("typ", "PASSporT"), ("typ", 1),
        ("ppt", "foo"), ("ppt", "SHAKEN"), ("ppt", ""), ("x5u", call.url + "#"), ("x5u", call.url.upper()), ("x5u", [call.url]),
        ("crit", ["x"]), ("crit", []), ("jwk", {}), ("jku", "https://x.example/"), ("x5c", ["x"]), ("b64", False)])
    call.header[member] = value


def json_mutation(rng, call):
    text = call.payload if isinstance(call.payload, str) else json.dumps(call.payload, separators=(",", ":"))
    call.payload = rng.choice([
        text[:-1], text + " x", text + "\n", "\ufeff" + text, text.replace("{", "{\"iat\":1,", 1),
        text.replace("\"attest\"", "\"\\u0061ttest\""), "[" + text + "]", "\"x\"", "", text.replace(",", ",,", 1),
        text.replace(":" + str(NOW), ":1768478400e0"), text.replace("\"A\"", "'A'"), text.replace("}", ",}", 1),
        text.replace("{", "{\"\\ud800\":1,", 1), text.replace("{", "{\"a\":NaN,", 1), text.replace("{", "{\"a\":01,", 1),
        text.replace("{", "{\"a\":\"\x01\",", 1), text.replace("{", "{\"a\":\"\ud800\",", 1), text.replace("{", "{\"a\":1e999,", 1),
        text.replace("{", "{/**/", 1), text + "\x00", " " + text.replace(":", " : ")])


def signature_mutation(rng, call):
    def change(value):
        begin, end = value.rfind(".", 0, value.find(";")) + 1, value.find(";")
        return value[:begin] + b64(rng.choice(
            [bytes(64), b"\x01" * 64, b"\x01" * 63, b"\x01" * 65, b"\xff" * 64, b"", b"\x00" * 32 + b"\x01" * 32,
             bytes.fromhex("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551") + b"\x01" * 32])) + value[end:]
    call.after.append(change)


def parties(rng, call):
    """Another caller or called party than the token says."""
    other = random_number(rng, "1215556")
    rng.choice([
        lambda: call.request.update({"from": dressed(rng, other)}),
        lambda: call.request.update(to=[dressed(rng, other)]),
        lambda: call.request.update(p_asserted_identity=[dressed(rng, other)]),
        lambda: call.request.update(p_asserted_identity=["tel:+" + call.orig, "sip:x@example.org"]),
        lambda: call.request.update({"from": "sip:" + call.orig + "x@example.org"}),
        lambda: call.request.update({"from": "<sip:+" + call.orig[:-1] + "@example.org;user=phone>"}),
        lambda: call.request.update({"from": call.orig + "0000000"}),
        lambda: call.request.update(request_uri="sip:+" + other + "@example.org"),
    ])()


def other_signer(rng, call):
    """Signed by somebody else than whom the URL names, or the URL of nobody."""
    rng.choice([
        lambda: setattr(call, "signer", rng.choice(list(call.lab.signers))),
        lambda: (call.header.update(x5u=Lab.url("nobody")),
                 call.parameters.__setitem__(0, ("info", "<" + Lab.url("nobody") + ">")) if call.parameters else None),
    ])()


def more_headers(rng, call):
    """A-53: others beside it, good and bad."""
    for _ in range(rng.randrange(1, 4)):
        other = Call(random.Random(rng.getrandbits(40)), call.lab)
        other.orig = call.orig
        other.payload["orig"] = {"tn": call.orig}
        other.payload["dest"] = {"tn": [call.dest if rng.random() < 0.5 else other.dest]}
        call.others.append(rng.choice([other.identity, lambda: "x", lambda: "", lambda: "a.b.c;info=<x>",
                                       lambda: other.identity().replace("shaken", "foo")])())


def token_mutation(rng, call):
    call.after.append(rng.choice([
        replace(".", ""), replace(".", ".."), replace(".", "%"), lambda value: "." + value, lambda value: value.replace("A", "A ", 1),
        lambda value: value.replace(";", "=;", 1), lambda value: value.replace(";", "\r\n ;", 1), lambda value: " \t" + value + " ",
        lambda value: value[value.find("."):], lambda value: "", lambda value: value + ";x=" + "a" * 9000]))


MUTATIONS = {"none": 10, good_variation: 14, flip: 8, flip_parameter: 6, drop_claim: 4, drop_member: 4, odd_claim: 12,
             header_mutation: 7, parameter_mutation: 9, json_mutation: 7, parties: 8, fresh_or_not: 8, odd_date: 2,
             signature_mutation: 4, base_passport: 9, other_signer: 4, more_headers: 5, token_mutation: 4}


def make_call(seed, lab):
    rng = random.Random(seed)
    call = Call(rng, lab)
    how_many = rng.choices([1, 2, 3], [70, 22, 8])[0]
    for mutation in rng.choices(list(MUTATIONS), list(MUTATIONS.values()), k=how_many):
        if mutation != "none":
            mutation(rng, call)
            call.mutations.append(mutation.__name__)
    return call


def for_callvet(call, identities, number):
    """The line of --batch."""
    return {"id": str(number), "at": call.now, "identity": identities, **call.request}


def for_independent(call, identities):
    return {"identities": identities, "now": call.now, "callers": call.request.get("p_asserted_identity") or [call.request["from"]],
            "called": call.request["to"], "date": call.request.get("date"), "target": call.request.get("request_uri")}
