"""Verifies the messages of a folder by dkimpy; public keys come as JSON on standard input. Prints JSON, a line each."""

import json
import os
import sys

import dkim

records = json.load(sys.stdin)


def text(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    return records.get(name.rstrip("."), "").encode()


def signatures(data):
    try:
        message = dkim.DKIM(data)
    except dkim.DKIMException as error:
        return [{"d": "?", "s": "?", "ok": False, "why": repr(error)}]
    found = []
    for at in range(sum(name.lower() == b"dkim-signature" for name, _ in message.headers)):
        why = ""
        try:
            is_good = message.verify(at, dnsfunc=text)
        except dkim.DKIMException as error:
            is_good, why = False, repr(error)
        said = message.signature_fields
        found.append({"d": said.get(b"d", b"?").decode(), "s": said.get(b"s", b"?").decode(), "ok": is_good, "why": why})
    return found


for name in os.listdir(sys.argv[1]):
    with open(os.path.join(sys.argv[1], name), "rb") as file:
        print(json.dumps({"number": int(name.split(".")[0]), "signatures": signatures(file.read())}))
