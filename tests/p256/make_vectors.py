#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes ecdsa_p256_vectors.json: signatures in the format of Wycheproof's
ecdsa_secp256r1_sha256_p1363_test.json, made with nothing but Python's integers, so that they are
independent of OpenSSL and of callvet. Deterministic."""

import hashlib
import json
import pathlib
import random

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(a, b):
    if a is None or b is None:
        return b if a is None else a
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * (a[0] * a[0] - 1) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def mul(k, point):
    total = None
    for bit in bin(k % N)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total


def lift(x):
    square = (x**3 - 3 * x + B) % P
    y = pow(square, (P + 1) // 4, P)
    return (x, y) if y * y % P == square else None


def verify(key, z, r, s):
    if not (0 < r < N and 0 < s < N):
        return False
    total = add(mul(z * pow(s, -1, N), G), mul(r * pow(s, -1, N), key))
    return total is not None and total[0] % N == r


def digest(message):
    return int.from_bytes(hashlib.sha256(message).digest(), "big")


class Vectors:
    def __init__(self):
        self.random = random.Random(20260115)
        self.groups = {}
        self.count = 0

    def scalar(self):
        return self.random.randrange(1, N)

    def put(self, key, comment, message, signature):
        """`signature` is (r, s), or bytes that are no signature."""
        self.count += 1
        if isinstance(signature, tuple):
            r, s = signature
            good = verify(key, digest(message), r, s)
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        else:
            good = False
        self.groups.setdefault(key, []).append({
            "tcId": self.count, "comment": comment, "msg": message.hex(), "sig": signature.hex(),
            "result": "valid" if good else "invalid", "flags": []})

    def sign(self, d, message):
        k = self.scalar()
        r = mul(k, G)[0] % N
        return r, (digest(message) + r * d) * pow(k, -1, N) % N

    def plain(self, d, comment):
        key = mul(d, G)
        for i in range(3):
            message = f"{comment} {i}".encode()
            r, s = self.sign(d, message)
            self.put(key, comment, message, (r, s))
            self.put(key, comment + ", the other s", message, (r, N - s))
            self.put(key, comment + ", another message", message + b".", (r, s))
            self.put(key, comment + ", r changed", message, (r ^ 1 << self.random.randrange(250), s))
            self.put(key, comment + ", s changed", message, (r, s ^ 1 << self.random.randrange(250)))

    def form(self):
        d = self.scalar()
        key, message = mul(d, G), b"form"
        r, s = self.sign(d, message)
        whole = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        for size in (0, 1, 32, 63):
            self.put(key, f"{size} bytes", message, whole[:size])
        self.put(key, "65 bytes", message, whole + b"\0")
        self.put(key, "r and s of 33 bytes", message, b"\0" + whole[:32] + b"\0" + whole[32:])
        special = (0, 1, N - 1, N, N + 1, P - 1, P, P + 1, 2**256 - 1, P - N, P - N - 1)
        for one in special:
            for other in special:
                self.put(key, "special r and s", message, (one, other))
            if r + one < 2**256:
                self.put(key, "r plus something", message, (r + one, s))
            if s + one < 2**256:
                self.put(key, "s plus something", message, (r, s + one))

    def recovered(self, comment, x, make_s):
        """A key for which (x mod n, s) is a signature."""
        point = lift(x)
        if point is None:
            return False
        message = f"{comment} {x:x} {self.count}".encode()
        z, r = digest(message), x % N
        if r == 0:
            return False
        s = make_s(z, r) % N
        inverse = pow(r, -1, N)
        key = add(mul(s * inverse, point), mul(-z * inverse, G))
        if key is None or s == 0:
            return False
        self.put(key, comment, message, (r, s))
        self.put(key, comment + ", another message", message + b".", (r, s))
        return True

    def edges(self):
        random_s = lambda z, r: self.scalar()
        for start, comment in ((1, "small r"), (N, "x from n on"), (P - N - 40, "r next to p - n"),
                               (P - 40, "x next to p"), (N - 40, "x next to n")):
            found = 0
            for x in range(start, min(start + 80, P)):
                found += self.recovered(comment, x, random_s)
                if found == 6:
                    break
        fixed = [1, 2, 3, N - 1, N - 2, (N + 1) // 2, (N - 1) // 2]
        fixed += [2**i for i in range(7, 256, 31)] + [2**i - 1 for i in range(12, 256, 47)]
        for number in fixed:
            for comment, make in (("s", lambda z, r, n=number: n),
                                  ("u1", lambda z, r, n=number: z * pow(n, -1, N)),
                                  ("u2", lambda z, r, n=number: r * pow(n, -1, N))):
                while not self.recovered(f"{comment} = {number:x}", self.random.randrange(P), make):
                    pass

    def meeting(self):
        """u1 * G and u2 * Q equal, or opposite: twice a point, or the point at infinity."""
        for i in range(12):
            u1 = self.scalar() if i % 2 else 1 << (i * 20)
            for sign in (1, -1):
                message = f"meeting {i} {sign}".encode()
                total = mul(2 * u1, G)
                r = total[0] % N
                s = digest(message) * pow(u1, -1, N) % N
                key = mul(sign * u1 * pow(r * pow(s, -1, N), -1, N), G)
                self.put(key, "equal halves" if sign == 1 else "infinity", message, (r, s))

    def document(self):
        groups = []
        for key, tests in self.groups.items():
            x, y = (f"{value:064x}" for value in key)
            groups.append({
                "type": "EcdsaP1363Verify", "sha": "SHA-256",
                "publicKey": {"type": "EcPublicKey", "curve": "secp256r1", "keySize": 256,
                              "uncompressed": "04" + x + y, "wx": x, "wy": y},
                "tests": tests})
        return {"algorithm": "ECDSA", "schema": "ecdsa_p1363_verify_schema_v1.json",
                "numberOfTests": self.count, "header": ["Made by make_vectors.py of callvet"],
                "testGroups": groups}


def main():
    vectors = Vectors()
    vectors.plain(vectors.scalar(), "random key")
    for bit in (0, 1, 7, 12, 63, 64, 128, 255):
        vectors.plain(2**bit % N, f"key 2^{bit} G")
        vectors.plain(N - 2**bit % N, f"key -2^{bit} G")
    vectors.form()
    vectors.edges()
    vectors.meeting()
    target = pathlib.Path(__file__).with_name("ecdsa_p256_vectors.json")
    target.write_text(json.dumps(vectors.document(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
