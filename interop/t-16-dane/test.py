"""DANE with real parts: nsd serves signed zones, unbound validates them, Postfix shows a certificate by STARTTLS.

Whimbrel's resolver, TLSA lookup and check of the chain are asked through their public classes; the cases have
KumoMTA's names. With --node a whole node delivers to the same domains, and the events must tell the same.
"""

import os
import smtplib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import mta  # noqa: E402
import reception  # noqa: E402
import zones  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = os.path.join(mta.ROOT, "server", "target")
FAILED = "failed"

# Case: domain, then for each host: is the MX secure, host, final name, DANE, base domain or what it says, verdict.
CASES = {
    "dane_authenticated": ("good.dane.test", [
        ("secure", "mx.dane.test", "mx.dane.test/secure", "Usable", "mx.dane.test", "authenticated")]),
    "mx_list_authenticated": ("list.dane.test", [
        ("secure", "mx.dane.test", "mx.dane.test/secure", "Usable", "mx.dane.test", "authenticated"),
        ("secure", "mx2.dane.test", "mx2.dane.test/secure", "Usable", "mx2.dane.test", "authenticated")]),
    "mx_list_untrusted_is_opportunistic": ("domain.unsigned.dane.test", [
        ("insecure", "mx.dane.test", "mx.dane.test/secure", "NotUsed", "MX records")]),
    "secure_cname_into_unsigned_authenticated": ("cname.dane.test", [
        ("secure", "alias.dane.test", "host.unsigned.dane.test/insecure", "Usable", "alias.dane.test",
         "authenticated")]),
    "secure_cname_is_expanded": ("expanded.dane.test", [
        ("secure", "inside.dane.test", "mx.dane.test/secure", "Usable", "mx.dane.test", "authenticated")]),
    "authority_with_name_of_next_hop": ("next-hop.dane.test", [
        ("secure", "by-domain.dane.test", "by-domain.dane.test/secure", "Usable", "by-domain.dane.test",
         "authenticated")]),
    "authority_with_other_name_defers": ("other-name.dane.test", [
        ("secure", "elsewhere.dane.test", "elsewhere.dane.test/secure", "Usable", "elsewhere.dane.test",
         "none of the names")]),
    "mismatch_defers": ("mismatch.dane.test", [
        ("secure", "wrong.dane.test", "wrong.dane.test/secure", "Usable", "wrong.dane.test",
         "matches its TLSA records")]),
    "insecure_is_opportunistic": ("insecure.dane.test", [
        ("secure", "mx.unsigned.dane.test", "mx.unsigned.dane.test/insecure", "NotUsed", "not signed")]),
    "no_records_is_opportunistic": ("none.dane.test", [
        ("secure", "bare.dane.test", "bare.dane.test/secure", "NotUsed", "no signed TLSA records")]),
    "unusable_requires_unauthenticated_tls": ("unusable.dane.test", [
        ("secure", "old.dane.test", "old.dane.test/secure", "Unusable", "old.dane.test")]),
    "servfail_defers": ("servfail.bogus.test", [
        ("secure", "mx.bogus.test", "mx.bogus.test/secure", "Failed", "SERVFAIL (DNSSEC_BOGUS)")]),
    "bogus_mx_defers": ("tampered.bogus.test", [(FAILED, "SERVFAIL (DNSSEC_BOGUS)")]),
}


class Dane:
    """Dane.java, compiled, with the ports of the resolver and of the hosts."""

    def __init__(self, folder, resolver_port, smtp_port):
        home = subprocess.run([os.path.join(mta.ROOT, "whimbrel"), "--java-home"], check=True, capture_output=True,
                              text=True).stdout.strip()
        path = f"{TARGET}/classes:{TARGET}/lib/*"
        subprocess.run([f"{home}/bin/javac", "-cp", path, "-d", folder, os.path.join(HERE, "Dane.java")], check=True)
        self.words = [f"{home}/bin/java", "-cp", f"{path}:{folder}", "Dane", str(resolver_port), str(smtp_port)]

    def ask(self, dnssec, *domains):
        """What it says about domains: {domain: [fields, ...]}."""
        run = subprocess.run([*self.words, dnssec, *domains], capture_output=True, text=True, timeout=180)
        lib.check(run.returncode == 0, run.stdout + run.stderr)
        answers = {}
        for line in run.stdout.splitlines():
            domain, *fields = line.split("\t")
            answers.setdefault(domain, []).append(fields)
        return answers


def check_answers(dane):
    answers = dane.ask("ad", *[domain for domain, _ in CASES.values()])
    for case, (domain, wanted) in CASES.items():
        got = answers.get(domain, [])
        same = len(got) == len(wanted) and all(
            len(fields) == len(expected) and all(part in field for part, field in zip(expected, fields))
            for fields, expected in zip(got, wanted))
        lib.check(same, f"{case}: {domain}: wanted {wanted}, got {got}")
        reception.told(f"{case}: {domain}: " + "; ".join(" ".join(fields[3:] or fields) for fields in got))
    careless = dane.ask("off", "good.dane.test")["good.dane.test"]
    lib.check(careless[0][0] == "insecure" and careless[0][3] == "NotUsed", f"dnssec off: {careless}")


def check_node(resolver_port, smtp_port, sink):
    """What becomes of mail to the same domains."""
    settings = f"""
[dns]
servers = ["127.0.0.1:{resolver_port}"]
dnssec = "ad"

[delivery]
port = {smtp_port}
allow-private = ["127.0.0.0/8"]
"""
    defers = {"authority_with_other_name_defers", "mismatch_defers", "servfail_defers", "bogus_mx_defers"}
    with lib.node(smtp_port, route="mx", extra=settings) as server:
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=60) as client:
            for domain, _ in CASES.values():
                client.sendmail("", [f"rcpt@{domain}"], lib.message(1, b"dane\r\n"))
        for case, (domain, _) in CASES.items():
            wanted = "deferred" if case in defers else "delivered"
            event = lib.events(server, f"rcpt@{domain}", wanted, 60)[0]
            reception.told(f"{case}: {wanted} {event.get('text', '')}")
        sink.wait_for(len(CASES) - len(defers))


def test():
    lib.need(("nsd", "nsd"), ("unbound", "unbound"), ("ldns-signzone", "ldnsutils"), ("postfix", "postfix"),
             ("openssl", "openssl"))
    with reception.folder() as folder:
        authority = reception.Authority(folder)
        certificate, key = authority.issue("mx.dane.test", more=("mx2.dane.test", "next-hop.dane.test"))
        chain = os.path.join(folder, "chain.pem")
        with open(chain, "w") as both:
            for path in (certificate, authority.certificate):
                with open(path) as one:
                    both.write(one.read())
        sink = lib.Sink()
        tls = {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": chain, "smtpd_tls_key_file": key}
        with lib.postfix(sink.port, **tls) as host, \
                zones.serve(folder, host.port, certificate, authority.certificate) as (resolver, stop_resolver):
            dane = Dane(folder, resolver, host.port)
            check_answers(dane)
            if "--node" in sys.argv:
                check_node(resolver, host.port, sink)
            stop_resolver()
            dead = dane.ask("ad", "good.dane.test")["good.dane.test"]
            lib.check(dead[0][0] == FAILED and "TemporaryFailure" in dead[0][1], f"dead resolver: {dead}")
            reception.told(f"dead resolver: {dead[0][1]}")


lib.main(test)
