"""An SMTP sink that writes down every answer it gives: one line per recipient, for reconciliation by bench/crash.

    ledger_sink.py PORT FILE

Recipients that begin with `defer` are refused with 451 the first time, those with `reject` always with 550.
A line: CLOCK_MONOTONIC seconds, code, recipient, Message-ID header, space-separated. SIGUSR1 is not needed: lines are
written before the answer is, so that after a crash of the sender the file tells what the sender may have been told.
"""

import asyncio
import re
import sys
import time

deferred = set()
MESSAGE_ID = re.compile(rb"^message-id:\s*<([^>\s]+)>", re.IGNORECASE | re.MULTILINE)


class Session(asyncio.Protocol):
    ledger = None

    def connection_made(self, transport):
        self.transport, self.buffer, self.in_data, self.recipients, self.sender = transport, b"", False, [], ""
        transport.write(b"220 sink.example ESMTP\r\n")

    def data_received(self, data):
        self.buffer += data
        while True:
            if self.in_data:
                end = self.buffer.find(b"\r\n.\r\n")
                if end < 0:
                    return
                body, self.buffer, self.in_data = self.buffer[:end], self.buffer[end + 5:], False
                self.end_of_data(body)
            else:
                end = self.buffer.find(b"\r\n")
                if end < 0:
                    return
                line, self.buffer = self.buffer[:end], self.buffer[end + 2:]
                self.command(line)

    def command(self, line):
        verb = line[:4].upper()
        if verb == b"EHLO":
            reply = b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 100000000"
        elif verb == b"MAIL":
            self.recipients, reply = [], b"250 2.1.0 Ok"
        elif verb == b"RCPT":
            reply = self.recipient(line[line.index(b"<") + 1:line.index(b">")].decode())
        elif verb == b"DATA":
            if self.recipients:
                self.in_data, reply = True, b"354 Go"
            else:
                reply = b"554 5.5.1 No valid recipients"
        elif verb == b"QUIT":
            self.transport.write(b"221 2.0.0 Bye\r\n")
            self.transport.close()
            return
        else:
            reply = b"250 2.0.0 Ok"
        self.transport.write(reply + b"\r\n")

    def recipient(self, address):
        if address.startswith("reject"):
            self.note(550, address, "-")
            return b"550 5.1.1 No such user"
        if address.startswith("defer") and address not in deferred:
            deferred.add(address)
            self.note(451, address, "-")
            return b"451 4.3.0 Not now"
        self.recipients.append(address)
        return b"250 2.1.5 Ok"

    def end_of_data(self, body):
        found = MESSAGE_ID.search(body)
        message_id = found.group(1).decode() if found else "-"
        for address in self.recipients:
            self.note(250, address, message_id)
        self.recipients = []
        self.transport.write(b"250 2.0.0 Taken\r\n")

    def note(self, code, address, message_id):
        self.ledger.write(f"{time.monotonic():.6f} {code} {address} {message_id}\n")
        self.ledger.flush()


async def main():
    Session.ledger = open(sys.argv[2], "a")
    server = await asyncio.get_running_loop().create_server(Session, "127.0.0.1", int(sys.argv[1]), backlog=1000)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
