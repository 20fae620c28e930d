# SPDX-License-Identifier: Apache-2.0
"""gdb's remote protocol byte by byte (gdb's manual, Remote Protocol): what stock gdb never sends, and what it hides."""
import socket
import time

SPECIAL = b"#$}*"


def frame(content):
    return b"$" + content + b"#%02x" % (sum(content) & 0xFF)


def escape(data):
    return b"".join(bytes([0x7D, byte ^ 0x20]) if byte in SPECIAL else bytes([byte]) for byte in data)


def expand(content):
    """Escapes and run lengths undone."""
    out = bytearray()
    at = 0
    while at < len(content):
        byte = content[at]
        if byte == 0x7D:
            out.append(content[at + 1] ^ 0x20)
            at += 2
        elif byte == 0x2A:
            out += out[-1:] * (content[at + 1] - 29)
            at += 2
        else:
            out.append(byte)
            at += 1
    return bytes(out)


class Remote:
    """A connection. `last` is the content of the last packet as it came, run lengths and all."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.buffer = b""
        self.acks = True
        self.last = b""

    def send(self, data):
        self.socket.sendall(data)

    def byte(self, patience):
        """The next byte; b"" when none comes."""
        if not self.buffer:
            self.socket.settimeout(patience)
            try:
                self.buffer = self.socket.recv(65536)
            except TimeoutError:
                return b""
        byte, self.buffer = self.buffer[:1], self.buffer[1:]
        return byte

    def packet(self, patience=60):
        """The content of the next packet, what was said around it before; None when none comes."""
        around = b""
        while (byte := self.byte(patience)) != b"$":
            if not byte:
                return None
            around += byte
        content = b""
        while (byte := self.byte(patience)) != b"#":
            if not byte:
                return None
            content += byte
        told = self.byte(patience) + self.byte(patience)
        self.last = content
        if told != b"%02x" % (sum(content) & 0xFF):
            return b"(checksum is wrong)"
        if self.acks:
            self.send(b"+")
            if around != b"+":
                return b"(no acknowledgement)"
        elif around:
            return b"(acknowledged without being asked)"
        return expand(content)

    def ask(self, content, patience=60):
        self.send(frame(content.encode() if isinstance(content, str) else content))
        return self.packet(patience)

    def is_silent(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.byte(max(0.05, end - time.monotonic())):
                return False
        return True

    def close(self):
        self.socket.close()
