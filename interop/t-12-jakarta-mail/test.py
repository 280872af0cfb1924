"""Jakarta Mail (Angus) as applications use it: AUTH over verified TLS, DSN, SMTPUTF8, many messages, refusals."""

import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import mta  # noqa: E402
import reception  # noqa: E402
from reception import told  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
JARS = ("org/eclipse/angus/angus-mail", "org/eclipse/angus/angus-activation", "jakarta/mail/jakarta.mail-api",
        "jakarta/activation/jakarta.activation-api")


def class_path():
    """What Maven has brought for the server's own tests."""
    repository = os.environ.get("MAVEN_REPOSITORY", os.path.expanduser("~/.m2/repository"))
    found = [sorted(glob.glob(f"{repository}/{jar}/*/*.jar")) for jar in JARS]
    if not all(found):
        print("angus-mail is missing: mvn test-compile brings it", file=sys.stderr)
        sys.exit(1 if os.environ.get("WHIMBREL_CI") == "1" else lib.SKIPPED)
    return ":".join(one[-1] for one in found)


def test():
    lib.need(("openssl", "openssl"))
    jars = class_path()
    home = subprocess.run([os.path.join(mta.ROOT, "whimbrel"), "--java-home"], check=True, capture_output=True,
                          text=True).stdout.strip()
    sink = lib.Sink()
    ports = reception.ports("starttls", "implicit")
    with reception.folder() as folder:
        authority = reception.Authority(folder)
        certificate, key = authority.issue("localhost")
        users, trust = os.path.join(folder, "users"), os.path.join(folder, "trust.p12")
        reception.user(users, "add", "shop")
        subprocess.run([f"{home}/bin/keytool", "-importcert", "-noprompt", "-alias", "ca", "-file",
                        authority.certificate, "-keystore", trust, "-storepass", "interop"], check=True,
                       capture_output=True)
        common = {"certificate": certificate, "key": key, "auth": "required", "users": users}
        tables = reception.listen(ports["starttls"], tls="starttls", **common)
        tables += reception.listen(ports["implicit"], tls="implicit", **common)
        with lib.node(sink.port, extra=tables):
            run = subprocess.run(
                [f"{home}/bin/java", "-Dfile.encoding=UTF-8", f"-Djavax.net.ssl.trustStore={trust}",
                 "-Djavax.net.ssl.trustStorePassword=interop", "-cp", jars, os.path.join(HERE, "Client.java"),
                 "localhost", str(ports["starttls"]), str(ports["implicit"]), reception.PASSWORD],
                capture_output=True, text=True, timeout=180)
            lib.check(run.returncode == 0, run.stdout + run.stderr)
            told("\n  ".join(run.stdout.splitlines()))
            lib.check(run.stdout.count("queued as") == 6 and "refused: 535 5.7.8" in run.stdout
                      and "refused: 530 5.7.0" in run.stdout, run.stdout)
            # The sink offers no DSN, so that a report says that the mail was relayed.
            reports = [one for one in sink.wait_for(26 + 1) if reception.is_report(one)]
            lib.check(len(reports) == 1 and "<bounce@shop.example>" in reports[0].rcpts[0], f"{reports}")
            taken = {lib.number_of(one.data): one for one in sink.messages if one not in reports}
            body = ".\r\n..x\r\nGrüße  \r\nend\r\n".encode()
            for number in (0, 1, 2, 3, *range(6, 26)):
                lib.check(taken[number].data.endswith(b"\r\n\r\n" + body), f"{number}: {taken[number].data}")
            lib.check("SMTPUTF8" in taken[4].mail and "<bücher@shop.example>" in taken[4].mail, taken[4].mail)
            lib.check("<örtlich@example.org>" in taken[4].rcpts[0], f"{taken[4].rcpts}")
            lib.check("<bounce@shop.example>" in taken[5].mail, taken[5].mail)
            lib.check(all(len(taken[number].rcpts) == 2 for number in range(6, 26)), "two recipients each")
    told("26 messages arrived as they were sent")


lib.main(test)
