"""Postfix as client: it relays to Whimbrel, which relays to the sink. Every message arrives as it was sent, once."""

import os
import smtplib
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import mta  # noqa: E402


def test():
    lib.need(("postfix", "postfix"), ("smtp-source", "postfix"))
    sink = lib.Sink()
    with lib.node(sink.port) as server, lib.postfix(server.port) as client:
        sent = lib.hard_messages()
        with smtplib.SMTP("127.0.0.1", client.port, "client.example", timeout=60) as submitter:
            for data in sent:
                submitter.sendmail("sender@shop.example", ["rcpt@example.org"], data,
                                   mail_options=["BODY=8BITMIME"])
        for one in sink.wait_for(len(sent)):
            lib.check_bytes(sent[lib.number_of(one.data)], one.data)

        # Many at once: Postfix pipelines and keeps connections.
        mta.smtp_source(client.port, 300, 20, 5_000)
        sink.wait_for(len(sent) + 300)

        with smtplib.SMTP("127.0.0.1", client.port, "client.example", timeout=60) as submitter:
            submitter.sendmail("", ["a@example.org", "b@example.org", "c@example.net"], lib.message(500, b"x\r\n"))
            submitter.ehlo()
            submitter.sendmail("sender@shop.example", ["bücher@example.org"], lib.message(501, b"utf8\r\n"),
                               mail_options=["SMTPUTF8", "BODY=8BITMIME"])
        # a and b share a domain and so a transaction.
        taken = sink.wait_for(len(sent) + 300 + 3)[-3:]
        rcpts = sorted(rcpt.split("<")[1].split(">")[0] for one in taken for rcpt in one.rcpts)
        lib.check(rcpts == ["a@example.org", "b@example.org", "bücher@example.org", "c@example.net"],
                  f"recipients: {rcpts}")


lib.main(test)
