"""Postfix's smtp-source: many parallel sessions, several recipients, big messages, and a file byte for byte."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402

CASES = (
    # messages, sessions, bytes, recipients a message, options
    (500, 20, 5_000, 1, ()),
    (200, 20, 5_000, 1, ("-d",)),
    (20, 5, 1_000_000, 1, ()),
    (50, 10, 2_000, 10, ("-r", "10")),
)


def smtp_source(port, *options):
    subprocess.run(["/usr/sbin/smtp-source", "-f", "s@shop.example", "-t", "r@example.org", *options,
                    f"127.0.0.1:{port}"], check=True, timeout=120)


def test():
    lib.need(("smtp-source", "postfix"))
    sink = lib.Sink()
    with lib.node(sink.port) as server:
        total = 0
        for messages, sessions, size, recipients, options in CASES:
            smtp_source(server.port, "-m", str(messages), "-s", str(sessions), "-l", str(size), *options)
            total += messages
            taken = sink.wait_for(total, 120)[-messages:]
            lib.check(all(len(one.rcpts) == recipients for one in taken), f"{recipients} recipients each")
            lib.check(all(len(one.data) >= size for one in taken), f"{size} bytes each")

        with tempfile.NamedTemporaryFile() as file:
            # smtp-source wants bare line feeds, stuffs dots itself, and adds an empty line of its own.
            data = lib.hard_messages()[1]
            file.write(data.replace(b"\r\n", b"\n"))
            file.flush()
            smtp_source(server.port, "-m", "1", "-F", file.name)
        lib.check_bytes(data + b"\r\n", sink.wait_for(total + 1)[-1].data)


lib.main(test)
