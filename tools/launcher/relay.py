# SPDX-License-Identifier: Apache-2.0
# Carries bytes between COM1 and the user's console until the machine ends.
import enum
import select
import time

POLL_S = 0.5              # how often a limit is looked at
STALLED_FACTOR = 20       # real seconds that an emulator may take for each second of --timeout
READ_MOST = 65536
GREETING = b"eterna: "    # what each log line of ETERNA begins with, and nothing that firmware or GRUB writes


class End(enum.Enum):
    """Why the relay stopped."""

    MACHINE = "the machine ended"
    LIMIT = "the limit passed"
    QUIT = "the user asked for it"


class Limit:
    """--timeout: processor time of an emulator, so that a busy host makes no difference; real time under KVM."""

    def __init__(self, seconds, machine):
        self.seconds = seconds
        self.machine = machine
        self.began = time.monotonic()

    def passed(self):
        if self.seconds is None:
            return False
        real = time.monotonic() - self.began
        if not self.machine.is_emulated():
            return real >= self.seconds
        return self.machine.processor_seconds() >= self.seconds or real >= self.seconds * STALLED_FACTOR


class Relay:
    """
    Input is read from the console only when the last of it has gone to the machine, and the first of it only after
    ETERNA's first log line: before that nobody has programmed the serial port, or a UEFI firmware takes the bytes for
    itself. From there on the emulators hold a byte back until the one before it was read (both stop reading the
    socket), so nothing is paced here.
    """

    def __init__(self, machine, console, verdict, limit, debuggers=None):
        self.machine = machine
        self.debuggers = debuggers  # gdbport.GdbPorts, with --gdb
        self.console = console
        self.verdict = verdict
        self.limit = limit
        self.pending = b""  # input on its way to the machine
        self.heard = b""    # the end of what was written before the greeting
        self.is_greeted = False

    def run(self):
        while True:
            readable = [self.machine.serial, self.machine.pidfd]
            wants_input = self.is_greeted and not self.pending and self.console.input_fd is not None
            if wants_input:
                readable.append(self.console.input_fd)
            writable = [self.machine.serial] if self.pending else []
            if self.debuggers is not None:
                readable += self.debuggers.readable()
                writable += self.debuggers.writable()
            ready, room, _ = select.select(readable, writable, [], POLL_S)
            if self.debuggers is not None:
                self.debuggers.serve(ready, room)
            if self.machine.serial in ready and not self.take_output():
                self.drain()
                return End.MACHINE
            if wants_input and self.console.input_fd in ready:
                self.pending = self.console.read()
                if self.console.asks_to_quit(self.pending):
                    return End.QUIT
            if self.machine.serial in room:
                self.give_input()
            if self.machine.ended():
                self.drain()
                return End.MACHINE
            if self.limit.passed():
                return End.LIMIT

    def take_output(self):
        """One read from the machine; False at its end."""
        try:
            data = self.machine.serial.recv(READ_MOST)
        except BlockingIOError:
            return True
        except ConnectionResetError:  # it ended with input unread
            return False
        if not data:
            return False
        self.look_for_greeting(data)
        self.verdict.feed(data)
        self.console.write(data)
        return True

    def look_for_greeting(self, data):
        if not self.is_greeted:
            self.is_greeted = GREETING in self.heard + data
            self.heard = (self.heard + data)[-len(GREETING):]

    def give_input(self):
        try:
            self.pending = self.pending[self.machine.serial.send(self.pending):]
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            self.pending = b""  # the machine is going; its output ends the loop

    def drain(self):
        """What the machine wrote before it ended is still in the sockets."""
        while select.select([self.machine.serial], [], [], 0)[0] and self.take_output():
            pass
        if self.debuggers is not None:
            self.debuggers.finish()
