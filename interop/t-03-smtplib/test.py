"""Python's smtplib: every command, ESMTP parameters, SMTPUTF8, BDAT, big mail, refusals, and no smuggling."""

import os
import smtplib
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402


def hard_messages(client, sink):
    sent = lib.hard_messages()
    for data in sent:
        refused = client.sendmail("sender@shop.example", ["rcpt@example.org"], data, mail_options=["BODY=8BITMIME"])
        lib.check(not refused, f"refused: {refused}")
    for one in sink.wait_for(len(sent)):
        lib.check_bytes(sent[lib.number_of(one.data)], one.data)
    return len(sent)


def commands(client):
    for keyword in ("pipelining", "size", "8bitmime", "enhancedstatuscodes", "smtputf8", "chunking", "dsn"):
        lib.check(client.has_extn(keyword), f"EHLO offers no {keyword}: {client.esmtp_features}")
    lib.check(client.noop()[0] == 250, "NOOP")
    lib.check(client.verify("someone")[0] == 252, "VRFY")
    lib.check(client.docmd("HELP")[0] == 214, "HELP")
    lib.check(client.docmd("DATA")[0] == 503, "DATA without MAIL")
    lib.check(client.docmd("XYZZY")[0] == 500, "an unknown command")
    lib.check(client.rset()[0] == 250, "RSET")
    too_big = int(client.esmtp_features["size"]) + 1
    lib.check(client.docmd("MAIL", f"FROM:<s@shop.example> SIZE={too_big}")[0] == 552, "SIZE beyond the limit")


def parameters(client, sink, count):
    client.sendmail("sender@shop.example", ["bücher@example.org"], lib.message(200, b"utf8\r\n"),
                    mail_options=["SMTPUTF8", "BODY=8BITMIME", "RET=HDRS", "ENVID=abc"],
                    rcpt_options=["NOTIFY=NEVER", "ORCPT=rfc822;books@example.org"])
    one = sink.wait_for(count + 1)[-1]
    lib.check("SMTPUTF8" in one.mail, f"SMTPUTF8 was handed on: {one.mail}")
    lib.check("<bücher@example.org>" in one.rcpts[0], f"the address was kept: {one.rcpts}")
    # The sink offers no DSN, so that these parameters must not be sent (RFC 3461 §5.2.2).
    lib.check("NOTIFY" not in one.rcpts[0] and "ENVID" not in one.mail, f"{one.mail} {one.rcpts}")
    return count + 1


def chunks(client, sink, count):
    data = lib.message(300, b".\r\nby BDAT\r\n.\r\n")
    client.mail("sender@shop.example")
    client.rcpt("rcpt@example.org")
    for start, end, last in ((0, 100, ""), (100, 101, ""), (101, len(data), " LAST")):
        client.send(f"BDAT {end - start}{last}\r\n".encode() + data[start:end])
        code, text = client.getreply()
        lib.check(code == 250, f"BDAT: {code} {text}")
    lib.check_bytes(data, sink.wait_for(count + 1)[-1].data)
    return count + 1


def big(client, sink, count):
    data = lib.message(400, b"big mail, line by line, until it fills ten mebibytes\r\n" * 200_000)
    client.sendmail("sender@shop.example", ["rcpt@example.org"], data)
    lib.check_bytes(data, sink.wait_for(count + 1)[-1].data)
    return count + 1


def smuggling(port, sink, count):
    """What follows a false end of data is never taken as a command (CVE-2023-51764 and kin)."""
    for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r\n\x00.\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
            replies = raw.makefile("rb")
            replies.readline()
            for command, code in ((b"EHLO [127.0.0.1]", b"250"), (b"MAIL FROM:<s@shop.example>", b"250"),
                                  (b"RCPT TO:<r@example.org>", b"250"), (b"DATA", b"354")):
                raw.sendall(command + b"\r\n")
                line = replies.readline()
                while line[3:4] == b"-":
                    line = replies.readline()
                lib.check(line.startswith(code), f"{command}: {line}")
            raw.sendall(b"Subject: first\r\n\r\nx" + end + b"MAIL FROM:<evil@shop.example>\r\n"
                        b"RCPT TO:<victim@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\ny\r\n.\r\n")
            try:
                answer = replies.readline()
                lib.check(answer == b"" or answer.startswith((b"554", b"421")), f"{end!r} was answered {answer!r}")
            except ConnectionResetError:
                pass  # Closed at once: nothing was taken either.
    sink.wait_for(count, 1)


def test():
    sink = lib.Sink()
    with lib.node(sink.port) as server:
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=60) as client:
            client.ehlo()
            count = hard_messages(client, sink)
            commands(client)
            count = parameters(client, sink, count)
            count = chunks(client, sink, count)
            count = big(client, sink, count)
        smuggling(server.port, sink, count)


lib.main(test)
