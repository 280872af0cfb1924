"""The messages of this test: real ones where test data is at hand, and edge cases from a seed, in all as many as wanted."""

import os
import random
import re

# How the mail of each domain is signed: canonical forms of header and body.
FORMS = {
    "rr.example": "relaxed/relaxed",
    "rs.example": "relaxed/simple",
    "sr.example": "simple/relaxed",
    "ss.example": "simple/simple",
    "xn--bcher-kva.example": "relaxed/relaxed",
}
PLAIN = [domain for domain in FORMS if not domain.startswith("xn--")]
LINE_MOST = 998
FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared", "testdata")


class Mail:
    """A message: `domains` that sign it for its authors; `chunked` where only BDAT can tell its last byte."""

    def __init__(self, kind, data, domains, utf8=False, chunked=False):
        self.kind, self.data, self.domains = kind, data, domains
        self.utf8, self.chunked = utf8, chunked


def real():
    """(messages, why others are not among them), with an author of ours and no signatures of others."""
    found, aside = [], {}
    folder = os.environ.get("WHIMBREL_TESTDATA", DATA)
    for top in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        for path, _, names in sorted(os.walk(os.path.join(folder, top))) if top.startswith("mime-") else ():
            for name in sorted(names):
                if name.endswith((".eml", ".msg")) or os.path.basename(path) == "cur":
                    with open(os.path.join(path, name), "rb") as file:
                        data, reason = repaired(file.read(), PLAIN[len(found) % len(PLAIN)])
                    if reason:
                        aside[reason] = aside.get(reason, 0) + 1
                    else:
                        found.append(data)
    return found, aside


def repaired(raw, domain):
    """(message as SMTP can carry it, None), or (None, why it cannot)."""
    lines = re.split(rb"\r\n|\r|\n", raw.replace(b"\0", b" "))
    if any(len(line) > LINE_MOST for line in lines):
        return None, "lines over 998 octets"
    while lines and (lines[0].startswith((b"From ", b">From ")) or not lines[0].strip()):
        del lines[0]
    header = 0
    while header < len(lines) and (FIELD.match(lines[header]) or header and lines[header][:1] in (b" ", b"\t")):
        header += 1
    # What is no header field begins the body: with the empty line that every transfer agent puts there.
    body = lines[header:] if header < len(lines) and not lines[header] else [b"", *lines[header:]]
    fields = re.split(rb"\r\n(?![ \t])", b"\r\n".join(lines[:header])) if header else []
    if any(re.match(rb"[^:]*[ \t]:", field) for field in fields):
        domain = "rr.example"  # See Edge.make.
    kept, author = [], b"From: author@" + domain.encode()
    for field in fields:
        name = field.split(b":")[0].strip().lower()
        if name in (b"dkim-signature", b"arc-seal", b"arc-message-signature", b"arc-authentication-results"):
            kept.append(b"X-Other-" + field)
        elif name == b"from":
            kept += [author] if author not in kept else []
        else:
            kept.append(field)
    kept = kept if author in kept else [author, *kept]
    data = b"\r\n".join([*kept, *body])
    utf8 = any(byte > 127 for byte in b"".join(kept))
    if utf8 and not is_utf8(b"".join(kept)):
        return None, "a header of 8-bit text that is not UTF-8"
    return Mail("real", data if data.endswith(b"\r\n") else data + b"\r\n", {domain}, utf8=utf8), None


def is_utf8(data):
    try:
        data.decode()
        return True
    except UnicodeDecodeError:
        return False


class Edge:
    """Makes edge cases, each anew from the seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.is_spaced = False

    def pick(self, *choices):
        return self.random.choice(choices)

    def chance(self, share):
        return self.random.random() < share

    def word(self, most=12):
        return "".join(self.pick(*"abcdefgXYZ0123456789-_+!#") for _ in range(self.random.randint(1, most)))

    def spaces(self):
        return self.pick("", " ", " ", "  ", "\t", " \t ", "\t\t", "   ")

    def fold(self):
        return self.pick("\r\n ", "\r\n\t", "\r\n  \t", " \r\n ", "\t\r\n\t ")

    def text(self, words):
        return "".join(self.word() + (self.fold() if self.chance(0.15) else self.spaces() or " ")
                       for _ in range(words))

    def make(self, number):
        domain = PLAIN[number % len(PLAIN)]
        author, domains, utf8 = self.author(domain)
        # Postfix takes spaces in front of a colon away, which only the relaxed form forgives.
        self.is_spaced = all(FORMS[one].startswith("relaxed/") for one in domains)
        fields = [self.name("From") + author]
        kinds = [self.subject, self.to, self.date, self.identity, self.mime_free, self.odd]
        for kind in kinds:
            if not self.chance(0.2):
                fields += kind()
        if utf8 and self.chance(0.7):
            fields += ["Subject: Grüße aus Köln " + self.text(3) + "日本語", "Comments: é" + self.fold() + "ü"]
        if number % 40 == 7:
            fields.append(self.long(self.pick(20_000, 70_000, 150_000, 200_000)))
        content, body = self.body(number)
        fields += content
        self.random.shuffle(fields)
        if not self.is_spaced and self.chance(0.6):
            # So that opendkim -t can read many of those in simple form, too.
            fields = [re.sub("^([^:]+):[ \t]*", r"\1: ", field) for field in fields]
        header = "\r\n".join(fields).encode() + b"\r\n"
        if body is None:
            return Mail("edge", header, domains, utf8=utf8)
        chunked = not body.endswith(b"\r\n") and body != b""
        return Mail("edge", header + b"\r\n" + body, domains, utf8=utf8, chunked=chunked)

    def name(self, name):
        """A field's name, its colon and what may stand around it."""
        cased = self.pick(name, name, name, name.upper(), name.lower(), name.swapcase())
        return cased + (self.pick(" ", "\t") if self.is_spaced and self.chance(0.06) else "") + ":" + self.spaces()

    def author(self, domain):
        other = self.pick(*PLAIN)
        choice = self.random.randrange(20)
        if choice == 0:
            return f"Group of people: a@{domain}, \"B, C\" <b@{other}>;", {domain, other}, False
        if choice == 1:
            return f"a@{domain},{self.fold()}b@{other} , c@{domain}", {domain, other}, False
        if choice == 2:
            return "Bücher <ünser@bücher.example>", {"xn--bcher-kva.example"}, True
        if choice == 3:
            return "=?utf-8?q?B=C3=BCcher?= <info@xn--bcher-kva.example>", {"xn--bcher-kva.example"}, False
        if choice == 4:
            return f"ü@{domain}", {domain}, True
        return self.pick(
            f"a@{domain}", f"<a@{domain}>", f"Name <a@{domain}>", f"\"Last, First\" <a@{domain}>",
            f"\"boss@bank.example\" <a@{domain}>", f"boss@bank.example <a@{domain}>",
            f"(a (nested) comment) a@{domain} (more@other.example)", f"\"quoted local; part\"@{domain}",
            f"Name{self.fold()}<a@{domain}>", f"Name <a+tag=x%y@news.{domain}>", f"  Name   <a@{domain}>  ",
            f"=?utf-8?b?w5xudGVybmVobWVu?= <A.B@{domain.upper()}>", f"Name <@relay.example:a@{domain}>",
        ), {domain}, False

    def subject(self):
        return self.pick(
            ["Subject :x" if self.is_spaced else "Subject:\tx"], ["Subject:"], ["Subject: "], ["Subject:\t"], ["Subject:x"],
            [f"Subject:{self.fold()}begins folded"], ["Subject: a\r\n \t \r\n b"],
            [self.name("Subject") + self.text(8)], [self.name("Subject") + self.text(60)],
            ["Subject: twice", "Subject: \t twice  "], ["Subject: " + "x" * (LINE_MOST - 9)],
            ["Subject: a;b=c; bh=; b=xyz"], ["Subject: =?utf-8?b?4pyT?=  =?utf-8?q?=E2=9C=93?="])

    def to(self):
        many = ",\r\n ".join(f"{self.word()}@n{number}.example" for number in range(self.random.randint(2, 700)))
        return self.pick([], ["To: undisclosed-recipients:;"], ["To: r@sink.example"], ["to:<r@sink.example>"],
                         [self.name("To") + many], ["To: r@sink.example", "To: s@sink.example"],
                         ["Cc: " + self.text(3).strip() + " <c@sink.example>", "Reply-To:r@x.example"])

    def date(self):
        return self.pick([], [self.name("Date") + "Sat, 28 Nov 2026 12:00:00 +0000"],
                         ["Date: Sat, 28 Nov 2026 12:00:00 +0000 (a (comment))"], ["Date: no date at all"],
                         ["Date: Sat,\r\n 28 Nov\r\n\t2026 12:00 GMT"])

    def identity(self):
        return self.pick([], [f"Message-ID: <{self.word()}@x.example>"], [f"message-id:<{self.word()}@x>  "],
                         [self.name("References") + self.fold().join(f"<{self.word()}@x>" for _ in range(30)),
                          f"In-Reply-To:{self.spaces()}<{self.word()}@x>{self.spaces()}"])

    def mime_free(self):
        return self.pick([], ["List-Unsubscribe: <https://x.example/u?a=b;c>,\r\n <mailto:u@x.example>",
                              "List-Unsubscribe-Post: List-Unsubscribe=One-Click"],
                         ["List-Id: A list <l.x.example>", "Precedence: bulk", "Auto-Submitted: auto-generated"],
                         ["Resent-From: x@y.example", "Resent-Date: Sat, 28 Nov 2026 12:00:00 +0000",
                          "Resent-To: z@y.example", "Resent-From: again@y.example"],
                         ["Feedback-ID: a:b:c:d", "Sender: s@x.example"])

    def odd(self):
        return self.pick([], ["X-Empty:", "X-Empty: ", "X-Empty:\t"], ["X-!#$%&'*+^`{|}~: v"],
                         [f"X-{self.word()}: " + self.text(30)], ["X-Spaces:   a   b  \t c \t "],
                         ["Received: from a by b; Sat, 28 Nov 2026 12:00:00 +0000"] * 3,
                         ["Content-Description:  of  \t the\r\n\t\twhole  "], ["Keywords:a", "Comments:b"])

    def long(self, size):
        lines, length = [], 0
        while length < size:
            lines.append(self.pick(" ", "\t", "  ") + "<" + "r" * self.random.randint(10, LINE_MOST - 12) + "@x.example>")
            lines[-1] = lines[-1][:LINE_MOST]
            length += len(lines[-1]) + 2
        return self.pick("References:", "Subject:", "Cc:", "X-Long:") + "\r\n" + "\r\n".join(lines)

    def body(self, number):
        """(fields that say what it is, the body; None: not even the empty line in front of one)."""
        choice = number % 23
        plain = self.pick([], [], ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
                                   "Content-Transfer-Encoding: 8bit"])
        lines = b"".join(self.text(self.random.randint(0, 12)).encode() + b"\r\n" for _ in range(self.random.randint(1, 30)))
        fixed = {
            0: b"", 1: None, 2: b"\r\n" * self.random.randint(1, 5), 3: b"\r\n" * 2_000,
            4: b" \r\n\t\r\n \t \r\n", 5: b"trailing \t \r\n\t\r\n x  y \r\n  \r\n\r\n",
            6: b"no last line end", 7: b"no last line end, but spaces \t ", 8: lines + b"\r\n\r\n\r\nand no last line end",
            9: b"x" * LINE_MOST + b"\r\n" + b" " * LINE_MOST + b"\r\n" + b"\t" * (LINE_MOST - 1) + b"y\r\n",
            10: b".\r\n..\r\n...\r\n.dot\r\n .\r\n.\r\n", 11: b"\r\n\r\nbegins with empty lines\r\n",
            12: b"From here\r\n>From there\r\nFrom: no header\r\n", 13: lines * 200, 14: b"\r\n.\r\n", 15: b" ", 16: b"\t\r\n ",
        }
        if choice in fixed:
            return plain, fixed[choice]
        if choice == 17:
            return ["MIME-Version: 1.0", "Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: 8bit"], \
                "".join(self.pick(*"äöüß \t\xa0\x85x") for _ in range(700)).encode("latin-1") + b"\r\n"
        if choice == 18:
            octets = [octet for octet in range(1, 256) if octet not in (10, 13)]
            return plain, b"".join(bytes(self.random.choices(octets, k=self.random.randint(0, LINE_MOST))) + b"\r\n"
                                   for _ in range(40))
        if choice in (19, 20, 21):
            return self.mime()
        return plain, lines

    def mime(self, depth=0):
        # Nor does it leave those in front of colons within a body alone, where nothing forgives it.
        self.is_spaced = self.is_spaced and depth == 0
        kind = self.pick("mixed", "alternative", "related", "digest", "report; report-type=delivery-status", "signed")
        boundary = self.pick("b", "=_x y z", "----=_Part_1.2", "'()+_,-./:=?") + str(depth)
        fields = [self.name("MIME-Version") + "1.0",
                  f"Content-Type:{self.spaces()}multipart/{kind};{self.fold()}boundary=\"{boundary}\""]
        parts = [self.part(depth) for _ in range(self.random.randint(1, 4))]
        body = self.pick(b"", b"preamble \t\r\n") + b"".join(
            f"--{boundary}{self.spaces()}\r\n".encode() + part for part in parts)
        body += f"--{boundary}--\r\n".encode() + self.pick(b"", b"epilogue\r\n", b"\r\n\r\n") if self.chance(0.8) else b""
        return fields + self.pick([], ["Content-Transfer-Encoding: 8bit"]), body

    def part(self, depth):
        if depth < 3 and self.chance(0.3):
            fields, body = self.mime(depth + 1)
            return "\r\n".join(fields).encode() + b"\r\n\r\n" + body
        return self.pick(
            b"\r\nno header\r\n", b"Content-Type: text/plain\r\n\r\nplain\r\n\r\n",
            b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>=C3=BC =\r\n</p>\r\n",
            b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"QUJD" * 19 + b"\r\n" + b"QQ==\r\n",
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße \t\r\n".encode(),
            b"Content-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\nSubject: inner\r\n\r\n.inner\r\n",
            b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: failed\r\n",
            b"Content-Disposition: attachment;\r\n filename*0=\"a\";\r\n filename*1=\"b\"\r\n\r\n")


def corpus(count, seed):
    """(messages, reasons for which real ones are not among them)."""
    found, aside = real()
    edge = Edge(seed)
    return found + [edge.make(number) for number in range(count - len(found))], aside
