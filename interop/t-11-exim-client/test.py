"""Exim as smarthost's client: AUTH over TLS that it verifies, with CHUNKING and without, PRDR off.

Debian's exim4 and postfix exclude each other, so that .ci/run unpacks Exim into a folder (EXIM_ROOT) and makes its user.
"""

import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import mta  # noqa: E402
import reception  # noqa: E402
from reception import told  # noqa: E402

PROGRAMS = ("/usr/sbin/exim4", os.path.join(os.environ.get("EXIM_ROOT", "/opt/whimbrel-exim"), "usr/sbin/exim4"))


class Exim:
    """An Exim that delivers what it is given at once, in a folder of its own; nothing stays running."""

    def __init__(self, program, folder, port, authority, mechanism="plain", chunking=True, implicit=False):
        self.program, self.folder = program, folder
        self.spool, self.config = os.path.join(folder, "spool"), os.path.join(folder, "exim.conf")
        os.makedirs(self.spool)
        shutil.chown(self.spool, "Debian-exim")
        secret = {"plain": f"^shop^{reception.PASSWORD}", "login": f": shop : {reception.PASSWORD}"}[mechanism]
        with open(self.config, "w") as config:
            config.write(f"""
primary_hostname = exim.example
exim_path = {program}
spool_directory = {self.spool}
log_file_path = {self.spool}/%slog
exim_user = Debian-exim
deliver_drop_privilege = true
keep_environment =
local_interfaces = 127.0.0.1
disable_ipv6 = true
accept_8bitmime = true
smtputf8_advertise_hosts = *
qualify_domain = shop.example
trusted_users = root
never_users =
untrusted_set_sender = *
log_selector = +tls_peerdn +tls_certificate_verified +smtp_confirmation +delivery_size
acl_smtp_rcpt = accept
bounce_return_size_limit = 10K
message_size_limit = 50M

begin routers
smarthost:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = smarthost

begin transports
smarthost:
  driver = smtp
  port = {port}
  allow_localhost = true
  {"protocol = smtps" if implicit else ""}
  hosts_require_tls = *
  hosts_require_auth = *
  hosts_try_prdr =
  hosts_try_chunking = {"*" if chunking else ""}
  hosts_try_fastopen =
  tls_verify_certificates = {authority.certificate}
  tls_verify_hosts = *
  tls_verify_cert_hostnames =
  tls_sni = mx1.example.com

begin retry
*  *  F,2h,1m

begin authenticators
{mechanism}:
  driver = plaintext
  public_name = {mechanism.upper()}
  client_send = {secret}
""")
        # Delivery goes on as Exim's user, which must read it; only root may write it.
        os.chmod(self.config, 0o644)

    def send(self, data, recipients, sender="sender@shop.example"):
        # -odi: delivered in the foreground. -bs takes the envelope and the bytes as they are.
        envelope = "".join(f"RCPT TO:<{one}>\r\n" for one in recipients)
        utf8 = " SMTPUTF8" if not (sender + envelope).isascii() else ""
        stuffed = re.sub(rb"(?m)^\.", b"..", data)
        dialogue = (f"EHLO client.example\r\nMAIL FROM:<{sender}> BODY=8BITMIME{utf8}\r\n{envelope}DATA\r\n").encode()
        run = subprocess.run([self.program, "-C", self.config, "-odi", "-bs"],
                             input=dialogue + stuffed + b".\r\nQUIT\r\n", capture_output=True, timeout=120)
        lib.check(b"250 OK id=" in run.stdout, f"Exim: {run.returncode} {run.stdout} {run.stderr} {self.log()}")

    def log(self):
        text = ""
        for name in ("mainlog", "paniclog", "rejectlog"):
            path = os.path.join(self.spool, name)
            if os.path.exists(path):
                with open(path, errors="replace") as file:
                    text += file.read()
        return text


def carries(what, program, sink, count, folder, port, authority, **options):
    exim = Exim(program, os.path.join(folder, f"exim-{count}"), port, authority, **options)
    sent = lib.hard_messages()
    for data in sent:
        exim.send(data, ["rcpt@example.org"])
    taken = sink.wait_for(count + len(sent))[count:]
    for one in taken:
        number = lib.number_of(one.data)
        # Exim adds fields of its own in front and changes no body.
        body, wanted = (data.partition(b"\r\n\r\n")[2] for data in (one.data, sent[number]))
        lib.check(body == wanted, f"{what}, message {number}: sent {wanted[-200:]!r}, received {body[-200:]!r}")
    log = exim.log()
    lines = re.findall(r"=> rcpt@example.org .*", log)
    lib.check(len(lines) == len(sent), f"{what}: {log[-3000:]}")
    for line in lines:
        lib.check(" A=" in line and " X=TLS1" in line and " CV=yes" in line, f"{what}: {line}")
        lib.check((" K " in line) == options.get("chunking", True), f"{what}, BDAT: {line}")
        lib.check("queued as" in line, f"{what}: {line}")
    told(f"{what}: {len(sent)} hard messages, certificate verified; {lines[0].split(' X=')[1].split(' ')[0]}")
    return count + len(sent), exim


def test():
    program = next((one for one in PROGRAMS if os.path.exists(one)), None)
    if program is None or os.geteuid() != 0:
        print("exim4 is missing: .ci/run packages unpacks Debian's exim4-daemon-light; as root only", file=sys.stderr)
        sys.exit(1 if os.environ.get("WHIMBREL_CI") == "1" else lib.SKIPPED)
    sink = lib.Sink()
    ports = reception.ports("starttls", "implicit")
    with reception.folder() as folder:
        authority = reception.Authority(folder)
        certificate, key = authority.issue(reception.NAME)
        users = os.path.join(folder, "users")
        reception.user(users, "add", "shop")
        common = {"certificate": certificate, "key": key, "auth": "required", "users": users}
        tables = reception.listen(ports["starttls"], tls="starttls", **common)
        tables += reception.listen(ports["implicit"], tls="implicit", **common)
        with lib.node(sink.port, extra=tables):
            count, exim = carries("STARTTLS, PLAIN, BDAT", program, sink, 0, folder, ports["starttls"], authority)
            exim.send(lib.message(600, b"x\r\n"), ["a@example.org", "b@example.org", "c@example.net"])
            exim.send(lib.message(601, b"x\r\n"), ["d@example.org"], sender="")
            count += 3
            rcpts = sorted(re.search("<(.*)>", rcpt).group(1) for one in sink.wait_for(count)[-3:] for rcpt in one.rcpts)
            lib.check(rcpts == ["a@example.org", "b@example.org", "c@example.net", "d@example.org"], f"{rcpts}")
            told("several recipients; the null sender")
            count, _ = carries("STARTTLS, LOGIN, DATA", program, sink, count, folder, ports["starttls"], authority,
                               mechanism="login", chunking=False)
            carries("implicit TLS, PLAIN, BDAT", program, sink, count, folder, ports["implicit"], authority,
                    implicit=True)


lib.main(test)
