# SPDX-License-Identifier: MIT
"""A second verifier, written straight from the clauses, on python3-cryptography. It shares nothing
with the C++ one. It judges a call and says pass or not, with which SIP code, and, where a clause says
exactly one thing, why: by the reason's name in callvet's public table.

Clauses: RFC 8224 4, 6.2 and 8, RFC 8225 4 to 9, RFC 8588, RFC 8226 8 and 9, RFC 9118, RFC 9060,
RFC 5280 6, ATIS-1000074/1000082 (order of checks: its outcome table). Not in it: div, rph, rcd, msg."""

import base64
import datetime
import functools
import json
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

import independent_certificates
from independent_certificates import Refused, need

WINDOW = 60  # RFC 8224 4.1, D-5
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


# ---- Encodings -------------------------------------------------------------------------------------

def b64url(text):
    """RFC 7515 2, each byte string in one form only (A-7)."""
    need(re.fullmatch(r"[A-Za-z0-9_-]*", text), 438, "base64-invalid")
    need(len(text) % 4 != 1, 438, "base64-invalid")
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == text, 438, "base64-invalid")
    return raw


class Twice(Exception):
    pass


def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise Twice
    return dict(pairs)


def no_constant(_):
    raise ValueError("NaN and Infinity are no JSON")


def finite(text):
    """RFC 8259 6 leaves the range to who reads: what no double holds is refused."""
    if abs(float(text)) == float("inf"):
        raise ValueError("too large")
    return float(text)


def read_json(raw, pairs_hook):
    value = json.loads(raw.decode("utf-8"), object_pairs_hook=pairs_hook, parse_constant=no_constant, parse_float=finite)
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # no half of a surrogate pair
    return value


def strict_json(raw):
    """RFC 8259 in UTF-8, no name twice (A-20)."""
    try:
        value = read_json(raw, no_duplicates)
    except Twice:
        try:
            read_json(raw, dict)
        except ValueError:
            raise Refused(438, None) from None  # both is wrong with it
        raise Refused(438, "json-duplicate-name") from None
    except (ValueError, RecursionError):
        names = re.findall(rb'"([^"\\]*)"\s*(?![\s,}\]])', raw)  # the colon may be what is broken
        twice = len(names) - names.count(b"tn") > len(set(names) - {b"tn"})  # both may be wrong with it
        raise Refused(438, None if twice else "json-invalid") from None
    need(isinstance(value, dict), 438, None)
    return value


def deterministic(value):
    """RFC 8225 9."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


# ---- The Identity header (RFC 8224 4) --------------------------------------------------------------

PARAMETER = re.compile(
    r";[ \t]*([A-Za-z0-9.!%*_+`'~-]+)[ \t]*(?:=[ \t]*(<[^>]*>|\"(?:[^\"\\]|\\.)*\"|[^;,\"<>\\\s]*)[ \t]*)?")


class Header:
    def __init__(self, value):
        need(len(value) <= 8192, 438, "identity-too-large")
        value = re.sub(r"[ \t]*(?:\r\n|\r|\n)[ \t]+", " ", value)  # folded lines (RFC 3261 7.3.1), of any line's end
        need("\r" not in value and "\n" not in value, 438, "identity-malformed")
        match = re.match(r"[ \t]*([A-Za-z0-9_.+/=-]+)[ \t]*", value)
        need(match, 438, "identity-malformed")
        self.token, rest = match.group(1), value[match.end():]
        self.parameters, self.broken = {}, set()
        while rest:
            match = PARAMETER.match(rest)
            if not match:
                self.broken = {"identity-malformed"}
                break
            name = match.group(1).lower()
            if name in ("alg", "ppt") and "<" in (match.group(2) or "")[1:] and match.group(2).startswith("<"):
                self.broken = {"identity-malformed"}  # what it is cut off by is no part of a value
                break
            if name in ("info", "alg", "ppt"):
                if name in self.parameters:
                    # A-3; with a quotation mark or a "<" alone it is malformed as well, and which is said is not set.
                    cut_off = rest.count('"') % 2 or rest[match.end():match.end() + 1] not in ("", ";")
                    self.broken = {"duplicate-parameter"} | ({"identity-malformed"} if cut_off else set())
                    break
                self.parameters[name] = match.group(2) or ""
            rest = rest[match.end():]

    def text(self, name):
        value = self.parameters.get(name)
        return None if value is None else unquote(value)

    def parts(self):
        """h, p and s; the first two None in the compact form (A-6)."""
        header, payload, signature = (self.token.split(".") + ["", "", ""])[:3]
        problems = set(self.broken)
        if self.token.count(".") != 2 or not signature or bool(header) != bool(payload):
            problems.add("token-malformed")
        need(not problems, 438, next(iter(problems)) if len(problems) == 1 else None)
        return header or None, payload or None, signature


def unquote(text):
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def check_info(info):
    """A-2, C-20."""
    need(info.startswith("<") and info.endswith(">"), 436, "info-invalid")
    uri = info[1:-1]
    match = re.fullmatch(r"https://([A-Za-z0-9._-]+)(?::(\d+))?(/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})+)", uri,
                         re.IGNORECASE)
    need(match and match.group(2) in (None, "443", "8443"), 436, "info-invalid")
    return uri


# ---- Who calls whom (RFC 8224 8.3 and 8.5) ---------------------------------------------------------

def canonical_number(text):
    """A-31, A-33, A-35, for numbers that carry their country code, or a phone-context that does."""
    parameters = dict((part.split("=", 1) + [""])[:2] for part in text.lower().split(";")[1:])
    number = text.split(";")[0].strip()
    context = parameters.get("phone-context", "")
    service_code = re.fullmatch(r"[0-9]{1,3}", number) and len(context) <= 4  # 911 in the context of +1
    if not number.startswith("+") and context.startswith("+") and not service_code:
        number = context + number
    if not re.fullmatch(r"\+?[0-9#*\-.() /]+", number):
        return None
    number = re.sub(r"[^0-9#*]", "", number)
    return number if 1 <= len(number) <= 15 else None


def number_claim(text):
    """RFC 8225 5.2.1: a number, without what may stand behind one in SIP."""
    return None if ";" in text else canonical_number(text)


def canonical_uri(text):
    """scheme:user@host in lower case, without password, parameters, headers and port (A-34); a host alone is a URI, too."""
    match = re.fullmatch(r"(sips?):(?:([^@:;?]+)(?:;[^@]*)?(?::[^@]*)?(@))?([A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(?::\d+)?(?:;[^?]*)?(?:\?.*)?",
                         text, re.IGNORECASE)
    if not match:
        return None
    return f"{match.group(1)}:{match.group(2) or ''}{match.group(3) or ''}{match.group(4)}".lower()


def uri_claim(text):
    """Another URI than a SIP one is a claim too (RFC 8225 5.2.1), but no caller's."""
    return canonical_uri(text) or (
        text if re.fullmatch(r"(?!sips?:|tel:)[a-z][a-z0-9+.-]*:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", text,
                             re.IGNORECASE) else None)


@functools.lru_cache(maxsize=100_000)
def identities_of(text):
    """What a From, To or P-Asserted-Identity value may be: {("tn", ..), ("uri", ..)} (A-30)."""
    text = text.strip()
    bracketed = re.search(r"<([^<>]*)>", re.sub(r'"(?:[^"\\]|\\.)*"', "", text))
    uri = bracketed.group(1) if bracketed else text
    lower = uri.lower()
    if lower.startswith("tel:"):
        return frozenset({("tn", canonical_number(uri[4:]))})
    match = re.fullmatch(r"sips?:([^@]+)@[^;?]+((?:;[^?]*)?)", uri, re.IGNORECASE)
    if match:
        found = set()
        by_phone = bracketed and "user=phone" in match.group(2).lower().split(";")
        number = canonical_number(match.group(1))
        if number and (by_phone or re.match(r"\+?[0-9#*]", match.group(1))):
            found.add(("tn", number))
        if not by_phone and canonical_uri(uri):
            found.add(("uri", canonical_uri(uri)))
        return frozenset(found)
    return frozenset({("tn", canonical_number(uri))})


# ---- Claims (RFC 8225 5, RFC 8588) -----------------------------------------------------------------

def check_party(value, name, shaken):
    need(value not in ({}, {"tn": ""}, {"uri": ""}), 438, None)  # absent or wrong
    need(isinstance(value, dict) and len(value) == 1 and set(value) <= {"tn", "uri"}, 438, name + "-invalid")
    kind, text = next(iter(value.items()))
    need(isinstance(text, str) and text, 438, name + "-invalid")
    if kind == "tn":
        need(number_claim(text), 438, name + "-invalid")
    else:
        need(not shaken and uri_claim(text), 438, name + "-invalid")  # D-2
    return kind, number_claim(text) if kind == "tn" else uri_claim(text)


def check_dest(value, shaken):
    need(isinstance(value, dict) and set(value) & {"tn", "uri"}, 438, "dest-invalid")
    found = set()
    for kind in ("tn", "uri"):
        if kind not in value:
            continue
        need(isinstance(value[kind], list) and value[kind], 438, "dest-invalid")
        for text in value[kind]:
            need(isinstance(text, str), 438, "dest-invalid")
            one = number_claim(text) if kind == "tn" else uri_claim(text)
            need(one, 438, "dest-invalid")
            found.add((kind, one))
    need(not shaken or "tn" in value, 438, "dest-invalid")
    return found


def check_mky(claims):
    """A-16."""
    mky = claims.get("mky", [])
    need(isinstance(mky, list) and ("mky" not in claims or mky), 438, "mky-invalid")
    for entry in mky:
        need(isinstance(entry, dict) and isinstance(entry.get("alg"), str) and isinstance(entry.get("dig"), str),
             438, "mky-invalid")


def noting(problems, check, *arguments):
    try:
        return check(*arguments)
    except Refused as refused:
        problems.add(refused.reason)
        return None


class Claims:
    def __init__(self, payload, shaken):
        for name in ("dest", "orig") + (("attest", "origid") if shaken else ()) + ("iat",):
            need(name in payload, 438, name + "-missing")
        self.payload = payload
        self.iat = payload["iat"]
        problems = set()
        self.dest = noting(problems, check_dest, payload["dest"], shaken)
        self.orig = noting(problems, check_party, payload["orig"], "orig", shaken)
        noting(problems, self.check_types, shaken)
        noting(problems, check_mky, payload)
        # No clause says in which order claims are looked at.
        need(not problems, 438, next(iter(problems)) if len(problems) == 1 else None)

    def check_types(self, shaken):
        need(type(self.iat) is int and 0 < self.iat < 253402300800, 438, "iat-invalid")
        if shaken:
            need(isinstance(self.payload["attest"], str), 438, "attest-invalid")
            need(isinstance(self.payload["origid"], str), 438, "origid-invalid")


def check_attestation(payload):
    need(payload["attest"] in ("A", "B", "C"), 438, "attest-invalid")
    need(re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", payload["origid"]), 438, "origid-invalid")


# ---- The procedure (RFC 8224 6.2) ------------------------------------------------------------------

DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), +(\d{1,2}) (\w{3}) (\d{4}) (\d\d:\d\d:\d\d) GMT")


def date_seconds(text):
    """RFC 3261 20.17."""
    match = DATE.fullmatch(text)
    need(match, 403, "date-invalid")
    try:
        moment = datetime.datetime.strptime(" ".join(match.groups()), "%d %b %Y %H:%M:%S")
    except ValueError:
        raise Refused(403, "date-invalid") from None
    return int(moment.replace(tzinfo=datetime.timezone.utc).timestamp())


def fresh(seconds, now, late):
    """Two-sided (A-50)."""
    need(now - seconds <= WINDOW, 403, late)
    need(seconds - now <= WINDOW, 403, "date-stale" if late == "date-stale" else "iat-in-future")


def check_jose(header, parameters_ppt, info, alg_parameter):
    """Tells the ppt that counts. Order: ATIS-1000082, E9, E11, E12, E10, E13."""
    need(not {"crit", "jwk", "jku"} & set(header), 438, "jose-header-forbidden")
    missing = {"typ", "alg", "x5u"} | ({"ppt"} if parameters_ppt is not None else set())
    missing -= set(header)
    texts = all(isinstance(header.get(name, ""), str) for name in ("ppt", "typ", "alg", "x5u"))  # RFC 7515 4.1
    need(texts or not missing, None, None)  # which comes first is not said
    need(texts, 438, None)
    need(not missing, 436, next(iter(missing)) + "-missing" if len(missing) == 1 else None)
    need(header["typ"] == "passport", 437, "typ-invalid")
    need(header["alg"] == "ES256", 437, "alg-unsupported")
    need(alg_parameter is None or alg_parameter.lower() == "es256", 437, "alg-unsupported")
    need(header["x5u"] == info, 436, "x5u-differs-from-info")
    if parameters_ppt is not None:
        need(header["ppt"] == parameters_ppt, 438, "ppt-mismatch")
    return header.get("ppt")


def check_callers(claims, call):
    """A-36, D-3, D-4: the caller by P-Asserted-Identity, else From; the called party by To, and by the
    Request-URI where the call goes elsewhere."""
    callers = set().union(*map(identities_of, call["callers"]))
    need(any(text for _, text in callers), 438, None)
    need(claims.orig in callers, 438, "orig-mismatch")
    called = set().union(*map(identities_of, call["called"]))
    target = identities_of(call["target"]) if call.get("target") else set()
    need(claims.dest & called, 438, "dest-mismatch")
    if any(kind == "tn" for kind, _ in target):
        need(claims.dest & target, 438, "dest-mismatch")


def is_well_formed(raw):
    try:
        check_signature("", raw, None)
    except Refused:
        return False
    return True


def check_signature(text, raw, key):
    need(len(raw) == 64, 438, "signature-malformed")
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    need(0 < r < P256_ORDER and 0 < s < P256_ORDER, 438, "signature-malformed")
    if key is None:
        return
    try:
        key.verify(utils.encode_dss_signature(r, s), text.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused(438, "signature-invalid") from None


def check_path(url, iat, date, now, world):
    """A-44, but for what it allows."""
    chain = world.certificates.get(url)
    need(chain, 436, "certificate-not-available")
    path = independent_certificates.check_chain(chain, world.anchors, world.crls, now)
    for certificate in path[:-1]:  # A-51, B-35
        need(certificate.not_before <= iat <= certificate.not_after, 403, "iat-outside-certificate")
        need(date is None or certificate.not_before <= date <= certificate.not_after, 403, "date-stale")
    return path


def candidates(call):
    """Whom a compact form may be of (A-52)."""
    for caller in call["callers"]:
        for orig in identities_of(caller):
            for called in call["called"]:
                for dest in identities_of(called):
                    if orig[1] is not None and dest[1] is not None:
                        yield orig, dest


def rebuilt(info, date, orig, dest):
    claims = {"dest": {dest[0]: [dest[1]]}, "iat": date, "orig": {orig[0]: orig[1]}}
    head = deterministic({"alg": "ES256", "typ": "passport", "x5u": info})
    text = ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode()
                    for part in (head, deterministic(claims)))
    return text, claims


def judge_compact(signature_part, info, call, world):
    """A-52, base PASSporT only: what is signed is rebuilt from the request. Only a good signature tells
    of whom it is, so what the certificate allows comes after it."""
    date = date_seconds(call["date"])
    parties = list(candidates(call))
    target = identities_of(call["target"]) if call.get("target") else set()
    is_target = not any(kind == "tn" for kind, _ in target) or any(dest in target for _, dest in parties)
    try:
        raw = b64url(signature_part)
    except Refused:
        need(parties and is_target, 438, None)  # both are 438, and no clause orders them
        raise
    if parties and is_target:
        check_signature("", raw, None)
    need(parties, 438, None)
    need(is_target, 438, "dest-mismatch" if is_well_formed(raw) else None)
    path = check_path(info, date, date, call["now"], world)
    failure = None
    for orig, dest in parties:
        text, claims = rebuilt(info, date, orig, dest)
        try:
            check_signature(text, raw, path[0].public_key)
        except Refused as refused:
            failure = refused
            continue
        independent_certificates.check_authority(path, orig)
        independent_certificates.check_constraints(path[0], claims)
        return
    raise failure


def names_another_type(header_part):
    """A-54: a token whose own header says that it is of an unknown type is of no known one, whatever else is
    wrong with it."""
    try:
        ppt = strict_json(b64url(header_part)).get("ppt", "shaken")
    except Refused:
        return False
    need(ppt != "", None, None)  # a type without a name, or a wrong header: the clauses do not say which
    return isinstance(ppt, str) and ppt != "shaken"


def judge_header(value, call, world):
    header = Header(value)
    ppt = header.text("ppt")
    if ppt is not None:
        ppt = ppt.lower()
    header_part, payload_part, signature_part = header.parts()
    need(ppt in (None, "shaken"), 428, "unsupported-ppt")
    if ppt is None and header_part is not None:
        need(not names_another_type(header_part), 428, "unsupported-ppt")
    if call.get("date") is not None:
        fresh(date_seconds(call["date"]), call["now"], "date-stale")
    if header_part is None:
        need(ppt is None, 438, "compact-form-not-allowed")  # A-18, E4
        need(call.get("date") is not None, 403, "date-missing")
    need("info" in header.parameters, 436, "info-missing")
    info = check_info(header.parameters["info"])
    if header_part is None:
        alg = header.text("alg")
        need(alg is None or alg.lower() == "es256", 437, "alg-unsupported")
        judge_compact(signature_part, info, call, world)
        return
    jose = strict_json(b64url(header_part))
    ppt = check_jose(jose, ppt, info, header.text("alg"))
    payload = strict_json(b64url(payload_part))
    claims = Claims(payload, ppt == "shaken")
    fresh(claims.iat, call["now"], "iat-stale")
    if ppt == "shaken":
        check_attestation(payload)
    check_callers(claims, call)
    raw = b64url(signature_part)
    check_signature("", raw, None)
    date = date_seconds(call["date"]) if call.get("date") is not None else None
    path = check_path(info, claims.iat, date, call["now"], world)
    independent_certificates.check_authority(path, claims.orig)
    independent_certificates.check_constraints(path[0], payload)
    check_signature(header_part + "." + payload_part, raw, path[0].public_key)


class World:
    """Whom is trusted, and what the URLs give."""

    def __init__(self, anchors, certificates, crls=()):
        self.anchors, self.certificates, self.crls = anchors, certificates, crls


def split_values(text):
    """A-5: several values in one field, at commas outside <> and quotes."""
    values, start, quoted, angle, i = [], 0, False, False, 0
    while i < len(text):
        c = text[i]
        if quoted:
            if c == "\\":
                i += 1
            elif c == '"':
                quoted = False
        elif c == '"' and not angle:
            quoted = True
        elif c == "<":
            angle = True
        elif c == ">":
            angle = False
        elif c == "," and not angle:
            values.append(text[start:i])
            start = i + 1
        i += 1
    values.append(text[start:])
    return values


def verdict(call, world):
    """(SIP code, reason): 0 for a pass. Both None where the clauses leave it open: of several headers
    that all fail, which one is reported (A-53). `call`: identities, callers, called, now, and perhaps
    date and target."""
    fields = call["identities"]
    if not any(field.strip(" \t\r\n") for field in fields):
        fields = []  # beside others an empty one is a header, malformed
    values = [value for field in fields for value in split_values(field)]
    if not values:
        return 428, "no-identity"
    failures = []
    for value in values:
        try:
            judge_header(value, call, world)
            return 0, "verified"
        except Refused as refused:
            failures.append((refused.code, refused.reason))
    if len(failures) != 1:
        return None, None
    return failures[0]
