"""swaks over everything that a listener asks: TLS, AUTH, tenants, quotas, XCLIENT, PROXY, LMTP, UNIX sockets."""

import os
import re
import smtplib
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import reception  # noqa: E402
from reception import refused, swaks, taken, told  # noqa: E402

LOGIN = ("--auth-user", "shop", "--auth-password", reception.PASSWORD)
TENANTS = """
[[tenant]]
name = "shop"
from-domains = ["shop.example"]
reverse-paths = ["bounce+*@vendor.example"]

[[tenant]]
name = "small"
quota = ["2/h"]
recipient-quota = ["5/h"]

[[tenant]]
name = "certified"
certificates = ["app.shop.example"]
from-domains = ["shop.example"]
"""


def listeners(folder, ports):
    authority = reception.Authority(folder)
    certificate, key = authority.issue(reception.NAME)
    server = {"certificate": certificate, "key": key}
    users = {"users": os.path.join(folder, "users")}
    for name, tenant in (("shop", "shop"), ("small", "small"), ("gone", "shop")):
        reception.user(users["users"], "add", name, tenant=tenant)
    by_unix = {name: f"unix:{folder}/{name}.sock" for name in ("smtp", "lmtp")}
    return "".join((
        reception.listen(ports["submission"], tls="starttls", auth="required", submission=True, max_message="1MiB",
                         **server, **users),
        reception.listen(ports["required"], tls="required", auth="optional", client_certificates="optional",
                         client_ca=authority.certificate, **server, **users),
        reception.listen(ports["implicit"], tls="implicit", auth="required", **server, **users),
        reception.listen(ports["stranger"], tls="starttls", auth="optional", **server, **users),
        reception.listen(ports["proxied"], proxy_protocol_from=["127.0.0.0/8"], relay_from=["192.0.2.0/24", "2001:db8::/32"]),
        reception.listen(ports["xclient"], xclient_from=["127.0.0.0/8"], relay_from=["192.0.2.7"], tls="starttls",
                         auth="optional", **server, **users),
        reception.listen(ports["lmtp"], protocol="lmtp", relay_from=["127.0.0.0/8"]),
        reception.listen(by_unix["smtp"], relay_from=["127.0.0.1"]),
        reception.listen(by_unix["lmtp"], protocol="lmtp", relay_from=["127.0.0.1"]),
    )), authority


def tls(ports, authority):
    verified = ("--tls-verify", "--tls-ca-path", authority.certificate)
    for version in ("tlsv1_2", "tlsv1_3"):
        dialogue = taken(ports["submission"], "--tls", "--tls-protocol", version, *verified, *LOGIN)
        lib.check(version.replace("tlsv1_", "TLSv1.") in dialogue, dialogue)
        taken(ports["implicit"], "--tls-on-connect", "--tls-protocol", version, *verified, *LOGIN)
        taken(ports["required"], "--tls", "--tls-protocol", version, *verified, *LOGIN)
    for version in ("tlsv1", "tlsv1_1"):
        code, dialogue = swaks(ports["submission"], "--tls", "--tls-protocol", version, *LOGIN)
        lib.check(code == 29 and "queued as" not in dialogue, f"{version} is refused: {code}\n{dialogue}")
    told("STARTTLS and implicit TLS with 1.2 and 1.3, verified; neither 1.0 nor 1.1")
    refused(ports["required"], "530 5.7.0 .*STARTTLS")
    _, dialogue = swaks(ports["required"], "--quit-after", "EHLO")
    lib.check("STARTTLS" in dialogue and "AUTH" not in dialogue, dialogue)
    _, dialogue = swaks(ports["required"], "--tls", "--quit-after", "EHLO")
    lib.check("AUTH" in dialogue.split("TLS started")[1] and dialogue.count("STARTTLS\n") < 3, dialogue)
    lib.check("STARTTLS" not in dialogue.split("TLS started")[1], "STARTTLS is not offered twice: " + dialogue)
    told("where TLS is required, no mail without it; AUTH is offered after STARTTLS only, STARTTLS before only")
    return 6


def auth(ports):
    port = ports["submission"]
    count = 0
    for mechanism in ("PLAIN", "LOGIN"):
        taken(port, "--tls", "--auth", mechanism, *LOGIN)
        taken(ports["implicit"], "--tls-on-connect", "--auth", mechanism, *LOGIN)
        count += 2
        wrong = ("--tls", "--auth", mechanism, "--auth-user")
        refused(port, "535 5.7.8 ", *wrong, "shop", "--auth-password", "wrong")
        refused(port, "535 5.7.8 ", *wrong, "nobody", "--auth-password", reception.PASSWORD)
        refused(port, "535 5.7.8 ", *wrong, "shop", "--auth-password", "x" * 1500)
        refused(port, "530 5.7.0 Must issue a STARTTLS command first", "--auth-optional", mechanism, "--auth-user", "x",
                "--auth-password", "y")
    told("PLAIN and LOGIN; wrong password, unknown user and far too long ones get 535; nothing without TLS")
    code, dialogue = swaks(port, "--tls", "--auth", "CRAM-MD5", *LOGIN)
    lib.check(code == 28, f"CRAM-MD5 is not offered: {code}\n{dialogue}")
    refused(port, "530 5.7.0 Must issue a STARTTLS command first")
    refused(port, "530 5.7.0 Authentication required", "--tls")
    told("mechanisms that we have not are not offered; without login 530")
    return count


def relay(ports, folder):
    port, gone = ports["stranger"], ("--tls", "--auth-user", "gone", "--auth-password", reception.PASSWORD)
    refused(port, "550 5.7.1 ")
    refused(port, "550 5.7.1 ", "--tls")
    for probe in ("a%example.org@mx1.example.com", "a!b@mx1.example.com", "@mx1.example.com:a@example.org",
                  '"a@example.org"@mx1.example.com', "a@[127.0.0.1]", "x@mx1.example.com"):
        refused(port, "5[05]\\d 5.", to=probe)
    refused(port, "550 5.7.1 ", sender="<>")
    taken(port, "--tls", *LOGIN)
    told("a stranger relays nowhere, by no trick; whoever logs in may")
    taken(port, *gone)
    reception.user(os.path.join(folder, "users"), "remove", "gone")
    refused(port, "535 5.7.8 ", *gone)
    told("a removed user is refused at once")
    reception.user(os.path.join(folder, "users"), "add", "shop", password="another one, and long",
                   options=("--replace",))
    refused(port, "535 5.7.8 ", "--tls", *LOGIN)
    taken(port, "--tls", "--auth-user", "shop", "--auth-password", "another one, and long")
    reception.user(os.path.join(folder, "users"), "add", "shop", options=("--replace",))
    taken(port, "--tls", *LOGIN)
    lib.check("small" in reception.user(os.path.join(folder, "users"), "list"), "whimbrel user list")
    told("a changed password holds at once, the old one no longer")
    return 4


def tenants(ports, authority, server):
    port = ports["submission"]
    login = ("--tls", *LOGIN)
    refused(port, "550 5.7.1 Tenant shop ", *login, sender="x@bank.example")
    refused(port, "550 5.7.1 Tenant shop ", *login, header_from="Boss <boss@bank.example>")
    taken(port, *login, sender="bounce+7@vendor.example")
    taken(port, *login, sender="<>")
    told("from-domains hold for the reverse-path and the From field; the null reverse-path is free")

    small = ("--tls", "--auth-user", "small", "--auth-password", reception.PASSWORD)
    code, dialogue = swaks(port, *small, to=",".join(f"r{number}@example.org" for number in range(7)))
    lib.check(code == 0 and len(re.findall(r"(?m)^<~\*\s+452 4.5.3 .*recipient", dialogue)) == 2, dialogue)
    dialogue = refused(port, "45[12] ", *small)
    lib.check(re.search(r"45[12] .*(\d\d:\d\d|20\d\d)", dialogue), "the time when there is room: " + dialogue)
    told("beyond the quota of recipients RCPT gets 452, with the time")

    client, key = authority.issue("app.shop.example", usage="clientAuth")
    certificate = ("--tls", "--tls-cert", client, "--tls-key", key)
    dialogue = taken(ports["required"], *certificate)
    queued = re.search(r"queued as ([0-9A-Z]+)", dialogue).group(1)
    lib.check({one["tenant"] for one in lib.events(server, queued, "received")} == {"certified"}, "the tenant")
    refused(ports["required"], "550 5.7.1 Tenant certified ", *certificate, sender="x@bank.example")
    other, key = authority.issue("other.example", usage="clientAuth")
    refused(ports["required"], "550 5.7.1 ", "--tls", "--tls-cert", other, "--tls-key", key)
    told("a client certificate is a tenant; one with another name is nobody")
    return 2 + 1 + 1


def extensions(ports, folder):
    port = ports["submission"]
    _, dialogue = swaks(port, "--tls", *LOGIN, "--quit-after", "AUTH")
    offered = set(re.findall(r"(?m)^<~\s+250[- ]([A-Z0-9-]+)", dialogue.split("TLS started")[1]))
    wanted = {"SIZE", "8BITMIME", "PIPELINING", "SMTPUTF8", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES", "AUTH", "LIMITS"}
    lib.check(wanted <= offered, f"offered are {offered}")
    lib.check(not {"PRDR", "BINARYMIME", "ETRN", "XCLIENT", "STARTTLS"} & offered, f"offered are {offered}")
    told(f"offered: {' '.join(sorted(offered))}; not PRDR, BINARYMIME, XCLIENT")
    taken(port, "--tls", *LOGIN, "--pipeline")
    with open(os.path.join(folder, "big"), "w") as big:
        big.write(("y" * 70 + "\n") * 16_000)
    refused(port, "552 5.3.4 ", "--tls", *LOGIN, "--body", f"@{big.name}")
    told("PIPELINING; a message beyond max-message gets 552")
    return 1


def proxies(ports):
    port = ports["proxied"]
    v4 = ("--proxy-source", "192.0.2.9", "--proxy-source-port", "4711", "--proxy-dest", "127.0.0.1",
          "--proxy-dest-port", "25")
    v6 = ("--proxy-source", "2001:db8::9", "--proxy-source-port", "4711", "--proxy-dest", "2001:db8::1",
          "--proxy-dest-port", "25")
    taken(port, "--proxy-version", "1", "--proxy-family", "TCP4", *v4)
    taken(port, "--proxy-version", "1", "--proxy-family", "TCP6", *v6)
    taken(port, "--proxy-version", "2", "--proxy-family", "AF_INET", *v4)
    taken(port, "--proxy-version", "2", "--proxy-family", "AF_INET6", *v6)
    for version, family in (("1", "TCP4"), ("2", "AF_INET")):
        refused(port, "550 5.7.1 ", "--proxy-version", version, "--proxy-family", family,
                "--proxy-source", "198.51.100.1", *v4[2:])
    for bad in ((), ("--proxy", "TCP4 nonsense"), ("--proxy", "UNKNOWN"), ("--proxy", "TCP4 192.0.2.9 127.0.0.1 1 99999")):
        code, dialogue = swaks(port, *bad, timeout=120)
        lib.check(code != 0 and "queued as" not in dialogue, f"{bad}: {dialogue}")
    code, dialogue = swaks(ports["stranger"], "--proxy-version", "1", "--proxy-family", "TCP4", *v4)
    lib.check(code != 0 and "queued as" not in dialogue, dialogue)
    told("PROXY v1 and v2, IPv4 and IPv6, say who may relay; bad ones, none, and those of strangers get nowhere")

    port = ports["xclient"]
    refused(port, "550 5.7.1 ")
    dialogue = taken(port, "--xclient", "ADDR=192.0.2.7 HELO=behind.example PROTO=ESMTP NAME=[UNAVAILABLE]")
    lib.check(re.search(r"250[- ]XCLIENT .*ADDR.*LOGIN", dialogue) or "XCLIENT" in dialogue, dialogue)
    taken(port, "--xclient-addr", "192.0.2.7", "--xclient-name", "behind.example", "--xclient-helo", "behind.example")
    taken(port, "--xclient-addr", "203.0.113.5", "--xclient-login", "shop")
    refused(port, "550 5.7.1 ", "--xclient-addr", "203.0.113.5")
    refused(port, "550 5.7.1 ", "--xclient-addr", "IPv6:2001:db8::5")
    refused(port, "550 5.7.1 Tenant shop ", "--xclient-login", "shop", sender="x@bank.example")
    refused(port, "50\\d 5.5.4 ", "--xclient-login", "nobody")
    with smtplib.SMTP("127.0.0.1", ports["stranger"], "client.example", timeout=30) as stranger:
        lib.check(not stranger.has_extn("xclient") and stranger.docmd("XCLIENT", "ADDR=192.0.2.7")[0] == 550, "XCLIENT")
    told("XCLIENT: by address and by LOGIN, which is of its tenant; from proxies only")
    return 4 + 3


def lmtp(ports, folder, server):
    for target in (ports["lmtp"], f"{folder}/lmtp.sock"):
        dialogue = taken(target, "--protocol", "LMTP", to="a@example.org,b@example.net")
        lib.check(len(re.findall(r"(?m)^<-\s+250 .*", dialogue.split("\n -> .\n")[-1])) >= 2,
                  "an answer for each recipient: " + dialogue)
        code, dialogue = swaks(target)
        lib.check(code != 0 and re.search(r"<\*\*\s+500 ", dialogue), "EHLO is not LMTP: " + dialogue)
    taken(f"{folder}/smtp.sock")
    told("LMTP by TCP and UNIX socket, an answer for each recipient; SMTP by UNIX socket")


def test():
    lib.need(("swaks", "swaks"), ("openssl", "openssl"))
    sink = lib.Sink()
    ports = reception.ports("submission", "required", "implicit", "stranger", "proxied", "xclient", "lmtp")
    with reception.folder() as folder:
        tables, authority = listeners(folder, ports)
        with lib.node(sink.port, extra=tables + TENANTS) as server:
            count = tls(ports, authority) + auth(ports) + relay(ports, folder)
            count += tenants(ports, authority, server) + extensions(ports, folder) + proxies(ports)
            sink.wait_for(count)
            lmtp(ports, folder, server)
            sink.wait_for(count + 2 * 2 + 1)
            told(f"all {count + 5} messages went out, and no other")
            log = server.log_tail(100_000)
            lib.check(reception.PASSWORD not in log, "no password is in the log")


lib.main(test)
