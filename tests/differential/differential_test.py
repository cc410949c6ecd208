#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds random calls, good and mutated, signed with python3-cryptography, and compares callvet's
verdict with that of an independent verifier: both must pass the same calls, and refuse the others
with the same SIP code. The seed is printed; --seed repeats a run."""

import argparse
import base64
import collections
import concurrent.futures
import datetime
import json
import os
import random
import subprocess
import sys
import tempfile
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import NameOID

import independent_verifier

CALLVET = os.environ["CALLVET"]
NOW = 1_768_478_400
X5U = "https://cert.example.org/p.pem"


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def der(tag, body):
    assert len(body) < 0x80
    return bytes([tag, len(body)]) + body


def spc_list(spc):
    return der(0x30, der(0xA0, der(0x16, spc)))


def range_list(first, count):
    number = count.to_bytes((count.bit_length() + 8) // 8, "big")
    return der(0x30, der(0xA1, der(0x30, der(0x16, first) + der(0x02, number))))


def name(common):
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
                      x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Independent"),
                      x509.NameAttribute(NameOID.COMMON_NAME, common)])


class Authority:
    def __init__(self, common, issuer=None, ca=True, days=(-30, 300), tn_list=None,
                 curve=ec.SECP256R1()):
        self.key = ec.generate_private_key(curve)
        moment = datetime.datetime.utcfromtimestamp(NOW)
        signer = issuer or self
        builder = (x509.CertificateBuilder()
                   .subject_name(name(common))
                   .issuer_name(issuer.certificate.subject if issuer else name(common))
                   .public_key(self.key.public_key())
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(moment + datetime.timedelta(days=days[0]))
                   .not_valid_after(moment + datetime.timedelta(days=days[1]))
                   .add_extension(x509.BasicConstraints(ca, None), critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                       signer.key.public_key()), False))
        if tn_list is not None:
            builder = builder.add_extension(
                x509.UnrecognizedExtension(independent_verifier.TN_AUTH_LIST, tn_list), False)
        self.certificate = builder.sign(signer.key, hashes.SHA256())

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def sign(self, text):
        r, s = utils.decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Lab:
    """Signers, good and bad, each with the chain that it publishes."""

    def __init__(self, folder):
        root = Authority("SHAKEN Root")
        ca = Authority("SHAKEN CA", root)
        other = Authority("SHAKEN Other Root")
        leaves = {
            "spc": (Authority("SHAKEN 818H", ca, False, tn_list=spc_list(b"818H")), [ca]),
            "range": (Authority("SHAKEN numbers", ca, False,
                                tn_list=range_list(b"12155550000", 500)), [ca]),
            "expired": (Authority("SHAKEN old", ca, False, (-30, -1), spc_list(b"818H")), [ca]),
            "early": (Authority("SHAKEN new", ca, False, (1, 30), spc_list(b"818H")), [ca]),
            "stranger": (Authority("SHAKEN 818H", other, False, tn_list=spc_list(b"818H")), []),
            "no-list": (Authority("SHAKEN plain", ca, False), [ca]),
            "bad-list": (Authority("SHAKEN bad", ca, False, tn_list=b"\x30\x08\xa0\x06\x16558J"), [ca]),
            "ca-signs": (Authority("SHAKEN CA 2", ca, True, tn_list=spc_list(b"818H")), [ca]),
            "p384": (Authority("SHAKEN P-384", ca, False, tn_list=spc_list(b"818H"),
                               curve=ec.SECP384R1()), [ca]),
            "no-intermediate": (Authority("SHAKEN 818H", ca, False, tn_list=spc_list(b"818H")), []),
        }
        self.anchors = [root.certificate]
        self.signers = {}
        self.root_file = os.path.join(folder, "root.pem")
        with open(self.root_file, "wb") as file:
            file.write(root.pem())
        for label, (leaf, rest) in leaves.items():
            path = os.path.join(folder, label + ".pem")
            with open(path, "wb") as file:
                file.write(b"".join(a.pem() for a in [leaf] + rest))
            self.signers[label] = (leaf, path, [a.certificate for a in [leaf] + rest])


def random_number(rng, prefix="1215555"):
    return prefix + "".join(rng.choice("0123456789") for _ in range(4))


def dressed(rng, number):
    """The same number as a switch might write it."""
    return rng.choice([number, "+" + number, "+" + number[0] + "-" + number[1:4] + "-" + number[4:],
                       "+1 (" + number[1:4] + ") " + number[4:7] + "." + number[7:]])


class Call:
    def __init__(self, rng, lab):
        self.rng, self.lab = rng, lab
        self.signer = rng.choices(list(lab.signers), [20, 10] + [1] * (len(lab.signers) - 2))[0]
        self.orig, self.dest = random_number(rng), random_number(rng)
        self.header = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": X5U}
        self.payload = {"attest": rng.choice("ABC"), "dest": {"tn": [self.dest]}, "iat": NOW,
                        "orig": {"tn": self.orig}, "origid": str(uuid.UUID(int=rng.getrandbits(128)))}
        self.parameters = [("info", "<" + X5U + ">"), ("alg", "ES256"), ("ppt", "shaken")]
        self.show_orig, self.show_dest = dressed(rng, self.orig), dressed(rng, self.dest)
        self.now = NOW + rng.choice([0, 0, 1, -1, 30, -30, 60, -60])
        self.mutation = "none"
        self.after = []  # changes of the finished header

    def identity(self):
        leaf = self.lab.signers[self.signer][0]
        dump = lambda value: value if isinstance(value, str) else json.dumps(
            value, sort_keys=self.rng.random() < 0.7, separators=(",", ":"))
        text = b64(dump(self.header).encode()) + "." + b64(dump(self.payload).encode())
        key = leaf if leaf.key.curve.name == "secp256r1" else self.lab.signers["spc"][0]
        token = text + "." + b64(key.sign(text))
        gap = self.rng.choice(["", "", " "])
        value = token + "".join(gap + ";" + gap + n + (gap + "=" + gap + v if v is not None else "")
                                for n, v in self.parameters)
        for change in self.after:
            value = change(value)
        return value


def flip(rng):
    def change(value):
        at = rng.randrange(value.index(";"))
        return value[:at] + chr(ord(value[at]) ^ (1 << rng.randrange(7))) + value[at + 1:]
    return change


def replace(old, new):
    return lambda value: value.replace(old, new, 1)


def drop_claim(rng, call):
    del call.payload[rng.choice(list(call.payload))]


def drop_member(rng, call):
    del call.header[rng.choice(list(call.header))]


def odd_claim(rng, call):
    claim, value = rng.choice([
        ("iat", "1768478400"), ("iat", 1768478400.5), ("iat", -1), ("iat", 0), ("iat", None),
        ("iat", 4102444800), ("iat", NOW - 61 - 60), ("attest", "Cabbage"), ("attest", "a"),
        ("attest", ""), ("attest", ["A"]), ("origid", "ref"), ("origid", 7), ("orig", []),
        ("orig", {"tn": ["12155550100"]}), ("orig", {}), ("orig", {"tn": ""}), ("orig", {"tn": "abc"}),
        ("orig", {"tn": call.orig, "uri": "sip:a@example.org"}), ("dest", {"tn": call.dest}),
        ("dest", {"tn": []}), ("dest", {"tn": [7]}), ("dest", "x"), ("dest", {"tn": ["1" * 16]})])
    call.payload[claim] = value


def good_variation(rng, call):
    rng.choice([
        lambda: call.payload.update(extra={"a": [1, {"b": "c"}]}),
        lambda: call.payload["dest"]["tn"].insert(0, random_number(rng)),
        lambda: call.payload["orig"].update(tn="+" + call.orig),
        lambda: call.header.update(kid="x"),
        lambda: rng.shuffle(call.parameters),
        lambda: call.parameters.append(("foo", "\"a;b\"")),
        lambda: call.parameters.append(("bar", None)),
        lambda: call.parameters.__setitem__(1, ("ALG", "\"ES256\"")),
        lambda: call.parameters.__setitem__(2, ("ppt", "\"shaken\"")),
        lambda: call.parameters.pop(2),
        lambda: call.parameters.pop(1),
        lambda: (call.header.pop("ppt"), call.payload.pop("attest"), call.payload.pop("origid"),
                 call.parameters.pop(2)),
    ])()


def parameter_mutation(rng, call):
    rng.choice([
        lambda: call.parameters.pop(0),
        lambda: call.parameters.__setitem__(0, ("info", X5U)),
        lambda: call.parameters.__setitem__(0, ("info", "<" + X5U + "x>")),
        lambda: call.parameters.__setitem__(0, ("info", "<http://cert.example.org/p.pem>")),
        lambda: call.parameters.append(("info", "<" + X5U + ">")),
        lambda: call.parameters.append(("PPT", "shaken")),
        lambda: call.parameters.__setitem__(1, ("alg", "HS256")),
        lambda: call.parameters.__setitem__(2, ("ppt", "foobar")),
        lambda: call.parameters.__setitem__(2, ("ppt", "")),
        lambda: call.after.append(replace(">;", ">")),
        lambda: call.after.append(lambda value: value + ";"),
        lambda: call.after.append(lambda value: value + ";=x"),
        lambda: call.after.append(replace(";", "; x y;")),
    ])()


def header_mutation(rng, call):
    member, value = rng.choice([
        ("alg", "none"), ("alg", "HS256"), ("alg", "es256"), ("typ", "JWT"), ("typ", "PASSporT"),
        ("ppt", "foo"), ("ppt", "SHAKEN"), ("x5u", X5U + "#"), ("crit", ["x"]), ("jwk", {}),
        ("jku", "https://x.example/")])
    call.header[member] = value


def json_mutation(rng, call):
    text = json.dumps(call.payload, separators=(",", ":"))
    call.payload = rng.choice([
        text[:-1], text + " x", text + "\n", "\ufeff" + text, text.replace("{", "{\"iat\":1,", 1),
        text.replace("\"attest\"", "\"\\u0061ttest\""), "[" + text + "]", "\"x\"", "",
        text.replace(":" + str(NOW), ":1768478400e0"), text.replace("\"A\"", "'A'")])


MUTATIONS = {
    "none": (12, lambda rng, call: None),
    "good": (16, good_variation),
    "flip": (10, lambda rng, call: call.after.append(flip(rng))),
    "drop claim": (4, drop_claim),
    "drop header member": (4, drop_member),
    "claim": (12, odd_claim),
    "header": (8, header_mutation),
    "parameter": (10, parameter_mutation),
    "json": (8, json_mutation),
    "orig": (4, lambda rng, call: setattr(call, "show_orig", random_number(rng, "1215556"))),
    "dest": (4, lambda rng, call: setattr(call, "show_dest", random_number(rng, "1215556"))),
    "clock": (6, lambda rng, call: setattr(call, "now", NOW + rng.choice([61, -61, 3600, -3600]))),
    "signature": (4, lambda rng, call: call.after.append(
        lambda value: value[:value.rindex(".") + 1] + b64(rng.choice(
            [bytes(64), b"\x01" * 64, b"\x01" * 63, b"\x01" * 65, b"\xff" * 64])) +
        value[value.index(";"):])),
}


def make_call(seed, lab):
    rng = random.Random(seed)
    call = Call(rng, lab)
    call.mutation = rng.choices(list(MUTATIONS), [weight for weight, _ in MUTATIONS.values()])[0]
    MUTATIONS[call.mutation][1](rng, call)
    return call, call.identity()


def callvet(call, identity):
    path = call.lab.signers[call.signer][1]
    result = subprocess.run(
        [CALLVET, "verify", "--json", "--orig", call.show_orig, "--dest", call.show_dest,
         "--at", str(call.now), "--anchors", call.lab.root_file, "--cert", path, "-"],
        input=("Identity: " + identity).encode(), capture_output=True, timeout=60, check=False)
    if result.returncode not in (0, 1):
        return None, f"exit {result.returncode}: {result.stderr.decode()}"
    verdict = json.loads(result.stdout)
    if (result.returncode == 0) != (verdict["verstat"] == "TN-Validation-Passed"):
        return None, "exit code and verstat disagree"
    return verdict["sip"]["code"] or 0, verdict["reason"]


def judge_independently(seed, lab):
    """One thread at a time: python3-cryptography's certificates are not for several."""
    call, identity = make_call(seed, lab)
    chain = lab.signers[call.signer][2]
    code, why = independent_verifier.sip_code(identity, call.show_orig, call.show_dest, call.now,
                                              chain, lab.anchors)
    return seed, call, identity, code, why


def compare(judged):
    seed, call, identity, expected, why = judged
    actual, reason = callvet(call, identity)
    line = (f"seed {seed} {call.mutation} by {call.signer}: independent {expected} ({why}), "
            f"callvet {actual} ({reason})\n  {identity!r}")
    return expected, actual, reason, line


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(40))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(folder)
        judged = [judge_independently(options.seed + i, lab) for i in range(options.calls)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(compare, judged))
    reasons = collections.Counter(reason for _, _, reason, _ in results)
    different = [line for expected, actual, _, line in results if expected != actual]
    for line in different[:20]:
        print(line)
    for reason, count in reasons.most_common():
        print(f"{count:6} {reason}")
    print(f"{len(results)} calls, {len(different)} disagreements")
    # A run in which nothing passes or nothing fails would prove nothing.
    passed = reasons["verified"]
    if different or not len(results) * 0.1 < passed < len(results) * 0.9 or len(reasons) < 10:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
