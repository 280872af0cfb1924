"""What a campaign adds, for each recipient and covered by both signatures, to a host that takes no 8-bit text.

python3-dkim verifies what arrives, Python's email reads the encoded text; the tokens survive a complaint that has the
header alone with all addresses cut (ARF, RFC 6590), and are opened by `whimbrel token`.
"""

import email
import email.policy
import json
import os
import re
import shutil
import smtplib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import mta  # noqa: E402

PYTHON = "/usr/bin/python3"
# A python3 of another maker may stand before Debian's, which has the modules.
if sys.executable != PYTHON and os.path.exists(PYTHON):
    os.execv(PYTHON, [PYTHON, *sys.argv])
COVERED = {"feedback-id", "list-unsubscribe", "list-unsubscribe-post", "x-whimbrel-ref"}

SETTINGS = """
[[campaign]]
name = "spring-*"
feedback-id = "{campaign}:{tenant}:news:shop"
list-unsubscribe = "<https://u.example.com/{token}>, <mailto:unsub+{ref}@u.example.com>"
one-click = true
token = true
verp = "bounce+{recipient}@b.example.com"

[[campaign]]
feedback-id = "other:{tenant}:news:shop"
"""
TEXT = "Gr\u00fc\u00dfe, " + "viele " * 40 + "\r\n.\r\n"
RECIPIENTS = ["anna@example.org", "bert@example.net", "O'Neil+x@example.org"]


def keys(folder):
    """Two keys by `whimbrel dkim gen`: the tables to paste, and what the DNS would say."""
    made = subprocess.run(
        [os.path.join(mta.ROOT, "whimbrel"), "dkim", "gen", "example.com", "--algorithm", "both", "--offline", "--json",
         "--out", folder, "--data", folder], check=True, capture_output=True, text=True)
    tables, records = "", {}
    for line in made.stdout.splitlines():
        key = json.loads(line)
        tables += f"""
[[dkim]]
domain = "example.com"
selector = "{key['selector']}"
headers = ["from", "subject"]
key = "{key['place']}"
"""
        records[f"{key['selector']}._domainkey.example.com."] = key["value"]
    lib.check(len(records) == 2, f"keys: {made.stdout}")
    return tables, records


def verified(data, records, covered=()):
    import dkim
    signatures = data.count(b"DKIM-Signature:")
    lib.check(signatures == 2, f"{signatures} signatures")
    for i in range(signatures):
        good = dkim.DKIM(data).verify(i, dnsfunc=lambda name, timeout=5: records[name.decode()].encode())
        names = re.search(rb"\bh=([^;]*);", data.split(b"DKIM-Signature:")[i + 1]).group(1)
        missing = set(covered) - {name.strip().decode() for name in names.split(b":")}
        lib.check(not missing, f"not covered: {missing}")
        lib.check(good, f"signature {i} of\n{data.decode('latin-1')}")


def token(server, text):
    return json.loads(server.command("token", "show", "--json", text).stdout)


def check_campaign(server, one, records):
    verified(one.data, records, COVERED)
    parsed = email.message_from_bytes(one.data, policy=email.policy.default)
    lib.check(all(octet < 128 for octet in one.data), "8-bit text to a host without 8BITMIME")
    lib.check(parsed.get_content().replace("\r\n", "\n") == TEXT.replace("\r\n", "\n"), "the text is another")
    recipient = one.rcpts[0][len("RCPT TO:<"):].partition(">")[0]
    lib.check(len(one.rcpts) == 1, f"{one.rcpts}")
    lib.check(parsed["Feedback-ID"] == "spring-1::news:shop", f"{parsed['Feedback-ID']}")
    lib.check(parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click", "no one-click")
    sealed = parsed["X-Whimbrel-Ref"]
    opened = token(server, sealed)
    lib.check((opened["recipient"], opened["campaign"]) == (recipient, "spring-1"), f"{opened}")
    unsubscribe = re.sub(r"\s", "", parsed["List-Unsubscribe"])
    lib.check(f"<https://u.example.com/{sealed}>" in unsubscribe, unsubscribe)
    short = re.search(r"unsub\+([0-9a-z]{32})@", unsubscribe).group(1)
    lib.check(token(server, short.upper())["id"] == opened["id"], "the short token is of another message")
    # Header alone, all addresses and local parts cut, folded anew.
    header = one.data.partition(b"\r\n\r\n")[0].decode()
    redacted = re.sub(r"[^\s<>:;,\"=]+@[^\s<>:;,\"]+", "[redacted]", header)
    found = re.search(r"X-Whimbrel-Ref: *([^\r\n]+)", redacted).group(1)
    lib.check(token(server, found[:40] + "\r\n " + found[40:])["recipient"] == recipient, "lost by redaction")
    changed = found[:-1] + ("A" if found[-1] != "A" else "B")
    lib.check(server.command("token", "show", changed, check=False).returncode == 1, "a changed token is opened")


def test():
    lib.need(("openssl", "openssl"))
    if subprocess.run([PYTHON, "-c", "import dkim, nacl"], capture_output=True).returncode != 0:
        lib.need(("python3-dkim and python3-nacl", "python3-dkim python3-nacl"))
    sink = lib.Sink(extensions=("PIPELINING", "SIZE 100000000"))
    folder = mta.temporary_folder("whimbrel-campaign-")
    try:
        run(sink, *keys(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(sink, tables, records):
    listen = 'campaign-header = "X-Campaign"'
    with lib.node(sink.port, extra=tables + SETTINGS, listen=listen) as server:
        message = (f"From: Shop <news@example.com>\r\nTo: you\r\nSubject: Hi\r\nX-Campaign: spring-1\r\n"
                   f"Content-Type: text/plain; charset=utf-8\r\n\r\n{TEXT}").encode()
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=60) as client:
            client.sendmail("news@example.com", RECIPIENTS, message, mail_options=["BODY=8BITMIME"])
            arrived = sink.wait_for(len(RECIPIENTS))
            for one in arrived:
                check_campaign(server, one, records)
            paths = sorted(one.mail.partition(">")[0] for one in arrived)
            lib.check(paths == [
                "MAIL FROM:<bounce+O+27Neil+2Bx=example.org@b.example.com",
                "MAIL FROM:<bounce+anna=example.org@b.example.com",
                "MAIL FROM:<bounce+bert=example.net@b.example.com"], f"{paths}")

            # Of another campaign, which asks for nothing of one recipient: one transaction for a domain.
            client.sendmail("news@example.com", ["a@example.org", "b@example.org"], message.replace(b"spring", b"autumn"))
        last = sink.wait_for(len(RECIPIENTS) + 1)[-1]
        verified(last.data, records, {"feedback-id"})
        lib.check(len(last.rcpts) == 2 and last.mail.startswith("MAIL FROM:<news@example.com>"), f"{last.mail}")
        lib.check(b"Feedback-ID: other::news:shop\r\n" in last.data, "no Feedback-ID")


lib.main(test)
