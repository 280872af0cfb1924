"""What interop tests share: a sink that keeps every byte, messages that are hard to carry, and checks.

Programs are started by bench/tools/mta.py in a temporary folder on free loopback ports, and ended by their pid.
Exit 0: passed; 1: failed; 77: skipped, because a program is missing (a failure where WHIMBREL_CI=1).
"""

import contextlib
import json
import os
import re
import shutil
import socketserver
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench", "tools"))
import mta  # noqa: E402

SKIPPED = 77
FIELD = re.compile(rb"[!-9;-~]+:[^\r\n]*(\r\n[ \t][^\r\n]*)*\r\n")


def need(*programs):
    """Ends the test where a program is missing: (program, Debian package) each."""
    for program, package in programs:
        if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
            print(f"{program} is missing: install Debian's package {package}", file=sys.stderr)
            sys.exit(1 if os.environ.get("WHIMBREL_CI") == "1" else SKIPPED)


def check(condition, message):
    if not condition:
        raise AssertionError(message)


class Message:
    """One message as the sink took it: `mail` and `rcpts` as commands were sent, `data` unstuffed."""

    def __init__(self, mail, rcpts, data):
        self.mail, self.rcpts, self.data = mail, rcpts, data


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        mail, rcpts = "", []
        self.say("220 sink.example ESMTP")
        while True:
            line = self.rfile.readline(65536)
            if not line:
                return
            words = line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
            verb = words[:4].upper()
            if verb == "EHLO":
                self.say(*[f"250-{line}" for line in ("sink.example", *self.server.extensions)], "250 HELP")
            elif verb == "MAIL":
                mail, rcpts = words, []
                self.say("250 2.1.0 Ok")
            elif verb == "RCPT":
                reply = self.server.reply_to(words)
                rcpts += [words] if reply.startswith("250") else []
                self.say(reply)
            elif verb == "DATA":
                if not rcpts:
                    self.say("554 5.5.1 No valid recipients")
                    continue
                self.say("354 Go")
                self.server.take(Message(mail, rcpts, self.read_data()))
                self.say("250 2.0.0 Taken")
            elif verb == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            else:
                self.say("250 2.0.0 Ok")

    def say(self, *lines):
        self.wfile.write("".join(line + "\r\n" for line in lines).encode())

    def read_data(self):
        data = []
        while True:
            line = self.rfile.readline()
            if not line:
                raise ConnectionError("the client left within DATA")
            # Only CRLF.CRLF ends data; a dot between bare line feeds would be content.
            if line == b".\r\n" and (not data or data[-1].endswith(b"\r\n")):
                return b"".join(data)
            starts = not data or data[-1].endswith(b"\r\n")
            data.append(line[1:] if starts and line.startswith(b".") else line)


class Sink(socketserver.ThreadingTCPServer):
    """Takes mail and keeps it byte for byte. `refusals` maps recipients to replies other than 250."""

    daemon_threads, allow_reuse_address, request_queue_size = True, True, 200

    def __init__(self, extensions=("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 100000000"), refusals=None):
        super().__init__(("127.0.0.1", 0), Session)
        self.extensions, self.refusals = extensions, refusals or {}
        self.messages, self.changed = [], threading.Condition()
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # A client that hangs up is its own affair; what it sent is checked by the tests.

    def reply_to(self, rcpt):
        address = rcpt[rcpt.index("<") + 1:rcpt.index(">")]
        return self.refusals.get(address, "250 2.1.5 Ok")

    def take(self, message):
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def wait_for(self, count, seconds=60):
        """The messages, once there are `count`; and no more than that."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.messages) >= count, seconds)
            check(len(self.messages) == count, f"{len(self.messages)} messages arrived, {count} were sent")
            return list(self.messages)


def check_bytes(sent, received):
    """Whether `received` is `sent` byte for byte, with nothing but whole header fields in front."""
    check(received.endswith(sent), f"bytes differ: sent {sent[-300:]!r}, received {received[-300:]!r}")
    added = received[:len(received) - len(sent)]
    while added:
        field = FIELD.match(added)
        check(field is not None, f"this was added, and is no header field: {added[:300]!r}")
        added = added[field.end():]


def message(number, body, content_type="text/plain; charset=utf-8"):
    """A complete message with CRLF line ends; fields that next hops would add are there already."""
    return (f"From: Sender <sender@shop.example>\r\n"
            f"To: rcpt@example.org\r\n"
            f"Subject: test {number}\r\n"
            f"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
            f"Message-ID: <interop-{number}@shop.example>\r\n"
            f"MIME-Version: 1.0\r\n"
            f"Content-Type: {content_type}\r\n"
            f"Content-Transfer-Encoding: 8bit\r\n"
            f"X-Odd:   spaces  kept \t\r\n\tand folding\r\n"
            f"\r\n").encode() + body


def hard_messages():
    """Bodies that mail programs get wrong."""
    return [message(number, body) for number, body in enumerate((
        b"plain\r\n",
        b".\r\n..\r\n.leading dots\r\n...\r\nend.\r\n",
        "Grüße, ελληνικά, 日本語\r\n".encode(),
        b"\r\n\r\nblank lines at both ends\r\n\r\n\r\n",
        b"trailing spaces  \t \r\n\t\r\n",
        b"From the start of a line\r\n>From quoted\r\n",
        b"x" * 990 + b"\r\n",
        b"",
        b"0123456789" * 9 + b"\r\n" + b"the same line again, many times\r\n" * 20_000,
    ))]


def number_of(data):
    return int(re.search(rb"<interop-(\d+)@", data).group(1))


@contextlib.contextmanager
def node(next_hop_port, **settings):
    """A Whimbrel that relays everything to a port; stopped and its folder removed at the end."""
    folder = mta.temporary_folder("whimbrel-interop-")
    server = None
    try:
        server = mta.Whimbrel(folder, next_hop_port, **settings)
        yield server
        server.stop()
        check(server.process.returncode == 0, f"whimbrel exited with {server.process.returncode}")
    except BaseException:
        if server is not None:
            print(server.log_tail(), file=sys.stderr)
        raise
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def postfix(next_hop_port, **settings):
    """A Postfix of its own that relays everything to a port."""
    folder = mta.temporary_folder("postfix-interop-")
    server = None
    try:
        server = mta.Postfix(folder, next_hop_port, extra=settings.items())
        yield server
    except BaseException:
        if server is not None:
            print(server.log_tail(), file=sys.stderr)
        raise
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def events(server, subject, event, seconds=20):
    """The events of one kind that `whimbrel trace` tells about an id or address, once there are any."""
    deadline = time.monotonic() + seconds
    while True:
        run = server.command("trace", subject, "--json", check=False)
        found = [json.loads(line) for line in run.stdout.splitlines()]
        wanted = [one for one in found if one["event"] == event]
        if wanted or time.monotonic() > deadline:
            check(wanted, f"trace {subject} tells of no {event} event: {run.stdout or run.stderr}")
            return wanted
        time.sleep(0.2)


def main(test):
    try:
        test()
    except AssertionError as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        sys.exit(1)
