#!/usr/bin/python3
"""Whether messages in files are signed by a domain with a key: verify_dkim.py PUBLIC_KEY DOMAIN FILE... (python3-dkim)."""

import re
import sys

try:
    import dkim
except ImportError:
    sys.exit("install Debian's package python3-dkim")


def main():
    public, domain, *files = sys.argv[1:]
    with open(public) as pem:
        encoded = "".join(line.strip() for line in pem if "-----" not in line)
    record = f"v=DKIM1; k=rsa; p={encoded}".encode()
    for path in files:
        with open(path, "rb") as file:
            message = re.sub(rb"\r?\n", b"\r\n", file.read())
        check = dkim.DKIM(message)
        if not check.verify(dnsfunc=lambda *_, **__: record):
            sys.exit(f"{path}: the signature does not verify, or there is none:\n{message[:2000].decode('latin-1')}")
        if check.domain != domain.encode():
            sys.exit(f"{path}: signed by {check.domain}, not by {domain}")
        if f"@{domain}>".encode() not in next(v for k, v in check.headers if k.lower() == b"from"):
            sys.exit(f"{path}: From is elsewhere")


main()
