"""swaks submits hard messages, one with several recipients, one from the null sender; each arrives as it was sent."""

import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402


def swaks(port, data, sender, recipients, *options):
    with tempfile.NamedTemporaryFile(suffix=".eml") as file:
        # Without its fixup, which would rewrite line ends, swaks wants what goes over the wire.
        file.write(re.sub(rb"(?m)^\.", b"..", data) + b".\r\n")
        file.flush()
        return subprocess.run(
            ["swaks", "--server", f"127.0.0.1:{port}", "--from", sender, "--to", ",".join(recipients),
             "--data", f"@{file.name}", "--no-data-fixup", *options],
            capture_output=True, text=True, errors="replace", timeout=60)


def test():
    lib.need(("swaks", "swaks"))
    sink = lib.Sink()
    with lib.node(sink.port) as server:
        sent = lib.hard_messages()
        for number, data in enumerate(sent):
            options = ["--pipeline"] if number % 2 else []
            run = swaks(server.port, data, "sender@shop.example", ["rcpt@example.org"], *options)
            lib.check(run.returncode == 0, run.stdout[-2000:] + run.stderr)
        for one in sink.wait_for(len(sent)):
            lib.check_bytes(sent[lib.number_of(one.data)], one.data)

        run = swaks(server.port, lib.message(100, b"two\r\n"), "<>", ["a@example.org", "b@example.net"])
        lib.check(run.returncode == 0, run.stdout + run.stderr)
        taken = sink.wait_for(len(sent) + 1 + 1)[len(sent):]
        lib.check({rcpt for one in taken for rcpt in rcpts(one)} == {"a@example.org", "b@example.net"},
                  f"recipients: {[one.rcpts for one in taken]}")
        lib.check(all(one.mail.upper().startswith("MAIL FROM:<>") for one in taken), "the null sender was kept")

        queued = re.search(r"250 2\.0\.0 queued as ([0-9A-Z]{13})", run.stdout)
        lib.check(queued is not None, "the answer to end-of-data names the id: " + run.stdout[-500:])
        told = {one["recipient"] for one in lib.events(server, queued.group(1), "delivered")}
        lib.check(told == {"a@example.org", "b@example.net"}, f"trace tells of {told}")


def rcpts(one):
    return [re.search(r"<([^>]*)>", rcpt).group(1) for rcpt in one.rcpts]


lib.main(test)
