"""Signed zones for DANE: nsd serves them, unbound validates them, both on free loopback ports; ended by their pid.

  dane.test           signed; our trust anchor
  unsigned.dane.test  a delegation from it without DS: proven to be insecure
  bogus.test          signed, then changed in two places: a TLSA record, and the MX of tampered.bogus.test
"""

import contextlib
import glob
import hashlib
import os
import re
import subprocess

import mta

SOA = """$ORIGIN {zone}.
$TTL 300
@ IN SOA ns hostmaster 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
"""
WRONG = "ab" * 32


def hashed(certificate, selector):
    """The SHA-256 of a certificate, or of its key, as openssl writes them."""
    if selector == 0:
        words = [["x509", "-in", certificate, "-outform", "DER"]]
    else:
        words = [["x509", "-in", certificate, "-noout", "-pubkey"], ["pkey", "-pubin", "-outform", "DER"]]
    data = b""
    for one in words:
        data = subprocess.run(["openssl", *one], input=data, check=True, capture_output=True).stdout
    return hashlib.sha256(data).hexdigest()


def dane_test(port, own, authority):
    """`own` and `authority`: paths of the host's certificate and of its issuer."""
    hosts = {
        "mx": f"3 1 1 {hashed(own, 1)}",
        "mx2": f"2 1 1 {hashed(authority, 1)}",
        "by-domain": f"2 0 1 {hashed(authority, 0)}",
        "elsewhere": f"2 0 1 {hashed(authority, 0)}",
        "wrong": f"3 1 1 {WRONG}",
        "old": f"1 1 1 {WRONG}",
        "bare": None,
    }
    text = SOA.format(zone="dane.test")
    for host, tlsa in hosts.items():
        text += f"{host} IN A 127.0.0.1\n" + (f"_{port}._tcp.{host} IN TLSA {tlsa}\n" if tlsa else "")
    text += f"""alias IN CNAME host.unsigned
_{port}._tcp.alias IN TLSA 3 1 1 {hashed(own, 1)}
inside IN CNAME mx
good IN MX 10 mx
list IN MX 10 mx
list IN MX 20 mx2
cname IN MX 10 alias
expanded IN MX 10 inside
next-hop IN MX 10 by-domain
other-name IN MX 10 elsewhere
mismatch IN MX 10 wrong
insecure IN MX 10 mx.unsigned
unusable IN MX 10 old
none IN MX 10 bare
unsigned IN NS ns
"""
    return text


def unsigned_test(port, own):
    return SOA.format(zone="unsigned.dane.test") + f"""host IN A 127.0.0.1
mx IN A 127.0.0.1
_{port}._tcp.mx IN TLSA 3 1 1 {hashed(own, 1)}
domain IN MX 10 mx.dane.test.
"""


def bogus_test(port, own):
    return SOA.format(zone="bogus.test") + f"""mx IN A 127.0.0.1
_{port}._tcp.mx IN TLSA 3 1 1 {hashed(own, 1)}
servfail IN MX 10 mx
tampered IN MX 10 mx
"""


def sign(folder, zone):
    """Returns the path of the public key."""
    keys = []
    for kind in (["-k"], []):
        run = subprocess.run(["ldns-keygen", *kind, "-a", "ECDSAP256SHA256", zone], cwd=folder, check=True,
                             capture_output=True, text=True)
        keys.append(run.stdout.strip())
    subprocess.run(["ldns-signzone", "-f", f"{zone}.signed", zone, *keys], cwd=folder, check=True,
                   capture_output=True)
    os.replace(os.path.join(folder, f"{zone}.signed"), os.path.join(folder, zone))
    return os.path.join(folder, keys[0] + ".key")


def tamper(path):
    with open(path) as file:
        text = file.read()
    text, records = re.subn(r"(IN\s+TLSA\s+3 1 1 )[0-9a-fA-F]{4}", r"\g<1>0000", text)
    text, hosts = re.subn(r"(tampered\S*\s+\d+\s+IN\s+MX\s+)10", r"\g<1>11", text)
    assert records == 1 and hosts == 1, f"{records} TLSA and {hosts} MX records changed:\n{text}"
    with open(path, "w") as file:
        file.write(text)


@contextlib.contextmanager
def serve(folder, smtp_port, own, authority):
    """Yields the port of the validating resolver, and what stops that."""
    texts = {"dane.test": dane_test(smtp_port, own, authority), "unsigned.dane.test": unsigned_test(smtp_port, own),
             "bogus.test": bogus_test(smtp_port, own)}
    for zone, text in texts.items():
        with open(os.path.join(folder, zone), "w") as file:
            file.write(text)
    anchors = [sign(folder, zone) for zone in ("dane.test", "bogus.test")]
    tamper(os.path.join(folder, "bogus.test"))
    nsd_port, port = mta.free_port(), mta.free_port()
    with open(os.path.join(folder, "nsd.conf"), "w") as config:
        config.write(f"""server:
  ip-address: 127.0.0.1@{nsd_port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  database: ""
  logfile: "{folder}/nsd.log"
remote-control:
  control-enable: no
""" + "".join(f'zone:\n  name: "{zone}"\n  zonefile: "{zone}"\n' for zone in texts))
    with open(os.path.join(folder, "unbound.conf"), "w") as config:
        config.write(f"""server:
  interface: 127.0.0.1@{port}
  port: {port}
  access-control: 127.0.0.0/8 allow
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound.pid"
  logfile: "{folder}/unbound.log"
  use-syslog: no
  num-threads: 1
  do-ip6: no
  do-not-query-localhost: no
  module-config: "validator iterator"
  val-log-level: 2
  ede: yes
  local-zone: "test." nodefault
""" + "".join(f'  trust-anchor-file: "{one}"\n' for one in anchors) + "remote-control:\n  control-enable: no\n"
                     + "".join(f'stub-zone:\n  name: "{zone}"\n  stub-addr: 127.0.0.1@{nsd_port}\n' for zone in texts))
    started = []
    try:
        for words in ([mta.need("nsd", "nsd"), "-d", "-c", f"{folder}/nsd.conf"],
                      [mta.need("unbound", "unbound"), "-d", "-c", f"{folder}/unbound.conf"]):
            started.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for process, one in zip(started, (nsd_port, port)):
            mta.wait_for_port(one, process=process)
        yield port, lambda: mta.stop(started[1])
    except BaseException:
        for log in glob.glob(os.path.join(folder, "*.log")):
            with open(log) as file:
                print("".join(file.readlines()[-20:]))
        raise
    finally:
        for process in reversed(started):
            mta.stop(process)
