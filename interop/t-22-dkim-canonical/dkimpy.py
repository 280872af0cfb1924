"""Reads lines "H base64" and "B base64"; writes what dkimpy makes of them, simple and relaxed, "-" where it refuses."""

import base64
import sys

import dkim
from dkim.canonicalization import Relaxed, Simple


def header(data, form):
    fields, _ = dkim.rfc822_parse(data + b"\r\n")
    return b"".join(name + b":" + value for name, value in form.canonicalize_headers(fields))


for line in sys.stdin.buffer:
    kind, octets = line[:1], base64.b64decode(line[2:])
    answers = []
    for form in (Simple, Relaxed):
        try:
            answer = header(octets, form) if kind == b"H" else form.canonicalize_body(octets)
            answers.append(base64.b64encode(answer).decode())
        except dkim.MessageFormatError:
            answers.append("-")
    print(*answers)
