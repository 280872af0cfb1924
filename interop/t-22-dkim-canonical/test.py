"""Canonical forms of random headers and bodies: the same octets from python3-dkim, and from what Whimbrel signs by.

Where dkimpy departs from RFC 6376 it is said, counted apart, and what stands in the RFC is compared instead.
"""

import base64
import hashlib
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import mta  # noqa: E402
from reception import told  # noqa: E402

COUNT = 4_000
HERE = os.path.dirname(os.path.abspath(__file__))
# Debian's packages are for Debian's Python, which need not be the one on PATH.
PYTHON = "/usr/bin/python3"
NAMES = (b"Subject", b"from", b"X-!#$%&'*+^`{|}~", b"TO", b"x", b"DKIM-Signature")
VALUES = (b" ", b"  ", b"\t", b" \t ", b"\r\n ", b"\r\n\t", b" \r\n \t", b"\r\n \r\n ", b"a", b"B c", b":", b";", b"=", b"\xc3\xbc",
          b"\xff", b"\x0b", b"\x0c", b"\x01", b"x" * 200, b" " * 99, b"\x85", b"\xa0")
BODIES = (b" ", b"  ", b"\t", b" \t", b"\r\n", b"\r\n", b"\r\n\r\n", b"\r\n\r\n\r\n\r\n", b" \r\n", b"\t\r\n", b"a", b"bc d", b".", b"\xfc",
          b"\x0b", b"\x0c", b"\0", b"\x85", b"\xa0", b"y" * 5_000, b" " * 99, b"\r\n" * 50)

# VT or FF as the first or the last of a value, but for spaces and folds.
ODD_EDGE = re.compile(rb"(?m)(^[^ \t:\r\n]+:[ \t\r\n]*[\x0b\x0c]|[\x0b\x0c][ \t\r\n]*(\r\n(?![ \t])|\Z))")


class Case:
    """Octets, and where dkimpy is wrong about a form of them (RFC 6376): the reason."""

    def __init__(self, kind, octets):
        self.kind, self.octets = kind, octets

    def line(self):
        return self.kind + b" " + base64.b64encode(self.octets) + b"\n"

    def fault(self, form):
        if self.kind == b"H":
            if re.search(rb"(?m)^[^ \t:\r\n]+[ \t]+:", self.octets):
                return "refuses spaces in front of a colon, which section 3.4.2 has deleted"
            if form == "relaxed" and ODD_EDGE.search(self.octets):
                return "takes VT and FF at the ends of a value for WSP, which section 2.8 says is SP and HTAB"
        elif form == "relaxed" and re.search(rb"[ \t]\Z", self.octets):
            return "keeps spaces at the end of a last line without CRLF, which section 3.4.4 has ignored"
        return None

    def reference(self, form):
        """By the words of sections 3.4.1 to 3.4.4."""
        if self.kind == b"B":
            lines = self.octets
            if form == "relaxed":
                lines = re.sub(rb"[ \t]+(?=\r\n|\Z)", b"", lines)
                lines = re.sub(rb"[ \t]+", b" ", lines)
            lines = re.sub(rb"(\r\n)*\Z", b"", lines)
            return lines + b"\r\n" if lines or form == "simple" else b""
        if form == "simple":
            return self.octets
        fields = [field.partition(b":") for field in re.split(rb"\r\n(?![ \t])", self.octets)[:-1]]
        return b"".join(name.rstrip(b" \t").lower() + b":" + re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" \t") + b"\r\n"
                        for name, _, value in fields)


def header(choice):
    fields = []
    for _ in range(choice.randint(1, 4)):
        spaces = choice.choice((b" ", b"\t ")) if choice.random() < 0.04 else b""
        value = b"".join(choice.choices(VALUES, k=choice.randint(0, 9)))
        fields.append(choice.choice(NAMES) + spaces + b":" + value)
    return Case(b"H", b"\r\n".join(fields) + b"\r\n")


def body(choice):
    return Case(b"B", b"".join(choice.choices(BODIES, k=choice.randint(0, 12))))


def answers(words, cases, **more):
    run = subprocess.run(words, input=b"".join(case.line() for case in cases), capture_output=True, timeout=300, **more)
    lib.check(run.returncode == 0, f"{words[0]}: {run.stderr.decode()[-2000:]}")
    lines = [line.split(" ") for line in run.stdout.decode().splitlines()]
    lib.check(len(lines) == len(cases), f"{len(lines)} answers to {len(cases)} cases")
    return lines


def ours(seed, cases):
    launcher = os.path.join(mta.ROOT, "whimbrel")
    subprocess.run([launcher, "--version"], check=True, stdout=subprocess.DEVNULL)
    home = subprocess.run([launcher, "--java-home"], check=True, capture_output=True, text=True).stdout.strip()
    target = os.path.join(mta.ROOT, "server", "target")
    path = f"{target}/whimbrel-server.jar:{target}/lib/*"
    return answers([os.path.join(home, "bin", "java"), "-cp", path, os.path.join(HERE, "Forms.java"), str(seed)], cases)


def test():
    if subprocess.run([PYTHON, "-c", "import dkim"], capture_output=True).returncode != 0:
        print("python3-dkim is missing", file=sys.stderr)
        sys.exit(1 if os.environ.get("WHIMBREL_CI") == "1" else lib.SKIPPED)
    seed = int(os.environ.get("WHIMBREL_SEED", random.randrange(1 << 32)))
    choice = random.Random(seed)
    fixed = [Case(b"B", octets) for octets in (b"", b"\r\n", b"\r\n\r\n", b" ", b" \r\n", b"\t \r\n\r\n", b"a", b"a\r\n", b"a \t", b"\r\na",
                                              b"a" + b" " * 9_000 + b"b", b"\r\n" * 9_000, b"\r\n" * 9_000 + b"c")]
    cases = fixed + [make(choice) for make in (header, body) for _ in range(COUNT)]
    told(f"seed {seed}: {COUNT} headers and {COUNT + len(fixed)} bodies, each in both forms")
    same, apart = 0, {}
    for case, mine, other in zip(cases, ours(seed, cases), answers([PYTHON, os.path.join(HERE, "dkimpy.py")], cases)):
        for form, octets, expected in zip(("simple", "relaxed"), mine, other):
            octets, fault = base64.b64decode(octets), case.fault(form)
            wanted = case.reference(form) if fault else base64.b64decode(expected)
            if fault:
                # So that nothing is counted apart that dkimpy gets right.
                lib.check(expected == "-" or base64.b64decode(expected) != wanted, f"dkimpy is right about {form} {case.octets!r}")
                apart[fault] = apart.get(fault, 0) + 1
            else:
                lib.check(wanted == case.reference(form), f"dkimpy and the RFC differ: {form} {case.octets!r}: {wanted!r}")
                same += 1
            # Of a body Whimbrel has no more than the hash.
            wanted = hashlib.sha256(wanted).digest() if case.kind == b"B" else wanted
            lib.check(octets == wanted, f"{form} {case.octets!r}: {octets!r}, and not {wanted!r}")
    told(f"{same} forms are the same, octet for octet; where dkimpy is wrong, as RFC 6376 has them: {apart}")


lib.main(test)
