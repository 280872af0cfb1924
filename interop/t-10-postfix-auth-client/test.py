"""Postfix as client of a submission service: SASL over TLS that it verifies, and LMTP over a UNIX socket."""

import os
import smtplib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import mta  # noqa: E402
import reception  # noqa: E402
from reception import told  # noqa: E402


def settings(folder, port, authority, password=reception.PASSWORD, mechanisms="plain, login", **more):
    passwords = os.path.join(folder, "sasl-" + str(abs(hash((port, password)))))
    with open(passwords, "w") as file:
        file.write(f"[localhost]:{port} shop:{password}\n")
    return {
        "relayhost": f"[localhost]:{port}",
        "smtp_host_lookup": "native",
        "smtp_sasl_auth_enable": "yes",
        "smtp_sasl_password_maps": f"texthash:{passwords}",
        "smtp_sasl_security_options": "noanonymous",
        "smtp_sasl_mechanism_filter": mechanisms,
        "smtp_tls_security_level": "verify",
        "smtp_tls_verify_cert_match": "hostname",
        "smtp_tls_CAfile": authority.certificate,
        "smtp_tls_loglevel": "1",
    } | more


def send(port, messages, **options):
    with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=60) as client:
        for data in messages:
            client.sendmail("sender@shop.example", ["rcpt@example.org"], data, mail_options=["BODY=8BITMIME"], **options)


def log_of(client):
    return client.log_tail(100_000)


def submission(server, sink, folder, ports, authority):
    sent = lib.hard_messages()
    count = 0
    variants = {
        "STARTTLS, PLAIN": (ports["starttls"], {}),
        "STARTTLS, LOGIN": (ports["starttls"], {"mechanisms": "login"}),
        "implicit TLS, PLAIN": (ports["implicit"], {"smtp_tls_wrappermode": "yes"}),
    }
    for what, (port, more) in variants.items():
        with lib.postfix(0, **settings(folder, port, authority, **more)) as client:
            send(client.port, sent)
            for one in sink.wait_for(count + len(sent))[count:]:
                lib.check_bytes(sent[lib.number_of(one.data)], one.data)
            count += len(sent)
            log = log_of(client)
            lib.check("Verified TLS connection established to localhost" in log, log[-3000:])
            if what == "STARTTLS, PLAIN":
                mta.smtp_source(client.port, 200, 10, 5_000, sender="s@shop.example")
                sink.wait_for(count + 200)
                count += 200
                send(client.port, [lib.message(700, b"x\r\n")], rcpt_options=["NOTIFY=SUCCESS,FAILURE"])
                # The sink offers no DSN, so that Whimbrel itself reports that the mail was relayed.
                count += 2
                lib.check(any(reception.is_report(one) and b"Action: relayed" in one.data
                              for one in sink.wait_for(count)[-2:]), "a report that it was relayed")
        told(f"{what}: {len(sent)} hard messages arrived byte for byte")
    return count


def refusals(server, sink, folder, ports, authority, count):
    with lib.postfix(0, **settings(folder, ports["starttls"], authority, password="wrong")) as client:
        send(client.port, [lib.message(800, b"x\r\n")])
        wait_for_log(client, "535 5.7.8 ")
        lib.check("status=deferred" in log_of(client), log_of(client)[-3000:])
    told("a wrong password: 535, and Postfix keeps the mail")
    more = settings(folder, ports["starttls"], authority)
    with lib.postfix(0, **(more | {"smtp_sasl_auth_enable": "no"})) as client:
        send(client.port, [lib.message(801, b"x\r\n")])
        wait_for_log(client, "530 5.7.0 Authentication required")
    told("without SASL: 530")
    sink.wait_for(count, 1)


def wait_for_log(client, text, seconds=30):
    deadline = lib.time.monotonic() + seconds
    while text not in log_of(client):
        lib.check(lib.time.monotonic() < deadline, f"{text} is not in the log of Postfix: {log_of(client)[-3000:]}")
        lib.time.sleep(0.2)


def lmtp(server, sink, folder, ports, count):
    """Postfix's lmtp client runs as its own user, so the socket is for everybody in the test's folder."""
    more = {"relayhost": "", "default_transport": f"lmtp:unix:{folder}/lmtp.sock"}
    with lib.postfix(0, **more) as client:
        sent = lib.hard_messages()
        send(client.port, sent)
        for one in sink.wait_for(count + len(sent))[count:]:
            lib.check_bytes(sent[lib.number_of(one.data)], one.data)
        count += len(sent)
        with smtplib.SMTP("127.0.0.1", client.port, "client.example", timeout=60) as submitter:
            submitter.sendmail("s@shop.example", ["a@example.org", "b@example.org"], lib.message(900, b"x\r\n"))
        lib.check(len(sink.wait_for(count + 1)[-1].rcpts) == 2, "two recipients")
    told("LMTP over a UNIX socket")
    return count + 1


def test():
    lib.need(("postfix", "postfix"), ("smtp-source", "postfix"), ("openssl", "openssl"))
    plugins = subprocess.run(["find", "/usr/lib", "-path", "*sasl2/libplain.so*"], capture_output=True, text=True)
    if not plugins.stdout:
        print("SASL's plugins are missing: install Debian's package libsasl2-modules", file=sys.stderr)
        sys.exit(1 if os.environ.get("WHIMBREL_CI") == "1" else lib.SKIPPED)
    sink = lib.Sink()
    ports = reception.ports("starttls", "implicit")
    with reception.folder() as folder:
        authority = reception.Authority(folder)
        certificate, key = authority.issue("localhost")
        users = os.path.join(folder, "users")
        reception.user(users, "add", "shop")
        common = {"certificate": certificate, "key": key, "auth": "required", "users": users,
                  # Postfix opens up to 100 of them.
                  "max_connections_per_client": 200}
        tables = reception.listen(ports["starttls"], tls="starttls", **common)
        tables += reception.listen(ports["implicit"], tls="implicit", **common)
        tables += reception.listen(f"unix:{folder}/lmtp.sock", protocol="lmtp", relay_from=["127.0.0.1"],
                                   socket_mode="0666")
        with lib.node(sink.port, extra=tables) as server:
            count = submission(server, sink, folder, ports, authority)
            count = lmtp(server, sink, folder, ports, count)
            refusals(server, sink, folder, ports, authority, count)


lib.main(test)
