"""Keys in a device: SoftHSM by PKCS#11. What Whimbrel's keys sign there, openssl verifies.

One key is made in the device and never leaves it, one is brought in from a PEM file. No messages are sent.
"""

import base64
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import lib  # noqa: E402
import mta  # noqa: E402
import reception  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = os.path.join(mta.ROOT, "server", "target")
LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "248163"


def run(*words, **more):
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, **more)
    lib.check(done.returncode == 0, f"{words}: {done.stdout}{done.stderr}")
    return done.stdout


def private(folder, name, text):
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    return path


def make_keys(folder, home):
    """A token with two keys: `made` in the device, `brought` from a file."""
    run("softhsm2-util", "--init-token", "--free", "--label", "mail", "--pin", PIN, "--so-pin", PIN)
    run("softhsm2-util", "--init-token", "--free", "--label", "other", "--pin", PIN, "--so-pin", PIN)
    slots = run("softhsm2-util", "--show-slots")
    slot = slots[:slots.index("mail")].rsplit("\nSlot ", 1)[1].split()[0]
    provider = private(folder, "provider.cfg", f"name=hsm\nlibrary={LIBRARY}\nslot={slot}\n")
    run(f"{home}/bin/keytool", "-genkeypair", "-alias", "made", "-keyalg", "RSA", "-keysize", "2048", "-dname",
        "CN=made", "-validity", "36500", "-keystore", "NONE", "-storetype", "PKCS11", "-storepass", PIN,
        "-addprovider", "SunPKCS11", "-providerarg", provider)
    key, certificate = os.path.join(folder, "b.pem"), os.path.join(folder, "b.der")
    run("openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-subj", "/CN=brought", "-days", "36500",
        "-keyout", key, "-outform", "DER", "-out", certificate)
    run("softhsm2-util", "--import", key, "--token", "mail", "--label", "brought", "--id", "b0", "--pin", PIN)
    run("pkcs11-tool", "--module", LIBRARY, "--token-label", "mail", "--login", "--pin", PIN, "--write-object",
        certificate, "--type", "cert", "--label", "brought", "--id", "b0")
    return slot


class Signer:
    def __init__(self, folder, home):
        self.folder = folder
        path = f"{TARGET}/classes:{TARGET}/lib/*"
        run(f"{home}/bin/javac", "-cp", path, "-d", folder, os.path.join(HERE, "Sign.java"))
        self.words = [f"{home}/bin/java", "--enable-native-access=ALL-UNNAMED", "-cp", f"{path}:{folder}", "Sign",
                      LIBRARY]

    def sign(self, pin_file, uri):
        """Exit code and what it said."""
        self.data = private(self.folder, "data", "v=1; a=rsa-sha256; ...\r\n" * 100)
        self.signature = os.path.join(self.folder, "signature")
        done = subprocess.run([*self.words, pin_file, uri, self.data, self.signature], capture_output=True, text=True,
                              timeout=120)
        lib.check(PIN not in done.stdout + done.stderr, "the PIN is shown")
        return done.returncode, done.stdout.strip()

    def check_good(self, pin_file, uri, bits):
        code, said = self.sign(pin_file, uri)
        lib.check(code == 0 and said.startswith(f"rsa {bits}\n"), f"{uri}: {said}")
        public = os.path.join(self.folder, "public.der")
        with open(public, "wb") as file:
            file.write(base64.b64decode(said.splitlines()[1]))
        verified = run("openssl", "dgst", "-sha256", "-verify", public, "-keyform", "DER", "-signature", self.signature,
                       self.data)
        lib.check("Verified OK" in verified, f"{uri}: {verified}")
        reception.told(f"{uri}: {said.splitlines()[0]}, verified by openssl")

    def check_bad(self, pin_file, uri, *wanted):
        code, said = self.sign(pin_file, uri)
        lib.check(code == 1 and all(part in said for part in wanted), f"{uri}: {code} {said}")
        reception.told(f"{uri}: {said}")


def test():
    lib.need(("softhsm2-util", "softhsm2"), ("pkcs11-tool", "opensc"), ("openssl", "openssl"))
    # Builds where need be, which --java-home does not.
    run(os.path.join(mta.ROOT, "whimbrel"), "--version")
    home = run(os.path.join(mta.ROOT, "whimbrel"), "--java-home").strip()
    with reception.folder() as folder:
        # Keys must not lie below a folder that others may write to, and this one is in /tmp.
        os.chmod(folder, 0o700)
        os.mkdir(os.path.join(folder, "tokens"))
        os.environ["SOFTHSM2_CONF"] = private(folder, "softhsm2.conf", f"directories.tokendir = {folder}/tokens\n")
        slot = make_keys(folder, home)
        pin, wrong = private(folder, "pin", PIN + "\n"), private(folder, "wrong", "9999\n")
        signer = Signer(folder, home)
        signer.check_good(pin, "pkcs11:token=mail;object=made", 2048)
        signer.check_good("", f"pkcs11:token=mail;object=brought;id=%b0;type=private?pin-source=file:{pin}", 3072)
        signer.check_good(pin, f"pkcs11:slot-id={slot};object=made?module-path={LIBRARY}", 2048)
        signer.check_bad(pin, "pkcs11:object=made", "several tokens are meant", "mail", "other")
        signer.check_bad(pin, "pkcs11:token=nothing;object=made", "there is no such token")
        signer.check_bad(pin, "pkcs11:token=mail;object=nothing", 'labelled "nothing"', "made", "brought")
        signer.check_bad(wrong, "pkcs11:token=mail;object=made", "refuses the PIN", "not tried again")
        signer.check_bad("", "pkcs11:token=mail;object=made", "the token wants a PIN")
        signer.check_bad("", f"pkcs11:token=mail;object=made?pin-value={PIN}", "a PIN must not stand")
        os.chmod(pin, 0o644)
        signer.check_bad(pin, "pkcs11:token=mail;object=made", f"chmod 0400 {pin}")


lib.main(test)
