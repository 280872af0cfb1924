"""Signatures by three independent programs: 2,000 varied messages pass Whimbrel, which signs them, Postfix and smtp-sink.

python3-dkim, opendkim and npm's mailauth then verify each signature of each message. See corpus.py and verifiers.py.
"""

import concurrent.futures
import glob
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import corpus  # noqa: E402
import lib  # noqa: E402
import mta  # noqa: E402
import reception  # noqa: E402
import verifiers  # noqa: E402
from reception import told  # noqa: E402

COUNT = int(os.environ.get("WHIMBREL_CORPUS", "2000"))
CLIENTS = 6
ESP = "esp.example"
# What smtp-sink writes in front of what it got: X- fields, and its own trace field of three lines.
ENVELOPE = re.compile(rb"(X-(?:Client|Helo|Mail|Rcpt)-[^\n]*\n)+Received: [^\n]*\n\tby smtp-sink [^\n]*\n\t[^\n]*\n")
# As it is for strangers' mail, and roomy enough for these headers; SMTPUTF8 goes where it is offered, which smtp-sink does not.
POSTFIX = {"local_header_rewrite_clients": "", "header_size_limit": "1000000", "message_size_limit": "50000000"}


class Keys:
    """Private keys in files, their public halves as DNS records, and the tables that have mail signed by them."""

    def __init__(self, folder):
        self.folder, self.records, tables = folder, {}, []
        for domain, form in {**corpus.FORMS, ESP: "relaxed/relaxed"}.items():
            for selector in ("rsa", "ed"):
                lines = ["[[dkim]]", f'domain = "{domain}"', f'selector = "{selector}"',
                         f'key = "{self.make(domain, selector)}"', f'canonicalization = "{form}"']
                lines += ['authors = "*"'] if domain == ESP else []
                lines += ['identity = "author"', 'expire = "14d"'] if domain in ("rs.example", "sr.example") else []
                lines += ['identity = "@news.ss.example"'] if domain == "ss.example" else []
                tables.append("\n".join(lines) + "\n")
        self.tables = "\n".join(tables)

    def make(self, domain, selector):
        path = os.path.join(self.folder, f"{domain}-{selector}.pem")
        kind = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if selector == "rsa" else ["ED25519"]
        reception.openssl("genpkey", "-algorithm", *kind, "-out", path)
        os.chmod(path, 0o400)
        public = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True,
                                capture_output=True).stdout
        # RFC 8463, section 4: of an Ed25519 key the 32 octets alone.
        self.records[f"{selector}._domainkey.{domain}"] = verifiers.record(
            selector, public if selector == "rsa" else public[-32:])
        return path


class Client(threading.Thread):
    """Sends its share of the messages over one connection, by DATA or BDAT, the envelope in one segment."""

    def __init__(self, port, share):
        super().__init__()
        self.port, self.share, self.refused = port, share, []

    def run(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as self.socket:
            self.replies = self.socket.makefile("rb")
            self.reply()
            self.ask(b"EHLO client.example\r\n")
            for number, mail in self.share:
                codes = self.send(number, mail)
                if codes[-1][:1] != b"2":
                    self.refused.append((number, mail.kind, codes))
                    self.ask(b"RSET\r\n")
            self.ask(b"QUIT\r\n")

    def send(self, number, mail):
        envelope = (f"MAIL FROM:<s@shop.example> BODY=8BITMIME{' SMTPUTF8' if mail.utf8 else ''}\r\n"
                    f"RCPT TO:<{recipient(number, mail)}>\r\n").encode()
        if mail.chunked:
            self.socket.sendall(envelope + b"BDAT %d LAST\r\n" % len(mail.data) + mail.data)
            return [self.reply() for _ in range(3)]
        self.socket.sendall(envelope + b"DATA\r\n")
        codes = [self.reply() for _ in range(3)]
        if codes[-1].startswith(b"354"):
            codes.append(self.ask(re.sub(rb"(?m)^\.", b"..", mail.data) + b".\r\n"))
        return codes

    def ask(self, command):
        self.socket.sendall(command)
        return self.reply()

    def reply(self):
        while True:
            line = self.replies.readline()
            if not line:
                raise ConnectionError("the server hung up")
            if line[3:4] != b"-":
                return line


def recipient(number, mail):
    return f"c{number}@{'utf8' if mail.utf8 else 'sink'}.example"


def number_of(address):
    return int(re.search(rb"<c(\d+)@", address).group(1))


def send(port, mails):
    clients = [Client(port, list(enumerate(mails))[at::CLIENTS]) for at in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    refused = [one for client in clients for one in client.refused]
    lib.check(not refused, f"{len(refused)} were refused: {refused[:5]}")


def carry(mails, keys, folder):
    """{number: the message as it arrived} of all that smtp-sink, and a sink with SMTPUTF8, were given."""
    dumps = os.path.join(folder, "dumps")
    os.mkdir(dumps)
    os.chmod(dumps, 0o777)
    international = lib.Sink()
    sink = mta.Sink(["-d", os.path.join(dumps, "m.")])
    try:
        transport = f"inline:{{utf8.example=smtp:[127.0.0.1]:{international.port}}}"
        with lib.postfix(sink.port, transport_maps=transport, **POSTFIX) as next_hop, \
                lib.node(next_hop.port, extra=keys.tables) as server:
            began = time.monotonic()
            send(server.port, mails)
            told(f"sent in {time.monotonic() - began:.0f} s")
            await_all(next_hop, len(mails))
    finally:
        sink.stop()
    arrived = {number_of(one.rcpts[0].encode()): one.data for one in international.messages}
    for path in glob.glob(os.path.join(dumps, "m.*")):
        with open(path, "rb") as file:
            data = file.read()
        envelope = ENVELOPE.match(data)
        lib.check(envelope is not None, f"smtp-sink wrote this: {data[:300]!r}")
        number = number_of(re.search(rb"X-Rcpt-Args: ([^\n]*)", envelope.group()).group(1))
        # It writes lines with LF, and an empty one at the end; SMTP carries neither CR nor LF of another kind.
        lib.check(data.endswith(b"\n\n"), f"smtp-sink ended with {data[-9:]!r}")
        arrived[number] = data[envelope.end():-1].replace(b"\n", b"\r\n")
    lib.check(len(arrived) == len(mails), f"{len(arrived)} of {len(mails)} messages arrived")
    return arrived


def await_all(next_hop, count, seconds=180):
    """Until Postfix has passed on all of them; smtp-sink counts only when connections end."""
    deadline = time.monotonic() + seconds
    log = os.path.join(next_hop.folder, "maillog")
    while True:
        with open(log) as file:
            lines = file.read()
        failed = re.findall(r".*status=(?!sent).*", lines)
        lib.check(not failed, f"Postfix passed {len(failed)} not on: {failed[:3]}")
        if lines.count("status=sent") == count:
            return
        lib.check(time.monotonic() < deadline, f"{lines.count('status=sent')} of {count} passed on after {seconds} s")
        time.sleep(0.2)


def wanted(mail):
    """What is to sign a message: (domain, selector) each."""
    return {(domain, selector) for domain in {*mail.domains, ESP} for selector in ("rsa", "ed")}


def test():
    lib.need(("postfix", "postfix"), ("smtp-sink", "postfix"), ("openssl", "openssl"), ("opendkim", "opendkim"),
             ("node", "nodejs"), ("npm", "npm"))
    seed = int(os.environ.get("WHIMBREL_SEED", random.randrange(1 << 32)))
    mails, aside = corpus.corpus(COUNT, seed)
    kinds = [mail.kind for mail in mails]
    told(f"seed {seed}: {kinds.count('real')} real messages, {kinds.count('edge')} generated; not among them: {aside or 'none'}")
    if not kinds.count("real"):
        told("no real messages: there is no ../shared/testdata; generated ones take their place")
    with reception.folder() as folder:
        programs = verifiers.programs(folder)
        keys = Keys(folder)
        began = time.monotonic()
        arrived = carry(mails, keys, folder)
        same = sum(arrived[number].endswith(mail.data + (b"\r\n" if mail.chunked else b"")) for number, mail in enumerate(mails))
        told(f"carried in {time.monotonic() - began:.0f} s; {same} arrived with every byte that was sent, others with fields or "
             "colons that Postfix changed")
        messages = os.environ.get("WHIMBREL_KEEP") or os.path.join(folder, "messages")
        os.makedirs(messages)
        for number, data in arrived.items():
            with open(os.path.join(messages, f"{number}.eml"), "wb") as file:
                file.write(data)
        failed = []
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for program, results in zip(programs, pool.map(lambda one: one.verify(folder, messages, keys.records), programs)):
                failed += [(program.name, *one) for one in judged(program, mails, arrived, results)]
        told(f"verified in {time.monotonic() - began:.0f} s")
        first = {(program, number): (program, number, *more) for program, number, *more in reversed(failed)}
        lib.check(not failed, f"{len(failed)} failures, of {len(first)} messages:\n" + "\n".join(map(str, list(first.values())[:20])))


def signatures(data):
    """{(domain, selector): field} of the DKIM-Signature fields."""
    found = re.findall(rb"(?:^|(?<=\n))DKIM-Signature:(?:[^\r]|\r\n[ \t])*", data.partition(b"\r\n\r\n")[0])
    return {(re.search(rb"\bd=([^;]+)", one)[1].decode(), re.search(rb"\bs=([^;]+)", one)[1].decode()): one for one in found}


def judged(program, mails, arrived, results):
    """Failures; prints how many signatures passed, and what the program cannot do by a fault of its own."""
    good, cannot, failures = 0, {}, []
    for number, mail in enumerate(mails):
        fields = signatures(arrived[number])
        got = {(one["d"], one["s"]): one for one in results.get(number, ())}
        for domain, selector in sorted(wanted(mail)):
            one = got.pop((domain, selector), {"ok": False, "why": "no such signature"})
            if one["ok"]:
                good += 1
            elif reason := program.fault(arrived[number], fields.get((domain, selector), b"")):
                cannot[reason] = cannot.get(reason, 0) + 1
            else:
                failures.append((number, mail.kind, domain, selector, one["why"]))
        if got:
            failures.append((number, mail.kind, "not wanted", *got))
    told(f"{program.name}: {good} signatures of {len(mails)} messages pass, {len(failures)} fail; "
         f"apart by its own faults: {cannot or 'none'}")
    return failures


lib.main(test)
