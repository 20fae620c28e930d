# SPDX-License-Identifier: Apache-2.0
# Raw mode for the user's terminal, and its way back.
import os
import termios

ESCAPE = 0x1D        # Ctrl-]
ESCAPES_TO_QUIT = 5  # in a row: the way out that needs no answer from the machine


def is_ours(fd):
    """Is `fd` a terminal in whose foreground we run? Taking it from the background would stop us."""
    try:
        return os.isatty(fd) and os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False


class RawTerminal:
    """A context in which each key comes at once and none has a meaning for the terminal itself."""

    def __init__(self, fd):
        self.fd = fd
        self.before = None

    def __enter__(self):
        self.before = termios.tcgetattr(self.fd)
        raw = termios.tcgetattr(self.fd)
        raw[0] &= ~(termios.BRKINT | termios.ICRNL | termios.INLCR | termios.IGNCR | termios.INPCK | termios.ISTRIP |
                    termios.IXON)
        raw[1] &= ~termios.OPOST
        raw[2] = raw[2] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
        raw[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN | termios.ISIG)
        raw[6][termios.VMIN], raw[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self.fd, termios.TCSADRAIN, raw)  # not FLUSH: what was typed ahead stays
        return self

    def __exit__(self, *_):
        termios.tcsetattr(self.fd, termios.TCSADRAIN, self.before)


class QuitKeys:
    """Counts Ctrl-] in a row."""

    def __init__(self):
        self.count = 0

    def pressed(self, data):
        for byte in data:
            self.count = self.count + 1 if byte == ESCAPE else 0
            if self.count == ESCAPES_TO_QUIT:
                return True
        return False
