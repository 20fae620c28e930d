# SPDX-License-Identifier: Apache-2.0
# A machine with ETERNA, and somebody who types at its console: what the scripts of bench/ that ask while a guest runs share.
import os
import re
import select
import subprocess
import time

from benchlib import BadFile

ESCAPE = "\x1d"
PROMPT = "(eterna) "
PATIENCE_S = 1200  # real seconds for one answer
COUNT = re.compile(r"^ +(\d+)(?: +\d+)*  (\S[^|\n]*)$", re.M)


class Talk:
    """As a context: the machine of `command` runs, its console goes to the file `path`; at the end it is gone."""

    def __init__(self, command, path):
        self.path = path
        self.heard = ""
        self.read = 0
        self.log = open(path, "w", encoding="utf-8")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def hear(self, end):
        if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
            raise BadFile(f"silence on the console {self.path}")
        some = os.read(self.process.stdout.fileno(), 65536)
        if not some:
            raise BadFile(f"the machine ended; its console is {self.path}")
        text = some.decode("utf-8", "replace").replace("\r", "")
        self.log.write(text)
        self.log.flush()
        self.heard += text

    def wait(self, pattern):
        """Until the pattern comes behind what was waited for before. Returns the match."""
        end = time.monotonic() + PATIENCE_S
        while True:
            match = re.compile(pattern, re.M).search(self.heard, self.read)
            if match:
                self.read = match.end()
                return match
            self.hear(end)

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def prompt(self):
        self.type(ESCAPE)
        self.wait(re.escape(PROMPT))

    def leave(self):
        """Back to the guest's console."""
        self.type(ESCAPE)
        self.wait(r"^\[1 .*\]\n")

    def say(self, command):
        """At the prompt. Returns the answer."""
        at = self.read
        self.type(command + "\n")
        self.wait(re.escape(PROMPT))
        return self.heard[at:self.read]

    def exits(self, vm="guest"):
        """{kind: how many}, by the VM's own count, all vcpus together."""
        return {match[2]: int(match[1]) for match in COUNT.finditer(self.say(f"exits {vm}"))}

    def guest_ms(self, vm="guest"):
        """The guest's clock."""
        return int(re.search(r"^ +time +(\d+) ms$", self.say(f"info {vm}"), re.M)[1])


def between(before, after):
    """What came to the counts, the most first."""
    diff = {kind: after[kind] - before.get(kind, 0) for kind in after}
    return {kind: count for kind, count in sorted(diff.items(), key=lambda item: -item[1]) if count}
