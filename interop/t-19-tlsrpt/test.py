"""TLS reports (RFC 8460): yesterday's sessions are reported by mail and by HTTPS, once, over restarts.

What arrives is read by Python's email, gzip and json; what is a report is said here as RFC 8460 has it, and held
against reports of others first.
"""

import datetime
import email
import email.policy
import gzip
import http.server
import json
import os
import re
import smtplib
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import mta  # noqa: E402
import names  # noqa: E402
import reception  # noqa: E402

SAMPLES = os.path.join(mta.ROOT, "..", "shared", "testdata", "mta-sts-tlsrpt")
DAY = datetime.timedelta(days=1)
TYPES = {"tlsa", "sts", "no-policy-found"}
RESULTS = {
    "starttls-not-supported", "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted",
    "validation-failure", "tlsa-invalid", "dnssec-invalid", "dane-required", "sts-policy-fetch-error",
    "sts-policy-invalid", "sts-webpki-invalid"}
SUBJECT = re.compile(r"Report Domain:\s+(\S+)\s+Submitter:\s+(\S+)\s+Report-ID:\s+<([^<>@\s]+@[^<>@\s]+)>")
FILE = re.compile(r"([a-z0-9.-]+)!([a-z0-9.-]+)!(\d+)!(\d+)!([A-Za-z0-9]+)\.json\.gz")
SETTINGS = """
[dns]
servers = ["127.0.0.1:{dns}"]

[delivery]
port = {smtp}
allow-private = ["127.0.0.0/8"]

[tls-report]
from = "tlsrpt@mta.example"
organization = "Grüße GmbH"
contact = "postmaster@org.example"
delay = "0s"
"""


class Collector(http.server.ThreadingHTTPServer):
    """A web server that keeps what is posted, and is out of order at first."""

    def __init__(self, certificate, key):
        super().__init__(("127.0.0.1", 0), Posts)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.port, self.posts, self.status = self.server_address[1], [], 503
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Posts(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def check_report(report, own=True):
    """Whether this is a report as RFC 8460 §4.4 has it; `own`: with what its schema only suggests."""
    for field in ("organization-name", "contact-info", "report-id"):
        lib.check(isinstance(report[field], str) and report[field], f"{field}: {report}")
    begin, end = (datetime.datetime.fromisoformat(report["date-range"][f"{one}-datetime"].replace("Z", "+00:00"))
                  for one in ("start", "end"))
    lib.check(begin < end <= begin + DAY, f"date-range: {report['date-range']}")
    lib.check(isinstance(report["policies"], list) and report["policies"], "no policies")
    for one in report["policies"]:
        policy, summary = one["policy"], one["summary"]
        lib.check(policy["policy-type"] in TYPES, f"{policy}")
        lib.check(isinstance(policy["policy-domain"], str), f"{policy}")
        for field in ("policy-string", "mx-host"):
            lib.check(not own or isinstance(policy.get(field, []), list), f"{field}: {policy}")
        for field in ("total-successful-session-count", "total-failure-session-count"):
            lib.check(isinstance(summary[field], int) and summary[field] >= 0, f"{summary}")
        failed = 0
        for detail in one.get("failure-details", []):
            lib.check(detail["result-type"] in RESULTS, f"{detail}")
            lib.check(isinstance(detail["failed-session-count"], int), f"{detail}")
            failed += detail["failed-session-count"]
        lib.check(not own or failed == summary["total-failure-session-count"], f"{one}")
    return begin, end


def is_report(path):
    with open(path) as file:
        try:
            check_report(json.load(file), own=False)
            return True
        except (AssertionError, KeyError):
            return False


def check_samples():
    """The checks know reports of others from what are none, so that they are no mirror of ours."""
    good = ("mail-auth/rpt01.json", "parsedmarc/smtp_tls.json", "parsedmarc/mail.ru.json", "parsedmarc/rfc8460.json")
    # A week, and a type of policy that there is not.
    bad = ("mail-auth/rpt02.json", "mail-auth/rpt03.json")
    if not os.path.isdir(SAMPLES):
        reception.told("reports of others: SKIPPED, no test data")
        return
    for name in good + bad:
        lib.check(is_report(os.path.join(SAMPLES, name)) == (name in good), name)
    reception.told(f"of others: {len(good)} are reports, {len(bad)} are not")


def check_message(message, domain, report_id):
    """Returns the report that is attached."""
    lib.check(message.mail.startswith("MAIL FROM:<>"), message.mail)
    lib.check(message.rcpts[0].startswith(f"RCPT TO:<reports@{domain}>"), f"{message.rcpts}")
    read = email.message_from_bytes(message.data, policy=email.policy.default)
    lib.check(not any(part.defects for part in read.walk()), f"{[part.defects for part in read.walk()]}")
    lib.check(str(read["From"]) == "tlsrpt@mta.example", f"From: {read['From']}")
    lib.check(SUBJECT.fullmatch(str(read["Subject"])).groups() == (domain, "mta.example", report_id),
              f"Subject: {read['Subject']}")
    for field, value in (("TLS-Report-Domain", domain), ("TLS-Report-Submitter", "mta.example"),
                         ("TLS-Required", "No"), ("Auto-Submitted", "auto-generated")):
        lib.check(str(read[field]) == value, f"{field}: {read[field]}")
    lib.check(read.get_content_type() == "multipart/report" and read.get_param("report-type") == "tlsrpt",
              f"{read['Content-Type']}")
    text, attached = read.iter_parts()
    lib.check(text.get_content_type() == "text/plain", f"{text['Content-Type']}")
    lib.check(attached.get_content_type() == "application/tlsrpt+gzip", f"{attached['Content-Type']}")
    begin, end = check_report(json.loads(gzip.decompress(attached.get_content())))
    sender, of, first, last, _ = FILE.fullmatch(attached.get_filename()).groups()
    lib.check((sender, of, int(first), int(last)) == ("org.example", domain, begin.timestamp(), end.timestamp()),
              attached.get_filename())
    return attached.get_content()


def make_yesterday(server):
    """What was counted today was counted yesterday; the node is stopped."""
    path = os.path.join(server.data, "state", "tls-results.json")
    with open(path) as file:
        state = json.load(file)
    lib.check(state["tallies"], "nothing was counted")
    for tally in state["tallies"]:
        tally["day"] = str(datetime.date.fromisoformat(tally["day"]) - DAY)
    with open(path, "w") as file:
        json.dump(state, file)


def sent(server):
    """{(domain, kind): state} of what `whimbrel tls sent` tells."""
    lines = [json.loads(line) for line in server.command("tls", "sent", "--json").stdout.splitlines()]
    return {(one["domain"], one["kind"]): one["state"] for one in lines}


def wait_for(server, wanted, seconds=90):
    deadline = time.monotonic() + seconds
    while sent(server) != wanted:
        lib.check(time.monotonic() < deadline, f"{server.command('tls', 'sent').stdout}, wanted {wanted}")
        time.sleep(0.5)


def send(server, domain):
    with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=60) as client:
        client.sendmail("sender@shop.example", [f"rcpt@{domain}"], lib.message(1, b"hello\r\n"))


def test():
    lib.need(("openssl", "openssl"))
    check_samples()
    sink = lib.Sink()
    with reception.folder() as folder:
        # For another name, and by nobody whom the node knows: reports come all the same (RFC 8460 §3).
        collector = Collector(*reception.Authority(folder).issue("elsewhere.example"))
        # Hosts of their own: a connection that is used again is no further session.
        records = {("web.test", "A"): ["127.0.0.1"]}
        for domain in ("both.test", "quiet.test"):
            records[(domain, "MX")], records[(f"mx.{domain}", "A")] = [f"mx.{domain}"], ["127.0.0.1"]
        records[("_smtp._tls.both.test", "TXT")] = [
            "an unrelated text",
            f"v=TLSRPTv1; rua=mailto:reports@both.test, https://web.test:{collector.port}/v1/r?x=y; ext=1"]
        names_server = names.Names(records)
        extra = SETTINGS.format(dns=names_server.port, smtp=sink.port)
        with lib.node(sink.port, route="mx", extra=extra) as server:
            for domain in ("both.test", "both.test", "quiet.test"):
                send(server, domain)
            sink.wait_for(3)
            lib.check(sent(server) == {}, "a day that goes on is reported")
            server.stop()
            make_yesterday(server)
            server.start()
            wanted = {("both.test", "dns"): "done", ("both.test", "mailto"): "done", ("both.test", "https"): "waiting",
                      ("quiet.test", "dns"): "done"}
            wait_for(server, wanted)
            shown = json.loads(server.command("tls", "report", "both.test", "--json").stdout)
            check_report(shown)
            mail = sink.wait_for(4)[3]
            report = json.loads(gzip.decompress(check_message(mail, "both.test", shown["report-id"])))
            lib.check(report == shown and report["organization-name"] == "Grüße GmbH", f"{report}")
            counts = [one["summary"] for one in report["policies"]]
            sessions = sum(one["total-successful-session-count"] + one["total-failure-session-count"] for one in counts)
            lib.check(sessions in (1, 2), f"{counts}")
            reception.told(f"by mail: {mail.rcpts[0]} {len(mail.data)} bytes")

            # The web server was out of order; it is asked again, and only it.
            collector.status = 201
            server.command("tls", "send", "both.test")
            wanted[("both.test", "https")] = "done"
            wait_for(server, wanted)
            path, fields, body = collector.posts[-1]
            lib.check(path == "/v1/r?x=y" and fields["Content-Type"] == "application/tlsrpt+gzip", f"{fields}")
            lib.check(fields["Host"] == f"web.test:{collector.port}", f"{fields}")
            lib.check(json.loads(gzip.decompress(body)) == report, "another report by HTTPS than by mail")
            reception.told(f"by HTTPS: POST {path} {len(body)} bytes, after {len(collector.posts) - 1} refusals")

            # A restart sends nothing twice.
            posts = len(collector.posts)
            server.stop()
            server.start()
            wait_for(server, wanted)
            server.command("tls", "send")
            time.sleep(8)
            lib.check(len(collector.posts) == posts and len(sink.wait_for(4)) == 4, "sent twice")
            metrics = server.command("metrics").stdout
            lib.check("whimbrel_bugs_total 0" in metrics, "bugs")


lib.main(test)
