# SPDX-License-Identifier: Apache-2.0
"""A machine with ETERNA, and somebody who types at its console and waits for what has to appear."""
import os
import re
import select
import subprocess
import tempfile
import time

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "eterna")
# Modules that are no test guests.
DEBIAN = {"vmlinuz": os.path.join(CACHE, "linux-cloud/vmlinuz"), "initrd": os.path.join(CACHE, "initrd/initrd.cpio.gz")}
PROMPT = "(eterna) "
ESCAPE = "\x1d"
LIMIT_S = 900      # processor seconds of a machine
PATIENCE_S = 300   # real seconds for one answer


class Failed(Exception):
    pass


class Console:
    """A machine that runs `command`, and somebody at its console."""
    patience_s = PATIENCE_S

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.heard = ""
        self.read = 0

    def listen(self, end):
        if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
            raise Failed("silence")
        some = os.read(self.process.stdout.fileno(), 65536)
        if not some:
            raise Failed("the machine ended")
        self.heard += some.decode("utf-8", "replace").replace("\r", "")

    def wait(self, pattern):
        """Until the pattern appears behind what was waited for before. Returns the match."""
        end = time.monotonic() + self.patience_s
        while True:
            match = re.compile(pattern, re.M).search(self.heard, self.read)
            if match:
                self.read = match.end()
                return match
            try:
                self.listen(end)
            except Failed as why:
                raise Failed(f"{why} instead of {pattern!r}, after {self.heard[self.read:][-600:]!r}") from None

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def say(self, command):
        """Returns what the command answered."""
        at = self.read
        self.type(command + "\n")
        self.wait(re.escape(PROMPT))
        return self.heard[at:self.read]

    def close(self):
        self.process.terminate()  # it ends the emulator, too
        self.process.wait()


class Machine(Console):
    """ETERNA with a configuration, and somebody at its console."""

    def __init__(self, options, config, cpus=1, words=()):
        self.kind = options.machine
        self.scratch = tempfile.TemporaryDirectory()
        path = os.path.join(self.scratch.name, "eterna.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(config)
        guests = sorted(set(re.findall(r"(?:kernel|initrd) ?= ?(\w+)", config)))
        command = [os.path.join(TREE, "tools/eterna-run"), "--machine", options.machine, "--image", options.image,
                   "--config", path, "--timeout", str(LIMIT_S), "--ram", "256M", "--cpus", str(cpus), *words]
        for guest in guests:
            path = DEBIAN.get(guest) or os.path.join(options.guests, guest + ".elf")
            command += ["--module", f"{guest}={path}"]
        super().__init__(command)

    def prompt(self):
        self.wait("Ctrl-. opens")
        self.type(ESCAPE)
        self.wait(re.escape(PROMPT))

    def look(self, command, pattern):
        """Ask until the answer holds the pattern."""
        end = time.monotonic() + PATIENCE_S
        while True:
            answer = self.say(command)
            if re.search(pattern, answer):
                return answer
            if time.monotonic() > end:
                raise Failed(f"{command!r} gives no {pattern!r} but {answer!r}")

    def counters(self):
        """What of frames and pool is used: free and promised MiB, used KiB."""
        answer = self.say("memory")
        frames = re.search(r"guests' frames +(\d+) MiB, (\d+) free, (\d+) promised", answer)
        pool = re.search(r"ETERNA's pool +(\d+) KiB, (\d+) used", answer)
        pages = re.search(r"in pages +(\d+) free, (\d+) promised", answer)
        if not frames or not pool or not pages:
            raise Failed(f"no counters in {answer!r}")
        return (*frames.groups(), *pool.groups(), *pages.groups())

    def end(self, command="quit", status=0):
        self.type(command + "\n")
        try:
            rest, _ = self.process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise Failed("the machine does not end") from None
        self.heard += rest.decode("utf-8", "replace").replace("\r", "")
        if self.process.returncode != status:
            raise Failed(f"exit status {self.process.returncode} instead of {status}")

    def close(self):
        super().close()
        self.scratch.cleanup()
