#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes tests/fuzz/lab: the keys and certificates that fuzz targets sign with and trust. They are worth
nothing outside this folder. Made once and kept in the tree, so that a finding can be repeated: seeds
(make_seeds.py) are signed by them."""

import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LAB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lab")
NOT_BEFORE = datetime.datetime(2025, 1, 1)
NOT_AFTER = datetime.datetime(2045, 1, 1)
NOW = datetime.datetime(2026, 1, 15, 12)
TN_AUTH_LIST = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.26")
CONSTRAINTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.27")


def der(tag, body):
    assert len(body) < 0x80
    return bytes([tag, len(body)]) + body


def spc(text):
    return der(0xA0, der(0x16, text))


def numbers(first, count):
    return der(0xA1, der(0x30, der(0x16, first) + der(0x02, bytes([count]))))


def permitted(claim, *values):
    """JWTClaimConstraints whose permittedValues allow `claim` only `values`."""
    texts = b"".join(der(0x0C, value) for value in values)
    return der(0x30, der(0xA1, der(0x30, der(0x30, der(0x16, claim) + der(0x30, texts)))))


def name(common):
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
                      x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Fuzz Lab"),
                      x509.NameAttribute(NameOID.COMMON_NAME, common)])


def write(file, data):
    with open(os.path.join(LAB, file), "wb") as out:
        out.write(data)


class Holder:
    """A certificate with its key."""

    def __init__(self, common, issuer=None, ca=False, extensions=()):
        self.key = ec.generate_private_key(ec.SECP256R1())
        signer = issuer or self
        builder = (x509.CertificateBuilder().subject_name(name(common))
                   .issuer_name(issuer.certificate.subject if issuer else name(common))
                   .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(NOT_BEFORE).not_valid_after(NOT_AFTER)
                   .add_extension(x509.BasicConstraints(ca, None), critical=True)
                   .add_extension(x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False),
                                  critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                       signer.key.public_key()), False))
        for oid, value in extensions:
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), False)
        self.certificate = builder.sign(signer.key, hashes.SHA256())

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption())


def crl(issuer, revoked):
    builder = (x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
               .last_update(NOW - datetime.timedelta(hours=1)).next_update(NOT_AFTER)
               .add_extension(x509.CRLNumber(7), False)
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False))
    for certificate in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
            .revocation_date(NOW - datetime.timedelta(days=1))
            .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), False).build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def main():
    os.makedirs(LAB, exist_ok=True)
    root = Holder("SHAKEN Fuzz ROOT", ca=True)
    ca = Holder("SHAKEN Fuzz CA", root, ca=True)
    leaves = {
        "carrier": Holder("SHAKEN 4321", ca, extensions=[(TN_AUTH_LIST, der(0x30, spc(b"4321")))]),
        "numbers": Holder("SHAKEN numbers", ca, extensions=[
            (TN_AUTH_LIST, der(0x30, numbers(b"12155550100", 50)))]),
        "bound": Holder("SHAKEN 8765", ca, extensions=[
            (TN_AUTH_LIST, der(0x30, spc(b"8765"))), (CONSTRAINTS, permitted(b"attest", b"A", b"B"))]),
    }
    stranger_root = Holder("SHAKEN Fuzz ROOT", ca=True)
    leaves["stranger"] = Holder("SHAKEN 4321", stranger_root,
                                extensions=[(TN_AUTH_LIST, der(0x30, spc(b"4321")))])
    write("root.pem", root.pem())
    for label, leaf in leaves.items():
        write(label + ".pem", leaf.pem() + (stranger_root if label == "stranger" else ca).pem())
        write(label + ".key", leaf.key_pem())
    write("ca.pem", ca.pem())
    pa_root = Holder("STI-PA Fuzz ROOT", ca=True)
    pa = Holder("STI-PA Fuzz", pa_root)
    write("pa_root.pem", pa_root.pem())
    write("pa.pem", pa.pem())
    write("pa.key", pa.key_pem())
    write("evidence.key", Holder("Evidence").key_pem())
    write("revokes_numbers.crl", crl(ca, [leaves["numbers"].certificate]))
    write("revokes_nobody.crl", crl(ca, []))
    write("forged.crl", crl(stranger_root, [leaves["carrier"].certificate]))


if __name__ == "__main__":
    main()
