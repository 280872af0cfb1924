"""nodemailer: AUTH over verified TLS, pooled connections, SMTPUTF8, DSN, an attachment, refusals."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import reception  # noqa: E402
from reception import told  # noqa: E402

VERSION = "7"


def install(folder):
    run = subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts",
                          f"nodemailer@{VERSION}"], capture_output=True, text=True, timeout=120)
    if run.returncode != 0:
        print(f"nodemailer cannot be had from the npm registry: {run.stderr[-500:]}", file=sys.stderr)
        sys.exit(1 if os.environ.get("WHIMBREL_CI") == "1" else lib.SKIPPED)


def test():
    lib.need(("node", "nodejs"), ("npm", "npm"), ("openssl", "openssl"))
    sink = lib.Sink()
    ports = reception.ports("starttls", "implicit")
    with reception.folder() as folder:
        install(folder)
        authority = reception.Authority(folder)
        certificate, key = authority.issue("localhost")
        users = os.path.join(folder, "users")
        reception.user(users, "add", "shop")
        common = {"certificate": certificate, "key": key, "auth": "required", "users": users}
        tables = reception.listen(ports["starttls"], tls="starttls", **common)
        tables += reception.listen(ports["implicit"], tls="implicit", **common)
        with lib.node(sink.port, extra=tables):
            here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "client.js")
            run = subprocess.run(["node", here, str(ports["starttls"]), str(ports["implicit"]), reception.PASSWORD,
                                  authority.certificate], capture_output=True, text=True, timeout=180,
                                 env=dict(os.environ, NODE_PATH=os.path.join(folder, "node_modules")))
            lib.check(run.returncode == 0, run.stdout + run.stderr)
            told("\n  ".join(run.stdout.splitlines()))
            # The sink offers no DSN, so that a report says that the mail was relayed.
            reports = [one for one in sink.wait_for(107 + 1) if reception.is_report(one)]
            lib.check(len(reports) == 1, f"{len(reports)} reports")
            taken = {lib.number_of(one.data): one for one in sink.messages if one not in reports}
            for number in range(104):
                lib.check(f"\r\n\r\n.\r\n..leading dots\r\nnumber {number}\r\n".encode() in taken[number].data,
                          f"{number}: {taken[number].data}")
            lib.check("<örtlich@example.org>" in taken[104].rcpts[0] and "SMTPUTF8" in taken[104].mail,
                      f"{taken[104].mail} {taken[104].rcpts}")
            lib.check(len(taken[106].rcpts) == 2 and len(taken[106].data) > 4_000_000, f"{len(taken[106].data)}")
    told("107 messages arrived as they were sent")


lib.main(test)
