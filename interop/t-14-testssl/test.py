"""testssl.sh finds nothing above LOW in the TLS of a listener, with an ECDSA and an RSA certificate.

Left out is what a test's own authority cannot have: revocation, transparency, trust by browsers.
"""

import concurrent.futures
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import reception  # noqa: E402
from reception import told  # noqa: E402

# Of the authority, not of the server.
EXPECTED = ("cert_revocation", "cert_crlDistributionPoints", "cert_ocspURL", "OCSP_stapling", "cert_chain_of_trust",
            "certificate_transparency", "DNS_CAArecord", "cert_mustStapleExtension",
            # What testssl could not do: Debian's openssl has no GOST, and its test of session IDs fails.
            "engine_problem", "sessionresumption_ID")
GOOD = ("OK", "INFO", "LOW", "DEBUG")
# Protocols, ciphers, forward secrecy, the server's preference and certificate, and every vulnerability.
CHECKS = ("--protocols", "--server-defaults", "--server-preference", "--fs", "--vulnerable", "--std")


def testssl(program, folder, name, port, options, authority):
    report = os.path.join(folder, f"{name}.json")
    run = subprocess.run(
        [program, "--quiet", "--color", "0", "--warnings", "batch", "--nodns", "none", "--ip", "127.0.0.1", "--add-ca",
         authority.certificate, "--jsonfile", report, "--connect-timeout", "10", "--openssl-timeout", "10",
         *CHECKS, *options, f"localhost:{port}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=400)
    lib.check(os.path.exists(report), f"{name}: testssl {run.returncode}: {run.stdout[-2000:]} {run.stderr[-2000:]}")
    with open(report) as file:
        return json.load(file), run.stdout


def judge(name, findings, output):
    ids = {one["id"]: one for one in findings}
    bad = [f"{one['severity']} {one['id']}: {one['finding']}" for one in findings
           if one["severity"] not in GOOD and not any(one["id"].startswith(part) for part in EXPECTED)]
    lib.check(not bad, f"{name}: {bad}\n{output[-6000:]}")
    for protocol, wanted in (("SSLv2", "not offered"), ("SSLv3", "not offered"), ("TLS1", "not offered"),
                             ("TLS1_1", "not offered"), ("TLS1_2", "offered"), ("TLS1_3", "offered")):
        lib.check(ids[protocol]["finding"].startswith(wanted), f"{name}: {ids[protocol]}")
    for one in ("heartbleed", "CCS", "ROBOT", "secure_client_renego", "CRIME_TLS", "POODLE_SSL",
                "SWEET32", "FREAK", "DROWN", "LOGJAM", "BEAST", "LUCKY13", "RC4"):
        lib.check(one in ids, f"{name}: testssl has not looked for {one}")
    low = sorted({one["id"] for one in findings if one["severity"] == "LOW"})
    told(f"{name}: {len(findings)} findings, none above LOW" + (f"; LOW: {', '.join(low)}" if low else ""))


def test():
    lib.need(("openssl", "openssl"), ("hexdump", "bsdextrautils"))
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    if program is None:
        print("testssl is missing: install Debian's package testssl.sh", file=sys.stderr)
        sys.exit(1 if os.environ.get("WHIMBREL_CI") == "1" else lib.SKIPPED)
    sink = lib.Sink()
    ports = reception.ports("ec", "rsa")
    with reception.folder() as folder:
        authority = reception.Authority(folder)
        tables = ""
        for kind, tls in (("ec", "starttls"), ("rsa", "implicit")):
            certificate, key = authority.issue("localhost", kind=kind)
            # testssl opens many connections and makes errors on purpose.
            tables += reception.listen(ports[kind], tls=tls, certificate=certificate, key=key, max_errors=1_000)
        with lib.node(sink.port, extra=tables):
            # It mostly waits, so both at once.
            with concurrent.futures.ThreadPoolExecutor() as both:
                runs = [(name, both.submit(testssl, program, folder, kind, ports[kind], options, authority))
                        for name, kind, options in (("STARTTLS, ECDSA", "ec", ("-t", "smtp")),
                                                    ("implicit TLS, RSA", "rsa", ()))]
            for name, run in runs:
                judge(name, *run.result())


lib.main(test)
