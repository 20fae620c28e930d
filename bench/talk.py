# SPDX-License-Identifier: Apache-2.0
# A machine with ETERNA, and somebody who types at its console: what the scripts of bench/ that ask while a guest runs share.
import os
import re
import sys

from benchlib import TREE, BadFile

sys.path.insert(0, os.path.join(TREE, "tests/emu"))
from prompt import ESCAPE, PROMPT, Console, Failed  # noqa: E402 (the path comes first)

COUNT = re.compile(r"^ +(\d+)(?: +\d+)*  (\S[^|\n]*)$", re.M)


class Talk(Console):
    """As a context: the machine of `command` runs, its console goes to the file `path`; at the end it is gone."""
    patience_s = 1200

    def __init__(self, command, path):
        self.path = path
        self.log = open(path, "w", encoding="utf-8")
        super().__init__(command)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        self.log.close()

    def listen(self, end):
        begin = len(self.heard)
        super().listen(end)
        self.log.write(self.heard[begin:])
        self.log.flush()

    def wait(self, pattern):
        try:
            return super().wait(pattern)
        except Failed as why:
            raise BadFile(f"{why}; the console is {self.path}") from None

    def prompt(self):
        self.type(ESCAPE)
        self.wait(re.escape(PROMPT))

    def leave(self):
        """Back to the guest's console."""
        self.type(ESCAPE)
        self.wait(r"^\[1 .*\]\n")

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
