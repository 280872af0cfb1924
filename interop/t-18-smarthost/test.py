"""Smart hosts: Postfix that wants AUTH, over STARTTLS and smtps://; Dovecot's LMTP over a UNIX socket.

Dovecot also checks the passwords for Postfix, so that every mechanism is judged by somebody else's code.
"""

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
import reception  # noqa: E402
from reception import told  # noqa: E402

DOVECOT = """
protocols = lmtp
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
instance_name = whimbrel-smarthost
ssl = no
mail_location = maildir:~/mail
mail_save_crlf = yes
auth_mechanisms = {mechanisms}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/homes/%n
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
service lmtp {{
  unix_listener {folder}/lmtp.sock {{
    mode = 0666
  }}
}}
"""

SCHEMES = (("smtp", {}), ("smtps", {"smtpd_tls_wrappermode": "yes"}))

LOGIN = """auth-user = "shop"
auth-password-file = "{secret}"

[tls-out]
policy = "verify"
ca-file = "{ca}"
"""


@contextlib.contextmanager
def dovecot(folder, mechanisms):
    """Yields the folder in which its sockets are."""
    home = os.path.join(folder, "dovecot-" + mechanisms.replace(" ", "-"))
    os.makedirs(os.path.join(home, "homes"))
    shutil.chown(os.path.join(home, "homes"), "nobody", "nogroup")
    config = os.path.join(home, "dovecot.conf")
    with open(config, "w") as file:
        file.write(DOVECOT.format(folder=home, password=reception.PASSWORD.replace(" ", "-"), mechanisms=mechanisms))
    with open(os.path.join(home, "output"), "wb") as output:
        process = subprocess.Popen(["dovecot", "-F", "-c", config], stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 20
        while not os.path.exists(os.path.join(home, "auth")):
            lib.check(process.poll() is None and time.monotonic() < deadline, "dovecot does not start")
            time.sleep(0.1)
        yield home
    except BaseException:
        for name in ("output", "log"):
            with contextlib.suppress(FileNotFoundError), open(os.path.join(home, name)) as log:
                print("".join(log.readlines()[-20:]), file=sys.stderr)
        raise
    finally:
        mta.stop(process)


def send(server, recipient, messages):
    with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=60) as client:
        for data in messages:
            client.sendmail("sender@shop.example", [recipient], data, mail_options=["BODY=8BITMIME"])


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text + "\n")
    os.chmod(path, 0o600)
    return path


def smart_host(folder, authority, home, sink, **more):
    """Postfix that takes nothing from anybody who has not logged in over TLS."""
    certificate, key = authority.issue("localhost")
    return lib.postfix(sink.port, **{
        "smtpd_tls_security_level": "encrypt", "smtpd_tls_cert_file": certificate, "smtpd_tls_key_file": key,
        "smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": f"{home}/auth",
        "smtpd_tls_auth_only": "yes", "smtpd_relay_restrictions": "permit_sasl_authenticated, reject"} | more)


def authenticated(folder, authority, sink):
    sent = lib.hard_messages()
    count = 0
    right = write(folder, "right", reception.PASSWORD.replace(" ", "-"))
    wrong = write(folder, "wrong", "not-the-password")
    for mechanisms in ("plain login", "login", "cram-md5", "scram-sha-256"):
        with dovecot(folder, mechanisms) as home:
            # Over TLS from the first octet only once: what is said inside is the same.
            for scheme, more in SCHEMES if mechanisms == "plain login" else SCHEMES[:1]:
                with smart_host(folder, authority, home, sink, **more) as host:
                    extra = LOGIN.format(secret=right, ca=authority.certificate)
                    with lib.node(0, route=f"{scheme}://localhost:{host.port}", extra=extra) as server:
                        send(server, "rcpt@example.org", sent)
                        for one in sink.wait_for(count + len(sent))[count:]:
                            lib.check_bytes(sent[lib.number_of(one.data)], one.data)
                        count += len(sent)
                        log = host.log_tail(100_000).upper()
                        used = mechanisms.split(" ")[0].upper()
                        lib.check(f"SASL_METHOD={used}, SASL_USERNAME=SHOP" in log, log[-3000:])
                    told(f"{scheme}://, {mechanisms}: {len(sent)} hard messages arrived byte for byte")
                    if mechanisms == "plain login":
                        refused(host, scheme, authority, wrong)
    sink.wait_for(count, 1)


def refused(host, scheme, authority, wrong):
    extra = LOGIN.format(secret=wrong, ca=authority.certificate)
    with lib.node(0, route=f"{scheme}://localhost:{host.port}", extra=extra) as server:
        send(server, "refused@example.org", [lib.message(700, b"x\r\n")])
        event = lib.events(server, "refused@example.org", "deferred")[0]
        lib.check("shop" in event["text"] and "localhost" in event["text"] and "535" in event["text"], f"{event}")
        lib.check("not-the-password" not in str(event), f"{event}")
        told(f"{scheme}://, a wrong password: {event['text']}")


def lmtp(folder):
    with dovecot(folder, "plain") as home, lib.node(0, route=f"lmtp:unix:{home}/lmtp.sock") as server:
        sent = lib.hard_messages()
        send(server, "alice@example.org", sent)
        pattern = os.path.join(home, "homes", "alice", "mail", "new", "*")
        deadline = time.monotonic() + 60
        while len(glob.glob(pattern)) < len(sent) and time.monotonic() < deadline:
            time.sleep(0.1)
        taken = []
        for path in glob.glob(pattern):
            with open(path, "rb") as file:
                taken.append(file.read())
        lib.check(len(taken) == len(sent), f"{len(taken)} messages in the mailbox")
        for data in taken:
            lib.check_bytes(sent[lib.number_of(data)], data)
    told(f"lmtp:unix: {len(sent)} hard messages arrived byte for byte")


def test():
    lib.need(("postfix", "postfix"), ("dovecot", "dovecot-lmtpd"), ("openssl", "openssl"))
    sink = lib.Sink()
    with reception.folder() as folder:
        lmtp(folder)
        authenticated(folder, reception.Authority(folder), sink)


lib.main(test)
