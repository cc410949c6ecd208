# SPDX-License-Identifier: MIT
"""A second verifier, written straight from the clauses, on python3-cryptography. It shares nothing
with the C++ one. It judges one Identity header of a call and returns the SIP code, 0 for a pass.

Clauses: RFC 8224 4 and 6.2, RFC 8225 4, 5 and 9, RFC 8588, RFC 8226 9, ATIS-1000074/1000082."""

import base64
import datetime
import json
import re

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

WINDOW = 60
TN_AUTH_LIST = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.26")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Refused(Exception):
    def __init__(self, code, why):
        super().__init__(why)
        self.code = code


def need(condition, code, why):
    if not condition:
        raise Refused(code, why)


def b64url(text):
    need(re.fullmatch(r"[A-Za-z0-9_-]*", text), 438, "alphabet")
    need(len(text) % 4 != 1, 438, "length")
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == text, 438, "trailing bits")
    return raw


def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    need(len(names) == len(set(names)), 438, "duplicate member")
    return dict(pairs)


def strict_json(raw):
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=no_duplicates,
                           parse_constant=lambda _: (_ for _ in ()).throw(ValueError()))
    except (ValueError, UnicodeDecodeError) as error:
        raise Refused(438, f"JSON: {error}") from None
    need(isinstance(value, dict), 438, "no object")
    return value


def split_header(value):
    """token and parameters of an Identity header value."""
    need("\r" not in value and "\n" not in value, 438, "line break")
    match = re.match(r"[ \t]*([A-Za-z0-9_.+/=-]+)[ \t]*", value)
    need(match, 438, "no token")
    token, rest = match.group(1), value[match.end():]
    parameters = {}
    parameter = re.compile(
        r";[ \t]*([A-Za-z0-9.!%*_+`'~-]+)[ \t]*(?:=[ \t]*(<[^>]*>|\"(?:[^\"\\]|\\.)*\"|[^;,\"<>\\\s]*)[ \t]*)?")
    while rest:
        match = parameter.match(rest)
        need(match, 438, "grammar: " + rest[:20])
        name = match.group(1).lower()
        if name in ("info", "alg", "ppt"):
            need(name not in parameters, 438, "twice: " + name)
            parameters[name] = match.group(2) or ""
        rest = rest[match.end():]
    return token, parameters


def unquote(text):
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def check_info(info):
    need(info.startswith("<") and info.endswith(">"), 436, "info without brackets")
    uri = info[1:-1]
    match = re.fullmatch(r"https://([A-Za-z0-9._-]+)(?::(\d+))?(/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]+)", uri)
    need(match, 436, "info: " + uri)
    need(match.group(2) in (None, "443", "8443"), 436, "port")
    return uri


def digits(text):
    """RFC 8224 8.3 for numbers that carry their country code."""
    text = text.split(";")[0].strip()
    if text.startswith("+"):
        text = text[1:]
    if not re.fullmatch(r"[0-9#*\-.() /]+", text):
        return None
    number = re.sub(r"[^0-9#*]", "", text)
    return number if 1 <= len(number) <= 15 else None


def check_claims(claims, shaken):
    for name in ("dest", "orig", "iat") + (("attest", "origid") if shaken else ()):
        need(name in claims, 438, "missing " + name)
    dest, orig, iat = claims["dest"], claims["orig"], claims["iat"]
    need(isinstance(orig, dict) and list(orig) == ["tn"] and isinstance(orig["tn"], str)
         and digits(orig["tn"]), 438, "orig")
    need(isinstance(dest, dict) and isinstance(dest.get("tn"), list) and dest["tn"], 438, "dest")
    need(all(isinstance(tn, str) and digits(tn) for tn in dest["tn"]), 438, "dest.tn")
    need(type(iat) is int and iat > 0, 438, "iat")
    if shaken:
        need(claims["attest"] in ("A", "B", "C"), 438, "attest")
        need(isinstance(claims["origid"], str) and
             re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", claims["origid"]),
             438, "origid")


def tn_auth_list(certificate):
    """Entries of the TNAuthList as ('spc', text) or ('tn', first, count)."""
    try:
        der = certificate.extensions.get_extension_for_oid(TN_AUTH_LIST).value.value
    except x509.ExtensionNotFound:
        raise Refused(437, "no TNAuthList") from None

    def element(data):
        need(len(data) >= 2 and data[1] < 0x80 and len(data) >= 2 + data[1], 437, "DER")
        return data[0], data[2:2 + data[1]], data[2 + data[1]:]

    tag, body, rest = element(der)
    need(tag == 0x30 and not rest and body, 437, "list")
    entries = []
    while body:
        tag, entry, body = element(body)
        if tag == 0xA0:
            inner, text, rest = element(entry)
            need(inner == 0x16 and not rest and text, 437, "spc")
            entries.append(("spc", text.decode()))
        elif tag == 0xA1:
            inner, sequence, rest = element(entry)
            need(inner == 0x30 and not rest, 437, "range")
            kind, start, sequence = element(sequence)
            kind2, count, _ = element(sequence)
            need(kind == 0x16 and kind2 == 0x02, 437, "range parts")
            entries.append(("tn", start.decode(), int.from_bytes(count, "big")))
        elif tag == 0xA2:
            inner, text, rest = element(entry)
            need(inner == 0x16 and not rest, 437, "one")
            entries.append(("tn", text.decode(), 1))
        else:
            raise Refused(437, "tag")
    return entries


def authorized(entries, number):
    if any(entry[0] == "spc" for entry in entries):
        return True
    return any(len(first) == len(number) and int(first) <= int(number) < int(first) + count
               for _, first, count in entries)


def check_chain(chain, anchors, now):
    """chain: signer first, each issued by the next; the last by an anchor."""
    moment = datetime.datetime.utcfromtimestamp(now)
    path = list(chain)
    anchor = next((a for a in anchors if a.subject == path[-1].issuer), None)
    need(anchor is not None, 437, "no anchor")
    path.append(anchor)
    for child, parent in zip(path, path[1:]):
        need(child.issuer == parent.subject, 437, "names")
        constraints = parent.extensions.get_extension_for_class(x509.BasicConstraints).value
        need(constraints.ca, 437, "not a CA")
        try:
            parent.public_key().verify(child.signature, child.tbs_certificate_bytes,
                                       ec.ECDSA(child.signature_hash_algorithm))
        except InvalidSignature:
            raise Refused(437, "certificate signature") from None
    for certificate in path:
        need(certificate.not_valid_before <= moment <= certificate.not_valid_after, 437, "validity")
    signer = path[0]
    need(not signer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca, 437, "CA signs")
    key = signer.public_key()
    need(isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1", 437, "key")
    return path


def judge(identity, orig, dest, now, chain, anchors):
    token, parameters = split_header(identity)
    need(token.count(".") == 2, 438, "parts")
    header_part, payload_part, signature_part = token.split(".")
    need(header_part and payload_part and signature_part, 438, "empty part")
    ppt = unquote(parameters["ppt"]).lower() if "ppt" in parameters else None
    need(ppt in (None, "shaken"), 428, "ppt")
    need("info" in parameters, 436, "no info")
    info = check_info(parameters["info"])
    header = strict_json(b64url(header_part))
    need(not {"crit", "jwk", "jku"} & set(header), 438, "JOSE")
    if ppt is not None:
        need("ppt" in header, 436, "ppt missing")
    for name in ("typ", "alg", "x5u"):
        need(name in header, 436, name + " missing")
    if ppt is None:
        need("ppt" not in header or header["ppt"] == "shaken", 428, "ppt")
    need(header["typ"] == "passport", 437, "typ")
    need(header["alg"] == "ES256", 437, "alg")
    if "alg" in parameters:
        need(unquote(parameters["alg"]).lower() == "es256", 437, "alg parameter")
    need(header["x5u"] == info, 436, "x5u")
    if ppt is not None:
        need(header.get("ppt", "") == ppt, 438, "ppt differs")
    claims = strict_json(b64url(payload_part))
    check_claims(claims, header.get("ppt") == "shaken")
    need(abs(now - claims["iat"]) <= WINDOW, 403, "iat")
    need(digits(orig) == digits(claims["orig"]["tn"]), 438, "orig differs")
    need(digits(dest) in [digits(tn) for tn in claims["dest"]["tn"]], 438, "dest differs")
    signature = b64url(signature_part)
    need(len(signature) == 64, 438, "signature length")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    need(0 < r < P256_ORDER and 0 < s < P256_ORDER, 438, "r, s")
    path = check_chain(chain, anchors, now)
    need(authorized(tn_auth_list(path[0]), digits(claims["orig"]["tn"])), 437, "authority")
    try:
        path[0].public_key().verify(utils.encode_dss_signature(r, s),
                                    (header_part + "." + payload_part).encode(),
                                    ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused(438, "signature") from None
    return 0


def sip_code(*arguments):
    try:
        return judge(*arguments), ""
    except Refused as refused:
        return refused.code, str(refused)
