# SPDX-License-Identifier: MIT
"""Signers of calls, good and bad in every way that the clauses name, each with what its URL gives. The same
seed gives the same lab but for its keys."""

import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.x509.oid import NameOID

from independent_certificates import (CONSTRAINTS, ENHANCED_CONSTRAINTS, TN_AUTH_LIST, Facts)
from independent_verifier import World

NOW = 1_768_478_400
DAY = 86_400


def der(tag, body):
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def sequence(*parts):
    return der(0x30, b"".join(parts))


def spc(text):
    return der(0xA0, der(0x16, text))


def numbers(first, count):
    return der(0xA1, sequence(der(0x16, first), der(0x02, count.to_bytes(count.bit_length() // 8 + 1, "big"))))


def one(number):
    return der(0xA2, der(0x16, number))


def claim_names(tag, *texts):
    return der(tag, sequence(*[der(0x16, text) for text in texts]))


def claim_values(claim, *texts):
    return sequence(der(0x16, claim), sequence(*[der(0x0C, text) for text in texts]))


def permitted(*values):
    return der(0xA1, sequence(*values))


GOOD_LIST = sequence(spc(b"818H"))


def name(common):
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
                      x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Independent"),
                      x509.NameAttribute(NameOID.COMMON_NAME, common)])


def usage(sign=False, certificates=False):
    return x509.KeyUsage(sign, False, False, False, False, certificates, certificates, False, False)


class Holder:
    """A certificate and its key. `ca`: None for no basic constraints."""

    def __init__(self, common, issuer=None, ca=False, tn_list=None, window=(-30 * DAY, 300 * DAY), key=None,
                 path_length=None, key_usage=None, extensions=(), digest=None, signed_by=None):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        signer = issuer or self
        moment = datetime.datetime.utcfromtimestamp(NOW)
        builder = (x509.CertificateBuilder().subject_name(name(common))
                   .issuer_name(issuer.certificate.subject if issuer else name(common))
                   .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(moment + datetime.timedelta(seconds=window[0]))
                   .not_valid_after(moment + datetime.timedelta(seconds=window[1]))
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), False))
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
        if key_usage is not None:
            builder = builder.add_extension(key_usage, critical=True)
        for oid, value, critical in ([(TN_AUTH_LIST, tn_list, False)] if tn_list is not None else []) + list(extensions):
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), critical)
        self.certificate = builder.sign((signed_by or signer).key, digest or hashes.SHA256())

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def sign(self, text):
        r, s = utils.decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def crl(issuer, revoked):
    moment = datetime.datetime.utcfromtimestamp(NOW)
    builder = (x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
               .last_update(moment - datetime.timedelta(days=1)).next_update(moment + datetime.timedelta(days=30))
               .add_extension(x509.CRLNumber(1), False)
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False))
    for holder in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(holder.certificate.serial_number)
            .revocation_date(moment - datetime.timedelta(hours=5)).build())
    return builder.sign(issuer.key, hashes.SHA256())


def random_list(rng):
    """A list that is well-formed more often than not, over numbers that calls use."""
    start = b"1215555" + str(rng.randrange(10_000)).zfill(4).encode()
    entries = rng.choices([
        spc(b"818H"), spc(b"4321"), one(start), one(b"12155550100"), one(b"*67"), numbers(start, rng.randrange(2, 3000)),
        numbers(b"12155550000", 5000), numbers(b"12155555000", 5000), numbers(b"1215", 2)], k=rng.randrange(1, 4))
    if rng.random() < 0.25:
        entries.insert(rng.randrange(len(entries) + 1), rng.choice([
            numbers(start, 1), numbers(start, 0), numbers(b"99999999999", 2), numbers(b"1215#", 5), one(b""), one(b"1" * 16),
            one(b"1215x"), der(0x80, b"818H"), der(0xA3, der(0x16, b"1")), der(0xA0, der(0x0C, b"818H")), spc(b""),
            der(0xA0, der(0x16, b"a") + der(0x16, b"b")), der(0xA2, b""), der(0xA1, der(0x16, b"1")),
            der(0xA1, sequence(der(0x16, start), der(0x02, b"\x00\x05"))),
            der(0xA1, sequence(der(0x16, start), der(0x02, b"\xff"))), b"\xa0\x81\x06\x16\x04818H"]))
    return rng.choice([sequence(*entries)] * 20 + [sequence(), sequence(*entries) + b"\x00", der(0x31, b"".join(entries)),
                                                   b"", sequence(*entries)[:-1]])


def random_constraints(rng):
    """[(oid, value, critical)]"""
    include = claim_names(0xA0, *rng.sample([b"attest", b"origid", b"iat", b"rcd", b"mky"], rng.randrange(1, 3)))
    values = permitted(rng.choice([
        claim_values(b"attest", b"A", b"B"), claim_values(b"attest", b"C"), claim_values(b"extra", b'{"a":[1,{"b":"c"}]}'),
        claim_values(b"orig", b'{"tn":"12155550100"}'), claim_values(b"rcd", b"x"), claim_values(b"iat", str(NOW).encode())]))
    exclude = claim_names(0xA2, *rng.sample([b"rcd", b"extra", b"attest", b"mky", b"iat"], rng.randrange(1, 3)))
    old = rng.choice([sequence(include), sequence(values), sequence(include, values)])
    new = rng.choice([sequence(exclude), sequence(include, exclude), sequence(values, exclude), old])
    broken = rng.choice([sequence(), sequence(exclude), sequence(values, include), sequence(include, include), b"", old + b"\x00",
                         sequence(der(0xA0, sequence())), sequence(der(0xA0, sequence(der(0x0C, b"attest")))),
                         sequence(permitted(sequence(der(0x16, b"a"), sequence()))), sequence(permitted()),
                         sequence(permitted(claim_values(b"attest", b"\xff")))])
    return rng.choice([[(CONSTRAINTS, old, False)], [(ENHANCED_CONSTRAINTS, new, False)], [(CONSTRAINTS, broken, False)],
                       [(CONSTRAINTS, old, False), (ENHANCED_CONSTRAINTS, new, False)],
                       [(ENHANCED_CONSTRAINTS, new, False)], [(CONSTRAINTS, old, False)]])


UNKNOWN = x509.ObjectIdentifier("1.3.6.1.4.1.32473.1")


class Lab:
    """`signers`: name -> (Holder, [Holder] behind it at its URL)."""

    def __init__(self, rng):
        self.rng = rng
        root = Holder("SHAKEN Root", ca=True, key_usage=usage(certificates=True))
        self.root = root
        self.ca = ca = Holder("SHAKEN CA", root, ca=True, key_usage=usage(certificates=True))
        self.signers = {"spc": (Holder("SHAKEN 818H", ca, tn_list=GOOD_LIST, key_usage=usage(sign=True)), [ca]),
                        "range": (Holder("SHAKEN numbers", ca, tn_list=sequence(numbers(b"12155550000", 500))), [ca])}
        self.good = list(self.signers)
        self._bad_times()
        self._bad_paths()
        self._bad_keys()
        for i in range(10):
            self.signers[f"list-{i}"] = (Holder("SHAKEN list", ca, tn_list=random_list(rng)), [ca])
            self.signers[f"constraints-{i}"] = (
                Holder("SHAKEN bound", ca, tn_list=GOOD_LIST, extensions=random_constraints(rng)), [ca])
        for i in range(6):
            parent = Holder(f"SHAKEN delegate {i}", ca, ca=True, tn_list=random_list(rng))
            self.signers[f"delegated-{i}"] = (Holder("SHAKEN child", parent, tn_list=random_list(rng)), [parent, ca])
        self._revoked()

    def _bad_times(self):
        rng, ca = self.rng, self.ca
        for label, window in {"expired": (-30 * DAY, -DAY), "early": (DAY, 30 * DAY),
                              "ends-now": (-30 * DAY, rng.randrange(-70, 70)),
                              "begins-now": (rng.randrange(-70, 70), 30 * DAY)}.items():
            self.signers[label] = (Holder("SHAKEN " + label, ca, tn_list=GOOD_LIST, window=window), [ca])
        old = Holder("SHAKEN old CA", self.root, ca=True, window=(-30 * DAY, -DAY))
        self.signers["expired-ca"] = (Holder("SHAKEN 818H", old, tn_list=GOOD_LIST), [old])

    def _bad_paths(self):
        root, ca, add = self.root, self.ca, self.signers.__setitem__
        leaf = lambda issuer, **more: Holder("SHAKEN 818H", issuer, **{"tn_list": GOOD_LIST, **more})
        other = Holder("SHAKEN Other Root", ca=True)
        double = Holder("SHAKEN Root", ca=True)  # of the same name
        short = Holder("SHAKEN short CA", root, ca=True, path_length=0)
        below = Holder("SHAKEN below", short, ca=True)
        no_ca = Holder("SHAKEN no CA", root, ca=False)
        no_basic = Holder("SHAKEN no basic", root, ca=None)
        no_usage = Holder("SHAKEN CA without", root, ca=True, key_usage=usage(sign=True))
        add("direct", (leaf(root), []))
        add("deep", (leaf(Holder("SHAKEN 2", ca, ca=True)), []))
        second = Holder("SHAKEN second", ca, ca=True)
        add("two-cas", (leaf(second), [second, ca]))
        add("stranger", (leaf(other), []))
        add("stranger-with-root", (leaf(other), [other]))
        add("forged-root", (leaf(double), []))
        add("forged-root-with-it", (leaf(double), [double]))
        add("no-intermediate", (leaf(ca), []))
        add("path-length", (leaf(below), [below, short]))
        add("issuer-no-ca", (leaf(no_ca), [no_ca]))
        add("issuer-no-basic", (leaf(no_basic), [no_basic]))
        add("issuer-usage", (leaf(no_usage), [no_usage]))
        add("ca-signs", (Holder("SHAKEN CA 2", ca, ca=True, tn_list=GOOD_LIST), [ca]))
        add("broken", (Holder("SHAKEN 818H", ca, tn_list=GOOD_LIST, signed_by=other), [ca]))
        add("critical", (leaf(ca, extensions=[(UNKNOWN, b"\x05\x00", True)]), [ca]))
        add("uncritical", (leaf(ca, extensions=[(UNKNOWN, b"\x05\x00", False)]), [ca]))
        add("no-list", (leaf(ca, tn_list=None), [ca]))

    def _bad_keys(self):
        ca, add = self.ca, self.signers.__setitem__
        leaf = lambda **more: Holder("SHAKEN 818H", ca, **{"tn_list": GOOD_LIST, **more})
        add("p384", (leaf(key=ec.generate_private_key(ec.SECP384R1())), [ca]))
        add("usage", (leaf(key_usage=usage(certificates=True)), [ca]))
        add("sha384", (leaf(digest=hashes.SHA384()), [ca]))
        strong = Holder("SHAKEN RSA CA", self.root, ca=True, key=rsa.generate_private_key(65537, 2048))
        add("rsa-ca", (Holder("SHAKEN 818H", strong, tn_list=GOOD_LIST), [strong]))
        wide = Holder("SHAKEN P-384 CA", self.root, ca=True, key=ec.generate_private_key(ec.SECP384R1()))
        add("p384-ca", (Holder("SHAKEN 818H", wide, tn_list=GOOD_LIST, digest=hashes.SHA384()), [wide]))

    def _revoked(self):
        revoked = Holder("SHAKEN 818H", self.ca, tn_list=GOOD_LIST)
        self.signers["revoked"] = (revoked, [self.ca])
        gone = Holder("SHAKEN revoked CA", self.root, ca=True)
        self.signers["revoked-ca"] = (Holder("SHAKEN 818H", gone, tn_list=GOOD_LIST), [gone])
        self.crls = [crl(self.ca, [revoked]), crl(self.root, [gone])]

    @staticmethod
    def url(label):
        return f"https://cert.example.org/{label}.pem"

    def world(self):
        facts = {}

        def of(holder):
            return facts.setdefault(id(holder), Facts(holder.certificate))

        certificates = {self.url(label): [of(leaf)] + [of(holder) for holder in rest]
                        for label, (leaf, rest) in self.signers.items()}
        return World([of(self.root)], certificates, self.crls)

    def write(self, folder):
        """Arguments for callvet."""
        def put(file, data):
            path = os.path.join(folder, file)
            with open(path, "wb") as out:
                out.write(data)
            return path

        arguments = ["--anchors", put("root.pem", self.root.pem()), "--crl",
                     put("lists.crl", b"".join(c.public_bytes(serialization.Encoding.PEM) for c in self.crls))]
        for label, (leaf, rest) in self.signers.items():
            chain = b"".join(holder.pem() for holder in [leaf] + rest)
            arguments += ["--cert", self.url(label) + "=" + put(label + ".pem", chain)]
        return arguments
