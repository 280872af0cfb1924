"""Sends mail as fast as one Python process can, each message to recipients of its own: for bench/deep-queue.

    deep_source.py PORT SESSIONS FIRST COUNT RECIPIENTS BODY_BYTES DOMAIN [DOMAIN ...]

Message n goes to RECIPIENTS addresses in the domain n modulo their count. Each session sends a body together with the
next envelope (RFC 2920, 3.1), so a message costs one write and a read or two. Refused messages are sent again.
Prints `accepted refused first-send last-reply` (CLOCK_MONOTONIC seconds) twice a second and at the end.
"""

import select
import socket
import sys
import time


class Session:
    """One connection. `number` is the message whose envelope the server has; it rests until `wake` after a refusal."""

    def __init__(self, port):
        self.port, self.number, self.in_body = port, None, None
        self.connect()

    def connect(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=600)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer, self.expected = b"", 0
        self.handshake(b"")
        self.handshake(b"EHLO source.example\r\n")

    def handshake(self, line):
        self.socket.sendall(line)
        reply = b""
        while not reply.endswith(b"\n") or reply.split(b"\r\n")[-2][3:4] != b" ":
            block = self.socket.recv(4096)
            if not block:
                raise ConnectionError("hung up in the handshake")
            reply += block
        if reply[:1] != b"2":
            raise ConnectionError(reply.decode())


class Source:
    def __init__(self, arguments):
        self.port, sessions, first, count, self.recipients, body = map(int, arguments[:6])
        self.domains = [one.encode() for one in arguments[6:]]
        self.numbers, self.again = iter(range(first, first + count)), []
        header = b"From: <s@sender.example>\r\nTo: <r@example.org>\r\nSubject: deep\r\n\r\n"
        line = b"x" * 70 + b"\r\n"
        lines = max(0, body - len(header)) // len(line)
        rest = max(0, body - len(header) - lines * len(line) - 2)
        self.body = header + line * lines + b"x" * rest + b"\r\n.\r\n"
        self.accepted = self.refused = 0
        self.began = self.ended = time.monotonic()
        self.poll, self.sessions, self.resting = select.epoll(), {}, []
        for _ in range(min(sessions, count)):
            self.open(Session(self.port))

    def open(self, session):
        self.sessions[session.socket.fileno()] = session
        self.poll.register(session.socket.fileno(), select.EPOLLIN)
        session.number = None
        self.send(session, b"")

    def close(self, session):
        self.poll.unregister(session.socket.fileno())
        del self.sessions[session.socket.fileno()]
        session.socket.close()

    def send(self, session, body):
        """The body of the message whose envelope was taken, if any, and the envelope of the next."""
        number = self.again.pop() if self.again else next(self.numbers, None)
        session.in_body, session.number = session.number if body else None, number
        if number is None:
            session.expected = 2 if body else 1
            session.socket.sendall(body + b"QUIT\r\n")
            return
        domain = self.domains[number % len(self.domains)]
        if self.recipients == 1:
            recipients = b"RCPT TO:<u%d@%b>\r\n" % (number, domain)
        else:
            recipients = b"".join(b"RCPT TO:<u%d-%d@%b>\r\n" % (number, i, domain) for i in range(self.recipients))
        session.expected = self.recipients + (3 if body else 2)
        session.socket.sendall(b"%bMAIL FROM:<s@sender.example>\r\n%bDATA\r\n" % (body, recipients))

    def receive(self, session):
        block = session.socket.recv(65536)
        session.buffer += block
        if not block:
            self.lost(session)
        elif session.buffer.count(b"\n") >= session.expected:
            codes = [line[:3] for line in session.buffer.split(b"\r\n")[:session.expected]]
            session.buffer = b""
            self.replied(session, codes)

    def replied(self, session, codes):
        if session.in_body is not None:
            if codes[0] == b"250":
                self.accepted += 1
                self.ended = time.monotonic()
            else:
                self.refuse(session.in_body)
            session.in_body = None
            codes = codes[1:]
        if session.number is None:
            self.close(session)
        elif codes[-1] == b"354":
            self.send(session, self.body)
        else:
            self.refuse(session.number)
            session.number = None
            self.resting.append((time.monotonic() + 0.1, session, False))

    def refuse(self, number):
        self.refused += 1
        self.again.append(number)

    def lost(self, session):
        for number in (session.in_body, session.number):
            if number is not None:
                self.refuse(number)
        self.close(session)
        session.number = session.in_body = None
        self.resting.append((time.monotonic() + 0.2, session, True))

    def wake(self):
        now, self.resting, due = time.monotonic(), [], self.resting
        for at, session, closed in due:
            if at > now:
                self.resting.append((at, session, closed))
            elif closed:
                self.reopen(session)
            else:
                self.send(session, b"")

    def reopen(self, session):
        try:
            session.connect()
        except OSError:
            self.resting.append((time.monotonic() + 0.2, session, True))
        else:
            self.open(session)

    def run(self):
        shown = time.monotonic()
        while self.sessions or self.resting or self.again:
            if not self.sessions and not self.resting:
                self.open(Session(self.port))
            for descriptor, _ in self.poll.poll(0.1):
                session = self.sessions.get(descriptor)
                if session is None:
                    continue
                try:
                    self.receive(session)
                except OSError:
                    self.lost(session)
            if self.resting:
                self.wake()
            if time.monotonic() - shown > 0.5:
                shown = time.monotonic()
                self.show()
        self.show()

    def show(self):
        print(self.accepted, self.refused, self.began, self.ended, flush=True)


Source(sys.argv[1:]).run()
