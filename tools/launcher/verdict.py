# SPDX-License-Identifier: Apache-2.0
# Finds the exit status that ETERNA tells as the last line on its serial port.
import re

LINE = re.compile(rb"eterna: exit status ([0-9]{1,3})")
TAIL_MOST = 4096


class Verdict:
    """Follows the output; only the end of it counts, so a guest that prints such a line decides nothing."""

    def __init__(self):
        self.tail = b""

    def feed(self, data):
        self.tail = (self.tail + data)[-TAIL_MOST:]

    def last_line(self):
        """The last line that is not empty."""
        lines = [line.strip() for line in self.tail.split(b"\n")]
        return next((line for line in reversed(lines) if line), b"")

    def status(self):
        """The status 0 to 255, or None when the output does not end with it."""
        match = LINE.fullmatch(self.last_line())
        if not match or int(match[1]) > 255:
            return None
        return int(match[1])
