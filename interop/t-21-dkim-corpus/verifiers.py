"""The three programs that verify, each all files of a folder in one process. Each says what of a message is beyond it."""

import base64
import json
import os
import re
import subprocess
import sys

import lib

HERE = os.path.dirname(os.path.abspath(__file__))
MAILAUTH = "4.13"
# Debian's packages are for Debian's Python, which need not be the one on PATH.
PYTHON = "/usr/bin/python3"


def record(selector, public):
    return f"v=DKIM1; k={'rsa' if selector == 'rsa' else 'ed25519'}; p={base64.b64encode(public).decode()}"


def missing(what):
    print(what, file=sys.stderr)
    sys.exit(1 if os.environ.get("WHIMBREL_CI") == "1" else lib.SKIPPED)


def programs(folder):
    return [Dkimpy(), OpenDkim(), Mailauth(folder)]


def run(words, **more):
    done = subprocess.run(words, capture_output=True, timeout=600, **more)
    lib.check(done.returncode == 0, f"{words[0]} ended with {done.returncode}: {done.stderr[-2000:]!r}")
    return done.stdout


def by_number(lines):
    """{number: signatures} of lines of JSON."""
    return {one["number"]: one["signatures"] for one in map(json.loads, lines.splitlines())}


class Dkimpy:
    name = "python3-dkim"

    def __init__(self):
        if subprocess.run([PYTHON, "-c", "import dkim, nacl"], capture_output=True).returncode != 0:
            missing("python3-dkim or python3-nacl is missing")

    def verify(self, folder, messages, records):
        return by_number(run([PYTHON, os.path.join(HERE, "verify.py"), messages], input=json.dumps(records).encode()))

    @staticmethod
    def fault(data, signature=b""):
        return None


class OpenDkim:
    name = "opendkim"
    # With -t, what reads files gives up at longer fields (exit 65, "too large"), whatever MaximumHeaders says.
    FIELD_MOST = 65_500
    AT_ONCE = 500
    SIGN = """
import dkim, sys
message = b"From: a@ss.example\\r\\n" + sys.argv[2].encode() + b"\\r\\n\\r\\nbody\\r\\n"
key = open(sys.argv[1], "rb").read()
field = dkim.sign(message, b"rsa", b"ss.example", key, canonicalize=(b"simple", b"simple"), include_headers=[b"from", b"subject"])
sys.stdout.buffer.write(field + message)
"""
    READ_WELL = re.compile(rb"[^:]*: (?![ \t\r])")
    RESULT = re.compile(r"dkim=(\w+).* header\.d=(\S+) .*header\.s=(\S+)")
    FILE = re.compile(r"opendkim: \S*/(\d+)\.eml: ")

    def verify(self, folder, messages, records):
        keys, config = os.path.join(folder, "keys.txt"), os.path.join(folder, "opendkim.conf")
        with open(keys, "w") as file:
            file.writelines(f"{name} {text}\n" for name, text in records.items())
        with open(config, "w") as file:
            file.write(f"Mode v\nSyslog no\nTestPublicKeys {keys}\nMaximumHeaders 0\nMaximumSignaturesToVerify 50\n")
        readable, beyond, found = [], [], {}
        for name in sorted(os.listdir(messages)):
            path = os.path.join(messages, name)
            with open(path, "rb") as file:
                (beyond if self.fault(file.read()) else readable).append(path)
        for path in beyond:
            done = subprocess.run(["opendkim", "-x", config, "-t", path], capture_output=True, timeout=60)
            lib.check(done.returncode == 65 and b"too large" in done.stdout + done.stderr, f"{path}: {done.returncode}")
        for at in range(0, len(readable), self.AT_ONCE):
            self.collect(run(["opendkim", "-x", config, "-v", "-v", "-t", ",".join(readable[at:at + self.AT_ONCE])]), found)
        self.prove(folder)
        return found

    def collect(self, output, found):
        """Results come first, then the file that they are of."""
        signatures = []
        for line in output.decode("utf-8", "replace").splitlines():
            result, file = self.RESULT.search(line), self.FILE.match(line)
            if result:
                signatures.append({"d": result[2], "s": result[3], "ok": result[1] == "pass", "why": line.strip()})
            elif file:
                found.setdefault(int(file[1]), []).extend(signatures)
                signatures = []

    @classmethod
    def fault(cls, data, signature=b""):
        fields = re.split(rb"\r\n(?![ \t])", data.partition(b"\r\n\r\n")[0].removesuffix(b"\r\n"))
        if max(map(len, fields)) > cls.FIELD_MOST:
            return "-t takes no field of more than 64 KiB"
        if b"c=simple/" in signature:
            signed = re.search(rb"\bh=([^;]*)", signature)[1]
            names = {name.strip().lower() for name in signed.split(b":")}
            if any(field.split(b":")[0].lower() in names and not cls.READ_WELL.match(field) for field in fields):
                return "-t reads each field as if one space stood behind its colon (proved below), which simple form is not"
        return None

    def prove(self, folder):
        """What dkimpy signs in simple form fails here too where one space and no fold is not what stands behind a colon."""
        config, path = os.path.join(folder, "opendkim.conf"), os.path.join(folder, "proof.eml")
        for spaces, is_good in ((" ", True), ("", False), ("  ", False), ("\t", False), (" \r\n ", False)):
            with open(path, "wb") as file:
                file.write(run([PYTHON, "-c", self.SIGN, os.path.join(folder, "ss.example-rsa.pem"), f"Subject:{spaces}x"]))
            done = subprocess.run(["opendkim", "-x", config, "-t", path], capture_output=True, timeout=60)
            output = done.stdout + done.stderr
            lib.check((b"succeeded" if is_good else b"signature verification failed") in output,
                      f"opendkim said of dkimpy's signature over {spaces!r}: {output}")


class Mailauth:
    name = "mailauth"

    def __init__(self, folder):
        self.folder = folder
        done = subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts",
                               f"mailauth@{MAILAUTH}"], capture_output=True, text=True, timeout=180)
        if done.returncode != 0:
            missing(f"mailauth cannot be had from the npm registry: {done.stderr[-500:]}")

    def verify(self, folder, messages, records):
        environment = dict(os.environ, NODE_PATH=os.path.join(self.folder, "node_modules"))
        return by_number(run(["node", os.path.join(HERE, "verify.js"), messages], input=json.dumps(records).encode(),
                             env=environment))

    @staticmethod
    def fault(data, signature=b""):
        # lib/dkim/message-parser.js, finish(): it verifies first and looks for signatures then.
        return None if b"\r\n\r\n" in data else "sees no signature where no empty line ends the header"
