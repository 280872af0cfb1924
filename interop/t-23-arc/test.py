"""ARC by independent programs: strangers' mail is verified by Whimbrel as it comes, sealed as it leaves, and judged.

dkimpy signs as the stranger, mailauth seals as a forwarder; unbound answers for their keys; dkimpy and npm's mailauth
judge the chains that arrive at the sink: none, one that holds, one that was broken on the way, one that had failed.
"""

import base64
import contextlib
import json
import os
import re
import smtplib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import mta  # noqa: E402
import reception  # noqa: E402
from reception import told  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
MAILAUTH = "4.13"
# Debian's packages are for Debian's Python, which need not be the one on PATH.
PYTHON = "/usr/bin/python3"
US = "mx1.example.com"
FIELD = re.compile(rb"(?:\A|(?<=\n))(ARC-[A-Za-z-]+|DKIM-Signature|Authentication-Results):((?:[^\r]|\r\n[ \t])*)\r\n")


def missing(what):
    print(what, file=sys.stderr)
    sys.exit(1 if os.environ.get("WHIMBREL_CI") == "1" else lib.SKIPPED)


def run(words, **more):
    done = subprocess.run(words, capture_output=True, timeout=180, **more)
    lib.check(done.returncode == 0, f"{words[0]} ended with {done.returncode}: {done.stderr[-2000:]!r}")
    return done.stdout


class Keys:
    """Private keys in files, and the TXT records of the world."""

    def __init__(self, folder):
        self.folder = folder
        self.records = {"shop.example": "v=spf1 ip4:127.0.0.1 -all"}
        for domain in ("shop.example", "forwarder.example", "example.com"):
            path = self.path(domain)
            reception.openssl("genrsa", "-traditional", "-out", path, "2048")
            os.chmod(path, 0o400)
            public = run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"])
            self.records[f"k1._domainkey.{domain}"] = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"

    def path(self, domain):
        return os.path.join(self.folder, f"{domain}.pem")

    def sign(self, message):
        words = [PYTHON, os.path.join(HERE, "sign.py"), "shop.example", self.path("shop.example")]
        return run(words, input=message)

    def seal(self, message, environment):
        words = ["node", os.path.join(HERE, "seal.js"), "forwarder.example", self.path("forwarder.example"),
                 "mx.forwarder.example; spf=pass smtp.mailfrom=shop.example; arc=none"]
        return run(words, input=message, env=environment)


@contextlib.contextmanager
def resolver(folder, records):
    """An unbound that knows these records and nothing else; yields its port."""
    port = mta.free_port()
    data = "".join(f"  local-data: '{name}. 300 IN TXT {parts(text)}'\n" for name, text in records.items())
    with open(os.path.join(folder, "unbound.conf"), "w") as config:
        config.write(f"""server:
  interface: 127.0.0.1@{port}
  port: {port}
  access-control: 127.0.0.0/8 allow
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound.pid"
  logfile: "{folder}/unbound.log"
  use-syslog: no
  num-threads: 1
  do-ip6: no
  module-config: "iterator"
  local-zone: "." static
{data}remote-control:
  control-enable: no
""")
    words = [mta.need("unbound", "unbound"), "-d", "-c", os.path.join(folder, "unbound.conf")]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        mta.wait_for_port(port, process=process)
        yield port
    finally:
        mta.stop(process)


def parts(text):
    return " ".join(f'"{text[at:at + 250]}"' for at in range(0, len(text), 250))


def send(port, data):
    with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=60) as client:
        client.sendmail("stranger@shop.example", ["rcpt@example.org"], data)


def chain(data):
    """[(cv, i)] of the seals, newest first."""
    seals = [value for name, value in FIELD.findall(data.partition(b"\r\n\r\n")[0]) if name == b"ARC-Seal"]
    return [(re.search(rb"\bcv=(\w+)", one)[1].decode(), int(re.search(rb"\bi=(\d+)", one)[1])) for one in seals]


def messages(keys, environment):
    """{name: (data, chain that is to arrive, verdict on it)}"""
    plain = keys.sign(lib.message(1, "Grüße\r\n..dots \r\n\r\n".encode()))
    passed = keys.seal(plain, environment)
    broken = passed.replace(b"..dots", b"changed")
    lib.check(broken != passed, "nothing was changed")
    forged = f"Authentication-Results: {US}; dmarc=pass header.from=bank.example; arc=none\r\n".encode() + plain
    return {
        "none": (plain, [("none", 1)], "pass"),
        "pass": (passed, [("pass", 2), ("none", 1)], "pass"),
        "broken": (broken, [("fail", 2), ("none", 1)], "fail"),
        "forged": (forged, [("none", 1)], "pass"),
    }


def judged(folder, name, words, records, wanted, environment=None):
    found = json.loads(run([*words, folder], input=json.dumps(records).encode(), env=environment))
    for file, verdict in wanted.items():
        lib.check(found[file]["verdict"] == verdict, f"{name} says of {file}: {found[file]}")
    told(f"{name}: " + ", ".join(f"{file}: {one['verdict']}" for file, one in sorted(found.items())))


def mailauth(folder):
    done = subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts",
                           f"mailauth@{MAILAUTH}"], capture_output=True, text=True, timeout=180)
    if done.returncode != 0:
        missing(f"mailauth cannot be had from the npm registry: {done.stderr[-500:]}")
    return dict(os.environ, NODE_PATH=os.path.join(folder, "node_modules"))


def pass_through(node_port, trusted_port, sink, mails, keys):
    """{name: the message as it arrived}"""
    arrived = {}
    for name, (data, _, _) in mails.items():
        send(node_port, data)
        arrived[name] = sink.wait_for(len(arrived) + 1)[-1].data
    # It goes round once more: nothing comes after a seal that says cv=fail.
    send(node_port, arrived["broken"])
    arrived["failed"] = sink.wait_for(len(arrived) + 1)[-1].data
    # And a chain of ours is continued by ourselves.
    send(node_port, arrived["pass"])
    arrived["again"] = sink.wait_for(len(arrived) + 1)[-1].data
    # Those who may relay are not verified: what they say by our name is no verdict.
    send(trusted_port, mails["forged"][0])
    lib.check(chain(sink.wait_for(len(arrived) + 1)[-1].data) == [], "submitted mail was sealed")
    return arrived


def test():
    lib.need(("unbound", "unbound"), ("openssl", "openssl"), ("node", "nodejs"), ("npm", "npm"))
    if subprocess.run([PYTHON, "-c", "import dkim"], capture_output=True).returncode != 0:
        missing("python3-dkim is missing")
    with reception.folder() as folder:
        environment = mailauth(folder)
        keys = Keys(folder)
        mails = messages(keys, environment)
        sink, port = lib.Sink(), mta.free_port()
        with resolver(folder, keys.records) as dns:
            settings = (reception.listen(port, verify=("dmarc", "arc")) + f"""
[[inbound]]
domain = "example.org"

[dns]
servers = ["127.0.0.1:{dns}"]

[arc]
domain = "example.com"
selector = "k1"
key = "{keys.path("example.com")}"

[[dkim]]
domain = "shop.example"
selector = "k1"
key = "{keys.path("shop.example")}"
""")
            with lib.node(sink.port, extra=settings) as server:
                arrived = pass_through(port, server.port, sink, mails, keys)
                doctor = server.command("doctor", check=False).stdout
                lib.check(re.search(r"\[arc\] key k1 of example.com", doctor), f"doctor: {doctor}")
        wanted = {name: (sets, verdict) for name, (_, sets, verdict) in mails.items()}
        wanted["failed"] = ([("fail", 2), ("none", 1)], "fail")
        wanted["again"] = ([("pass", 3), ("pass", 2), ("none", 1)], "pass")
        files = os.path.join(folder, "arrived")
        os.mkdir(files)
        for name, data in arrived.items():
            lib.check(chain(data) == wanted[name][0], f"{name}: {chain(data)} in {data[:3000]!r}")
            names = [one[0] for one in FIELD.findall(data)]
            if name != "failed":
                lib.check(names[:4] == [b"ARC-Seal", b"ARC-Message-Signature", b"ARC-Authentication-Results",
                                        b"DKIM-Signature"], f"{name}: {names}")
                lib.check(b"header.from=bank.example" not in FIELD.findall(data)[2][1], "a forged verdict was sealed")
            with open(os.path.join(files, name), "wb") as file:
                file.write(data)
        verdicts = {name: verdict for name, (_, verdict) in wanted.items()}
        sealed = {name: "fail, sealed" if verdict == "fail" else verdict for name, verdict in verdicts.items()}
        judged(files, "python3-dkim", [PYTHON, os.path.join(HERE, "verify.py")], keys.records, sealed)
        judged(files, "mailauth", ["node", os.path.join(HERE, "verify.js")], keys.records, verdicts, environment)


lib.main(test)
