"""sendmail(1) as programs call it, with the server up and down; files in the pickup folder; mailq, and SMTP by -bs."""

import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402

SENDMAIL = """
[sendmail]
aliases = ["root: ops@example.org"]
"""


class Programs:
    """Links to the launcher by the names that programs know."""

    def __init__(self, server):
        self.server = server
        for name in ("sendmail", "mailq", "newaliases"):
            os.symlink(os.path.join(lib.mta.ROOT, "whimbrel"), os.path.join(server.folder, name))

    def run(self, name, *words, text=b"", code=0):
        run = subprocess.run([os.path.join(self.server.folder, name), *words], input=text, capture_output=True,
                             env=dict(os.environ, WHIMBREL_CONFIG=self.server.config), timeout=120)
        lib.check(run.returncode == code, f"{name} {words}: exit {run.returncode}, {run.stderr.decode()}")
        return run.stdout.decode()


def server_up(programs, sink):
    programs.run("sendmail", "-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f", "root",
                 text=b"From: root (Cron Daemon)\nTo: root\nSubject: Cron\n\n.\nout\n")
    cron = sink.wait_for(1)[0]
    lib.check(cron.mail.startswith("MAIL FROM:<root@mx1.example.com>"), cron.mail)
    lib.check("<ops@example.org>" in cron.rcpts[0], f"{cron.rcpts}")
    lib.check(b"\r\nFrom: root@mx1.example.com (Cron Daemon)\r\n" in cron.data, f"{cron.data}")
    lib.check(re.search(rb"Received: from local \(uid \d+\)\r\n\tby mx1\.example\.com with local id ", cron.data),
              f"{cron.data}")
    lib.check(cron.data.endswith(b"\r\n\r\n.\r\nout\r\n"), f"{cron.data}")

    programs.run("sendmail", "-t", "-i", "-fweb@shop.example",
                 text=b"To: a@example.org\r\nBcc: b@example.org\r\nSubject: PHP\r\n\r\nhi\n")
    php = sink.wait_for(2)[-1]
    lib.check(b"Bcc" not in php.data and len(php.rcpts) == 2, f"{php.rcpts} {php.data}")

    programs.run("sendmail", "-oi", "-oem", "-f", "", "--", "ümlaut@example.org", text="h\u00e4\n".encode())
    odd = sink.wait_for(3)[-1]
    lib.check(odd.mail.startswith("MAIL FROM:<>") and "SMTPUTF8" in odd.mail, odd.mail)
    lib.check("Mail queue is empty" in programs.run("mailq"), "mailq of an empty queue")


def files(server, sink):
    new = os.path.join(server.data, "pickup", "new")
    for name, text in (("good", b"x-sender: s@shop.example\nx-receiver: c@example.org\nX-Job: 7\nSubject: f\n\nfile\n"),
                       ("bad", b"no recipients\n")):
        with open(os.path.join(server.folder, name), "wb") as file:
            file.write(text)
        os.rename(file.name, os.path.join(new, name))
    data = sink.wait_for(4)[-1].data
    lib.check(b"\r\nX-Job: 7\r\nSubject: f\r\n\r\nfile\r\n" in data and b"x-sender" not in data, f"{data}")
    bad = os.path.join(server.data, "pickup", "bad", "bad")
    deadline = time.monotonic() + 20
    while not os.path.exists(bad) and time.monotonic() < deadline:
        time.sleep(0.1)
    with open(bad + ".why") as why:
        lib.check("x-sender" in why.read(), "the reason beside a bad file")


def dialogue(programs, sink):
    out = programs.run("sendmail", "-bs", text=b"EHLO localhost\r\nMAIL FROM:<s@shop.example>\r\n"
                       b"RCPT TO:<d@example.org>\r\nDATA\r\nSubject: bs\r\n\r\nx\r\n.\r\nQUIT\r\n")
    lib.check("queued as" in out and "221 " in out, out)
    sink.wait_for(5)


def server_down(programs, server, sink):
    server.stop()
    for number in range(3):
        programs.run("sendmail", "e@example.org", text=f"Subject: while down {number}\n\nhi\n".encode())
    lib.check("-- 3 messages not yet taken" in programs.run("mailq", code=75), "mailq while the server is down")
    programs.run("sendmail", "-bs", code=75)
    programs.run("sendmail", "-y", "e@example.org", code=64)
    programs.run("sendmail", "e f@example.org", code=67)
    programs.run("newaliases")
    server.start()
    subjects = {re.search(rb"Subject: while down (\d)", one.data).group(1) for one in sink.wait_for(8)[5:]}
    lib.check(len(subjects) == 3, f"{subjects}")


def test():
    sink = lib.Sink()
    with lib.node(sink.port, extra=SENDMAIL) as server:
        programs = Programs(server)
        server_up(programs, sink)
        files(server, sink)
        dialogue(programs, sink)
        server_down(programs, server, sink)


lib.main(test)
