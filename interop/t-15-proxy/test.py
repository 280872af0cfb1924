"""Mail leaves through Debian's microsocks, Dante and HAProxy: from the proxy's address, and byte for byte."""

import contextlib
import os
import shutil
import smtplib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import mta  # noqa: E402

DANTE = """
logoutput: {folder}/dante.log
internal: 127.0.0.1 port = {port}
external: 127.0.0.6
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}
socks pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 command: connect }}
"""

HAPROXY = """
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen outgoing
    bind 127.0.0.1:{port} accept-proxy
    server hosts 0.0.0.0:0 source 127.0.0.7
"""

SOURCE = """
[[source]]
name = "p1"
address = "198.51.100.10"
proxy = "{proxy}"
[delivery]
connect-timeout = "5s"
[retry]
first = "1s"
"""


class ProxiedSink(lib.Sink):
    """Knows from where it was connected to."""

    def __init__(self):
        self.clients = set()
        super().__init__()

    def verify_request(self, request, client_address):
        self.clients.add(client_address[0])
        return True


@contextlib.contextmanager
def program(folder, name, *words):
    with open(os.path.join(folder, name + ".output"), "wb") as output:
        process = subprocess.Popen(words, stdout=output, stderr=output)
    try:
        yield process
    finally:
        mta.stop(process)


def deliver(proxy, client):
    """All hard messages by way of a proxy, which must connect from `client`."""
    with ProxiedSink() as sink:
        with lib.node(sink.port, extra=SOURCE.format(proxy=proxy)) as server:
            sent = lib.hard_messages()
            with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=60) as smtp:
                for data in sent:
                    smtp.sendmail("sender@shop.example", ["r@example.org"], data, mail_options=["BODY=8BITMIME"])
            for message in sink.wait_for(len(sent)):
                lib.check_bytes(sent[lib.number_of(message.data)], message.data)
            lib.check(sink.clients == {client}, f"connections came from {sink.clients}, not {client}")
        sink.shutdown()


def refused(proxy, port, said):
    """What is said of a host that takes no connections, or of a proxy that does not want us."""
    with lib.node(port, extra=SOURCE.format(proxy=proxy)) as server:
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=60) as smtp:
            smtp.sendmail("sender@shop.example", ["r@example.org"], "Subject: x\r\n\r\nx\r\n")
        event = lib.events(server, "r@example.org", "deferred")[0]
        lib.check(said in str(event), f"{event} does not say: {said}")
        lib.check("s3cret" not in str(event) + server.log_tail(), "a password was shown")


def test():
    lib.need(("microsocks", "microsocks"), ("danted", "dante-server"), ("haproxy", "haproxy"))
    folder = mta.temporary_folder("proxy-interop-")
    os.chmod(folder, 0o755)
    try:
        port = mta.free_port()
        with program(folder, "microsocks", "microsocks", "-i", "127.0.0.1", "-p", str(port), "-b", "127.0.0.5",
                     "-u", "mta", "-P", "s3cret") as process:
            mta.wait_for_port(port, process=process)
            deliver(f"socks5://mta:s3cret@127.0.0.1:{port}", "127.0.0.5")
            refused(f"socks5://mta:s3cret@127.0.0.1:{port}", mta.free_port(), "refused by the destination")
            refused(f"socks5://mta:s3cret2@127.0.0.1:{port}", mta.free_port(), f"proxy 127.0.0.1:{port} (SOCKS 5)")

        port = mta.free_port()
        config = os.path.join(folder, "danted.conf")
        with open(config, "w") as file:
            file.write(DANTE.format(folder=folder, port=port))
        with program(folder, "danted", "/usr/sbin/danted", "-f", config, "-p", os.path.join(folder, "pid")) as process:
            mta.wait_for_port(port, process=process)
            deliver(f"socks5://127.0.0.1:{port}", "127.0.0.6")
            refused(f"socks5://127.0.0.1:{port}", mta.free_port(), "refused by the destination")

        port = mta.free_port()
        config = os.path.join(folder, "haproxy.cfg")
        with open(config, "w") as file:
            file.write(HAPROXY.format(port=port))
        with program(folder, "haproxy", "/usr/sbin/haproxy", "-db", "-f", config) as process:
            mta.wait_for_port(port, process=process)
            deliver(f"haproxy://127.0.0.1:{port}", "127.0.0.7")
        refused(f"haproxy://127.0.0.1:{port}", mta.free_port(), f"proxy 127.0.0.1:{port}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


lib.main(test)
