"""Starts real mail programs on free loopback ports and measures them: shared by the scripts in bench/ and interop/.

Everything is started in a temporary folder and ended by its pid. Nothing but Python's standard library is used.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Which has Debian's modules, such as python3-dkim; another may come first on the path.
DEBIAN_PYTHON = "/usr/bin/python3"
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, seconds=30, process=None):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise SystemExit(f"process ended with {process.returncode} before it listened on port {port}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port} after {seconds} s")


def need(program, package):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/bin")
    if path is None:
        raise SystemExit(f"{program} is missing: install Debian's package {package}")
    return path


def tree(pid):
    """The pid and all its living descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    fields = stat.read().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry))
            except OSError:
                pass
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += children.get(one, [])
    return found


def cpu_seconds(pid):
    """User and system time of the tree, ended and waited-for children included."""
    total = 0
    for one in tree(pid):
        try:
            with open(f"/proc/{one}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
            total += sum(int(fields[i]) for i in (11, 12, 13, 14))
        except OSError:
            pass
    return total / TICK


def memory_bytes(pid):
    """Proportional set size of the tree: shared pages are counted once, which is fair to many processes."""
    total = 0
    for one in tree(pid):
        try:
            with open(f"/proc/{one}/smaps_rollup") as rollup:
                for line in rollup:
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
        except OSError:
            pass
    return total


class MemorySampler:
    """Samples the memory of a tree, or of several, twice a second until stopped; `peak` in bytes."""

    def __init__(self, pid):
        self.pids = [pid] if isinstance(pid, int) else list(pid)
        self.peak, self.stopped = 0, threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stopped.wait(0.5):
            self._sample()

    def _sample(self):
        self.peak = max(self.peak, sum(map(memory_bytes, self.pids)))

    def stop(self):
        self.stopped.set()
        self.thread.join()
        self._sample()
        return self.peak


class DiskCounters:
    """Bytes written and flushes of the block device that holds a folder (/proc/diskstats)."""

    def __init__(self, folder):
        device = os.stat(folder).st_dev
        self.major, self.minor = os.major(device), os.minor(device)

    def read(self):
        with open("/proc/diskstats") as stats:
            for line in stats:
                fields = line.split()
                if (int(fields[0]), int(fields[1])) == (self.major, self.minor):
                    flushes = int(fields[18]) if len(fields) > 18 else 0
                    return {"writes": int(fields[7]), "bytes": int(fields[9]) * 512, "flushes": flushes}
        return {"writes": 0, "bytes": 0, "flushes": 0}


class Counting:
    """A process that says how many sessions and messages it has had: `sess=12 quit=3 mesg=4567`."""

    def __init__(self, port, command):
        self.port = port
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._count, self._sessions, self._lock = 0, 0, threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()
        wait_for_port(self.port, process=self.process)

    def _read(self):
        tail = b""
        while True:
            block = os.read(self.process.stdout.fileno(), 65536)
            if not block:
                return
            tail = (tail + block)[-200:]
            found = re.findall(rb"sess=(\d+) (?:quit=\d+ )?mesg=(\d+)\s", tail)
            if found:
                with self._lock:
                    self._sessions, self._count = map(int, found[-1])

    def count(self):
        with self._lock:
            return self._count

    def sessions(self):
        with self._lock:
            return self._sessions

    def wait_for(self, messages, seconds):
        deadline = time.monotonic() + seconds
        last, since = -1, time.monotonic()
        while time.monotonic() < deadline:
            count = self.count()
            if count >= messages:
                return True
            if count != last:
                last, since = count, time.monotonic()
            if time.monotonic() - since > 60:
                return False
            time.sleep(0.005)
        return False

    def stop(self):
        stop(self.process)


class Sink(Counting):
    """Debian's smtp-sink: takes all mail and counts it."""

    def __init__(self, arguments=(), port=None):
        port = port or free_port()
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        super().__init__(port, [need("smtp-sink", "postfix"), "-c", *user, *arguments, f"127.0.0.1:{port}", "1000"])


class TlsSink(Counting):
    """bench's TlsSink: takes all mail over TLS, counts it, and keeps the first messages in a folder."""

    def __init__(self, folder, key, certificate, kept):
        port = free_port()
        # Compiled quickly rather than well, so that its compiler takes no time from what is measured: TLS is native code.
        quickly = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        super().__init__(port, [*java(heap="512m", options=quickly), "io.whimbrel.bench.TlsSink", str(port), certificate,
                                key, folder, str(kept)])


def stop(process, seconds=30):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Postfix:
    """Debian's Postfix in a folder of its own, tuned for relay as operators of big relays do."""

    name = "postfix"

    def __init__(self, folder, next_hop_port, listen_port=None, extra=()):
        self.folder, self.port = folder, listen_port or free_port()
        os.chmod(folder, 0o755)
        config, queue, data = (os.path.join(folder, one) for one in ("etc", "spool", "data"))
        for one in (config, queue, data):
            os.makedirs(one)
        daemons = "/usr/lib/postfix/sbin"
        need("postfix", "postfix")
        shutil.chown(data, "postfix")
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": queue,
            "data_directory": data,
            "command_directory": "/usr/sbin",
            "daemon_directory": daemons,
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "myhostname": "postfix.example",
            "mydestination": "",
            "local_recipient_maps": "",
            "alias_maps": "",
            "alias_database": "",
            "mynetworks": "127.0.0.0/8",
            "relayhost": f"[127.0.0.1]:{next_hop_port}",
            "default_process_limit": "300",
            "smtpd_client_connection_count_limit": "0",
            "smtp_destination_concurrency_limit": "100",
            "default_destination_concurrency_limit": "100",
            "initial_destination_concurrency": "50",
            "qmgr_message_active_limit": "50000",
            "qmgr_message_recipient_limit": "50000",
            "in_flow_delay": "0",
            "smtp_connection_cache_on_demand": "yes",
            "smtp_tls_security_level": "none",
            "smtpd_tls_security_level": "none",
            "maillog_file": os.path.join(folder, "maillog"),
            "maillog_file_prefixes": folder,
            "anvil_status_update_time": "3600s",
            "notify_classes": "",
            "append_dot_mydomain": "no",
            "mailbox_size_limit": "0",
        }
        settings.update(dict(extra))
        with open(os.path.join(config, "main.cf"), "w") as main:
            main.writelines(f"{key} = {value}\n" for key, value in settings.items())
        with open(os.path.join(config, "master.cf"), "w") as master:
            master.write(f"127.0.0.1:{self.port} inet n - n - - smtpd\n")
            for line in (
                "pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup",
                "qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite",
                "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce",
                "trace unix - - n - 0 bounce", "verify unix - - n - 1 verify",
                "flush unix n - n 1000? 0 flush", "proxymap unix - - n - - proxymap",
                "smtp unix - - n - - smtp", "relay unix - - n - - smtp",
                "showq unix n - n - - showq", "error unix - - n - - error",
                "retry unix - - n - - error", "discard unix - - n - - discard",
                "anvil unix - - n - 1 anvil", "scache unix - - n - 1 scache",
                "postlog unix-dgram n - n - 1 postlogd", "virtual unix - n n - - virtual",
                "lmtp unix - - n - - lmtp", "tlsmgr unix - - n 1000? 1 tlsmgr",
                "tlsproxy unix - - n - 0 tlsproxy",
            ):
                master.write(line + "\n")
        self.config = config
        subprocess.run(["postfix", "-c", config, "start"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port)
        with open(os.path.join(queue, "pid", "master.pid")) as pid:
            self.pid = int(pid.read())

    def stop(self):
        subprocess.run(["postfix", "-c", self.config, "stop"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def log_tail(self, lines=20):
        with open(os.path.join(self.folder, "maillog")) as log:
            return "".join(log.readlines()[-lines:])


class OpenDkim:
    """Debian's OpenDKIM as a milter on loopback that signs mail of one domain with one key."""

    def __init__(self, folder, domain, selector, key):
        self.port = free_port()
        self.config = os.path.join(folder, "opendkim.conf")
        with open(self.config, "w") as config:
            config.write(f"""Mode s
Socket inet:{self.port}@127.0.0.1
Domain {domain}
Selector {selector}
KeyFile {key}
Canonicalization relaxed/relaxed
SignatureAlgorithm rsa-sha256
OversignHeaders From
RequireSafeKeys no
Background no
AutoRestart no
Syslog no
LogResults no
TemporaryDirectory {folder}
""")
        self.process = subprocess.Popen([need("opendkim", "opendkim"), "-f", "-x", self.config],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        wait_for_port(self.port, process=self.process)
        # Settings of Postfix.
        milter = f"inet:127.0.0.1:{self.port}"
        self.settings = {"smtpd_milters": milter, "non_smtpd_milters": milter, "milter_default_action": "tempfail",
                         "milter_protocol": "6"}

    def stop(self):
        stop(self.process)


class Dovecot:
    """Debian's Dovecot as the authority that Postfix asks about AUTH PLAIN, with one user."""

    def __init__(self, folder, socket_path, user, hashed):
        """`hashed`: as `doveadm pw` writes it, its scheme in braces."""
        users, self.config = os.path.join(folder, "users"), os.path.join(folder, "dovecot.conf")
        with open(users, "w") as file:
            file.write(f"{user}:{hashed}\n")
        os.chmod(users, 0o644)
        with open(self.config, "w") as config:
            config.write(f"""protocols =
base_dir = {folder}/run
log_path = {folder}/dovecot.log
ssl = no
auth_mechanisms = plain
auth_cache_size = 10M
passdb {{
  driver = passwd-file
  args = {users}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service auth {{
  client_limit = 4000
  unix_listener {socket_path} {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
""")
        self.process = subprocess.Popen([need("dovecot", "dovecot-core"), "-F", "-c", self.config],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        deadline = time.monotonic() + 20
        while not os.path.exists(socket_path):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"dovecot did not start; see {folder}/dovecot.log")
            time.sleep(0.05)

    def stop(self):
        stop(self.process)


class Whimbrel:
    """This tree's `./whimbrel serve` with the shipped defaults, a route to the next hop, and nothing else."""

    name = "whimbrel"

    def __init__(self, folder, next_hop_port, listen_port=None, extra="", listen="", environment=(), scheme="smtp",
                 wrap=(), route=None, ready_within=60, routes=""):
        """`wrap`: words before the launcher's; a program that executes what stands behind them, so the pid stays.
        `route`: where all mail goes instead, `mx` for example. `routes`: tables that come before that one."""
        self.folder, self.port, self.wrap = folder, listen_port or free_port(), wrap
        self.config = os.path.join(folder, "whimbrel.toml")
        self.data = os.path.join(folder, "data")
        self.environment = dict(os.environ, **dict(environment))
        # Builds where need be, so that the first start is not mistaken for a slow one.
        subprocess.run([os.path.join(ROOT, "whimbrel"), "--version"], check=True, stdout=subprocess.DEVNULL)
        with open(self.config, "w") as config:
            config.write(f"""[node]
name = "mx1.example.com"
data = "{self.data}"

[[listen]]
address = "127.0.0.1:{self.port}"
relay-from = ["127.0.0.0/8"]
{listen}
{routes}
[[route]]
domain = "*"
to = "{route or f'{scheme}://127.0.0.1:{next_hop_port}'}"
{extra}
""")
        self.start(ready_within)

    def start(self, seconds=60):
        self.log_path = os.path.join(self.folder, "log")
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [*self.wrap, os.path.join(ROOT, "whimbrel"), "serve", "-c", self.config],
            stdout=subprocess.PIPE, stderr=self.log, env=self.environment)
        self.pid = self.process.pid
        watchdog = threading.Timer(seconds, self.process.kill)
        watchdog.start()
        for line in self.process.stdout:
            if line.strip() == b"ready":
                break
        else:
            raise SystemExit("whimbrel did not get ready:\n" + self.log_tail())
        watchdog.cancel()
        # The launcher execs java, so this is the server's own pid.
        threading.Thread(target=self._drain, args=(self.process.stdout,), daemon=True).start()

    @staticmethod
    def _drain(stream):
        for _ in stream:
            pass

    def command(self, *words, check=True):
        return subprocess.run([os.path.join(ROOT, "whimbrel"), *words, "-c", self.config], check=check,
                              capture_output=True, text=True)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def stop(self):
        stop(self.process, 60)
        self.log.close()

    def log_tail(self, lines=20):
        with open(self.log_path) as log:
            return "".join(log.readlines()[-lines:])


def smtp_source(port, messages, sessions, size, sender="s@example.com", recipient="r@example.org"):
    """Sends with Debian's smtp-source; returns seconds."""
    program = need("smtp-source", "postfix")
    began = time.monotonic()
    subprocess.run([program, "-m", str(messages), "-s", str(min(sessions, messages)), "-l", str(size),
                    "-f", sender, "-t", recipient, "-d", f"127.0.0.1:{port}"],
                   check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def java(heap="256m", options=("-XX:+UseParallelGC",)):
    """The command of a class in bench/, which it builds where it is older than its source."""
    jar, sources = os.path.join(ROOT, "bench/target/whimbrel-bench.jar"), os.path.join(ROOT, "bench/src")
    newest = max(os.path.getmtime(os.path.join(folder, name)) for folder, _, names in os.walk(sources) for name in names)
    if not os.path.exists(jar) or os.path.getmtime(jar) < newest:
        subprocess.run(["mvn", "-B", "-q", "-DskipTests", "-pl", "server,bench", "-am", "package"], check=True, cwd=ROOT)
    home = subprocess.run([os.path.join(ROOT, "whimbrel"), "--java-home"], check=True, capture_output=True,
                          text=True).stdout.strip()
    return [os.path.join(home, "bin/java"), "-XX:+UseCompactObjectHeaders", *options, f"-Xmx{heap}",
            "--enable-native-access=ALL-UNNAMED", "-cp", f"{jar}:{ROOT}/bench/target/lib/*"]


def certificate(folder):
    """A key and a certificate for mx.test that nobody vouches for: ECDSA, P-256."""
    key, crt = os.path.join(folder, "ec.key"), os.path.join(folder, "ec.crt")
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "1", "-subj", "/CN=mx.test", "-addext",
                    "subjectAltName=DNS:mx.test", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-keyout", key, "-out", crt], check=True, stderr=subprocess.DEVNULL)
    return key, crt


class DkimKey:
    """A key of RSA-2048 in a folder, and whether signatures are its own, as Debian's python3-dkim sees it."""

    domain, selector = "example.com", "s1"

    def __init__(self, folder):
        self.private, self.public = os.path.join(folder, "dkim.pem"), os.path.join(folder, "dkim.pub")
        need("openssl", "openssl")
        subprocess.run(["openssl", "genrsa", "-out", self.private, "2048"], check=True, stderr=subprocess.DEVNULL)
        os.chmod(self.private, 0o400)
        subprocess.run(["openssl", "rsa", "-in", self.private, "-pubout", "-out", self.public], check=True,
                       stderr=subprocess.DEVNULL)

    def check(self, files, who, domain=domain):
        """Ends the run where a message is not signed by the domain, or not rightly."""
        if not files:
            fail(f"{who}: no message was kept to be verified")
        tool = os.path.join(ROOT, "bench/tools/verify_dkim.py")
        run = subprocess.run([DEBIAN_PYTHON, tool, self.public, domain, *files], capture_output=True, text=True)
        if run.returncode != 0:
            fail(f"{who}: {run.stdout}{run.stderr}")


def temporary_folder(prefix):
    base = os.environ.get("WHIMBREL_BENCH_FOLDER")
    return tempfile.mkdtemp(prefix=prefix, dir=base)


def machine():
    model = "?"
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{os.cpu_count()} cores, {model}, Linux {os.uname().release}"


def fail(message):
    print(message, file=sys.stderr)
    sys.exit(1)
