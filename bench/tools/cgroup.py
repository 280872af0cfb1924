"""A memory cgroup for one program and its children, version 1 or 2, without systemd; or none where none can be made."""

import os
import threading
import time

ROOT = "/sys/fs/cgroup"


class MemoryGroup:
    """Made with a limit in bytes; `wrap` goes before a command's words. `folder` is "" where no group could be made.

    Samples twice a second: `peak_anonymous` (heap, RocksDB's memory, stacks) and `peak_resident` (with mapped files) of
    `watch`ed processes, in bytes, and what the group itself reports.
    """

    def __init__(self, limit):
        self.folder, self.version, self.why, self.pid = "", 0, "", None
        self.peak_anonymous = self.peak_resident = 0
        try:
            self._make(limit)
        except OSError as failure:
            self.why = f"{failure.strerror}: {failure.filename}"
            if self.folder:
                os.rmdir(self.folder)
                self.folder = ""
        if self.folder:
            entry = os.path.join(self.folder, "cgroup.procs")
            self.wrap = ["sh", "-c", f'echo $$ >{entry} || exit 1; exec "$@"', "sh"]
        else:
            self.wrap = []
        self.stopped = threading.Event()
        threading.Thread(target=self._sample, daemon=True).start()

    def _make(self, limit):
        if os.path.exists(os.path.join(ROOT, "cgroup.controllers")):
            self.version, parent, name = 2, ROOT, "memory.max"
        else:
            self.version, parent, name = 1, os.path.join(ROOT, "memory"), "memory.limit_in_bytes"
        folder = os.path.join(parent, f"deep-queue-{os.getpid()}")
        os.mkdir(folder)
        self.folder = folder
        if self.version == 2 and not os.path.exists(os.path.join(folder, name)):
            raise OSError(0, "the memory controller is not enabled for children", folder)
        self._write(name, limit)
        if self.version == 2 and os.path.exists(os.path.join(folder, "memory.swap.max")):
            self._write("memory.swap.max", 0)

    def _write(self, name, value):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(str(value))

    def _read(self, name):
        with open(os.path.join(self.folder, name)) as file:
            return file.read()

    def describe(self):
        if self.folder:
            return f"memory cgroup v{self.version}"
        return f"no memory cgroup ({self.why}): NOT LIMITED, resident memory measured"

    def watch(self, pid):
        self.pid = pid

    def _sample(self):
        while not self.stopped.wait(0.5):
            try:
                with open(f"/proc/{self.pid}/status") as status:
                    fields = dict(line.split(":", 1) for line in status)
                anonymous, resident = (int(fields[one].split()[0]) * 1024 for one in ("RssAnon", "VmRSS"))
            except (OSError, KeyError):
                continue
            self.peak_anonymous = max(self.peak_anonymous, anonymous)
            self.peak_resident = max(self.peak_resident, resident)

    def report(self):
        """In bytes. The group's peak holds page cache, which fills whatever the limit leaves it."""
        found = {"limited": bool(self.folder), "peak_anonymous": self.peak_anonymous,
                 "peak_resident": self.peak_resident}
        if self.folder:
            peak, kills = (("memory.max_usage_in_bytes", "memory.oom_control") if self.version == 1
                           else ("memory.peak", "memory.events"))
            if os.path.exists(os.path.join(self.folder, peak)):
                found["peak_group_with_page_cache"] = int(self._read(peak))
            for line in self._read(kills).splitlines():
                if line.startswith("oom_kill "):
                    found["oom_kills"] = int(line.split()[1])
        return found

    def remove(self):
        self.stopped.set()
        for _ in range(50):
            if not self.folder:
                return
            try:
                os.rmdir(self.folder)
                self.folder = ""
            except OSError:
                time.sleep(0.1)
