"""Postfix as server over TLS: opportunistic, encrypt, verify by its certificate, a certificate of ours asked for.

What Postfix says in its Received field is believed; posttls-finger judges the same host in the same way.
"""

import os
import smtplib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import reception  # noqa: E402

POLICIES = """
[tls-out]
ca-file = "{ca}"

[[tls-policy]]
domain = "encrypt.example"
policy = "encrypt"

[[tls-policy]]
domain = "verify.example"
policy = "verify"
names = ["mx.postfix.example"]
certificate = "{certificate}"
key = "{key}"

[[tls-policy]]
domain = "wrong.example"
policy = "verify"
names = ["mx.other.example"]
"""


def finger(port, authority, name):
    """Whether Postfix's own client would call the host verified."""
    run = subprocess.run(
        ["posttls-finger", "-c", "-l", "verify", "-F", authority, "-t", "10", f"[127.0.0.1]:{port}", name],
        capture_output=True, text=True, timeout=60)
    return "Verified TLS connection established" in run.stdout + run.stderr


def send(server, domain):
    with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=60) as client:
        client.sendmail("sender@shop.example", [f"rcpt@{domain}"], lib.message(1, b"hello\r\n"))


def received(sink, domain, count):
    """What Postfix added about the session, unfolded."""
    messages = sink.wait_for(count)
    one = next(one for one in messages if any(domain in rcpt for rcpt in one.rcpts))
    return b" ".join(one.data.split(b"\r\n\r\n")[0].split()).decode()


def test():
    lib.need(("postfix", "postfix"), ("posttls-finger", "postfix"), ("openssl", "openssl"))
    sink = lib.Sink()
    with reception.folder() as folder:
        authority = reception.Authority(folder)
        certificate, key = authority.issue("mx.postfix.example")
        own, own_key = authority.issue("mx1.example.com", usage="clientAuth")
        tls = {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": certificate, "smtpd_tls_key_file": key,
               "smtpd_tls_ask_ccert": "yes", "smtpd_tls_CAfile": authority.certificate,
               "smtpd_tls_received_header": "yes"}
        extra = POLICIES.format(ca=authority.certificate, certificate=own, key=own_key)
        with lib.postfix(sink.port, **tls) as next_hop, lib.node(next_hop.port, extra=extra) as server:
            for number, domain in enumerate(("may.example", "encrypt.example", "verify.example"), 1):
                send(server, domain)
                said = received(sink, domain, number)
                lib.check("using TLSv1.3 with cipher" in said, f"{domain}: {said}")
                shown = 'Client CN "mx1.example.com", Issuer "Interop Authority" (verified OK)' in said
                lib.check(shown == (domain == "verify.example"), f"{domain}: {said}")
            send(server, "wrong.example")
            event = lib.events(server, "rcpt@wrong.example", "deferred")[0]
            lib.check((event["code"], event["enhanced"]) == (451, "4.7.5"), f"{event}")
            lib.check("certificate is for mx.postfix.example, localhost, not for mx.other.example" in event["text"],
                      f"{event}")
            lib.check(finger(next_hop.port, authority.certificate, "mx.postfix.example"), "posttls-finger: not verified")
            lib.check(not finger(next_hop.port, authority.certificate, "mx.other.example"), "posttls-finger: verified")
        # The same host without TLS: nothing goes in plain text where TLS is needed.
        with lib.postfix(sink.port) as next_hop, lib.node(next_hop.port, extra=extra) as server:
            send(server, "may.example")
            sink.wait_for(4)
            send(server, "encrypt.example")
            event = lib.events(server, "rcpt@encrypt.example", "deferred")[0]
            lib.check((event["code"], event["enhanced"]) == (451, "4.7.10"), f"{event}")
            lib.check(len(sink.wait_for(4)) == 4, "sent in plain text")


lib.main(test)
