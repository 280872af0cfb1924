"""Python's smtplib: verified TLS, every mechanism of AUTH, FUTURERELEASE and its kin, STARTTLS injection, resumption."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import smtplib
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import reception  # noqa: E402
from reception import PASSWORD, told  # noqa: E402

ISSUER, AUDIENCE = "https://id.example", "mail"


class Client(smtplib.SMTP):
    """smtplib, and the mechanisms that it lacks."""

    def scram(self, user, password, binding=b""):
        """SCRAM-SHA-256 (RFC 7677); with `binding`, the data of tls-server-end-point, -PLUS."""
        header = b"p=tls-server-end-point,," if binding else b"n,,"
        first = f"n={user},r={secrets.token_urlsafe(18)}"
        code, reply = self.docmd(
            "AUTH", ("SCRAM-SHA-256-PLUS " if binding else "SCRAM-SHA-256 ") + encoded(header + first.encode()))
        lib.check(code == 334, f"SCRAM: {code} {reply}")
        server_first = base64.b64decode(reply).decode()
        given = dict(one.split("=", 1) for one in server_first.split(","))
        lib.check(given["r"].startswith(first.split("r=")[1]), server_first)
        final = f"c={encoded(header + binding)},r={given['r']}"
        signed = f"{first},{server_first},{final}".encode()
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(given["s"]), int(given["i"]))
        client_key = digest(salted, b"Client Key")
        signature = digest(hashlib.sha256(client_key).digest(), signed)
        proof = bytes(one ^ two for one, two in zip(client_key, signature))
        code, reply = self.docmd(encoded(f"{final},p={encoded(proof)}".encode()))
        if code == 334:
            wanted = b"v=" + base64.b64encode(digest(digest(salted, b"Server Key"), signed))
            lib.check(base64.b64decode(reply) == wanted, f"the server proves itself: {reply}")
            code, reply = self.docmd("")
        return code, reply

    def bearer(self, mechanism, text):
        code, reply = self.docmd("AUTH", f"{mechanism} {encoded(text.encode())}")
        if code == 334:
            lib.check("status" in json.loads(base64.b64decode(reply)), f"why it failed: {reply}")
            code, reply = self.docmd("AQ==" if mechanism == "OAUTHBEARER" else "")
        return code, reply


def encoded(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def digest(key, data):
    return hmac.new(key, data, "sha256").digest()


def token(key, **changes):
    """A JWT that openssl signs by RS256."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "app", "tenant": "shop", "iat": now, "exp": now + 600} | changes
    signed = part(json.dumps({"alg": "RS256", "typ": "JWT"}).encode()) + b"." + part(json.dumps(claims).encode())
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=signed, capture_output=True,
                               check=True).stdout
    return (signed + b"." + part(signature)).decode()


def connect(port, context):
    client = Client("localhost", port, "client.example", timeout=30)
    client.starttls(context=context)
    client.ehlo()
    return client


def send(client, number, **options):
    refused = client.sendmail("sender@shop.example", ["rcpt@example.org"], lib.message(number, b"x\r\n"), **options)
    lib.check(not refused, f"{refused}")


def passwords(port, context, plain_port):
    with Client("localhost", port, "client.example", timeout=30) as client:
        client.ehlo()
        lib.check(not client.has_extn("auth"), "no AUTH before TLS")
        lib.check(client.docmd("AUTH", "PLAIN AGEAYg==")[0] == 538, "AUTH before TLS gets 538")
    try:
        Client("localhost", port, timeout=30).starttls(context=ssl.create_default_context())
        raise AssertionError("a certificate of an unknown authority was believed")
    except ssl.SSLCertVerificationError:
        told("the certificate verifies by our authority only; AUTH before TLS gets 538")
    for number, mechanism in enumerate(("plain", "login")):
        with connect(port, context) as client:
            client.user, client.password = "shop", PASSWORD
            code, reply = client.auth(mechanism, getattr(client, f"auth_{mechanism}"))
            lib.check(code == 235, f"{mechanism}: {code} {reply}")
            code, reply = client.docmd("AUTH", "PLAIN AGEAYg==")
            lib.check(code == 503, f"AUTH twice: {code} {reply}")
            send(client, number)
        with connect(port, context) as client:
            # Without an initial response, which some clients leave out.
            client.user, client.password = "shop", PASSWORD
            lib.check(client.auth(mechanism, getattr(client, f"auth_{mechanism}"), initial_response_ok=False)[0] == 235,
                      f"{mechanism} without initial response")
        with connect(port, context) as client:
            try:
                client.login("shop", "wrong")
                raise AssertionError("a wrong password was taken")
            except smtplib.SMTPAuthenticationError as refusal:
                lib.check(refusal.smtp_code == 535, f"{refusal}")
            lib.check(client.docmd("MAIL", "FROM:<sender@shop.example>")[0] == 530, "no mail after a failed login")
    with connect(port, context) as client:
        lib.check(client.docmd("AUTH", "PLAIN")[0] == 334, "a challenge")
        lib.check(client.docmd("*")[0] == 501, "a client may cancel")
        lib.check(client.docmd("AUTH", "PLAIN ===")[0] == 501, "what is no base64")
        lib.check(client.docmd("AUTH", "CRAM-MD5")[0] == 504, "a mechanism that we have not")
        client.login("shop", PASSWORD)
        client.docmd("MAIL", "FROM:<sender@shop.example> AUTH=<>")
        client.rset()
    with smtplib.SMTP_SSL("localhost", plain_port, "client.example", timeout=30, context=context) as client:
        client.login("shop", PASSWORD)
        send(client, 2)
    told("PLAIN and LOGIN, with and without initial response, by STARTTLS and implicit TLS; cancelled; wrong")
    return 3


def scram(port, context):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context.maximum_version = version
        with connect(port, context) as client:
            code, reply = client.scram("shop", PASSWORD)
            lib.check(code == 235, f"SCRAM-SHA-256: {code} {reply}")
            send(client, 10)
        with connect(port, context) as client:
            lib.check("SCRAM-SHA-256-PLUS" in client.esmtp_features["auth"], client.esmtp_features["auth"])
            binding = hashlib.sha256(client.sock.getpeercert(True)).digest()
            code, reply = client.scram("shop", PASSWORD, binding)
            lib.check(code == 235, f"SCRAM-SHA-256-PLUS: {code} {reply}")
            send(client, 11)
        for password, bound in (("wrong", b""), (PASSWORD, b"x" * 32)):
            with connect(port, context) as client:
                code, reply = client.scram("shop", password, bound)
                lib.check(code == 535, f"SCRAM with {password} {bound}: {code} {reply}")
        with connect(port, context) as client:
            code, reply = client.scram("nobody", PASSWORD)
            lib.check(code == 535, f"SCRAM of nobody: {code} {reply}")
    context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    told("SCRAM-SHA-256 and -PLUS with tls-server-end-point, in TLS 1.2 and 1.3; wrong password, wrong binding, nobody")
    return 4


def tokens(port, context, key, other_key):
    count = 0
    for mechanism, text in (("OAUTHBEARER", "n,a={user},\x01host=localhost\x01auth=Bearer {token}\x01\x01"),
                            ("XOAUTH2", "user={user}\x01auth=Bearer {token}\x01\x01")):
        with connect(port, context) as client:
            code, reply = client.bearer(mechanism, text.format(user="app", token=token(key)))
            lib.check(code == 235, f"{mechanism}: {code} {reply}")
            send(client, 20)
            count += 1
        bad = {"expired": token(key, exp=int(time.time()) - 600), "of another issuer": token(key, iss="https://x"),
               "for another service": token(key, aud="web"), "of another key": token(other_key),
               "without tenant": token(key, tenant=None), "of another user": token(key, sub="boss"),
               "not signed": token(key).rpartition(".")[0] + "."}
        # Failures are answered late, so all of them once only.
        for what, one in list(bad.items())[:None if mechanism == "OAUTHBEARER" else 2]:
            with connect(port, context) as client:
                code, reply = client.bearer(mechanism, text.format(user="app", token=one))
                lib.check(code == 535, f"{mechanism}, a token {what}: {code} {reply}")
    told(f"OAUTHBEARER and XOAUTH2; no token that is {', '.join(bad)}")
    return count


def parameters(port, context, sink, count):
    with connect(port, context) as client:
        client.login("shop", PASSWORD)
        for extension in ("futurerelease", "mt-priority", "deliverby", "limits", "dsn"):
            lib.check(client.has_extn(extension), f"no {extension}: {client.esmtp_features}")
        began = time.monotonic()
        send(client, 30, mail_options=["HOLDFOR=4"])
        send(client, 31, mail_options=["MT-PRIORITY=3"])
        send(client, 32, mail_options=["BY=3600;N"])
        for bad in ("HOLDFOR=99999999", "HOLDFOR=x", "HOLDFOR=5 HOLDUNTIL=2030-01-01T00:00:00Z", "MT-PRIORITY=10",
                    "MT-PRIORITY=", "BY=0;R", "BY=3600", "BY=3600;X"):
            code, reply = client.docmd("MAIL", f"FROM:<sender@shop.example> {bad}")
            lib.check(500 <= code < 600, f"{bad}: {code} {reply}")
            client.rset()
        soon = sink.wait_for(count + 2)[count:]
        lib.check(any("MT-PRIORITY=3" in one.mail for one in soon), f"{[one.mail for one in soon]}")
        lib.check(any(" BY=3" in one.mail and ";N" in one.mail for one in soon), f"{[one.mail for one in soon]}")
        held = sink.wait_for(count + 3)[-1]
        lib.check(lib.number_of(held.data) == 30 and time.monotonic() - began >= 4, "HOLDFOR held")
        lib.check("HOLDFOR" not in held.mail, held.mail)
    told("HOLDFOR holds; MT-PRIORITY and BY are handed on; bad ones get 5xx")
    return 3


def injection(port, context):
    """Plaintext behind STARTTLS is never carried out (CVE-2021-38371, CVE-2011-0411)."""
    behind = b"EHLO injected\r\nNOOP\r\nRSET\r\nVRFY x\r\n"
    for together in (True, False):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
            raw.recv(1000)
            raw.sendall(b"EHLO client.example\r\n")
            time.sleep(0.2)
            raw.recv(65536)
            raw.sendall(b"STARTTLS\r\n" + (behind if together else b""))
            reply = raw.recv(1000)
            lib.check(reply.startswith(b"220") and reply.count(b"\r\n") == 1, f"{reply}")
            if not together:
                raw.sendall(behind)
            try:
                with context.wrap_socket(raw, server_hostname="localhost") as protected:
                    protected.sendall(b"MAIL FROM:<a@b.example>\r\n")
                    answer = protected.recv(1000)
                    lib.check(answer.startswith((b"503", b"530")) and answer.count(b"\r\n") == 1, f"{answer}")
            except (ssl.SSLError, ConnectionError):
                pass  # Taken for a handshake, which it is not: the end of the connection.
    told("plaintext behind STARTTLS is never answered")


def resumption(port, context):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context.maximum_version = version
        session, reused = None, []
        for _ in range(3):
            with context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=20),
                                     server_hostname="localhost", session=session) as protected:
                protected.recv(1000)
                protected.sendall(b"NOOP\r\n")
                lib.check(protected.recv(1000).startswith(b"250"), "NOOP")
                reused.append(protected.session_reused)
                session = protected.session
        lib.check(reused == [False, True, True], f"sessions are resumed in {version}: {reused}")
    context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    told("sessions are resumed in TLS 1.2 and 1.3")


def test():
    lib.need(("openssl", "openssl"))
    sink = lib.Sink(extensions=("8BITMIME", "SMTPUTF8", "SIZE 100000000", "MT-PRIORITY", "DELIVERBY"))
    ports = reception.ports("submission", "implicit")
    with reception.folder() as folder:
        authority = reception.Authority(folder)
        certificate, key = authority.issue(reception.NAME)
        users = os.path.join(folder, "users")
        reception.user(users, "add", "shop")
        keys = [os.path.join(folder, name) for name in ("token-key", "other-key")]
        for one in keys:
            reception.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", one)
        reception.openssl("pkey", "-in", keys[0], "-pubout", "-out", os.path.join(folder, "token.pem"))
        server = {"certificate": certificate, "key": key, "auth": "required", "users": users, "auth_lockout": "0s",
                  "oauth_keys": os.path.join(folder, "token.pem"), "oauth_issuer": ISSUER, "oauth_audience": AUDIENCE,
                  "oauth_tenant_claim": "tenant"}
        tables = reception.listen(ports["submission"], tls="starttls", **server)
        tables += reception.listen(ports["implicit"], tls="implicit", **server)
        context = ssl.create_default_context(cafile=authority.certificate)
        with lib.node(sink.port, extra=tables):
            count = passwords(ports["submission"], context, ports["implicit"])
            count += scram(ports["submission"], context)
            count += tokens(ports["submission"], context, *keys)
            sink.wait_for(count)
            count += parameters(ports["submission"], context, sink, count)
            injection(ports["submission"], context)
            resumption(ports["implicit"], context)
            sink.wait_for(count, 1)


lib.main(test)
