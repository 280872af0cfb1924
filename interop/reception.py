"""What interop tests of listeners share: a certificate authority, users, and a node with several listeners."""

import contextlib
import os
import re
import shutil
import subprocess

import lib
import mta

PASSWORD = "correct horse battery"
NAME = "mx1.example.com"


class Authority:
    """A certificate authority in a folder of its own, made by openssl."""

    def __init__(self, folder):
        self.folder = folder
        self.certificate, self.key = os.path.join(folder, "ca.pem"), os.path.join(folder, "ca-key.pem")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "180",
                "-subj", "/CN=Interop Authority", "-keyout", self.key, "-out", self.certificate)

    def issue(self, name, kind="ec", usage="serverAuth", more=()):
        """The paths of the certificate and its key, both PEM; `more` names it is for."""
        stem = os.path.join(self.folder, f"{name}-{kind}")
        new_key = (["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else ["rsa:2048"])
        openssl("req", "-newkey", *new_key, "-nodes", "-subj", f"/CN={name}", "-keyout", stem + "-key.pem",
                "-out", stem + ".csr")
        with open(stem + ".ext", "w") as extensions:
            names = ", ".join(f"DNS:{one}" for one in (name, *more))
            extensions.write(f"subjectAltName = {names}, DNS:localhost, IP:127.0.0.1\n"
                             f"extendedKeyUsage = {usage}\nbasicConstraints = critical, CA:FALSE\n"
                             "keyUsage = critical, digitalSignature\nauthorityKeyIdentifier = keyid\n"
                             "subjectKeyIdentifier = hash\n")
        openssl("x509", "-req", "-in", stem + ".csr", "-CA", self.certificate, "-CAkey", self.key,
                "-CAcreateserial", "-days", "180", "-sha256", "-extfile", stem + ".ext", "-out", stem + ".pem")
        return stem + ".pem", stem + "-key.pem"


def openssl(*words):
    run = subprocess.run(["openssl", *words], capture_output=True, text=True)
    lib.check(run.returncode == 0, f"openssl {words}: {run.stderr}")


@contextlib.contextmanager
def folder():
    """A folder that every user may enter, for certificates, users and sockets."""
    path = mta.temporary_folder("whimbrel-reception-")
    os.chmod(path, 0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def user(file, verb, name="", password=PASSWORD, tenant="shop", options=()):
    """`whimbrel user`, with the password on standard input."""
    words = [verb, "--users", file, *([name] if name else []), *(["--tenant", tenant] if verb == "add" else [])]
    run = subprocess.run([os.path.join(mta.ROOT, "whimbrel"), "user", *words, *options],
                         input=password + "\n", capture_output=True, text=True, timeout=60)
    lib.check(run.returncode == 0, f"whimbrel user {words}: {run.returncode} {run.stderr}")
    lib.check(password not in run.stdout + run.stderr, "a password is never shown")
    return run.stdout


def listen(address, **settings):
    """A [[listen]] table. Names have dashes for underscores; an integer address is a port of 127.0.0.1."""
    address = f"127.0.0.1:{address}" if isinstance(address, int) else address
    lines = [f'[[listen]]\naddress = "{address}"']
    for name, value in settings.items():
        text = {True: "true", False: "false"}[value] if isinstance(value, bool) else (
            str(value) if isinstance(value, int) else
            "[" + ", ".join(f'"{one}"' for one in value) + "]" if isinstance(value, (list, tuple)) else f'"{value}"')
        lines.append(f"{name.replace('_', '-')} = {text}")
    return "\n".join(lines) + "\n\n"


def ports(*names):
    return {name: mta.free_port() for name in names}


def swaks(target, *options, sender="sender@shop.example", to="rcpt@example.org", header_from=None, timeout=60):
    """One run; `target` is a port, or the path of a UNIX socket. Returns exit code and the dialogue."""
    where = ["--socket", target] if isinstance(target, str) else ["--server", f"127.0.0.1:{target}"]
    run = subprocess.run(
        ["swaks", *where, "--ehlo", "client.example", "--from", sender, "--to", to,
         "--header-From", header_from or "Sender <sender@shop.example>", *options],
        capture_output=True, text=True, errors="replace", timeout=timeout)
    return run.returncode, run.stdout + run.stderr


def taken(target, *options, **envelope):
    """The dialogue of a run by which a message was taken."""
    code, dialogue = swaks(target, *options, **envelope)
    lib.check(code == 0 and "queued as" in dialogue, f"swaks {options}: exit {code}\n{dialogue[-3000:]}")
    return dialogue


def refused(target, reply, *options, **envelope):
    """The dialogue of a run that a reply (a regular expression) ended."""
    code, dialogue = swaks(target, *options, **envelope)
    lib.check(code != 0 and "queued as" not in dialogue, f"swaks {options} was taken:\n{dialogue[-3000:]}")
    lib.check(re.search(rf"(?m)^<[~*]*\s+{reply}", dialogue),
              f"swaks {options}: no reply {reply} in\n{dialogue[-3000:]}")
    return dialogue


def told(what):
    print(f"  {what}", flush=True)


def is_report(one):
    """Whether a message that the sink took is a delivery status notification."""
    return b"report-type=delivery-status" in one.data and one.mail.startswith("MAIL FROM:<>")
