# SPDX-License-Identifier: MIT
"""Certificates, their chains and what they allow, straight from RFC 5280 6, RFC 8226, RFC 9118, RFC 9060 and
ATIS-1000080: the other half of independent_verifier.py."""

import datetime
import json

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

TN_AUTH_LIST = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.26")
CONSTRAINTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.27")
ENHANCED_CONSTRAINTS = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.33")
UNDERSTOOD = {x509.BasicConstraints.oid, x509.KeyUsage.oid, TN_AUTH_LIST, CONSTRAINTS, ENHANCED_CONSTRAINTS}
NUMBER_CHARACTERS = set(b"0123456789#*")


class Refused(Exception):
    """`reason` is None where the clauses do not say exactly one."""

    def __init__(self, code, reason):
        super().__init__(reason)
        self.code, self.reason = code, reason


def need(condition, code, reason):
    if not condition:
        raise Refused(code, reason)


# ---- DER -------------------------------------------------------------------------------------------

class BadDer(Exception):
    pass


def element(data):
    """(tag, contents, rest) of strict DER."""
    if len(data) < 2:
        raise BadDer
    tag, length, at = data[0], data[1], 2
    if length >= 0x80:
        octets = length - 0x80
        if not 1 <= octets <= 4 or len(data) < 2 + octets:
            raise BadDer
        length, at = int.from_bytes(data[2:2 + octets], "big"), 2 + octets
        if length < 0x80 or data[2] == 0:
            raise BadDer  # not the shortest form
    if len(data) < at + length:
        raise BadDer
    return tag, data[at:at + length], data[at + length:]


def only(data, tag):
    found, body, rest = element(data)
    if found != tag or rest:
        raise BadDer
    return body


def elements(data):
    while data:
        tag, body, data = element(data)
        yield tag, body


# ---- TNAuthList (RFC 8226 9) -----------------------------------------------------------------------

def telephone_number(body):
    if not 1 <= len(body) <= 15 or set(body) - NUMBER_CHARACTERS:
        raise BadDer
    return body.decode()


def number_range(body):
    """B-3."""
    tag, start, rest = element(only(body, 0x30))
    if tag != 0x16:
        raise BadDer
    first = telephone_number(start)
    tag, count, _ = element(rest)  # "..." allows more
    number = int.from_bytes(count, "big", signed=True)
    if tag != 0x02 or not count or number < 2 or (count[0] == 0 and len(count) > 1 and count[1] < 0x80):
        raise BadDer
    if not first.isdigit() or int(first) + number > 10 ** len(first):
        raise BadDer
    return "tn", first, number


def read_tn_auth_list(der):
    """Entries as ("spc", text) or ("tn", first, count) (B-1 to B-3)."""
    entries = []
    for tag, body in elements(only(der, 0x30)):
        if tag == 0xA0:
            text = only(body, 0x16)
            if not text or max(text) > 0x7F:
                raise BadDer
            entries.append(("spc", text.decode()))
        elif tag == 0xA1:
            entries.append(number_range(body))
        elif tag == 0xA2:
            entries.append(("tn", telephone_number(only(body, 0x16)), 1))
        else:
            raise BadDer
    if not entries:
        raise BadDer
    return entries


def numbers_of(entries):
    """Pieces (digits, first, behind the last) of the entries' numbers; * and # stay texts of their own."""
    pieces = []
    for entry in entries:
        if entry[0] != "tn":
            continue
        if entry[1].isdigit():
            pieces.append((len(entry[1]), int(entry[1]), int(entry[1]) + entry[2]))
        else:
            pieces.append((entry[1], 0, 1))
    return pieces


def covered(piece, by):
    """Whether all of `piece` is in `by`, perhaps in several parts (B-32)."""
    kind, first, end = piece
    for _, start, stop in sorted(other for other in by if other[0] == kind):
        if start <= first < stop:
            first = stop
    return first >= end


def encompasses(parent, child):
    """B-32: a parent with an SPC may delegate any number, but an SPC only if it has it itself."""
    spcs = {entry[1] for entry in parent if entry[0] == "spc"}
    if not {entry[1] for entry in child if entry[0] == "spc"} <= spcs:
        return False
    if spcs:
        return True
    return all(covered(piece, numbers_of(parent)) for piece in numbers_of(child))


# ---- JWTClaimConstraints (RFC 8226 8, RFC 9118) ----------------------------------------------------

def names(body):
    found = []
    for tag, text in elements(only(body, 0x30)):
        if tag != 0x16 or not text or max(text) > 0x7F:
            raise BadDer
        found.append(text.decode())
    if not found:
        raise BadDer
    return found


def permitted(body):
    found = []
    for tag, values in elements(only(body, 0x30)):
        if tag != 0x30:
            raise BadDer
        kind, claim, rest = element(values)
        if kind != 0x16 or not claim:
            raise BadDer
        texts = []
        for text_tag, text in elements(only(rest, 0x30)):
            if text_tag != 0x0C:
                raise BadDer
            texts.append(text.decode("utf-8"))
        if not texts:
            raise BadDer
        found.append((claim.decode(), texts))
    if not found:
        raise BadDer
    return found


def read_constraints(der, enhanced):
    """(mustInclude, permittedValues, mustExclude) (B-20); None where it counts as absent (B-23)."""
    parts = {0xA0: [], 0xA1: [], 0xA2: []}
    last = 0
    for tag, body in elements(only(der, 0x30)):
        if tag <= last or tag not in parts or (tag == 0xA2 and not enhanced):
            raise BadDer
        last = tag
        parts[tag] = permitted(body) if tag == 0xA1 else names(body)
    if not last:
        raise BadDer
    if {"iat", "orig", "dest"} & set(parts[0xA2]):
        return None
    return parts[0xA0], parts[0xA1], parts[0xA2]


# ---- Certificates ----------------------------------------------------------------------------------

def seconds(moment):
    return int(moment.replace(tzinfo=datetime.timezone.utc).timestamp())


class Facts:
    """Of one certificate, read once."""

    def __init__(self, certificate):
        self.certificate = certificate
        self.public_key = certificate.public_key()
        self.not_before, self.not_after = seconds(certificate.not_valid_before), seconds(certificate.not_valid_after)
        self.extensions = {extension.oid: extension for extension in certificate.extensions}
        basic = self.value(x509.BasicConstraints.oid)
        self.ca = basic is not None and basic.ca
        self.path_length = basic.path_length if basic is not None else None
        self.usage = self.value(x509.KeyUsage.oid)
        self.tn_auth_list = self.read(TN_AUTH_LIST, read_tn_auth_list)
        self.signed_by = {}

    def value(self, oid):
        extension = self.extensions.get(oid)
        return extension.value if extension is not None else None

    def read(self, oid, reader):
        """None: absent; an exception: malformed."""
        if oid not in self.extensions:
            return None
        try:
            return reader(self.extensions[oid].value.value)
        except (BadDer, UnicodeDecodeError):
            return BadDer

    def issued_by(self, issuer):
        if id(issuer) not in self.signed_by:
            self.signed_by[id(issuer)] = self._issued_by(issuer)
        return self.signed_by[id(issuer)]

    def _issued_by(self, issuer):
        if self.certificate.issuer != issuer.certificate.subject:
            return False
        authority = self.value(x509.AuthorityKeyIdentifier.oid)
        subject = issuer.value(x509.SubjectKeyIdentifier.oid)
        if authority is not None and subject is not None and authority.key_identifier != subject.digest:
            return False  # B-31
        algorithm = self.certificate.signature_hash_algorithm
        try:
            if isinstance(issuer.public_key, ec.EllipticCurvePublicKey):
                issuer.public_key.verify(self.certificate.signature, self.certificate.tbs_certificate_bytes,
                                         ec.ECDSA(algorithm))
            elif isinstance(issuer.public_key, rsa.RSAPublicKey):
                issuer.public_key.verify(self.certificate.signature, self.certificate.tbs_certificate_bytes,
                                         padding.PKCS1v15(), algorithm)
            else:
                return False
        except InvalidSignature:
            return False
        return algorithm.digest_size >= 32  # B-8: SHA-256 or better


def check_chain(chain, anchors, crls, now):
    """The path, signer first and anchor last (RFC 5280 6, B-30 to B-33). `chain` is ordered."""
    signer = chain[0]
    need(not signer.ca, 437, "signer-is-ca")  # B-33
    need(isinstance(signer.public_key, ec.EllipticCurvePublicKey) and signer.public_key.curve.name == "secp256r1",
         437, "signer-key-unsupported")
    need(signer.usage is None or signer.usage.digital_signature, 437, "signer-key-usage")
    path = [signer]
    while True:
        anchor = next((a for a in anchors if path[-1].issued_by(a)), None)
        if anchor is not None:
            path.append(anchor)
            break
        issuer = next((c for c in chain[1:] if c not in path and path[-1].issued_by(c)), None)
        need(issuer is not None, 437, "chain-untrusted")
        path.append(issuer)
    check_issuers(path)
    check_times(path, now)
    check_critical(path)
    check_revocation(path, crls, now)
    return path


def check_issuers(path):
    for depth, issuer in enumerate(path[1:]):
        need(issuer.ca, 437, None)
        need(issuer.usage is None or issuer.usage.key_cert_sign, 437, None)
        need(issuer.path_length is None or depth <= issuer.path_length, 437, None)
        key = issuer.public_key
        strong = (key.curve.name in ("secp256r1", "secp384r1", "secp521r1") if isinstance(key, ec.EllipticCurvePublicKey)
                  else key.key_size >= 2048)
        need(strong, 437, None)


def check_times(path, now):
    for certificate in path:
        need(certificate.not_before <= now, 437, "certificate-not-yet-valid")
        need(now <= certificate.not_after, 437, "certificate-expired")


def check_critical(path):
    for certificate in path[:-1]:
        for oid, extension in certificate.extensions.items():
            need(not extension.critical or oid in UNDERSTOOD, 437, None)


def check_revocation(path, crls, now):
    """Direct lists (RFC 5280 6.3)."""
    for certificate, issuer in zip(path, path[1:]):
        for crl in crls:
            if crl.issuer != certificate.certificate.issuer or not crl.is_signature_valid(issuer.public_key):
                continue
            need(now <= seconds(crl.next_update), 437, "crl-stale")  # C-35
            entry = crl.get_revoked_certificate_by_serial_number(certificate.certificate.serial_number)
            need(entry is None, 437, "certificate-revoked")


def check_authority(path, orig):
    """B-6, B-7, B-32."""
    need(path[0].tn_auth_list is not None, 437, "tnauthlist-missing")
    for certificate in path:
        need(certificate.tn_auth_list is not BadDer, 437, "tnauthlist-malformed")
    lists = [certificate.tn_auth_list for certificate in path if certificate.tn_auth_list is not None]
    for child, parent in zip(lists, lists[1:]):
        need(encompasses(parent, child), 437, "tnauthlist-not-encompassed")
    mine = lists[0]
    if any(entry[0] == "spc" for entry in mine):
        return
    kind, text = orig
    need(kind == "tn", 437, "tn-not-authorized")
    piece = (len(text), int(text), int(text) + 1) if text.isdigit() else (text, 0, 1)
    need(covered(piece, numbers_of(mine)), 437, "tn-not-authorized")


def check_constraints(signer, claims):
    """B-20 to B-26."""
    both = CONSTRAINTS in signer.extensions and ENHANCED_CONSTRAINTS in signer.extensions
    need(not both, 437, "claim-constraints-conflict")  # B-24
    for oid, enhanced in ((CONSTRAINTS, False), (ENHANCED_CONSTRAINTS, True)):
        read = signer.read(oid, lambda der, form=enhanced: read_constraints(der, form) or ([], [], []))
        if read is None:
            continue
        need(read is not BadDer, 437, "claim-constraints-malformed")
        include, values, exclude = read
        for name in include:
            need(name in claims, 438, "claim-required")
        for name, texts in values:
            if name in claims:
                need(text_of(claims[name]) in texts, 438, "claim-value-not-permitted")
        for name in exclude:
            need(name not in claims, 438, "claim-excluded")


def text_of(value):
    """B-22: a claim that is no string counts by its deterministic JSON text."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"),
                                                           ensure_ascii=False)
