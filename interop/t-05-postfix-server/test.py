"""Postfix as server: Whimbrel delivers to it and it to the sink; it refuses one recipient and defers another."""

import json
import os
import smtplib
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import mta  # noqa: E402

RECIPIENTS = ("inline:{{nobody@example.org=550 5.1.1 No such user},"
              "{later@example.org=450 4.2.0 Greylisted, try again},{any@example.org=OK}}")


def test():
    lib.need(("postfix", "postfix"), ("smtp-source", "postfix"))
    sink = lib.Sink()
    refusals = {"smtpd_recipient_restrictions": f"check_recipient_access {RECIPIENTS}, permit_mynetworks, reject"}
    with lib.postfix(sink.port, **refusals) as next_hop, lib.node(next_hop.port) as server:
        sent = lib.hard_messages()
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=60) as client:
            for data in sent:
                client.sendmail("sender@shop.example", ["rcpt@example.org"], data, mail_options=["BODY=8BITMIME"])
        for one in sink.wait_for(len(sent)):
            lib.check_bytes(sent[lib.number_of(one.data)], one.data)

        mta.smtp_source(server.port, 300, 20, 5_000)
        sink.wait_for(len(sent) + 300)

        # One transaction, three fates. The null sender, so that no report is added to the count.
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=60) as client:
            client.sendmail("", ["good@example.org", "nobody@example.org", "later@example.org"],
                            lib.message(600, b"three fates\r\n"))
        last = sink.wait_for(len(sent) + 301)[-1]
        lib.check(["<good@example.org>" in rcpt for rcpt in last.rcpts] == [True], f"recipients: {last.rcpts}")
        bounced = lib.events(server, "nobody@example.org", "bounced")[0]
        lib.check((bounced["code"], bounced["enhanced"]) == (550, "5.1.1"), f"{bounced}")
        deferred = lib.events(server, "later@example.org", "deferred")[0]
        lib.check((deferred["code"], deferred["enhanced"]) == (450, "4.2.0"), f"{deferred}")
        lib.check("Greylisted" in deferred["text"], f"{deferred}")

        listed = [json.loads(line) for line in server.command("queue", "list", "--json").stdout.splitlines()]
        lib.check([(one["recipient"], one["attempts"]) for one in listed] == [("later@example.org", 1)], f"{listed}")
        deleted = server.command("queue", "delete", "--domain", "example.org").stdout
        lib.check(deleted == "1 recipient deleted\n", deleted)


lib.main(test)
