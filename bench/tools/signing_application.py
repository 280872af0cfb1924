#!/usr/bin/python3
"""An application that sends messages of 5 KB one after the other: signing_application.py PORT DOMAIN COUNT [PRIVATE_KEY]

With a key it signs each by python3-dkim. Prints a JSON line: milliseconds of each send, from the message as a string to
the reply to its end, and processor seconds of the whole.
"""

import json
import smtplib
import sys
import time

SIZE = 5120
SIGNED = [b"from", b"reply-to", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"]


def message(domain, number):
    header = f"""From: "Example Shop" <news@{domain}>
Reply-To: service@{domain}
To: reader@example.org
Subject: What is new in November, number {number}
Date: Sat, 28 Nov 2026 12:00:00 +0000
Message-ID: <{number}.{time.monotonic_ns()}@{domain}>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii

"""
    line = "What is written here is of no importance, but it has lines and spaces.\n"
    lines = (SIZE - len(header)) // (len(line) + 1)
    return (header + line * lines).replace("\n", "\r\n").encode()


def main():
    port, domain, count, *keys = sys.argv[1:]
    sign = None
    if keys:
        import dkim

        with open(keys[0], "rb") as pem:
            private = pem.read()

        def sign(data):
            return dkim.sign(data, b"s1", domain.encode(), private, canonicalize=(b"relaxed", b"relaxed"),
                             include_headers=SIGNED) + data

    taken = []
    with smtplib.SMTP("127.0.0.1", int(port), "client.example", timeout=60) as client:
        client.ehlo()
        cpu = time.process_time()
        for number in range(int(count)):
            data = message(domain, number)
            began = time.monotonic()
            client.sendmail(f"news@{domain}", ["reader@example.org"], sign(data) if sign else data)
            taken.append((time.monotonic() - began) * 1000)
        cpu = time.process_time() - cpu
    print(json.dumps({"ms": taken, "cpu_s": cpu}))


main()
