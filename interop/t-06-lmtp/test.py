"""Dovecot as LMTP server: Whimbrel delivers to its mailboxes, and tells apart what it answers for each recipient."""

import contextlib
import glob
import os
import shutil
import smtplib
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import mta  # noqa: E402

CONFIGURATION = """
protocols = lmtp
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
instance_name = whimbrel-interop
ssl = no
mail_location = maildir:~/mail
mail_save_crlf = yes
mail_plugins = quota
plugin {{
  quota = maildir:User quota
}}
# Nobody logs in, but without one the process that finds users does not start.
passdb {{
  driver = static
}}
userdb {{
  driver = passwd-file
  args = {folder}/users
  default_fields = uid=nobody gid=nogroup home={folder}/homes/%n
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""


class Dovecot:
    """Debian's Dovecot in a folder of its own, with the mailboxes alice, bob, many, and full, which takes nothing."""

    def __init__(self, folder):
        self.folder, self.port = folder, mta.free_port()
        os.chmod(folder, 0o755)
        homes = os.path.join(folder, "homes")
        os.makedirs(homes)
        shutil.chown(homes, "nobody", "nogroup")
        self.write("users", "".join(f"{name}@example.org::::::\n" for name in ("alice", "bob", "many"))
                   + "full@example.org:::::::userdb_quota_rule=*:bytes=10\n")
        config = self.write("dovecot.conf", CONFIGURATION.format(folder=folder, port=self.port))
        with open(os.path.join(folder, "output"), "wb") as output:
            self.process = subprocess.Popen(["dovecot", "-F", "-c", config], stdout=output, stderr=output)
        mta.wait_for_port(self.port, process=self.process)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def stop(self):
        mta.stop(self.process)

    def log_tail(self):
        tail = ""
        for name in ("output", "log"):
            with contextlib.suppress(FileNotFoundError), open(os.path.join(self.folder, name)) as log:
                tail += "".join(log.readlines()[-20:])
        return tail

    def wait_for(self, name, count, seconds=60):
        """The messages in a mailbox, once there are `count`; and no more than that."""
        pattern = os.path.join(self.folder, "homes", name, "mail", "new", "*")
        deadline = time.monotonic() + seconds
        while len(glob.glob(pattern)) < count and time.monotonic() < deadline:
            time.sleep(0.1)
        messages = []
        for path in glob.glob(pattern):
            with open(path, "rb") as file:
                messages.append(file.read())
        lib.check(len(messages) == count, f"{len(messages)} messages in the mailbox of {name}, {count} were sent")
        return messages


@contextlib.contextmanager
def dovecot():
    folder = mta.temporary_folder("dovecot-interop-")
    server = None
    try:
        server = Dovecot(folder)
        yield server
    except BaseException:
        if server is not None:
            print(server.log_tail(), file=sys.stderr)
        raise
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test():
    lib.need(("dovecot", "dovecot-lmtpd"), ("smtp-source", "postfix"))
    with dovecot() as mailboxes, lib.node(mailboxes.port, scheme="lmtp") as server:
        sent = lib.hard_messages()
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=60) as client:
            for data in sent:
                client.sendmail("sender@shop.example", ["alice@example.org"], data, mail_options=["BODY=8BITMIME"])
        for data in mailboxes.wait_for("alice", len(sent)):
            lib.check_bytes(sent[lib.number_of(data)], data)

        mta.smtp_source(server.port, 300, 20, 5_000, recipient="many@example.org")
        mailboxes.wait_for("many", 300)

        # One transaction, refused for one recipient at RCPT, for another after the text, taken for two.
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=60) as client:
            client.sendmail("", [f"{name}@example.org" for name in ("alice", "nobody", "full", "bob")],
                            lib.message(600, b"four fates\r\n"))
        for name, number in (("alice", len(sent) + 1), ("bob", 1)):
            mailboxes.wait_for(name, number)
            delivered = lib.events(server, f"{name}@example.org", "delivered")
            lib.check(len(delivered) == number, f"{delivered}")
        unknown = lib.events(server, "nobody@example.org", "bounced")[0]
        lib.check((unknown["code"], unknown["enhanced"]) == (550, "5.1.1"), f"{unknown}")
        full = lib.events(server, "full@example.org", "bounced")[0]
        lib.check((full["code"], full["enhanced"]) == (552, "5.2.2"), f"{full}")


lib.main(test)
