# SPDX-License-Identifier: Apache-2.0
# Debuggers' TCP connections to the frames on COM2 (src/gdb/channel.h) and back: VM i is at localhost:PORT+i.
import contextlib
import select
import socket

FLAG, ESCAPE, FLIP = 0x7E, 0x7D, 0x20
PAYLOAD_MOST = 512
READ_MOST = 65536
HOLD_MOST = 1 << 16  # bytes on their way to the machine from which on debuggers have to wait


def encode(channel, kind, payload=b""):
    """A frame as it goes over the line."""
    content = bytes([channel, ord(kind)]) + payload
    content += bytes([-sum(content) & 0xFF])
    line = bytearray([FLAG])
    for byte in content:
        line += bytes([ESCAPE, byte ^ FLIP]) if byte in (FLAG, ESCAPE) else bytes([byte])
    line.append(FLAG)
    return bytes(line)


class Decoder:
    """Frames out of bytes; what is damaged is dropped."""

    def __init__(self):
        self.content = bytearray()
        self.is_escaped = False

    def feed(self, data):
        """Yields (channel, kind, payload)."""
        for byte in data:
            if byte == FLAG:
                content, self.content = self.content, bytearray()
                if len(content) >= 3 and not self.is_escaped and sum(content) & 0xFF == 0:
                    yield content[0], chr(content[1]), bytes(content[2:-1])
                self.is_escaped = False
            elif byte == ESCAPE:
                self.is_escaped = True
            else:
                self.content.append(byte ^ FLIP if self.is_escaped else byte)
                self.is_escaped = False


def packet(text):
    """`text` as a packet of gdb's protocol."""
    return f"${text}#{sum(text.encode()) & 0xFF:02x}".encode()


class Port:
    """One VM's port: who listens, who is connected, and what that one is still to be sent."""

    def __init__(self, channel, number):
        self.channel = channel
        self.client = None
        self.outgoing = b""
        self.server = socket.socket(socket.AF_INET)
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.server.bind(("127.0.0.1", number))
        self.server.listen(4)

    def drop_client(self):
        if self.client is not None:
            self.client.close()
        self.client = None
        self.outgoing = b""


class GdbPorts:
    """
    Listens for each VM that ETERNA names. One debugger a VM: another is told so in words that gdb shows, as the answer
    to its first packets, and its connection ends.
    """

    def __init__(self, first, line, say):
        self.first = first
        self.line = line
        self.say = say
        self.ports = {}
        self.decoder = Decoder()
        self.outgoing = b""  # frames on their way to the machine
        line.setblocking(False)

    def readable(self):
        found = [self.line] if self.line is not None else []
        for port in self.ports.values():
            found.append(port.server)
            if port.client is not None and len(self.outgoing) < HOLD_MOST:
                found.append(port.client)
        return found

    def writable(self):
        found = [self.line] if self.line is not None and self.outgoing else []
        return found + [port.client for port in self.ports.values() if port.client is not None and port.outgoing]

    def serve(self, ready, room):
        if self.line is not None and self.line in ready:
            self.take_line()
        for port in list(self.ports.values()):
            if port.server in ready:
                self.take_client(port)
            if port.client is not None and port.client in ready:
                self.take_bytes(port)
            if port.client is not None and port.client in room:
                self.give_bytes(port)
        if self.line is not None and self.line in room:
            self.give_line()

    def take_line(self):
        try:
            data = self.line.recv(READ_MOST)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.line = None
            for port in self.ports.values():
                port.drop_client()
        for channel, kind, payload in self.decoder.feed(data):
            self.take_frame(channel, kind, payload)

    def take_frame(self, channel, kind, payload):
        port = self.ports.get(channel)
        if kind == "n":
            if port is None:
                self.open_port(channel, payload.decode("utf-8", "replace"))
        elif port is None or port.client is None:
            pass
        elif kind == "d":
            port.outgoing += payload
            self.give_bytes(port)
        elif kind == "c":
            if payload:
                port.outgoing += packet("E." + payload.decode("ascii", "replace"))
            self.give_bytes(port)
            port.drop_client()

    def open_port(self, channel, name):
        number = self.first + channel
        try:
            self.ports[channel] = Port(channel, number)
        except OSError as error:
            self.say(f"no gdb for VM {name}: port {number}: {error.strerror}")
            return
        self.say(f"gdb: VM {name} is at localhost:{number}")

    def take_client(self, port):
        client, _ = port.server.accept()
        if port.client is not None:
            self.refuse(client)
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port.client = client
        self.outgoing += encode(port.channel, "o")

    @staticmethod
    def refuse(client):
        """gdb asks what is supported first and whether an unknown packet is one; the answer to that it shows."""
        reason = packet("E.another debugger is attached to this VM")
        with client, contextlib.suppress(OSError):
            client.settimeout(2)
            for _ in range(2):
                client.recv(READ_MOST)
                client.sendall(b"+" + reason)
            client.recv(READ_MOST)

    def take_bytes(self, port):
        try:
            data = port.client.recv(READ_MOST)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            port.drop_client()
            self.outgoing += encode(port.channel, "c")
        for at in range(0, len(data), PAYLOAD_MOST):
            self.outgoing += encode(port.channel, "d", data[at:at + PAYLOAD_MOST])

    def give_bytes(self, port):
        try:
            port.outgoing = port.outgoing[port.client.send(port.outgoing):]
        except BlockingIOError:
            pass
        except OSError:
            port.drop_client()
            self.outgoing += encode(port.channel, "c")

    def give_line(self):
        try:
            self.outgoing = self.outgoing[self.line.send(self.outgoing):]
        except BlockingIOError:
            pass
        except OSError:
            self.outgoing = b""  # the machine is going

    def finish(self):
        """The machine has ended: what it said before goes to the debuggers yet, such as the answer to a detach."""
        while self.line is not None and select.select([self.line], [], [], 0)[0]:
            self.take_line()

    def close(self):
        for port in self.ports.values():
            port.drop_client()
            port.server.close()


@contextlib.contextmanager
def open_ports(first, line, say):
    """The debuggers' ports while the machine runs; None without --gdb."""
    if first is None:
        yield None
        return
    ports = GdbPorts(first, line, say)
    try:
        yield ports
    finally:
        ports.close()
