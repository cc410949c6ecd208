#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Asterisk asks `callvet serve` about a call, by AGI. In extensions.conf, first of all:

    exten => _X.,1,AGI(/usr/local/bin/asterisk_agi.py,http://127.0.0.1:8080/v1/calls)
     same => n,GotoIf($["${CALLVET_ACTION}" = "pass" | "${CALLVET_ACTION}" = "tag"]?go)
     same => n,Hangup(21)
     same => n(go),Dial(PJSIP/${FILTER(0-9,${EXTEN})}@provider,,b(callvet^tell^1(${CALLVET_VERSTAT})))

    [callvet]
    exten => tell,1,Set(PJSIP_HEADER(add,X-Verstat)=${ARG1})
     same => n,Return()

A header is added on the outbound channel, so by a pre-dial handler (b): PJSIP_HEADER(add,...) in the caller's part of the
dialplan goes nowhere, and no header of the caller's goes on either, so there is nothing to strip. What goes on is the caller's
number, which Asterisk may have taken of a Remote-Party-ID that nobody judged (trust_id_inbound=yes): where one came and the answer
says to strip it, the script sets CALLERID(num) to the number that was judged. To its own answers Asterisk adds no header: a
refused call has no Reason of callvet's.

The script sets CALLVET_ACTION (pass, tag or reject), CALLVET_VERSTAT, CALLVET_REASON, CALLVET_CODE and
CALLVET_REASON_HEADER. Where there is no answer, or none with a disposition (a service without a policy), the action is reject, but
tag for calls to the EMERGENCY numbers below (leave those of your country); where the script cannot run there is none: neither is a
verdict, so the dialplan lets go on what is "pass" or "tag" and nothing else."""

import http.client
import json
import re
import sys
import urllib.request

HEADERS = {"from": "From", "to": "To", "date": "Date", "call_id": "Call-ID"}
LISTS = {"identity": "Identity", "p_asserted_identity": "P-Asserted-Identity", "resource_priority": "Resource-Priority",
         "priority": "Priority"}
MANY = 16
EMERGENCY = ("000", "110", "112", "119", "120", "122", "911", "999")
# Nothing but the number: with other parameters (rn, phone-context) it may be another one's.
EMERGENCY_URI = re.compile(r"(sips?:NUMBER@[][a-z0-9.:-]+|tel:NUMBER|urn:service:sos(\.[a-z.-]+)?)"
                           r"(;user=phone|;transport=[a-z0-9-]+|;lr|;ob)*"
                           .replace("NUMBER", "(" + "|".join(EMERGENCY) + ")"), re.ASCII | re.IGNORECASE)


def command(text):
    """Says something to Asterisk; the value that it answers with, or None."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    answer = sys.stdin.readline().strip()
    if not answer.startswith("200 result=1"):
        return None
    return answer[answer.index("(") + 1:-1] if "(" in answer else ""


def header(name, number=1):
    return command(f'GET FULL VARIABLE "${{PJSIP_HEADER(read,{name},{number})}}"') or None


def set_variable(name, value):
    clean = "".join(c for c in str(value) if c.isprintable()).replace("\\", "\\\\").replace('"', '\\"')
    command(f'SET VARIABLE {name} "{clean}"')


def question():
    asked = {member: header(name) for member, name in HEADERS.items()}
    for member, name in LISTS.items():
        values = []
        while len(values) < MANY and (value := header(name, len(values) + 1)):
            values.append(value)
        asked[member] = values
    # Two are as good as none.
    asked["priority"] = asked["priority"][0] if len(asked["priority"]) == 1 else None
    asked["request_uri"] = command('GET FULL VARIABLE "${CHANNEL(pjsip,request_uri)}"') or None
    asked["trunk"] = command('GET FULL VARIABLE "${CHANNEL(endpoint)}"') or None
    return {member: value for member, value in asked.items() if value}


def ask(url, asked):
    request = urllib.request.Request(url, json.dumps(asked).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=3) as answer:
        return json.load(answer)


def emergency(asked):
    """Whether the call plainly goes to help: where the answer does not come in its time (3 s), it goes on all the same."""
    return EMERGENCY_URI.fullmatch(asked.get("request_uri", "")) is not None


def judged_number(asked, verstat):
    """The number that the call was judged by, without its parameters."""
    identity = verstat["identities"][0] if verstat and verstat["identities"] else asked.get("from", "")
    found = re.search(r"[A-Za-z]+:([^@;>:]*)", re.sub(r'"(\\.|[^"\\])*"', "", identity))
    return found.group(1) if found else "anonymous"


def main():
    while sys.stdin.readline().strip():
        pass  # what Asterisk says of itself
    set_variable("CALLVET_ACTION", "reject")
    set_variable("CALLVET_CODE", 436)
    set_variable("CALLVET_VERSTAT", "No-TN-Validation")
    asked = question()
    try:
        answer = ask(sys.argv[1], asked)
        disposition = answer["disposition"]
        if not disposition:
            raise KeyError("disposition")
    except (OSError, ValueError, KeyError, TypeError, IndexError, http.client.HTTPException):
        if emergency(asked):
            set_variable("CALLVET_ACTION", "tag")
        return
    if header("Remote-Party-ID") and "Remote-Party-ID" in disposition["strip_headers"]:
        set_variable("CALLERID(num)", judged_number(asked, disposition["verstat"]))
    set_variable("CALLVET_VERSTAT", answer["verstat"])
    set_variable("CALLVET_REASON", answer["reason"])
    set_variable("CALLVET_CODE", disposition["sip"]["code"] or 200)
    set_variable("CALLVET_REASON_HEADER", (disposition["reason_headers"] or [""])[0])
    set_variable("CALLVET_ACTION", disposition["action"])


if __name__ == "__main__":
    main()
